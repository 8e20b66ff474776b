"""Credit memos: what a vendor owes, with amounts above zero; the books keep them below."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from sqlite3 import Row
from typing import Any

import msgspec

from apbridge_sandbox.avidxchange import invoices
from apbridge_sandbox.avidxchange.answers import JsonAnswer
from apbridge_sandbox.avidxchange.bodies import InvoiceBody
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.listing import listed
from apbridge_sandbox.money import Cents

_STATUSES = {
    "submitted": "open",
    "approved": "partly_applied",
    "scheduled": "scheduled",
    "paid": "applied",
    "cancelled": "cancelled",
}
"""Of an invoice below zero, as a credit memo has them."""


def put_credit(call: AvidXchangeCall) -> JsonAnswer:
    """Create a credit memo, or change it while no payment uses it."""
    status, item = invoices.submit(call, _negated(call.json(InvoiceBody)), "credit")
    return JsonAnswer(status, _item(item))


def put_signed(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change what its total says it is: an invoice, or a credit below zero."""
    body = call.json(InvoiceBody)
    return JsonAnswer(*invoices.submit(call, body, "credit" if body.total < 0 else "invoice"))


def cancel_credit(call: AvidXchangeCall) -> JsonAnswer:
    """Take a credit memo back, while no payment uses it. Again changes nothing."""
    return JsonAnswer(200, _item(invoices.cancel(call, "credit")))


def cancel_signed(call: AvidXchangeCall) -> JsonAnswer:
    """Take back an invoice or a credit."""
    return JsonAnswer(200, invoices.cancel(call, "invoice", "credit"))


def list_credits(call: AvidXchangeCall) -> JsonAnswer:
    """List credit memos with how they stand."""
    return listed(call, invoices.TABLE, show, where={"kind": "credit"})


def show(conn: sqlite3.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Show credit memos as lists and answers do."""
    return [_item(item) for item in invoices.show(conn, rows)]


def _negated(body: InvoiceBody) -> InvoiceBody:
    lines = [msgspec.structs.replace(line, amount=Cents(-line.amount)) for line in body.lines]
    return msgspec.structs.replace(body, total=Cents(-body.total), lines=lines)


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """Turn the item of an invoice below zero into a credit memo's."""
    shown = {
        name: value for name, value in item.items() if name not in {"amountPaid", "amountUnpaid", "image"}
    }
    return shown | {
        "status": _STATUSES[item["status"]],
        "total": -item["total"],
        "lines": [line | {"amount": -line["amount"]} for line in item["lines"]],
        "amountApplied": -item["amountPaid"],
        "amountAvailable": -item["amountUnpaid"],
    }
