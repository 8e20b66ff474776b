"""How far records have come that are open: what the sweep compares with what was told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from apbridge.netsuite import in_list
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader
from tap_netsuite_ap.manifest import StreamEntry, manifest
from tap_netsuite_ap.records import Record

_OPEN = (
    "pending_approval",
    "pending_receipt",
    "partially_received",
    "pending_billing_partially_received",
    "pending_billing",
)
"""Where an order stands of which something is to come or to be billed."""

_OF_A_LINE = ("quantity", "amount", "quantity_received", "quantity_billed", "is_closed")
"""What of a line is compared, by its name in the query of those that are open too."""


def is_open(query: Query) -> str:
    """Write the condition that something is to come of a record."""
    return f"{query.expression('status')} IN ({in_list(_OPEN)})"


def shown(reader: Reader, entry: StreamEntry) -> Mapping[str, str]:
    """Return a digest of each record that is open, by its id."""
    pages = reader.pages(manifest().queries[entry.open or ""])
    return {row["id"]: _digest_of_row(row) for page in pages for row in page}


def _digest_of_row(row: Row) -> str:
    return _digest(row["status"], (row.get(name) for name in _OF_A_LINE))


def digest(record: Record) -> str | None:
    """Return a digest of how far a record has come; None for one of which nothing is to come any more."""
    if record["status"] not in _OPEN:
        return None
    lines: Iterable[Mapping[str, Any]] = record["lines"]
    sums = [sum(int(line["id"]) * Decimal(line[name] or 0) for line in lines) for name in _OF_A_LINE]
    return _digest(record["status"], sums)


def _digest(status: str, sums: Iterable[Any]) -> str:
    told = "|".join(f"{Decimal(one or 0):.5f}" for one in sums)
    return hashlib.blake2b(f"{status}|{told}".encode(), digest_size=4).hexdigest()
