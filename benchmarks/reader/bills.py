"""Bills as NetSuite answers them: rendered beforehand, found by the conditions that the reader writes."""

from __future__ import annotations

import json
import random
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache

_MOST_BEHIND = 100_000
_PAID = 0.95
"""Share of the bills, the oldest, that are paid by now."""
_IDS = 10**8
_BEGINNING = datetime(2024, 1, 1, tzinfo=timezone.utc)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MODIFIED = re.compile(r"TO_CHAR\(SYS_EXTRACT_UTC\(t\.lastmodifieddate\), '[^']*'\)")
_AFTER = re.compile(r"\(\(M > '([^']+)'\) OR \(M = '[^']+' AND t\.id > (\d+)\)\)")
_UNTIL = re.compile(r"\(\(M < '([^']+)'\) OR \(M = '[^']+' AND t\.id <= (\d+)\)\)")
_FROM = re.compile(r"M >= '([^']+)'")
_BEFORE = re.compile(r"AND M < '([^']+)'")
_OPEN = re.compile(r"t\.status, -1\) IN \('A'")
_AFTER_ID = re.compile(r"\(t\.id > (\d+)\)")
_UNTIL_ID = re.compile(r"\(t\.id <= (\d+)\)")
_EVERY = re.compile(r"MOD\(n\.nth, (\d+)\)")
_TABLE = re.compile(r"^FROM (\w+)", re.MULTILINE)
_LINES = re.compile(r"l\.transaction IN \(([\d, ]+)\)")
_NAMED = re.compile(r"\b\w\.id IN \(([\d, ]+)\)")
_LINE = json.dumps(
    {
        "links": [],
        "id": "%d",
        "parent": "%d",
        "line_number": "%d",
        "kind": "%s",
        "account_id": "217",
        "account_number": "6040",
        "department_id": "4",
        "class_id": "2",
        "location_id": "11",
        "memo": "Second floor, east",
        "modified_at": "2024-01-01T00:00:00Z",
        "amount": "125.50",
    }
)
_MOST_LINES = 10
NEXT = "the next page"
"""What stands for its address in a page."""
_HEADER = json.dumps(
    {
        "links": [],
        "id": "%(number)d",
        "number_": "INV-%(number)d",
        "vendor_id": "%(vendor)d",
        "bill_date": "2026-05-04",
        "due_date": "2026-06-03",
        "currency": "USD",
        "exchange_rate": "1",
        "total": "%(dollars)d.25",
        "amount_due": "%(dollars)d.25",
        "memo": "Office supplies, second floor",
        "subsidiary_id": "%(subsidiary)d",
        "ap_account_id": "111",
        "approval_status": "approved",
        "status": "open",
        "balance_modified_at": "%(modified)s",
        "modified_at": "%(modified)s",
    }
)


