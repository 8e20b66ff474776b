"""Documents that settle bills beside vendor payments, and what becomes of bills when people tidy up."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from apbridge_sandbox.clock import COMPANY_ZONE, stamp
from apbridge_sandbox.money import amount, base_of
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.applying import ApplyRules, keep_balances
from apbridge_sandbox.netsuite.errors import user_error


@dataclass(frozen=True)
class DocumentType:
    """A type of document that is applied to bills.

    Attributes:
        type: Of the transaction, and what links call it.
        recordtype: Of the transaction.
        account_type: Of the account that it takes the money from.
        is_application: It is nothing but the application, and gone with it.
    """

    type: str
    recordtype: str
    account_type: str
    is_application: bool = False


DOCUMENT_TYPES = {
    "prepayment": DocumentType(
        "VPrepApp", "vendorprepaymentapplication", "OthCurrAsset", is_application=True
    ),
    "journal": DocumentType("Journal", "journalentry", "Expense"),
    "credit": DocumentType("VendCred", "vendorcredit", "Expense"),
}


def apply_document(
    conn: sqlite3.Connection,
    kind: DocumentType,
    bill: sqlite3.Row,
    cents: int | None,
    *,
    now: datetime,
    rules: ApplyRules,
) -> int:
    """Enter a document over an amount of a bill, all that is open by default, and apply it.

    Returns:
        Its internal id.

    Raises:
        NetSuiteError: The bill is not open, or less of it is.
    """
    unpaid = bill["total_cents"] - bill["paid_cents"]
    cents = unpaid if cents is None else cents
    if bill["status"] != books.OPEN or not 0 < cents <= unpaid:
        detail = f"Of bill {bill['id']} {amount(unpaid)} can be applied to, and not {amount(cents)}."
        raise user_error(detail)
    moment, day = stamp(now), now.astimezone(COMPANY_ZONE).date()
    number = books.next_transaction(conn)
    conn.execute(
        "INSERT INTO ns_transaction (id, type, recordtype, tranid, transactionnumber, trandate, entity,"
        " status, currency, exchangerate, total_cents, postingperiod, subsidiary, account, createddate,"
        " lastmodifieddate) VALUES (?, ?, ?, ?, ?, ?, ?, 'B', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            kind.type,
            kind.recordtype,
            f"{kind.type}{number}",
            f"{kind.type.upper()}{number}",
            day.isoformat(),
            bill["entity"],
            bill["currency"],
            bill["exchangerate"],
            cents,
            bill["postingperiod"],
            bill["subsidiary"],
            bill["account"],
            moment,
            moment,
        ),
    )
    base = base_of(cents, Decimal(bill["exchangerate"]))
    source = conn.execute(
        "SELECT id FROM ns_account WHERE accttype = ? AND issummary = 'F' AND isinactive = 'F' ORDER BY id",
        (kind.account_type,),
    ).fetchone()
    for place, (account, signed) in enumerate(((bill["account"], 1), (source["id"], -1))):
        conn.execute(
            'INSERT INTO ns_transactionline (id, "transaction", mainline, subsidiary, amount_cents,'
            " linelastmodifieddate) VALUES (?, ?, ?, ?, ?, ?)",
            (place, number, "F" if place else "T", bill["subsidiary"], signed * cents, moment),
        )
        conn.execute(
            'INSERT INTO ns_transactionaccountingline ("transaction", transactionline, account, debit_cents,'
            " credit_cents, lastmodifieddate) VALUES (?, ?, ?, ?, ?, ?)",
            (number, place, account, None if place else base, base if place else None, moment),
        )
    conn.execute(
        "INSERT INTO ns_link (previousdoc, previousline, previoustype, nextdoc, nextline, nexttype, linktype,"
        " foreignamount_cents, lastmodifieddate) VALUES (?, 0, 'VendBill', ?, 0, ?, 'Payment', ?, ?)",
        (bill["id"], number, kind.type, cents, moment),
    )
    credited = [number] if kind.type == books.CREDIT else []
    keep_balances(conn, [bill["id"], *credited], now, rules)
    return number


def unapply_document(
    conn: sqlite3.Connection, row: sqlite3.Row, *, now: datetime, rules: ApplyRules
) -> list[int]:
    """Take a document off its bills, and return their ids. An application of a prepayment is gone with it."""
    moment = stamp(now)
    bills = books.remove_links(conn, row["id"])
    credited = [row["id"]] if row["type"] == books.CREDIT else []
    keep_balances(conn, [*bills, *credited], now, rules)
    if any(kind.is_application and kind.type == row["type"] for kind in DOCUMENT_TYPES.values()):
        books.remove_rows(conn, row["id"])
        books.record_deletion(conn, row, moment, "UI")
    return bills


def lower_bill(conn: sqlite3.Connection, bill: sqlite3.Row, cents: int, *, now: datetime) -> None:
    """Take an amount off a bill and its first line. What was applied beyond its new total is no longer.

    Raises:
        NetSuiteError: Its first line is not over so much.
    """
    moment, rate = stamp(now), Decimal(bill["exchangerate"])
    line = conn.execute(
        'SELECT * FROM ns_transactionline WHERE "transaction" = ? AND id = 1', (bill["id"],)
    ).fetchone()
    if not 0 < cents < line["amount_cents"]:
        detail = f"Line 1 of bill {bill['id']} is over {amount(line['amount_cents'])}."
        raise user_error(detail)
    total = bill["total_cents"] - cents
    conn.execute(
        "UPDATE ns_transaction SET total_cents = ?, lastmodifieddate = ? WHERE id = ?",
        (total, moment, bill["id"]),
    )
    for place, sign, column in ((0, 1, "credit_cents"), (1, -1, "debit_cents")):
        conn.execute(
            "UPDATE ns_transactionline SET amount_cents = amount_cents + ?, linelastmodifieddate = ?"
            ' WHERE "transaction" = ? AND id = ?',
            (sign * cents, moment, bill["id"], place),
        )
        conn.execute(
            f"UPDATE ns_transactionaccountingline SET {column} = {column} - ?"  # noqa: S608 - named above
            ' WHERE "transaction" = ? AND transactionline = ?',
            (base_of(cents, rate), bill["id"], place),
        )
    over = bill["paid_cents"] - total
    credited = []
    for link in conn.execute(
        "SELECT id, foreignamount_cents, nextdoc, nexttype FROM ns_link"
        " WHERE previousdoc = ? AND linktype = 'Payment'"
        " ORDER BY id DESC",
        (bill["id"],),
    ).fetchall():
        taken = max(0, min(over, link["foreignamount_cents"]))
        over -= taken
        conn.execute(
            "UPDATE ns_link SET foreignamount_cents = foreignamount_cents - ? WHERE id = ?",
            (taken, link["id"]),
        )
        if link["nexttype"] == books.CREDIT:
            credited.append(link["nextdoc"])
    # Its own date has moved: it was edited.
    keep_balances(conn, [bill["id"], *credited], now, ApplyRules(touch_bill=True))


def merge_vendors(
    conn: sqlite3.Connection, gone: sqlite3.Row, into: int, *, now: datetime, moves_dates: bool
) -> None:
    """Move all that one vendor has to another, and remove it."""
    conn.execute(
        "UPDATE ns_transaction SET entity = ?,"
        " lastmodifieddate = CASE WHEN ? THEN ? ELSE lastmodifieddate END WHERE entity = ?",
        (into, moves_dates, stamp(now), gone["id"]),
    )
    conn.execute(
        "INSERT OR IGNORE INTO ns_vendorsubsidiaryrelationship (entity, subsidiary)"
        " SELECT ?, subsidiary FROM ns_vendorsubsidiaryrelationship WHERE entity = ?",
        (into, gone["id"]),
    )
    for table in ("ns_vendorsubsidiaryrelationship", "ns_vendoraddressbook"):
        conn.execute(f"DELETE FROM {table} WHERE entity = ?", (gone["id"],))  # noqa: S608 - named above
    conn.execute("DELETE FROM ns_vendor WHERE id = ?", (gone["id"],))
