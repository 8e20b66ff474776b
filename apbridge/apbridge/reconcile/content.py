"""What an invoice shows otherwise than its bill, of the fields that both systems have on the document itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apbridge.reconcile.books import Invoice
from apbridge.reconcile.netsuite import Bill


def differing(bill: Bill, invoice: Invoice) -> tuple[str, ...]:
    """Name the fields that differ, with both values; what AvidXchange does not show is left out."""
    return tuple(
        f"{name} ({here} in NetSuite, {there} in AvidXchange)"
        for name, here, there in _fields(bill, invoice)
        if here and there and here != there
    )


def _fields(bill: Bill, invoice: Invoice) -> Iterator[tuple[str, Any, Any]]:
    yield "vendor", bill.vendor, invoice.vendor
    yield "number", bill.number, invoice.number
    yield "date", bill.day, invoice.day
    yield "due date", bill.due, invoice.due
    yield "currency", bill.currency, invoice.currency
    yield "total", bill.total, invoice.total
