"""Invoices: submitted by external id, changed while that is allowed, cancelled, listed.

A credit is kept as an invoice below zero: `credit_memos` shows them as credit memos, `partner` as they are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from sqlite3 import Row
from typing import Any, Literal

from apbridge_sandbox.avidxchange import lifecycle
from apbridge_sandbox.avidxchange.answers import JsonAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.bodies import Cancellation, InvoiceBody, content, shown
from apbridge_sandbox.avidxchange.checks import problems_of, vendor_of
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.listing import listed
from apbridge_sandbox.avidxchange.records import checked_external_id, external_id_shown, find, next_id, put
from apbridge_sandbox.money import amount

TABLE = "ax_invoice"

Kind = Literal["invoice", "credit"]


def put_invoice(call: AvidXchangeCall) -> JsonAnswer:
    """Create an invoice, or change it while it is not approved.

    The same content again changes nothing, whatever its status; but see the switch
    `avidxchange.cancelled_invoice`.
    """
    return JsonAnswer(*submit(call, call.json(InvoiceBody), "invoice"))


def submit(call: AvidXchangeCall, body: InvoiceBody, kind: Kind) -> tuple[int, dict[str, Any]]:
    """Create or change an invoice or, with amounts below zero, a credit.

    Returns:
        The status of the answer, and the record.

    Raises:
        RefusalError: It may no longer change, or something is wrong with it.
    """
    external_id = checked_external_id(call.path["external_id"])
    with call.sandbox.store.write() as conn:
        known = find(conn, TABLE, {"external_id": external_id})
        if known and known["kind"] != kind:
            message = (
                f"{external_id} is the external id of another kind of record, of the kind {known['kind']}."
            )
            raise refusal(422, "invalid_external_id", message, "externalId")
        if known is None or known["status"] == "cancelled" or _differs(conn, known, body):
            _check_open(call, known)
            problems = problems_of(conn, body, kind)
            if problems:
                raise RefusalError(422, *problems)
            _write(conn, call, known, body, kind)
        row = find(conn, TABLE, {"external_id": external_id})
        return 200 if known else 201, show(conn, [row] if row else [])[0]


def list_invoices(call: AvidXchangeCall) -> JsonAnswer:
    """List invoices with how they stand."""
    return listed(call, TABLE, show, statuses=lifecycle.INVOICE_STATUSES, where={"kind": "invoice"})


def cancel_invoice(call: AvidXchangeCall) -> JsonAnswer:
    """Take an invoice back, while it is not approved. Again changes nothing."""
    return JsonAnswer(200, cancel(call, "invoice"))


def cancel(call: AvidXchangeCall, *kinds: Kind) -> dict[str, Any]:
    """Take back a record of one of these kinds, while that is allowed, and return it.

    Raises:
        RefusalError: There is no such record, or it may no longer change.
    """
    body = call.json(Cancellation)
    with call.sandbox.store.write() as conn:
        known = the_invoice(conn, call.path["external_id"], *kinds)
        if known["status"] != "cancelled":
            check_unlocked(known)
            conn.execute(
                "UPDATE ax_invoice SET status = 'cancelled', status_reason = ?, modified_at = ? WHERE id = ?",
                (body.reason, call.sandbox.clock.stamp(), known["id"]),
            )
        return show(conn, [the_invoice(conn, known["external_id"], *kinds)])[0]


def the_invoice(conn: sqlite3.Connection, external_id: str, *kinds: Kind) -> Row:
    """Return the invoice, or the record of one of these kinds, of that external id.

    Raises:
        RefusalError: 404: there is none.
    """
    row = find(conn, TABLE, {"external_id": external_id})
    if row is None or row["kind"] not in (kinds or ("invoice",)):
        raise refusal(404, "unknown_invoice", f"There is no invoice {external_id}.")
    return row


def check_unlocked(row: Row) -> None:
    """Check that a change comes only while the invoice is not approved, scheduled or paid.

    Raises:
        RefusalError: 409 otherwise.
    """
    if row["status"] in lifecycle.LOCKED:
        message = f"{row['kind'].title()} {row['external_id']} is {row['status']} and may no longer change."
        raise refusal(409, "invoice_locked", message)


def show(conn: sqlite3.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Show invoices as lists and answers do."""
    images = {
        row["invoice_id"]: {
            "name": row["name"],
            "mediaType": row["media_type"],
            "size": row["size"],
            "sha256": row["sha256"],
        }
        for row in conn.execute(
            "SELECT invoice_id, name, media_type, size, sha256 FROM ax_image"
            " WHERE invoice_id IN (SELECT value FROM json_each(?))",
            (json.dumps([row["id"] for row in rows]),),
        )
    }
    return [_item(row, images.get(row["id"])) for row in rows]


def _item(row: Row, image: dict[str, Any] | None) -> dict[str, Any]:
    sent = shown(row["content"])
    # It is its vendor's whatever that is called now.
    name = None if sent.get("vendorId") else external_id_shown(row["vendor_external_id"])
    return {
        "id": str(row["id"]),
        "externalId": row["external_id"],
        "status": row["status"],
        "statusReason": row["status_reason"],
        **sent,
        "vendorExternalId": name,
        "amountPaid": amount(row["paid_cents"]),
        "amountUnpaid": amount(row["total_cents"] - row["paid_cents"]),
        "image": image,
        "modifiedAt": row["modified_at"],
    }


def _differs(conn: sqlite3.Connection, known: Row, body: InvoiceBody) -> bool:
    vendor = vendor_of(conn, body)
    is_same_vendor = vendor is not None and vendor["external_id"] == known["vendor_external_id"]
    return known["content"] != content(body) or not is_same_vendor


def _check_open(call: AvidXchangeCall, known: Row | None) -> None:
    if known is None:
        return
    check_unlocked(known)
    if known["status"] == "cancelled" and call.sandbox.switches["avidxchange.cancelled_invoice"] == "stays":
        message = f"{known['kind'].title()} {known['external_id']} is cancelled and stays so."
        raise refusal(409, "invoice_cancelled", message)


def _write(
    conn: sqlite3.Connection, call: AvidXchangeCall, known: Row | None, body: InvoiceBody, kind: Kind
) -> None:
    moment = call.sandbox.clock.stamp()
    vendor = vendor_of(conn, body)
    assert vendor  # noqa: S101 - it was checked
    number = known["id"] if known else next_id(conn, TABLE)
    row = {
        "id": number,
        "kind": kind,
        "external_id": call.path["external_id"],
        "vendor_external_id": vendor["external_id"],
        "currency": body.currency,
        "total_cents": body.total,
        # A rejected or cancelled invoice that comes again begins again.
        "status": known["status"] if known and known["status"] == "in_workflow" else "submitted",
        "status_reason": None,
        "content": content(body),
        "submitted_at": known["submitted_at"] if known else moment,
        "modified_at": moment,
    }
    put(conn, TABLE, row)
    conn.execute("DELETE FROM ax_invoice_line WHERE invoice_id = ?", (number,))
    conn.executemany(
        "INSERT INTO ax_invoice_line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                place,
                line.number,
                line.gl_code,
                line.amount,
                line.department,
                line.class_,
                line.location,
                line.description,
                line.purchase_order,
                line.item,
                None if line.quantity is None else str(line.quantity),
                None if line.rate is None else str(line.rate),
            )
            for place, line in enumerate(body.lines)
        ],
    )
