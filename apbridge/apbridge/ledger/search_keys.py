"""What people call a record, and what it can be found by in either system."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from apbridge.ledger.rows import RowUpdate
from apbridge.printable import escaped

_LONGEST = 200
_FOUND = {"bills", "vendor_credits", "payments", "invoices", "vendors"}
"""Streams whose records people look for by a number."""

_CALLED = ("number", "check_number", "ach_trace", "card_reference", "name", "id")
"""Fields of canonical records that people know a record by, the best first."""

_NUMBERS = ("id", "number", "check_number", "ach_trace", "card_reference")


def described(record: Any) -> dict[str, str | None]:  # noqa: ANN401
    """Return what a list shows of a record: its number, its amount and its currency."""
    fields = record if isinstance(record, dict) else {}
    amount = fields.get("total", fields.get("amount"))
    # Of what was deleted no more is told than its id: people go on calling it what they did.
    called = _CALLED[:-1] if fields.get("is_deleted") else _CALLED
    return {
        "number": next(filter(None, (_text(_written_out(fields.get(name))) for name in called)), None),
        "amount": str(amount) if isinstance(amount, int | Decimal) else None,
        "currency": _text(fields.get("currency"), 10),
    }


def names_of(entry: RowUpdate) -> set[str]:
    """Return what a record can be found by: its numbers and its ids on both sides, in lower case.

    A payment can be found by the external ids of the bills that it pays too, in their own case.
    """
    if entry.stream not in _FOUND:
        return set()
    fields = entry.payload if isinstance(entry.payload, dict) else {}
    written = [fields.get(name) for name in _NUMBERS]
    numbers = [_text(one) for one in (*written, *map(_written_out, written))]
    found = {searched(one) for one in (entry.source_id, entry.remote_id, *numbers) if one}
    return found | set(_paid(fields))


def searched(name: str) -> str:
    """Return a name in the form in which it is kept."""
    return storable(name).strip().lower()[:_LONGEST]


def storable(text: str) -> str:
    """Take U+0000 out of a text: PostgreSQL keeps none."""
    return text.replace("\0", "")


def _paid(fields: dict[str, Any]) -> Iterator[str]:
    allocations = fields.get("allocations")
    for one in allocations if isinstance(allocations, list) else ():
        name = _text(one.get("invoice_external_id")) if isinstance(one, dict) else None
        if name:
            yield name


def _written_out(value: Any) -> Any:  # noqa: ANN401
    """Show U+0000: without it a number would be another record's."""
    return value.replace("\0", escaped("\0")) if isinstance(value, str) else value


def _text(value: Any, longest: int = _LONGEST) -> str | None:  # noqa: ANN401
    return storable(value).strip()[:longest] or None if isinstance(value, str) else None
