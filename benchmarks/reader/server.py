"""A NetSuite that answers after a fixed time, with what was rendered beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from benchmarks.reader.bills import NEXT, BenchmarkBills
from benchmarks.reader.files import BenchmarkFiles

PAGE_ROWS = 1000
LIMIT = 5
"""Most calls in flight of a standard account."""

_BLOCKED = json.dumps(
    {
        "type": "https://www.rfc-editor.org/rfc/rfc6585#section-4",
        "title": "Too Many Requests",
        "status": 429,
        "o:errorDetails": [
            {
                "detail": "Concurrent request limit exceeded. Request blocked.",
                "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
            }
        ],
    }
).encode()
_TOKEN = b'{"access_token": "token", "expires_in": "3600", "token_type": "Bearer"}'
_REFUSED = json.dumps(
    {
        "o:errorDetails": [
            {
                "detail": "Invalid search query. Invalid or unsupported search.",
                "o:errorCode": "INVALID_PARAMETER",
            }
        ]
    }
).encode()


class Served:
    """Bills behind HTTP, and what was asked.

    Args:
        bills: The bills.
        latency: Seconds until each answer.
        block_every: Of how many calls one is answered 429; 0 for none.
        says_more: What `hasMore` says; None for the truth.
        numbers_rows: A query may ask for the number of a row.
        files: Those of the bills, which a RESTlet hands out.
    """

    def __init__(
        self,
        bills: BenchmarkBills,
        *,
        latency: float = 0,
        block_every: int = 0,
        says_more: bool | None = None,
        numbers_rows: bool = True,
        files: BenchmarkFiles | None = None,
    ) -> None:
        self.bills = bills
        self.latency = latency
        self.block_every = block_every
        self.says_more = says_more
        self.numbers_rows = numbers_rows
        self.files = files
        self.calls = self.in_flight = self.peak = 0
        self.lock = Lock()
        self.url = ""

    def signed_in(self) -> tuple[int, bytes]:
        """Answer a sign-in."""
        return self._answer(lambda: (200, _TOKEN))

    def page(self, query: str, limit: int, offset: int = 0) -> tuple[int, bytes]:
        """Answer a query."""
        if "ROWNUM" in query and not self.numbers_rows:
            return self._answer(lambda: (400, _REFUSED))
        return self._answer(lambda: (200, self.bills.page(query, limit, offset, says_more=self.says_more)))

    def restlet(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        """Answer what our RESTlet is asked."""
        assert self.files  # noqa: S101 - else no RESTlet is named in the settings
        files = self.files
        return self._answer(lambda: (200, files.answer(asked)))

    def _answer(self, answer: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
        """Answer, unless too many others are in flight or it is its turn to be blocked."""
        came = monotonic()
        with self.lock:
            self.calls += 1
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
            blocked = self.in_flight > LIMIT or bool(self.block_every and self.calls % self.block_every == 0)
        try:
            told = (429, _BLOCKED) if blocked else answer()
            # What rendering takes is a part of the time, else this server's own speed would be measured too.
            sleep(max(0.0, self.latency - (monotonic() - came)))
            return told
        finally:
            with self.lock:
                self.in_flight -= 1


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Serve on a free port of this machine."""

    class Handler(_Handler):
        company = served

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve(rows: int, pipe: Connection, file_bytes: int = 0) -> None:
    """Serve so many bills, with files of so many bytes, until something is said, in a process of its own."""
    with serving(Served(BenchmarkBills(rows), files=BenchmarkFiles(file_bytes))) as served:
        pipe.send(served.url)
        pipe.recv()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    company: ClassVar[Served]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path)
        if path.path.endswith("/token"):
            self._send(*self.company.signed_in())
        elif path.path.endswith("/configure"):
            self._configure(json.loads(body))
        elif path.path.endswith("/restlet.nl"):
            self._send(*self.company.restlet(json.loads(body)))
        else:
            told = {name: int(values[0]) for name, values in parse_qs(path.query).items()}
            limit, offset = told.get("limit", PAGE_ROWS), told.get("offset", 0)
            status, page = self.company.page(json.loads(body)["q"], limit, offset)
            following = f"https://{self.headers['Host']}{path.path}?limit={limit}&offset={offset + limit}"
            self._send(status, page.replace(NEXT.encode(), following.encode(), 1))

    def _configure(self, told: dict[str, float]) -> None:
        company = self.company
        with company.lock:
            counted = {"calls": company.calls, "peak": company.peak}
            company.calls = company.peak = 0
            company.latency, company.block_every = told["latency"], int(told["block_every"])
        self._send(200, json.dumps(counted).encode())

    def _send(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        # In one piece: a second small packet would wait for the first to be acknowledged.
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
