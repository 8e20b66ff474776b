"""NetSuite's books: transactions, what is applied to bills, and their balances."""

from __future__ import annotations

import sqlite3

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


def record_deletion(conn: sqlite3.Connection, row: sqlite3.Row, now: str, context: str) -> None:
    """Note that a transaction was deleted."""
    conn.execute(
        "INSERT INTO ns_deletedrecord (name, recordid, recordtypeid, type, deleteddate, deletedby, context)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row["tranid"], row["id"], TRANSACTION_TYPE_ID, row["recordtype"], now, "-5", context),
    )
