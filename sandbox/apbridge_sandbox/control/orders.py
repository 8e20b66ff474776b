"""Orders to NetSuite about purchase orders: what people there enter, receive, bill and close."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any, Literal

from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.company.documents import (
    Document,
    DocumentLine,
    Ids,
    VendorBill,
    write_bill,
    write_order,
)
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.bills import account_of, party_of
from apbridge_sandbox.control.endpoint import Order, route
from apbridge_sandbox.money import Cents
from apbridge_sandbox.netsuite import books, orders


class NewOrderLine(Order):
    """A line of an order: an item by its internal id, or an expense account by its number."""

    quantity: int
    rate: Cents
    account: str
    item: int | None = None
    memo: str | None = None


class NewOrder(Order):
    """A purchase order that somebody enters today."""

    vendor: str
    tranid: str
    lines: list[NewOrderLine]
    status: Literal["A", "B"] = "B"


class Receive(Order):
    """How much of each line of an order has come."""

    id: str
    quantity: int


class BillOrder(Order):
    """How much of each line of an order a vendor bills."""

    id: str
    quantity: int
    tranid: str


class Close(Order):
    """An order of which nothing more is wanted, or a line of it."""

    id: str
    line: int | None = None


def routes() -> list[Route]:
    """Return the routes."""
    return [
        route("POST", "/netsuite/orders", NewOrder, _enter),
        route("POST", "/netsuite/orders/receive", Receive, _receive),
        route("POST", "/netsuite/orders/bill", BillOrder, _bill),
        route("POST", "/netsuite/orders/close", Close, _close),
    ]


def _enter(sandbox: Sandbox, order: NewOrder) -> Any:  # noqa: ANN401
    now = sandbox.clock.now()
    with sandbox.store.write() as conn:
        ids, batch = Ids.after(conn), RowBuffer(conn)
        lines = [
            DocumentLine(
                account=account_of(conn, line.account),
                cents=line.quantity * line.rate,
                memo=line.memo,
                item=line.item,
                quantity=str(line.quantity),
                rate=f"{Decimal(line.rate) / 100:.2f}",
                received="0",
                billed="0",
            )
            for line in order.lines
        ]
        entered = Document(
            next(ids.transaction),
            party_of(conn, order.vendor),
            order.tranid,
            sandbox.clock.today(),
            now,
            now,
            lines,
        )
        write_order(batch, ids, entered, order.status)
        batch.flush()
    return {"id": str(entered.id)}


def _receive(sandbox: Sandbox, order: Receive) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        number = _order(conn, order.id)["id"]
        orders.receive(conn, number, Decimal(order.quantity), **_when(sandbox))
    return {"received": order.id}


def _bill(sandbox: Sandbox, order: BillOrder) -> Any:  # noqa: ANN401
    now = sandbox.clock.now()
    with sandbox.store.write() as conn:
        row = _order(conn, order.id)
        lines = []
        for line, left in orders.open_lines(conn, row["id"]):
            billed = min(left, Decimal(order.quantity))
            lines.append(
                DocumentLine(
                    account=line["expenseaccount"] or _account_of_item(conn, line["item"]),
                    cents=int(billed * Decimal(line["rate"]) * 100),
                    item=line["item"],
                    itemtype=line["itemtype"],
                    quantity=str(billed),
                    rate=line["rate"],
                )
            )
        ids, batch = Ids.after(conn), RowBuffer(conn)
        bill = VendorBill(
            id=next(ids.transaction),
            party=party_of(conn, row["entity"]),
            tranid=order.tranid,
            day=sandbox.clock.today(),
            created=now,
            modified=now,
            lines=lines,
            order=row["id"],
        )
        write_bill(batch, ids, bill)
        batch.flush()
        orders.note_bill(conn, row["id"], Decimal(order.quantity), **_when(sandbox))
    return {"id": str(bill.id)}


def _close(sandbox: Sandbox, order: Close) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        orders.close(conn, _order(conn, order.id)["id"], order.line, **_when(sandbox))
    return {"closed": order.id}


def _when(sandbox: Sandbox) -> dict[str, Any]:
    return {"now": sandbox.clock.now(), "dates": sandbox.switches["netsuite.order_dates"]}


def _order(conn: sqlite3.Connection, number: str) -> sqlite3.Row:
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM ns_transaction WHERE id = ? AND type = ?", (int(number), books.ORDER)
    ).fetchone()
    if row is None:
        message = f"there is no purchase order {number}"
        raise StepError(message)
    return row


def _account_of_item(conn: sqlite3.Connection, item: int) -> int:
    found: int = conn.execute("SELECT expenseaccount FROM ns_item WHERE id = ?", (item,)).fetchone()[0]
    return found
