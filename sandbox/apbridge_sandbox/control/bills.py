"""Bills that somebody enters in NetSuite between two runs."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.clock import Clock
from apbridge_sandbox.company.documents import DocumentLine, Ids, Image, Party, VendorBill, write_bill
from apbridge_sandbox.company.pdf import pdf
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.money import Cents

_TERM = timedelta(days=30)


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
    """Return the routes."""
    return [route("POST", "/netsuite/bills", NewBills, _enter_bills)]


def _enter_bills(sandbox: Sandbox, order: NewBills) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        ids = Ids.after(conn)
        batch = RowBuffer(conn)
        bills = [_bill(conn, sandbox.clock, next(ids.transaction), new) for new in order.bills]
        for bill in bills:
            write_bill(batch, ids, bill)
        batch.flush()
    return {"ids": [str(bill.id) for bill in bills]}


def _bill(conn: sqlite3.Connection, clock: Clock, number: int, new: NewBill) -> VendorBill:
    day = new.day or clock.today()
    lines = [
        DocumentLine(
            account=account_of(conn, line.account),
            cents=line.amount,
            memo=line.memo,
            department=line.department,
            classification=line.classification,
            location=line.location,
        )
        for line in new.lines
    ]
    return VendorBill(
        id=number,
        party=party_of(conn, new.vendor),
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


def party_of(conn: sqlite3.Connection, vendor: str) -> Party:
    """Return a vendor as a document is with it: where, in which currency, on which payables account.

    Raises:
        StepError: There is no such vendor.
    """
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


def account_of(conn: sqlite3.Connection, number: str) -> int:
    """Return the internal id of an account.

    Raises:
        StepError: There is none of that number.
    """
    row = conn.execute("SELECT id FROM ns_account WHERE acctnumber = ?", (number,)).fetchone()
    if row is None:
        message = f"there is no account {number}"
        raise StepError(message)
    found: int = row["id"]
    return found
