"""Both systems with any number of bills, each answered from its number, so that the servers take no time."""

from __future__ import annotations

import json
import re
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

_PAGE = 1000
_SUBSIDIARIES = 5
_AFTER = re.compile(r"(?:bill|payment)\.id > (\d+)")
_LISTED = re.compile(r"IN \(([^)]*)\)")
_MOMENT = "2026-05-04T10:00:00Z"
_SINCE = "2099-01-01T00:00:00Z"
"""After the last run: what was paid by hand then, the next run sees to."""
DIFFERENT = 100
"""Of so many bills one was paid by hand in NetSuite."""


def serve(bills: int, pipe: Connection) -> None:
    """Serve so many bills until something is said, in a process of its own."""

    class Handler(_Handler):
        count = bills
        calls: ClassVar[Counter[str]] = Counter()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
    pipe.recv()
    server.shutdown()
    server.server_close()
    thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count: ClassVar[int]
    calls: ClassVar[Counter[str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/token"):
            self._send({"access_token": "t", "expires_in": "3600", "token_type": "Bearer"})
            return
        self.calls["netsuite"] += 1
        self._send(self._query(json.loads(body)["q"]))

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/calls":
            self._send(self.calls)
            return
        self.calls["avidxchange"] += 1
        query = {name: values[0] for name, values in parse_qs(path.query).items()}
        start = int(query.get("cursor", "0"))
        end = min(start + int(query["limit"]), self.count)
        if path.path.endswith("/credit-memos"):
            self._send({"items": [], "nextCursor": None})
            return
        is_payment = path.path.endswith("/payments")
        # A half of the bills are paid in part.
        made = [
            _paid(n) if is_payment else _invoice(n)
            for n in range(start + 1, end + 1)
            if not is_payment or n % 2
        ]
        self._send({"items": made, "nextCursor": str(end) if end < self.count else None})

    def _query(self, query: str) -> dict[str, Any]:
        listed = _LISTED.search(query)
        if "FROM transaction credit" in query:
            return _page([], more=False)
        if "SUM(" in query and "FROM transaction bill" in query:
            return _page(_totals(self.count), more=False)
        if "FROM nexttransactionlinelink" in query or "FROM deletedrecord" in query:
            found = [int(one.strip(" '")) for one in (listed[1] if listed else "").split(",") if one]
            is_link = "nexttransactionlinelink" in query
            rows = [_by_hand(number) for number in found if is_link]
            return _page(rows, more=False)
        if listed and "FROM transaction bill" in query and "bill.id IN" in query:
            return _page([_bill(int(one.strip(" '"))) for one in listed[1].split(",")], more=False)
        after = _AFTER.search(query)
        start = int(after[1]) if after else 0
        if "FROM transaction payment" in query:
            numbers = list(range(start + 1 + start % 2, self.count + 1, 2))[:_PAGE]
            return _page([_posted(n) for n in numbers], more=bool(numbers) and numbers[-1] + 2 <= self.count)
        numbers = list(range(start + 1, min(start + _PAGE, self.count) + 1))
        return _page([_bill(n) for n in numbers], more=bool(numbers) and numbers[-1] < self.count)

    def _send(self, told: object) -> None:
        body = json.dumps(told).encode()
        head = f"HTTP/1.1 200 .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _page(rows: list[dict[str, str]], *, more: bool) -> dict[str, Any]:
    total = len(rows) + int(more)
    return {
        "count": len(rows),
        "hasMore": more,
        "offset": 0,
        "totalResults": total,
        "links": [],
        "items": rows,
    }


def _cents(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _total(number: int) -> int:
    return 10_000 + number


def _unpaid(number: int) -> int:
    return _total(number) - (5000 if number % 2 else 0)


def _left(number: int) -> int:
    return _unpaid(number) - (1000 if number % DIFFERENT == 0 else 0)


def _totals(bills: int) -> list[dict[str, str]]:
    """Add up what is open, by subsidiary."""
    sums: Counter[int] = Counter()
    for number in range(1, bills + 1):
        sums[number % _SUBSIDIARIES] += _left(number)
    return [
        {"id": str(one + 1), "currency": "USD", "subsidiary": f"Subsidiary {one}", "amount": _cents(cents)}
        for one, cents in sums.items()
    ]


def _bill(number: int) -> dict[str, str]:
    return {
        "id": str(number),
        "tranid": f"INV-{number}",
        "entity": str(number % 997),
        "vendor": f"Vendor {number % 997}",
        "status": "A",
        "currency": "USD",
        "subsidiary": f"Subsidiary {number % _SUBSIDIARIES}",
        "trandate": "2026-05-04",
        "duedate": "2026-06-03",
        "total": _cents(_total(number)),
        "unpaid": _cents(_left(number)),
        "modified": _MOMENT,
    }


def _by_hand(number: int) -> dict[str, str]:
    return {
        "bill": str(number),
        "id": str(number + 10_000_000),
        "kind": "payment",
        "tranid": f"H{number}",
        "trandate": "2026-06-01",
        "amount": "10.00",
        "modified": _SINCE,
    }


def _posted(number: int) -> dict[str, str]:
    return {
        "id": str(number),
        "externalid": f"avidxchange-payment-{number}",
        "tranid": f"CHK-{number}",
        "entity": str(number % 997),
        "vendor": f"Vendor {number % 997}",
        "currency": "USD",
        "subsidiary": f"Subsidiary {number % _SUBSIDIARIES}",
        "total": "-50.00",
        "status": "F",
        "voided": "F",
        "trandate": "2026-05-20",
    }


def _invoice(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "externalId": f"netsuite-1234567-vendorbill-{number}",
        "vendorExternalId": f"netsuite-1234567-vendor-{number % 997}",
        "number": f"INV-{number}",
        "status": "approved",
        "statusReason": None,
        "currency": "USD",
        "total": _total(number) / 100,
        "amountPaid": 50 if number % 2 else 0,
        "invoiceDate": "2026-05-04",
        "dueDate": "2026-06-03",
        "modifiedAt": _MOMENT,
    }


def _paid(number: int) -> dict[str, Any]:
    invoice = {"invoiceExternalId": f"netsuite-1234567-vendorbill-{number}", "amount": 50, "discount": 0}
    return {
        "id": number,
        "status": "settled",
        "method": "check",
        "checkNumber": f"CHK-{number}",
        "vendorExternalId": f"netsuite-1234567-vendor-{number % 997}",
        "currency": "USD",
        "amount": 50,
        "paidOn": "2026-05-20",
        "settledAt": _MOMENT,
        "allocations": [invoice],
        "modifiedAt": _MOMENT,
    }
