"""Payments, to be read. They come about inside AvidXchange: see `lifecycle`."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from sqlite3 import Row
from typing import Any

from apbridge_sandbox.avidxchange import lifecycle
from apbridge_sandbox.avidxchange.answers import JsonAnswer, PictureAnswer, refusal
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.listing import listed
from apbridge_sandbox.avidxchange.records import external_id_shown
from apbridge_sandbox.company.pdf import pdf
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.money import amount


def list_payments(call: AvidXchangeCall) -> JsonAnswer:
    """List payments with what each gives to which invoice."""
    return listed(call, "ax_payment", show, statuses=lifecycle.PAYMENT_STATUSES)


def get_cleared_image(call: AvidXchangeCall) -> PictureAnswer:
    """Answer with the image of a cleared check."""
    return PictureAnswer(200, cleared_image(call.sandbox, call.path["id"]), "application/pdf")


def cleared_image(sandbox: Sandbox, payment: str) -> bytes:
    """Return the image of a payment's cleared check.

    Raises:
        RefusalError: 404: there is none.
    """
    with sandbox.store.connection() as conn:
        row = conn.execute("SELECT * FROM ax_payment WHERE id = ?", (payment,)).fetchone()
    if row is None or not _has_image(row):
        raise refusal(404, "not_found", f"There is no image of a cleared check of payment {payment}.")
    return pdf([f"Check {row['check_number']}", f"Cleared {row['cleared_on']}"])


def _has_image(row: Row) -> bool:
    return row["method"] == "check" and row["cleared_on"] is not None


def show(conn: sqlite3.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Show payments as the list does."""
    allocations = defaultdict(list)
    for row in conn.execute(
        "SELECT a.*, i.external_id FROM ax_allocation a JOIN ax_invoice i ON i.id = a.invoice_id"
        " WHERE a.payment_id IN (SELECT value FROM json_each(?)) ORDER BY a.payment_id, a.invoice_id",
        (json.dumps([row["id"] for row in rows]),),
    ):
        allocations[row["payment_id"]].append(
            {
                "invoiceExternalId": row["external_id"],
                "amount": amount(row["amount_cents"]),
                "discount": amount(row["discount_cents"]),
            }
        )
    return [_item(row, allocations[row["id"]]) for row in rows]


def _item(row: Row, allocations: list[dict[str, Any]]) -> dict[str, Any]:
    replaces = row["replaces_payment_id"]
    is_check = row["method"] == "check"
    is_mailed = is_check and row["status"] != "processing"
    is_cleared = row["status"] == "settled" and row["cleared_on"]
    return {
        "id": str(row["id"]),
        "status": row["status_word"] or ("cleared" if is_cleared else row["status"]),
        "method": row["method_word"] or row["method"],
        "checkNumber": row["check_number"],
        "avidPayCheckNumber": row["id"] * 10 if is_mailed else None,
        "achTrace": row["ach_trace"],
        "cardReference": row["card_reference"],
        "vendorExternalId": external_id_shown(row["vendor_external_id"]),
        "currency": row["currency"],
        "amount": amount(row["amount_cents"]),
        "paidOn": row["paid_on"],
        "settledAt": row["settled_at"],
        "clearedOn": row["cleared_on"],
        "exceptionReason": row["exception_reason"],
        "pageUrl": f"https://avidxchange.example/payments/{row['id']}",
        "hasClearedImage": _has_image(row),
        "allocations": allocations,
        "replacesPaymentId": None if replaces is None else str(replaces),
        "voidedAt": row["voided_at"],
        "modifiedAt": row["modified_at"],
    }
