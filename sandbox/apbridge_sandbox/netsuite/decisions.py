"""What somebody decides about a vendor payment or a journal, and what that does to the bills."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Literal

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.applying import ApplyRules, keep_balances
from apbridge_sandbox.netsuite.approval import payment_status
from apbridge_sandbox.netsuite.errors import user_error
from apbridge_sandbox.netsuite.journals import JOURNAL_APPROVED, JOURNAL_PENDING, is_reversed, reverse

Decision = Literal["approve", "reject", "transit", "confirm", "decline", "online"]
"""What a person or the bank decides."""

_STATUSES: dict[Decision, str] = {
    "approve": books.APPROVED,
    "reject": "D",
    "transit": "B",
    "confirm": "C",
    "decline": "E",
    "online": "Z",
}


def decide_payment(
    conn: sqlite3.Connection,
    row: sqlite3.Row,
    decision: Decision,
    rules: ApplyRules,
    *,
    now: datetime,
) -> None:
    """Carry out what a person or the bank decides about a vendor payment.

    Raises:
        NetSuiteError: It is voided, or its bills are not open any more for as much.
    """
    if row["voided"] == "T" or is_reversed(conn, row["id"]):
        detail = "This transaction has been voided and cannot be edited."
        raise user_error(detail)
    approval = {"approve": 2, "reject": 3}.get(decision, row["approvalstatus"])
    stands = payment_status(_STATUSES[decision], approval, rules.approval)
    conn.execute(
        "UPDATE ns_transaction SET status = ?, approvalstatus = ?, posting = ?, lastmodifieddate = ?"
        " WHERE id = ?",
        (stands.status, approval, "T" if stands.is_posted else "F", stamp(now), row["id"]),
    )
    applied, values = books.links_of(row["id"])
    kind = books.COUNTS if stands.counts else books.PENDING
    changed = conn.execute(
        f"UPDATE ns_link SET linktype = ?, lastmodifieddate = ? WHERE linktype <> ? AND {applied}",  # noqa: S608
        (kind, stamp(now), kind, *values),
    )
    if not changed.rowcount:
        return
    found = conn.execute(
        f"SELECT previousdoc, IIF(via IS NULL, previousdoc, nextdoc) AS used FROM ns_link WHERE {applied}",  # noqa: S608
        values,
    )
    documents = {each[end] for each in found.fetchall() for end in ("previousdoc", "used")}
    if stands.counts and any(_is_over_applied(conn, document) for document in documents):
        detail = "The amount applied is more than the amount due."
        raise user_error(detail)
    keep_balances(conn, documents, now, rules)


def decide_journal(
    conn: sqlite3.Connection, row: sqlite3.Row, *, is_approved: bool, now: datetime, rules: ApplyRules
) -> None:
    """Carry out what a person decides about a journal that is to void a payment.

    Raises:
        NetSuiteError: It is decided already, or the payment is voided otherwise.
    """
    voids = conn.execute(
        "SELECT payment.* FROM ns_transaction payment JOIN ns_transactionline line"
        ' ON line.createdfrom = payment.id WHERE line."transaction" = ? AND line.id = 0',
        (row["id"],),
    ).fetchone()
    is_pending = voids is not None and row["status"] == JOURNAL_PENDING and row["approvalstatus"] == 1
    if not is_pending or is_reversed(conn, voids["id"]):
        detail = "This transaction cannot be approved."
        raise user_error(detail)
    conn.execute(
        "UPDATE ns_transaction SET status = ?, approvalstatus = ?, posting = ?, lastmodifieddate = ?"
        " WHERE id = ?",
        (
            JOURNAL_APPROVED if is_approved else JOURNAL_PENDING,
            2 if is_approved else 3,
            "T" if is_approved else "F",
            stamp(now),
            row["id"],
        ),
    )
    if is_approved:
        reverse(conn, voids, row["id"], now, rules)


def _is_over_applied(conn: sqlite3.Connection, document: int) -> bool:
    row = conn.execute("SELECT total_cents FROM ns_transaction WHERE id = ?", (document,)).fetchone()
    return bool(row["total_cents"] < books.applied_to(conn, document))
