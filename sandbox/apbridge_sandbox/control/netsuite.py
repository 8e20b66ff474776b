"""Orders to NetSuite: what people do there by hand."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.clock import Clock
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.deletions import note_deletion
from apbridge_sandbox.control.documents import refusals
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.control.vendor_credits import by_people
from apbridge_sandbox.custom import custom, write_custom
from apbridge_sandbox.money import Cents
from apbridge_sandbox.netsuite import books, posting, vendor_credits
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.vendor_payments import Application, VendorPayment


class Edit(Order):
    """Columns of one row to set. `table` is without `ns_`; a line's `id` is its `uniquekey`.

    Custom fields are set like columns, null to empty them. With `touch` its time of change moves, as it does
    when a person saves; money is in cents here.
    """

    table: str
    id: str
    set: dict[str, str | int | None]
    touch: bool = True


class Delete(Order):
    """A record to delete."""

    type: Literal[
        "vendorbill",
        "vendorpayment",
        "purchaseorder",
        "vendorcredit",
        "vendor",
        "account",
        "department",
        "classification",
        "location",
    ]
    id: str


class PayByHand(Order):
    """A payment that somebody types in NetSuite: all that is open less the discount, today, unless told."""

    bill: str
    check_number: str
    amount: Cents | None = None
    discount: Cents = Cents(0)
    day: date | None = None


_TIMES_OF_CHANGE = frozenset({"lastmodifieddate", "linelastmodifieddate", "lastmodified"})


def routes() -> list[Route]:
    """Return the routes."""
    return [
        route("POST", "/netsuite/edit", Edit, _edit),
        route("POST", "/netsuite/delete", Delete, _delete),
        route("POST", "/netsuite/pay-by-hand", PayByHand, _pay_by_hand),
    ]


def _edit(sandbox: Sandbox, order: Edit) -> Any:  # noqa: ANN401
    table = f"ns_{order.table}"
    with sandbox.store.write() as conn:
        columns = _columns(conn, table)
        added = custom().fields.get(order.table, {})
        unknown = [name for name in order.set if name not in {*columns, *added}]
        if not columns or unknown:
            message = f"there is no table {order.table} with {', '.join(order.set)}"
            raise ValueError(message)
        values = {name: value for name, value in order.set.items() if name in columns}
        for touched in _TIMES_OF_CHANGE.intersection(columns):
            if order.touch:
                values.setdefault(touched, sandbox.clock.stamp())
        key = "uniquekey" if "uniquekey" in columns else columns[0]
        customs = {name: value for name, value in order.set.items() if name in added}
        found = write_custom(conn, table, int(order.id), customs, key) if customs else 1
        if values:
            changes = ", ".join(f'"{name}" = ?' for name in values)
            # Table and columns have just been found in the schema.
            query = f"UPDATE {table} SET {changes} WHERE {key} = ?"  # noqa: S608
            found = conn.execute(query, (*values.values(), int(order.id))).rowcount
        if not found:
            message = f"there is no {order.table} {order.id}"
            raise StepError(message)
    return {**values, **customs}


def _columns(conn: sqlite3.Connection, table: str) -> list[str]:
    rows = conn.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return [row["name"] for row in rows]


_TRANSACTIONS = {
    "vendorbill": books.BILL,
    "vendorpayment": books.PAYMENT,
    "vendorcredit": books.CREDIT,
    "purchaseorder": books.ORDER,
}


def _delete(sandbox: Sandbox, order: Delete) -> Any:  # noqa: ANN401
    number = int(order.id)
    with sandbox.store.write() as conn:
        if order.type in _TRANSACTIONS:
            row = _found(conn, "transaction", number, order.type)
            if row["type"] == books.PAYMENT:
                with refusals():
                    posting.delete_vendor_payment(
                        conn,
                        number,
                        now=sandbox.clock.now(),
                        rules=ApplyRules.of(sandbox.switches),
                        context="UI",
                    )
            elif row["type"] == books.CREDIT:
                with refusals():
                    rules = by_people(sandbox.switches)
                    vendor_credits.delete_credit(
                        conn, row, now=sandbox.clock.now(), rules=rules, context="UI"
                    )
            else:
                _delete_bill(conn, row, sandbox.clock)
        else:
            row = _found(conn, order.type, number, order.type)
            conn.execute(f"DELETE FROM ns_{order.type} WHERE id = ?", (number,))  # noqa: S608
            if order.type == "vendor":
                conn.execute("DELETE FROM ns_vendorsubsidiaryrelationship WHERE entity = ?", (number,))
            note_deletion(conn, order.type, row, sandbox.clock.stamp())
    return {"deleted": order.id}


def _found(conn: sqlite3.Connection, table: str, number: int, kind: str) -> sqlite3.Row:
    row: sqlite3.Row | None = conn.execute(f"SELECT * FROM ns_{table} WHERE id = ?", (number,)).fetchone()  # noqa: S608
    if row is None or (table == "transaction" and row["type"] != _TRANSACTIONS[kind]):
        message = f"there is no {kind} {number}"
        raise StepError(message)
    return row


def _delete_bill(conn: sqlite3.Connection, row: sqlite3.Row, clock: Clock) -> None:
    if conn.execute(
        "SELECT 1 FROM ns_link WHERE previousdoc = ? AND linktype = 'Payment'", (row["id"],)
    ).fetchone():
        message = f"vendorbill {row['id']} has payments applied: NetSuite does not delete it"
        raise StepError(message)
    books.remove_rows(conn, row["id"])
    books.record_deletion(conn, row, clock.stamp(), "UI")


def _pay_by_hand(sandbox: Sandbox, order: PayByHand) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn, refusals():
        bill = _found(conn, "transaction", int(order.bill), "vendorbill")
        payment = VendorPayment(
            vendor=bill["entity"],
            account=_bank(conn, bill),
            applications=[Application(bill["id"], order.amount, order.discount)],
            day=order.day,
            currency=bill["currency"],
            subsidiary=bill["subsidiary"],
            number=order.check_number,
        )
        # A person makes an inactive vendor active for as long as it takes.
        rules = replace(ApplyRules.of(sandbox.switches), inactive_vendor="pays", instalment_line="spread")
        number = posting.post_vendor_payment(conn, payment, now=sandbox.clock.now(), rules=rules)
    return {"id": str(number)}


def _bank(conn: sqlite3.Connection, bill: sqlite3.Row) -> int:
    """Return the first bank account in the bill's currency and subsidiary."""
    row = conn.execute(
        "SELECT id FROM ns_account WHERE accttype = 'Bank' AND currency = ?"
        " AND ', ' || subsidiary || ', ' LIKE '%, ' || ? || ', %' ORDER BY acctnumber LIMIT 1",
        (bill["currency"], bill["subsidiary"]),
    ).fetchone()
    if row is None:
        message = f"no bank account fits bill {bill['id']}"
        raise StepError(message)
    found: int = row["id"]
    return found
