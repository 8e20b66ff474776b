"""NetSuite's books: transactions, what is applied to bills, and their balances."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

PAYMENT = "VendPymt"
BILL = "VendBill"
OPEN, PAID_IN_FULL = "A", "B"
APPROVED, VOIDED = "F", "V"
"""Statuses of bills, then of payments."""

COUNTS, PENDING = "Payment", "Pending"
"""Types of a payment's links to its bills: what takes off them, and what does not yet."""

TRANSACTION_TYPE_ID = -30
"""`recordtypeid` of every transaction."""

_CENT = Decimal(1)


def next_transaction(conn: sqlite3.Connection) -> int:
    """Return an internal id that no transaction ever had, deleted ones included."""
    found = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'ns_transaction'").fetchone()
    return int(found["seq"]) + 1 if found else 1


def counts_for(conn: sqlite3.Connection, record: sqlite3.Row, subsidiary: int | None) -> bool:
    """Return whether an account or a dimension value may be used in a subsidiary."""
    if record["subsidiary"] is None:
        return True
    listed = record["subsidiary"].split(", ")
    while subsidiary is not None and str(subsidiary) not in listed:
        if record["includechildren"] == "F":
            return False
        above = conn.execute("SELECT parent FROM ns_subsidiary WHERE id = ?", (subsidiary,)).fetchone()
        subsidiary = above["parent"] if above else None
    return subsidiary is not None


def remove_links(conn: sqlite3.Connection, payment_id: int) -> list[int]:
    """Take a payment off its bills and give their ids. Their balances are to be kept anew."""
    applied = "FROM ns_link WHERE nextdoc = ? AND previoustype = ? AND linktype IN (?, ?)"
    values = (payment_id, BILL, COUNTS, PENDING)
    bills = [row["previousdoc"] for row in conn.execute(f"SELECT DISTINCT previousdoc {applied}", values)]
    conn.execute(f"DELETE {applied}", values)
    return bills


def remove_rows(conn: sqlite3.Connection, transaction_id: int) -> None:
    """Remove a transaction with its lines, links and attachments; its bills' balances are not touched."""
    for table in ("ns_transactionaccountingline", "ns_transactionline", "ns_transactionfile"):
        conn.execute(f'DELETE FROM {table} WHERE "transaction" = ?', (transaction_id,))  # noqa: S608
    conn.execute("DELETE FROM ns_link WHERE ? IN (nextdoc, previousdoc)", (transaction_id,))
    conn.execute("DELETE FROM ns_transaction WHERE id = ?", (transaction_id,))


def keep_balances(
    conn: sqlite3.Connection,
    bills: Iterable[int],
    day: date,
    now: str,
    *,
    touch_bill: bool,
    touch_accounting_line: bool,
) -> None:
    """Make bills' paid amounts, statuses and closing dates follow their links.

    Args:
        conn: The books.
        bills: Whose links changed.
        day: Closes those that are paid in full by now.
        now: For what is touched.
        touch_bill: Whether the bills' own dates show it.
        touch_accounting_line: Whether the dates of their main accounting lines do.

    Raises:
        AssertionError: More is applied to one than it is over.
    """
    for bill in bills:
        row = conn.execute(
            "SELECT total_cents, closedate, exchangerate,"
            " (SELECT COALESCE(SUM(foreignamount_cents), 0) FROM ns_link"
            " WHERE previousdoc = ns_transaction.id AND linktype = 'Payment') AS paid"
            " FROM ns_transaction WHERE id = ?",
            (bill,),
        ).fetchone()
        total, paid = row["total_cents"], row["paid"]
        if not 0 <= paid <= total:
            raise AssertionError
        is_paid = paid == total
        conn.execute(
            "UPDATE ns_transaction SET paid_cents = ?, status = ?, closedate = ?,"
            " lastmodifieddate = CASE WHEN ? THEN ? ELSE lastmodifieddate END WHERE id = ?",
            (
                paid,
                PAID_IN_FULL if is_paid else OPEN,
                (row["closedate"] or day.isoformat()) if is_paid else None,
                touch_bill,
                now,
                bill,
            ),
        )
        # The main line carries the bill's whole amount in the base currency; unpaid is the rest of it.
        settled = base_of(paid, Decimal(row["exchangerate"]))
        conn.execute(
            "UPDATE ns_transactionaccountingline SET"
            " amountpaid_cents = CASE WHEN ? THEN credit_cents ELSE ? END,"
            " amountunpaid_cents = CASE WHEN ? THEN 0 ELSE credit_cents - ? END,"
            " lastmodifieddate = CASE WHEN ? THEN ? ELSE lastmodifieddate END"
            ' WHERE "transaction" = ? AND transactionline = 0',
            (is_paid, settled, is_paid, settled, touch_accounting_line, now, bill),
        )


def record_deletion(conn: sqlite3.Connection, row: sqlite3.Row, now: str, context: str) -> None:
    """Note that a transaction was deleted."""
    conn.execute(
        "INSERT INTO ns_deletedrecord (name, recordid, recordtypeid, type, deleteddate, deletedby, context)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row["tranid"], row["id"], TRANSACTION_TYPE_ID, row["recordtype"], now, "-5", context),
    )


def base_of(cents: int, rate: Decimal) -> int:
    """Return cents of a currency in the base currency."""
    return int((cents * rate).quantize(_CENT, ROUND_HALF_UP))
