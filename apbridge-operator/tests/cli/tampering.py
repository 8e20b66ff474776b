"""An AvidXchange that differs in one point: what is asked of the sandbox goes through, changed on its way."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from typing_extensions import override


@dataclass
class TamperedCall:
    """A call on its way to the sandbox, and its answer on the way back."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    """Of JSON what it says; of all else the bytes."""
    status: int = 0
    """Set before it was sent, it is not sent at all."""
    answer: Any = None


Tamper = Callable[[TamperedCall], None]
"""Called before a call is sent, while `status` is 0, and once more when it was answered."""


def untouched(call: TamperedCall) -> None:
    """Leave a call as it is."""


class TamperedServer(ThreadingHTTPServer):
    """Passes calls on."""

    tamper: Tamper = staticmethod(untouched)
    to = ""
    """Host and port of the sandbox."""


@contextmanager
def tampered(to: str) -> Iterator[TamperedServer]:
    """Run one before the server of a URL."""
    server = TamperedServer(("127.0.0.1", 0), _Handler)
    server.to = urlsplit(to).netloc
    thread = Thread(target=server.serve_forever, args=(0.02,), name="tampered")
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    server: TamperedServer

    def _pass_on(self) -> None:
        found = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        is_json = self.headers.get("content-type") == "application/json"
        call = TamperedCall(
            self.command,
            found.path,
            dict(parse_qsl(found.query)),
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(sent) if is_json and sent else sent,
        )
        self.server.tamper(call)
        media_type = "application/json"
        if not call.status:
            media_type = self._ask(call, is_json=is_json and bool(sent))
            self.server.tamper(call)
        content = call.answer if isinstance(call.answer, bytes) else json.dumps(call.answer).encode()
        self.send_response(call.status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

    def _ask(self, call: TamperedCall, *, is_json: bool) -> str:
        connection = http.client.HTTPConnection(self.server.to)
        headers = {name: value for name, value in call.headers.items() if name != "content-length"}
        body = json.dumps(call.body).encode() if is_json else call.body
        connection.request(call.method, f"{call.path}?{urlencode(call.query)}", body, headers)
        response = connection.getresponse()
        answered, media_type = response.read(), response.headers.get("content-type", "")
        call.status = response.status
        call.answer = json.loads(answered) if "json" in media_type and answered else answered
        connection.close()
        return media_type

    @override
    def log_message(self, *args: object) -> None:
        """Say nothing."""
