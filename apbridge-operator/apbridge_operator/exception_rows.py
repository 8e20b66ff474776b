"""Exceptions as rows of a table: what is told of each, in JSON and in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from apbridge.printable import in_a_cell
from apbridge_operator.exceptions import Case

FIELDS = (
    "system",
    "stream",
    "external_id",
    "source_id",
    "number",
    "amount",
    "currency",
    "status",
    "code",
    "title",
    "is_urgent",
    "says",
    "do",
    "attempts",
    "open_since",
    "last_seen",
    "dismissed_at",
    "dismissed_by",
    "dismissed_because",
    "netsuite_page",
)
"""What is told of each, in this order."""


def as_fields(one: Case) -> dict[str, Any]:
    """Return what is told of a case, by name."""
    return {name: getattr(one, name) for name in FIELDS}


def csv_head(*, with_company: bool = False) -> str:
    """Return the first line of a CSV of exceptions."""
    return _line([*(["company"] if with_company else []), *FIELDS])


def csv_line(fields: Mapping[str, Any]) -> str:
    """Return the line of an exception's fields; no spreadsheet takes any of it for a formula."""
    return _line(in_a_cell(value) for value in fields.values())


def _line(cells: Iterable[object]) -> str:
    written = io.StringIO(newline="")
    # All in quotes: else a carriage return in a value begins a row.
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)
    return written.getvalue()
