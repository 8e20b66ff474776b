"""Journals that void a vendor payment: each reverses one, and may wait for approval before it does."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from apbridge_sandbox.clock import COMPANY_ZONE, stamp
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.applying import ApplyRules, keep_balances

JOURNAL = "Journal"
JOURNAL_PENDING, JOURNAL_APPROVED = "A", "B"
"""Statuses of journals."""


def void_by_journal(
    conn: sqlite3.Connection, payment: sqlite3.Row, period: int, now: datetime, rules: ApplyRules
) -> int:
    """Write the journal that voids a payment, and return its id; where it is approved, carry it out."""
    is_approved = rules.void_style == "journal"
    journal_id = _write_journal(conn, payment, period, now, is_approved=is_approved)
    if is_approved:
        reverse(conn, payment, journal_id, now, rules)
    return journal_id


def has_journal(conn: sqlite3.Connection, payment_id: int) -> bool:
    """Return whether a journal was made to void a payment, be it one that nobody has approved."""
    found = conn.execute(
        "SELECT 1 FROM ns_transactionline line JOIN ns_transaction journal"
        ' ON journal.id = line."transaction" WHERE line.createdfrom = ? AND journal.type = ?',
        (payment_id, JOURNAL),
    ).fetchone()
    return found is not None


def is_reversed(conn: sqlite3.Connection, payment_id: int) -> bool:
    """Return whether a journal reverses a payment: it may also pay one."""
    found = conn.execute(
        "SELECT 1 FROM ns_link link JOIN ns_transactionline line"
        ' ON line."transaction" = link.previousdoc AND line.createdfrom = link.nextdoc'
        " WHERE link.nextdoc = ? AND link.previoustype = ? AND link.linktype = ?",
        (payment_id, JOURNAL, books.COUNTS),
    ).fetchone()
    return found is not None


def _write_journal(
    conn: sqlite3.Connection,
    payment: sqlite3.Row,
    period: int,
    now: datetime,
    *,
    is_approved: bool,
) -> int:
    """Write what posts the opposite of a payment, on the day of the void."""
    journal_id, moment = books.next_transaction(conn), stamp(now)
    conn.execute(
        "INSERT INTO ns_transaction (id, type, recordtype, tranid, transactionnumber, trandate, status,"
        " approvalstatus, posting, currency, exchangerate, total_cents, postingperiod, memo, subsidiary,"
        " createddate, lastmodifieddate)"
        " VALUES (?, ?, 'journalentry', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'VOID', ?, ?, ?)",
        (
            journal_id,
            JOURNAL,
            f"JE{journal_id}",
            f"JOURNAL{journal_id}",
            now.astimezone(COMPANY_ZONE).date().isoformat(),
            JOURNAL_APPROVED if is_approved else JOURNAL_PENDING,
            2 if is_approved else 1,
            "T" if is_approved else "F",
            payment["currency"],
            payment["exchangerate"],
            payment["total_cents"],
            period,
            payment["subsidiary"],
            moment,
            moment,
        ),
    )
    conn.execute(
        'INSERT INTO ns_transactionline (id, "transaction", mainline, department, class, location,'
        " subsidiary, memo, amount_cents, createdfrom, linelastmodifieddate)"
        " SELECT id, ?, mainline, department, class, location, subsidiary, 'Void Of Bill Payment',"
        ' -amount_cents, "transaction", ? FROM ns_transactionline WHERE "transaction" = ?',
        (journal_id, moment, payment["id"]),
    )
    conn.execute(
        'INSERT INTO ns_transactionaccountingline ("transaction", transactionline, account, debit_cents,'
        " credit_cents, posting, lastmodifieddate)"
        " SELECT ?, transactionline, account, credit_cents, debit_cents, ?, ?"
        ' FROM ns_transactionaccountingline WHERE "transaction" = ? AND accountingbook = 1',
        (journal_id, "T" if is_approved else "F", moment, payment["id"]),
    )
    return journal_id


def reverse(
    conn: sqlite3.Connection, payment: sqlite3.Row, journal_id: int, now: datetime, rules: ApplyRules
) -> None:
    """Take a payment off its bills, and apply it to the journal that reverses it."""
    moment = stamp(now)
    keep_balances(
        conn,
        books.remove_links(conn, payment["id"], frees_credits=rules.undone_payment_frees_credits),
        now,
        rules,
    )
    conn.execute(
        "INSERT INTO ns_link (previousdoc, previousline, previoustype, nextdoc, nextline, nexttype, linktype,"
        " foreignamount_cents, lastmodifieddate) VALUES (?, 0, ?, ?, 1, ?, ?, ?, ?)",
        (journal_id, JOURNAL, payment["id"], books.PAYMENT, books.COUNTS, payment["total_cents"], moment),
    )
    if rules.void_by_journal_shows:
        conn.execute(
            "UPDATE ns_transaction SET voided = 'T', status = ?, lastmodifieddate = ? WHERE id = ?",
            (books.VOIDED, moment, payment["id"]),
        )
