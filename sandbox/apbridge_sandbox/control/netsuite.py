"""Orders to NetSuite: what people do there by hand."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.clock import Clock
from apbridge_sandbox.company.batch import Batch
from apbridge_sandbox.company.documents import Bill, Ids, Image, Line, Party, write_bill
from apbridge_sandbox.company.paper import pdf
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.money import Cents
from apbridge_sandbox.world import Sandbox

_TERM = timedelta(days=30)


class Edit(Order):
    """Columns of one row to set. `table` is without `ns_`; a line's `id` is its `uniquekey`.

    With `touch` its time of change moves, as it does when a person saves; money is in cents here.
    """

    table: str
    id: str
    set: dict[str, str | int | None]
    touch: bool = True


class Delete(Order):
    """A record to delete."""

    type: Literal["vendorbill", "vendor", "account", "department", "classification", "location"]
    id: str


class NewLine(Order):
    """A line of a new bill: an account by its number, dimensions by internal id."""

    account: str
    amount: Cents
    memo: str | None = None
    department: int | None = None
    classification: int | None = msgspec.field(default=None, name="class")
    location: int | None = None


class NewBill(Order):
    """A bill that somebody enters today; `image` is text for its PDF."""

    vendor: str
    tranid: str
    lines: list[NewLine]
    day: date | None = None
    memo: str | None = None
    status: Literal["A", "D", "E"] = "A"
    image: str | None = None


class NewBills(Order):
    """Bills to enter."""

    bills: list[NewBill]


def routes() -> list[Route]:
    """Give the routes."""
    return [
        route("POST", "/netsuite/edit", Edit, _edit),
        route("POST", "/netsuite/delete", Delete, _delete),
        route("POST", "/netsuite/bills", NewBills, _enter_bills),
    ]


def _edit(sandbox: Sandbox, order: Edit) -> Any:  # noqa: ANN401
    table = f"ns_{order.table}"
    with sandbox.store.write() as conn:
        columns = _columns(conn, table)
        unknown = [name for name in order.set if name not in columns]
        if not columns or unknown:
            message = f"there is no table {order.table} with {', '.join(order.set)}"
            raise ValueError(message)
        values = dict(order.set)
        for touched in {"lastmodifieddate", "linelastmodifieddate"}.intersection(columns):
            if order.touch:
                values.setdefault(touched, sandbox.clock.stamp())
        key = "uniquekey" if "uniquekey" in columns else columns[0]
        changes = ", ".join(f'"{name}" = ?' for name in values)
        # Table and columns have just been found in the schema.
        query = f"UPDATE {table} SET {changes} WHERE {key} = ?"  # noqa: S608
        if not conn.execute(query, (*values.values(), int(order.id))).rowcount:
            message = f"there is no {order.table} {order.id}"
            raise StepError(message)
    return values


def _columns(conn: sqlite3.Connection, table: str) -> list[str]:
    rows = conn.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return [row["name"] for row in rows]


_RECORD_TYPES = {
    "vendorbill": ("transaction", -30),
    "vendor": ("vendor", -9),
    "account": ("account", -112),
    "department": ("department", -102),
    "classification": ("classification", -101),
    "location": ("location", -103),
}


def _delete(sandbox: Sandbox, order: Delete) -> Any:  # noqa: ANN401
    table, record_type = _RECORD_TYPES[order.type]
    number = int(order.id)
    with sandbox.store.write() as conn:
        row = conn.execute(f"SELECT * FROM ns_{table} WHERE id = ?", (number,)).fetchone()  # noqa: S608
        if row is None:
            message = f"there is no {order.type} {order.id}"
            raise StepError(message)
        if order.type == "vendorbill":
            _delete_bill(conn, number)
        else:
            conn.execute(f"DELETE FROM ns_{table} WHERE id = ?", (number,))  # noqa: S608
        conn.execute(
            "INSERT INTO ns_deletedrecord"
            " (name, recordid, recordtypeid, type, deleteddate, deletedby, context) VALUES (?, ?, ?, ?, ?, 'A. Clerk', 'UI')",
            (_name(row), number, record_type, order.type, sandbox.clock.stamp()),
        )
    return {"deleted": order.id}


def _name(row: sqlite3.Row) -> str:
    columns = row.keys()
    names: list[str] = [row[key] for key in ("tranid", "entityid", "fullname") if key in columns]
    return names[0]


def _delete_bill(conn: sqlite3.Connection, number: int) -> None:
    if conn.execute(
        "SELECT 1 FROM ns_link WHERE previousdoc = ? AND linktype = 'Payment'", (number,)
    ).fetchone():
        message = f"vendorbill {number} has payments applied: NetSuite does not delete it"
        raise StepError(message)
    conn.execute("DELETE FROM ns_link WHERE nextdoc = ?", (number,))
    for table in ("transactionline", "transactionaccountingline", "transactionfile"):
        conn.execute(f'DELETE FROM ns_{table} WHERE "transaction" = ?', (number,))  # noqa: S608
    conn.execute("DELETE FROM ns_transaction WHERE id = ?", (number,))


def _enter_bills(sandbox: Sandbox, order: NewBills) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        ids = Ids.after(conn)
        batch = Batch(conn)
        bills = [_bill(conn, sandbox.clock, next(ids.transaction), new) for new in order.bills]
        for bill in bills:
            write_bill(batch, ids, bill)
        batch.flush()
    return {"ids": [str(bill.id) for bill in bills]}


def _bill(conn: sqlite3.Connection, clock: Clock, number: int, new: NewBill) -> Bill:
    day = new.day or clock.today()
    lines = [
        Line(
            account=_account(conn, line.account),
            cents=line.amount,
            memo=line.memo,
            department=line.department,
            classification=line.classification,
            location=line.location,
        )
        for line in new.lines
    ]
    return Bill(
        id=number,
        party=_party(conn, new.vendor),
        tranid=new.tranid,
        day=day,
        due=day + _TERM,
        created=clock.now(),
        modified=clock.now(),
        lines=lines,
        memo=new.memo,
        status=new.status,
        images=(Image(f"{number}.pdf", pdf([new.image])),) if new.image else (),
    )


def _party(conn: sqlite3.Connection, vendor: str) -> Party:
    row = conn.execute(
        "SELECT v.id, v.subsidiary, v.currency, v.payablesaccount, c.exchangerate, s.currency AS base"
        " FROM ns_vendor v JOIN ns_currency c ON c.id = v.currency"
        " JOIN ns_subsidiary s ON s.id = v.subsidiary WHERE v.id = ?",
        (vendor,),
    ).fetchone()
    if row is None:
        message = f"there is no vendor {vendor}"
        raise StepError(message)
    rate = Decimal(1) if row["base"] == row["currency"] else Decimal(row["exchangerate"])
    return Party(row["id"], row["subsidiary"], row["currency"], rate, row["payablesaccount"])


def _account(conn: sqlite3.Connection, number: str) -> int:
    row = conn.execute("SELECT id FROM ns_account WHERE acctnumber = ?", (number,)).fetchone()
    if row is None:
        message = f"there is no account {number}"
        raise StepError(message)
    found: int = row["id"]
    return found
