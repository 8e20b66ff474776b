"""A NetSuite of bill headers alone: rendered beforehand, found by the conditions that the reader writes."""

from __future__ import annotations

import json
import random
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Lock, Thread
from time import sleep
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

LIMIT = 5
_MOST_BEHIND = 100_000
_IDS = 10**8
_BEGINNING = datetime(2024, 1, 1, tzinfo=timezone.utc)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MODIFIED = re.compile(r"TO_CHAR\(SYS_EXTRACT_UTC\(t\.lastmodifieddate\), '[^']*'\)")
_CONDITIONS = {
    "tied": re.compile(r"\(\(M > '([^']+)'\) OR \(M = '([^']+)' AND t\.id > (\d+)\)\)"),
    "after": re.compile(r"(?<!\()\(M > '([^']+)'\)(?! OR)"),
    "from": re.compile(r"M >= '([^']+)'"),
    "until": re.compile(r"M <= '([^']+)'"),
    "before": re.compile(r"M < '([^']+)'"),
}
_BLOCKED = json.dumps(
    {"o:errorDetails": [{"detail": "Request blocked.", "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}]}
).encode()
_TOKEN = b'{"access_token": "token", "expires_in": "3600", "token_type": "Bearer"}'


def written(seconds: int) -> str:
    """Write a moment as NetSuite's TO_CHAR does."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Bills:
    """Rendered bill headers, in order of (modified, id).

    Args:
        rows: How many.
        tied: How many share each second; where it is 0, they come as in an office: in hours of work, at
            irregular intervals.
    """

    def __init__(self, rows: int, tied: int = 0) -> None:
        luck = random.Random(rows)  # noqa: S311 - no secret
        self._keys = array("q")
        self._starts = array("q", [0])
        self._text = bytearray()
        moment = float((_BEGINNING - _EPOCH).total_seconds())
        for index in range(rows):
            if tied:
                moment += index % tied == 0
            else:
                moment += luck.expovariate(1 / 100)
                # Night falls after 300 bills, and the weekend after 1,500.
                moment += 60_000 * (index % 300 == 0) + 170_000 * (index % 1500 == 0)
            number = index * 2 + 1000
            self._keys.append(int(moment) * _IDS + number)
            self._text += _row(number, int(moment)) + b","
            self._starts.append(len(self._text))

    def page(self, query: str, limit: int, *, says_more: bool | None) -> bytes:
        """Answer a query.

        Args:
            query: As the reader writes it.
            limit: Most rows.
            says_more: What `hasMore` says; None for the truth.
        """
        query = _MODIFIED.sub("M", query.split("WHERE", 1)[-1])
        start, end = 0, len(self._keys)
        for name, pattern in _CONDITIONS.items():
            for found in pattern.finditer(query):
                key = _seconds(found[1]) * _IDS
                if name == "tied":
                    start = max(start, bisect_right(self._keys, key + int(found[3])))
                elif name == "after":
                    start = max(start, bisect_left(self._keys, key + _IDS))
                elif name == "from":
                    start = max(start, bisect_left(self._keys, key))
                elif name == "until":
                    end = min(end, bisect_left(self._keys, key + _IDS))
                else:
                    end = min(end, bisect_left(self._keys, key))
        total = max(end - start, 0)
        count = min(total, limit)
        if says_more is None:
            more = total > count
        else:
            # At the cap nobody knows what NetSuite says: so it says one thing or the other, everywhere.
            more, total = says_more, min(total, _MOST_BEHIND)
        items = self._text[self._starts[start] : self._starts[start + count] - 1] if count else b""
        told = {"count": count, "hasMore": more, "offset": 0, "totalResults": total, "links": []}
        return json.dumps(told)[:-1].encode() + b', "items": [' + items + b"]}"


def _row(number: int, moment: int) -> bytes:
    row = {
        "links": [],
        "id": str(number),
        "number_": f"INV-{number}",
        "vendor_id": str(number % 997 + 1),
        "bill_date": "2026-05-04",
        "due_date": "2026-06-03",
        "currency": "USD",
        "exchange_rate": "1",
        "total": f"{number % 100_000}.25",
        "amount_due": f"{number % 100_000}.25",
        "memo": "Office supplies, second floor",
        "subsidiary_id": str(number % 3 + 1),
        "ap_account_id": "111",
        "approval_status": "approved",
        "status": "open",
        "balance_modified_at": written(moment),
        "modified_at": written(moment),
    }
    return json.dumps(row).encode()


def _seconds(text: str) -> int:
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return int((moment - _EPOCH).total_seconds())


class Served:
    """Bills behind HTTP, and what was asked.

    Args:
        bills: The bills.
        latency: Seconds until each answer.
        block_every: Every so many-th call is answered 429; 0 for none.
        says_more: What `hasMore` says; None for the truth.
    """

    def __init__(
        self, bills: Bills, *, latency: float = 0, block_every: int = 0, says_more: bool | None = None
    ) -> None:
        self.bills = bills
        self.latency = latency
        self.block_every = block_every
        self.says_more = says_more
        self.calls = self.in_flight = self.peak = 0
        self.lock = Lock()
        self.url = ""

    def signed_in(self) -> tuple[int, bytes]:
        """Answer a sign-in."""
        return self._answer(lambda: _TOKEN)

    def page(self, query: str, limit: int) -> tuple[int, bytes]:
        """Answer a query."""
        return self._answer(lambda: self.bills.page(query, limit, says_more=self.says_more))

    def _answer(self, answer: Callable[[], bytes]) -> tuple[int, bytes]:
        """Answer, unless too many others are in flight or it is its turn to be blocked."""
        with self.lock:
            self.calls += 1
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
            blocked = self.in_flight > LIMIT or bool(self.block_every and self.calls % self.block_every == 0)
        try:
            sleep(self.latency)
            return (429, _BLOCKED) if blocked else (200, answer())
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


def serve(rows: int, pipe: Connection) -> None:
    """Serve so many bills until something is said, in a process of its own."""
    with serving(Served(Bills(rows))) as served:
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
        else:
            limit = int(parse_qs(path.query)["limit"][0])
            self._send(*self.company.page(json.loads(body)["q"], limit))

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
        """Say nothing."""
