"""Orders to NetSuite about payments that are there: what people and the bank decide about them."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.documents import refusals
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.decisions import Decision, decide_journal, decide_payment
from apbridge_sandbox.netsuite.journals import JOURNAL
from apbridge_sandbox.netsuite.posting import void_vendor_payment


class Decide(Order):
    """What somebody decides about a vendor payment, or about the journal that is to void one.

    A payment is approved, rejected, in transit, confirmed, declined, or waits for the bank (`online`); a
    journal is approved or rejected.
    """

    id: str
    decision: Decision


class Void(Order):
    """A vendor payment that somebody voids, as the account does it."""

    id: str


def routes() -> list[Route]:
    """Return the routes."""
    return [route("POST", "/netsuite/decide", Decide, _decide), route("POST", "/netsuite/void", Void, _void)]


def _decide(sandbox: Sandbox, order: Decide) -> Any:  # noqa: ANN401
    rules, now = ApplyRules.of(sandbox.switches), sandbox.clock.now()
    with sandbox.store.write() as conn, refusals():
        row = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (int(order.id),)).fetchone()
        kind = None if row is None else row["type"]
        if kind == JOURNAL and order.decision in {"approve", "reject"}:
            decide_journal(conn, row, is_approved=order.decision == "approve", now=now, rules=rules)
        elif kind == books.PAYMENT:
            decide_payment(conn, row, order.decision, rules, now=now)
        else:
            message = f"there is no payment or journal {order.id} to {order.decision}"
            raise StepError(message)
    return {"decided": order.id}


def _void(sandbox: Sandbox, order: Void) -> Any:  # noqa: ANN401
    rules, now = ApplyRules.of(sandbox.switches), sandbox.clock.now()
    with sandbox.store.write() as conn, refusals():
        row = conn.execute(
            "SELECT 1 FROM ns_transaction WHERE id = ? AND type = ?", (int(order.id), books.PAYMENT)
        ).fetchone()
        if row is None:
            message = f"there is no vendorpayment {order.id}"
            raise StepError(message)
        return {"voided_by": str(void_vendor_payment(conn, int(order.id), now=now, rules=rules))}