@lru_cache(maxsize=1)
def written(seconds: int) -> str:
    """Write a moment as NetSuite's TO_CHAR does."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class BenchmarkBills:
    """Rendered bill headers, in order of (modified, id).

    Args:
        rows: How many.
        tied: How many share each second; where it is 0, they come as in an office: in hours of work, at
            irregular intervals.
    """

    def __init__(self, rows: int, tied: int = 0) -> None:
        rng = random.Random(rows)  # noqa: S311 - no secret
        self._keys = array("q")
        self._starts = array("q", [0])
        self._text = bytearray()
        moment = float((_BEGINNING - _EPOCH).total_seconds())
        for index in range(rows):
            if tied:
                moment += index % tied == 0
            else:
                moment += rng.expovariate(1 / 100)
                # Night falls after 300 bills, and the weekend after 1,500.
                moment += 60_000 * (index % 300 == 0) + 170_000 * (index % 1500 == 0)
            number = index * 2 + 1000
            self._keys.append(int(moment) * _IDS + number)
            self._text += _row(number, int(moment)) + b","
            self._starts.append(len(self._text))

    def page(self, query: str, limit: int, offset: int = 0, *, says_more: bool | None = None) -> bytes:
        """Answer a query: for bills, the lines of some, the records that bills name, or the time.

        There is nothing else, and nothing is hidden.

        Args:
            query: As the reader writes it.
            limit: Most rows.
            offset: Rows to leave out, as others page.
            says_more: What `hasMore` says about bills; None for the truth.
        """
        table = _TABLE.findall(query)[-1]
        if table == "dual":
            return _page(json.dumps({"moment": "2099-01-01T00:00:00Z"}).encode(), 1, 1)
        if "AS bills" in query:
            return _page(json.dumps({"bills": "0"}).encode(), 1, 1)
        if table != "transaction":
            rows = [line for found in _LINES.findall(query) for line in _lines(found.split(", "))]
            rows += [
                json.dumps({"id": number}) for found in _NAMED.findall(query) for number in found.split(", ")
            ]
            if len(rows) > limit:
                raise NotImplementedError
            return _page(",".join(rows).encode(), len(rows), len(rows))
        return self._headers(query, limit, offset, says_more=says_more)

    def _headers(self, query: str, limit: int, offset: int, *, says_more: bool | None) -> bytes:
        query = _MODIFIED.sub("M", query.split("WHERE", 1)[-1])
        start, end = 0, len(self._keys)
        if _OPEN.search(query):
            # Their ids are in the order of their dates.
            start = int(end * _PAID)
            if found := _AFTER_ID.search(query):
                start = max(start, bisect_right(self._keys, int(found[1]), key=_id_of))
            if found := _UNTIL_ID.search(query):
                end = bisect_right(self._keys, int(found[1]), key=_id_of)
        if found := _FROM.search(query):
            start = bisect_left(self._keys, _key(found[1]))
        if found := _AFTER.search(query):
            start = bisect_right(self._keys, _key(found[1], found[2]))
        if found := _BEFORE.search(query):
            end = bisect_left(self._keys, _key(found[1]))
        if found := _UNTIL.search(query):
            end = min(end, bisect_right(self._keys, _key(found[1], found[2])))
        if found := _EVERY.search(query):
            step = int(found[1])
            keys = self._keys[start + step - 1 : end : step]
            rows = ({"modified_at": written(key // _IDS), "id": str(key % _IDS)} for key in keys[:limit])
            return _page(
                b",".join(json.dumps(row).encode() for row in rows), min(len(keys), limit), len(keys)
            )
        start += offset
        total = max(end - start, 0)
        count = min(total, limit)
        items = self._text[self._starts[start] : self._starts[start + count] - 1] if count else b""
        # At the cap nobody knows what NetSuite says: so it says one thing or the other, everywhere.
        total = min(total, _MOST_BEHIND) if says_more is not None else total
        return _page(items, count, total, offset, says_more=says_more)


def _lines(bills: Iterable[str]) -> Iterator[str]:
    """Render the lines of bills: one to five of each, and the one that is the payable."""
    for bill in map(int, bills):
        for line in range(2 + bill // 2 % 5):
            yield _LINE % (bill * _MOST_LINES + line, bill, line, "expense" if line else "main")


def _id_of(key: int) -> int:
    return key % _IDS


def _page(
    items: bytes | bytearray, count: int, left: int, offset: int = 0, *, says_more: bool | None = None
) -> bytes:
    more = left > count if says_more is None else says_more
    links = [{"rel": "next", "href": NEXT}] if more else []
    told = {"count": count, "hasMore": more, "offset": offset, "totalResults": offset + left, "links": links}
    return json.dumps(told)[:-1].encode() + b', "items": [' + items + b"]}"


def _key(moment: str, number: str = "0") -> int:
    found = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return int((found - _EPOCH).total_seconds()) * _IDS + int(number)


def _row(number: int, moment: int) -> bytes:
    row = {
        "number": number,
        "vendor": number % 997 + 1,
        "dollars": number % 100_000,
        "subsidiary": number % 3 + 1,
        "modified": written(moment),
    }
    return (_HEADER % row).encode()
