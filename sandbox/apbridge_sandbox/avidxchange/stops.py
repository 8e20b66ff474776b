"""Stopping a payment: as long as the bank has not cleared it."""

from __future__ import annotations

import sqlite3
from sqlite3 import Row

from apbridge_sandbox.avidxchange import lifecycle
from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.bodies import Cancellation
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.payments import show
from apbridge_sandbox.context import Sandbox


def stop_payment(call: AvidXchangeCall) -> JsonAnswer:
    """Stop a payment, by AvidXchange's own id of it."""
    call.json(Cancellation)
    with call.sandbox.store.write() as conn:
        return JsonAnswer(200, show(conn, [stop(call.sandbox, conn, call.path["id"])])[0])


def stop(sandbox: Sandbox, conn: sqlite3.Connection, number: str) -> Row:
    """Stop a payment, at once or later as the switch says, and return it. Again changes nothing.

    Raises:
        RefusalError: 404: there is none; 409: it is too late.
    """
    row = _payment(conn, number)
    if row["cleared_on"]:
        raise refusal(409, "payment_cleared", f"Payment {number} has cleared: it is too late to stop it.")
    if row["status"] not in {"failed", "voided"} and sandbox.switches["avidxchange.payment_stop"] == "done":
        lifecycle.step(conn, sandbox.clock, "voided", [number])
    return _payment(conn, number)


def _payment(conn: sqlite3.Connection, number: str) -> Row:
    row: Row | None = conn.execute("SELECT * FROM ax_payment WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise refusal(404, "unknown_payment", f"There is no payment {number}.")
    return row
