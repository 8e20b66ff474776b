"""NetSuite's books: writing a vendor payment's rows and keeping its bills' balances."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from apbridge_sandbox.custom import write_custom

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


@dataclass(frozen=True)
class Application:
    """What a payment does to a bill.

    Attributes:
        bill: Internal id.
        cents: What is paid; None pays what is open, less the discount.
        discount: Cents taken off besides.
        line: Of a bill with instalments, the line of the one that is paid; None leaves it open which.
    """

    bill: int
    cents: int | None = None
    discount: int = 0
    line: int | None = None

    @property
    def paid(self) -> int:
        """The cents paid, once they are known."""
        if self.cents is None:
            raise AssertionError
        return self.cents

    @property
    def closes(self) -> int:
        """How much less is open on the bill afterwards."""
        return self.paid + self.discount


@dataclass(frozen=True)
class VendorPayment:
    """A vendor payment as it is entered. What is None, NetSuite fills in.

    Attributes:
        vendor: Internal id, as all that follow.
        account: The bank account.
        applications: What it pays.
        day: Of the transaction; today.
        currency: The vendor's.
        rate: Of one unit in the base currency; the currency's present rate.
        subsidiary: The vendor's primary one.
        ap_account: The first bill's.
        period: The one that the day falls in.
        number: Check number.
        approval: The approval status that was given with it.
        deletion_reason: Internal id of why it is to be deleted.
        custom: Custom fields, as the books keep them.
    """

    vendor: int
    account: int
    applications: Sequence[Application]
    day: date | None = None
    currency: int | None = None
    rate: Decimal | None = None
    subsidiary: int | None = None
    ap_account: int | None = None
    period: int | None = None
    number: str | None = None
    memo: str | None = None
    external_id: str | None = None
    to_be_printed: bool = False
    department: int | None = None
    classification: int | None = None
    location: int | None = None
    approval: int | None = None
    deletion_reason: int | None = None
    deletion_memo: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PaymentStatus:
    """Where a payment stands.

    Attributes:
        status: Its letter.
        approval: Its approval status; None where payments are not approved.
        counts: Whether it takes off its bills.
    """

    status: str = APPROVED
    approval: int | None = None
    counts: bool = True

    @property
    def is_posted(self) -> bool:
        """Whether the general ledger has it: not while it waits for approval, and not once it is refused."""
        return self.status in {"B", "C", APPROVED}


@dataclass(frozen=True)
class _Posting:
    """One line of a payment: cents in its currency, positive for a debit."""

    cents: int
    base: int
    account: int


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


def load_payment(conn: sqlite3.Connection, payment_id: int) -> VendorPayment:
    """Return a vendor payment as it stands."""
    head = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (payment_id,)).fetchone()
    line = conn.execute(
        'SELECT * FROM ns_transactionline WHERE "transaction" = ? AND id = 0', (payment_id,)
    ).fetchone()
    links = conn.execute(
        "SELECT previousdoc, previousline, foreignamount_cents, discount_cents FROM ns_link"
        " WHERE nextdoc = ? AND previoustype = ? AND linktype IN (?, ?) ORDER BY nextline, id",
        (payment_id, BILL, COUNTS, PENDING),
    ).fetchall()
    payables = conn.execute(
        'SELECT account FROM ns_transactionaccountingline WHERE "transaction" = ? AND transactionline = 1'
        " AND accountingbook = 1",
        (payment_id,),
    ).fetchone()
    return VendorPayment(
        vendor=head["entity"],
        account=head["account"],
        applications=[
            Application(
                link["previousdoc"],
                link["foreignamount_cents"] - link["discount_cents"],
                link["discount_cents"],
                link["previousline"] or None,
            )
            for link in links
        ],
        day=date.fromisoformat(head["trandate"]),
        currency=head["currency"],
        rate=Decimal(head["exchangerate"]),
        subsidiary=head["subsidiary"],
        ap_account=payables["account"] if payables else None,
        period=head["postingperiod"],
        number=head["tranid"],
        memo=head["memo"],
        external_id=head["externalid"],
        to_be_printed=head["tobeprinted"] == "T",
        department=line["department"],
        classification=line["class"],
        location=line["location"],
        deletion_reason=head["deletionreason"],
        deletion_memo=head["deletionreasonmemo"],
        custom=json.loads(head["custom"]),
    )


def write_payment(
    conn: sqlite3.Connection,
    payment_id: int,
    payment: VendorPayment,
    status: PaymentStatus,
    *,
    created: str,
    now: str,
    discount_account: int | None,
) -> None:
    """Write a payment that was checked and completed, with its lines, accounting lines and links.

    The bank is credited what was paid and the discount account what was not; payables are debited once a
    bill. Everything is in the payment's own rate: gains and losses by exchange are not booked.

    Raises:
        AssertionError: It does not balance.
    """
    rate = payment.rate or Decimal(1)
    debits = [
        _Posting(each.closes, base_of(each.closes, rate), payment.ap_account or 0)
        for each in payment.applications
    ]
    discount = sum(each.discount for each in payment.applications)
    discounts = [_Posting(-discount, -base_of(discount, rate), discount_account or 0)] if discount else []
    bank = _Posting(
        -sum(each.cents for each in (*debits, *discounts)),
        -sum(each.base for each in (*debits, *discounts)),
        payment.account,
    )
    if -bank.cents != sum(each.paid for each in payment.applications):
        raise AssertionError
    conn.execute(
        "INSERT INTO ns_transaction (id, type, recordtype, tranid, transactionnumber, trandate, entity,"
        " status, approvalstatus, posting, currency, exchangerate, total_cents, postingperiod, tobeprinted,"
        " memo, externalid, subsidiary, account, deletionreason, deletionreasonmemo, createddate,"
        " lastmodifieddate) VALUES"
        " (?, 'VendPymt', 'vendorpayment', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            payment_id,
            "To Print" if payment.to_be_printed else payment.number,
            f"VENDPYMT{payment_id}",
            payment.day.isoformat() if payment.day else None,
            payment.vendor,
            status.status,
            status.approval,
            "T" if status.is_posted else "F",
            payment.currency,
            format(rate, "f"),
            -bank.cents,
            payment.period,
            "T" if payment.to_be_printed else "F",
            payment.memo,
            payment.external_id,
            payment.subsidiary,
            payment.account,
            payment.deletion_reason,
            payment.deletion_memo,
            created,
            now,
        ),
    )
    if payment.custom:
        write_custom(conn, "ns_transaction", payment_id, payment.custom)
    for place, line in enumerate((bank, *debits, *discounts)):
        _write_line(conn, payment_id, payment, place=place, line=line, now=now)
    for place, each in enumerate(payment.applications, start=1):
        conn.execute(
            "INSERT INTO ns_link (previousdoc, previousline, previoustype, nextdoc, nextline, nexttype,"
            " linktype, foreignamount_cents, discount_cents, lastmodifieddate)"
            " VALUES (?, ?, 'VendBill', ?, ?, 'VendPymt', ?, ?, ?, ?)",
            (
                each.bill,
                each.line or 0,
                payment_id,
                place,
                COUNTS if status.counts else PENDING,
                each.closes,
                each.discount,
                now,
            ),
        )


def _write_line(
    conn: sqlite3.Connection,
    payment_id: int,
    payment: VendorPayment,
    *,
    place: int,
    line: _Posting,
    now: str,
) -> None:
    conn.execute(
        'INSERT INTO ns_transactionline (id, "transaction", mainline, department, class, location,'
        " subsidiary, memo, amount_cents, linelastmodifieddate) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            place,
            payment_id,
            "F" if place else "T",
            payment.department,
            payment.classification,
            payment.location,
            payment.subsidiary,
            payment.memo,
            line.cents,
            now,
        ),
    )
    conn.execute(
        'INSERT INTO ns_transactionaccountingline ("transaction", transactionline, account, debit_cents,'
        " credit_cents, lastmodifieddate) VALUES (?, ?, ?, ?, ?, ?)",
        (
            payment_id,
            place,
            line.account,
            line.base if line.base >= 0 and place else None,
            None if line.base >= 0 and place else -line.base,
            now,
        ),
    )


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
