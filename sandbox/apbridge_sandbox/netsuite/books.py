"""NetSuite's books: transactions, what is applied to bills, and their balances."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from apbridge_sandbox.money import base_of

PAYMENT = "VendPymt"
BILL = "VendBill"
CREDIT = "VendCred"
ORDER = "PurchOrd"
OPEN, PAID_IN_FULL = "A", "B"
APPROVED, VOIDED = "F", "V"
"""Statuses of bills, then of payments."""

COUNTS, PENDING = "Payment", "Pending"
"""Types of a payment's links to its bills: what takes off them, and what does not yet."""

TRANSACTION_TYPE_ID = -30
"""`recordtypeid` of every transaction."""


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


def remove_links(conn: sqlite3.Connection, document: int, *, frees_credits: bool = True) -> list[int]:
    """Take a payment, or another document, off its bills and give their ids and those of its credits.

    Their balances are to be kept anew.

    Args:
        conn: The books.
        document: Its internal id.
        frees_credits: Whether the credits that were applied with a payment are taken off the bills too.
    """
    applied = "FROM ns_link WHERE nextdoc = ? AND previoustype IN (?, ?) AND linktype IN (?, ?)"
    values: tuple[object, ...] = (document, BILL, CREDIT, COUNTS, PENDING)
    found = {row["previousdoc"] for row in conn.execute(f"SELECT previousdoc {applied}", values)}
    conn.execute(f"DELETE {applied}", values)
    if not frees_credits:
        conn.execute("UPDATE ns_link SET via = NULL WHERE via = ? AND linktype = ?", (document, COUNTS))
    for row in conn.execute("SELECT previousdoc, nextdoc FROM ns_link WHERE via = ?", (document,)):
        found |= {row["previousdoc"], row["nextdoc"]}
    conn.execute("DELETE FROM ns_link WHERE via = ?", (document,))
    return sorted(found)


def links_of(payment: int) -> tuple[str, tuple[object, ...]]:
    """Return the condition on links that a payment brought, its credits' ones too, and its values."""
    condition = "(nextdoc = ? OR via = ?) AND previoustype IN (?, ?) AND linktype IN (?, ?)"
    return condition, (payment, payment, BILL, CREDIT, COUNTS, PENDING)


def applied_to(conn: sqlite3.Connection, document: int) -> int:
    """Return the cents of a bill that are settled, or of a credit that are used."""
    row = conn.execute(
        "SELECT COALESCE(SUM(link.foreignamount_cents), 0) AS cents FROM ns_transaction t JOIN ns_link link"
        " ON (link.previousdoc = t.id OR (t.type = ? AND link.nextdoc = t.id AND link.previoustype = ?))"
        " WHERE t.id = ? AND link.linktype = ?",
        (CREDIT, BILL, document, COUNTS),
    ).fetchone()
    return int(row["cents"])


def remove_rows(conn: sqlite3.Connection, transaction_id: int) -> None:
    """Remove a transaction with its lines, links and attachments; its bills' balances are not touched."""
    for table in ("ns_transactionaccountingline", "ns_transactionline", "ns_transactionfile"):
        conn.execute(f'DELETE FROM {table} WHERE "transaction" = ?', (transaction_id,))  # noqa: S608
    conn.execute("DELETE FROM ns_link WHERE ? IN (nextdoc, previousdoc)", (transaction_id,))
    conn.execute("DELETE FROM ns_transaction WHERE id = ?", (transaction_id,))


def empty_lines(conn: sqlite3.Connection, transaction_id: int, now: str) -> None:
    """Empty the lines of a transaction that is voided."""
    conn.execute(
        'UPDATE ns_transactionline SET amount_cents = 0, linelastmodifieddate = ? WHERE "transaction" = ?',
        (now, transaction_id),
    )
    conn.execute(
        "UPDATE ns_transactionaccountingline SET debit_cents = debit_cents * 0,"
        " credit_cents = credit_cents * 0, amountpaid_cents = 0, amountunpaid_cents = 0, lastmodifieddate = ?"
        ' WHERE "transaction" = ?',
        (now, transaction_id),
    )


def keep_balances(
    conn: sqlite3.Connection,
    bills: Iterable[int],
    day: date,
    now: str,
    *,
    touch_bill: bool,
    touch_accounting_line: bool,
) -> None:
    """Make the paid amounts, statuses and closing dates of bills and credits follow their links.

    Args:
        conn: The books.
        bills: Those whose links changed, and credits; a voided credit stays as it is.
        day: Closes those that are paid in full by now.
        now: For what is touched.
        touch_bill: Whether the bills' own dates show it.
        touch_accounting_line: Whether the dates of their main accounting lines do.

    Raises:
        AssertionError: More is applied to one than it is over.
    """
    for bill in bills:
        row = conn.execute(
            "SELECT total_cents, closedate, exchangerate FROM ns_transaction WHERE id = ?"
            " AND (type <> ? OR voided = 'F')",
            (bill, CREDIT),
        ).fetchone()
        if row is None:
            continue
        total, paid = row["total_cents"], applied_to(conn, bill)
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
            " amountpaid_cents = CASE WHEN ? THEN COALESCE(credit_cents, debit_cents) ELSE ? END,"
            " amountunpaid_cents = CASE WHEN ? THEN 0 ELSE COALESCE(credit_cents, debit_cents) - ? END,"
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
