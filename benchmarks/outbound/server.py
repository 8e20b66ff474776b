"""AvidXchange as cheap as can be: every write is acknowledged after the latency, and counted.

As `avidconnect` has it, one record a call, and as `partner` has it, several.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Lock, Thread
from time import sleep
from typing import ClassVar

_NOTHING = json.dumps(
    {"items": [], "nextCursor": None, "Vendors": [], "GLAccounts": [], "Codes": [], "Invoices": []}
).encode()
_TOKEN = b'{"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}'


class _Counted:
    """What was asked since last time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.latency = 0.0
        self.calls = self.writes = self.in_flight = self.peak = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counted: ClassVar[_Counted]

    def do_GET(self) -> None:
        self._answer(200, _NOTHING)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.rsplit("/", 1)[1]
        # Only an answer that names the record counts as an acknowledgement.
        self._answer(201, b'{"id":"1","externalId":"%s"}' % name.encode(), writes=1)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/token"):
            self._answer(200, _TOKEN)
            return
        ((_, items),) = json.loads(body).items()
        results = [{"ExternalId": one["ExternalId"], "Id": 1, "Successful": True} for one in items]
        self._answer(200, json.dumps({"Results": results}).encode(), writes=len(items))

    def _answer(self, status: int, body: bytes, *, writes: int = 0) -> None:
        counted = self.counted
        with counted.lock:
            counted.calls += 1
            counted.writes += writes
            counted.in_flight += 1
            counted.peak = max(counted.peak, counted.in_flight)
        sleep(counted.latency)
        with counted.lock:
            counted.in_flight -= 1
        head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        # In one piece: a second small packet would wait for the first to be acknowledged.
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def serve(pipe: Connection) -> None:
    """Serve until None is said; anything else said is the latency from now on, answered by the counts."""
    counted = _Counted()
    handler = type("Handler", (_Handler,), {"counted": counted})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
    while (latency := pipe.recv()) is not None:
        with counted.lock:
            pipe.send(json.dumps({"calls": counted.calls, "writes": counted.writes, "peak": counted.peak}))
            counted.latency = latency
            counted.calls = counted.writes = counted.peak = 0
    server.shutdown()
