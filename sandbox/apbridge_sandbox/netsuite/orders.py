"""What becomes of a purchase order: it is received, billed and closed, line by line. It posts nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from sqlite3 import Row

from apbridge_sandbox.clock import stamp

_LINES = """SELECT * FROM ns_transactionline
            WHERE "transaction" = ? AND mainline = 'F' AND taxline = 'F' ORDER BY id"""


def open_lines(conn: sqlite3.Connection, order_id: int) -> list[tuple[Row, Decimal]]:
    """Return the lines of an order that are not closed, each with the quantity that is not billed."""
    rows = conn.execute(_LINES, (order_id,)).fetchall()
    return [
        (row, _of(row, "quantity") - _of(row, "quantitybilled")) for row in rows if row["isclosed"] == "F"
    ]


def receive(conn: sqlite3.Connection, order_id: int, quantity: Decimal, *, now: datetime, dates: str) -> None:
    """Receive so much of each open line, as far as it was ordered."""

    def received(row: Row) -> Decimal:
        return min(_of(row, "quantity"), _of(row, "quantityshiprecv") + quantity)

    _change(conn, order_id, "quantityshiprecv", received, now=now, dates=dates)


def note_bill(
    conn: sqlite3.Connection, order_id: int, quantity: Decimal, *, now: datetime, dates: str
) -> None:
    """Note that so much of each open line was billed, as far as it was ordered."""

    def billed(row: Row) -> Decimal:
        return min(_of(row, "quantity"), _of(row, "quantitybilled") + quantity)

    _change(conn, order_id, "quantitybilled", billed, now=now, dates=dates)


def close(conn: sqlite3.Connection, order_id: int, line: int | None, *, now: datetime, dates: str) -> None:
    """Close a line of an order, or all of them: no more is wanted."""

    def closed(row: Row) -> str:
        return "T" if line in {None, row["id"]} else row["isclosed"]

    _change(conn, order_id, "isclosed", closed, now=now, dates=dates)


def _change(
    conn: sqlite3.Connection,
    order_id: int,
    column: str,
    value: Callable[[Row], Decimal | str],
    *,
    now: datetime,
    dates: str,
) -> None:
    for row, _ in open_lines(conn, order_id):
        moment = row["linelastmodifieddate"] if dates == "stay" else stamp(now)
        conn.execute(
            f"UPDATE ns_transactionline SET {column} = ?, linelastmodifieddate = ? WHERE uniquekey = ?",  # noqa: S608
            (str(value(row)), moment, row["uniquekey"]),
        )
    conn.execute("UPDATE ns_transaction SET status = ? WHERE id = ?", (_status(conn, order_id), order_id))
    if dates == "order":
        conn.execute("UPDATE ns_transaction SET lastmodifieddate = ? WHERE id = ?", (stamp(now), order_id))


def _status(conn: sqlite3.Connection, order_id: int) -> str:
    """Return NetSuite's letter for an approved order, by its lines."""
    lines = [row for row, _ in open_lines(conn, order_id)]
    if not lines:
        return "H"
    ordered, received, billed = (
        sum(_of(row, column) for row in lines)
        for column in ("quantity", "quantityshiprecv", "quantitybilled")
    )
    if billed >= ordered:
        return "G"
    if received >= ordered:
        return "F"
    if not received:
        return "B"
    return "E" if billed < received else "D"


def _of(row: Row, column: str) -> Decimal:
    return Decimal(row[column] or 0)
