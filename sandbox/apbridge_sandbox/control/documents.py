"""Orders to NetSuite about documents of others: what settles bills beside our payments; merged vendors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.deletions import note_deletion
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.money import Cents
from apbridge_sandbox.netsuite import documents
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.errors import NetSuiteError


class Apply(Order):
    """A document to enter and to apply to a bill: all that is open unless told."""

    kind: Literal["prepayment", "journal", "credit"]
    bill: str
    amount: Cents | None = None


class Unapply(Order):
    """A document to take off its bills."""

    id: str


class Lower(Order):
    """A bill of which an amount is taken off."""

    bill: str
    amount: Cents


class MergeVendors(Order):
    """A vendor that is merged into another."""

    vendor: str
    into: str


def routes() -> list[Route]:
    """Return the routes."""
    return [
        route("POST", "/netsuite/apply", Apply, _apply),
        route("POST", "/netsuite/unapply", Unapply, _unapply),
        route("POST", "/netsuite/lower", Lower, _lower),
        route("POST", "/netsuite/merge-vendors", MergeVendors, _merge),
    ]


def _apply(sandbox: Sandbox, order: Apply) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn, refusals():
        number = documents.apply_document(
            conn,
            documents.DOCUMENT_TYPES[order.kind],
            _transaction(conn, order.bill, "VendBill"),
            order.amount,
            now=sandbox.clock.now(),
            rules=ApplyRules.of(sandbox.switches),
        )
    return {"id": str(number)}


def _unapply(sandbox: Sandbox, order: Unapply) -> Any:  # noqa: ANN401
    types = [each.type for each in documents.DOCUMENT_TYPES.values()]
    with sandbox.store.write() as conn:
        row = _transaction(conn, order.id, *types)
        rules = ApplyRules.of(sandbox.switches)
        bills = documents.unapply_document(conn, row, now=sandbox.clock.now(), rules=rules)
    return {"bills": [str(bill) for bill in bills]}


def _lower(sandbox: Sandbox, order: Lower) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn, refusals():
        bill = _transaction(conn, order.bill, "VendBill")
        documents.lower_bill(conn, bill, order.amount, now=sandbox.clock.now())
    return {"lowered": order.bill}


def _merge(sandbox: Sandbox, order: MergeVendors) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        rows = {
            row["id"]: row
            for row in conn.execute(
                "SELECT * FROM ns_vendor WHERE id IN (?, ?)", (int(order.vendor), int(order.into))
            )
        }
        if len(rows) < 2:  # noqa: PLR2004
            message = f"there are no two vendors {order.vendor} and {order.into}"
            raise StepError(message)
        gone = rows[int(order.vendor)]
        moves = sandbox.switches["netsuite.merge_dates"] == "move"
        documents.merge_vendors(conn, gone, int(order.into), now=sandbox.clock.now(), moves_dates=moves)
        if sandbox.switches["netsuite.merge_notes_deletion"]:
            note_deletion(conn, "vendor", gone, sandbox.clock.stamp())
    return {"merged": order.vendor}


def _transaction(conn: sqlite3.Connection, number: str, *types: str) -> sqlite3.Row:
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM ns_transaction WHERE id = ?", (int(number),)
    ).fetchone()
    if row is None or row["type"] not in types:
        message = f"there is no {' or '.join(types)} {number}"
        raise StepError(message)
    return row


@contextmanager
def refusals() -> Iterator[None]:
    """Raise NetSuite's refusals as the control API's."""
    try:
        yield
    except NetSuiteError as error:
        raise StepError(error.detail) from error
