"""A vendor payment, and its rows in NetSuite's books."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from apbridge_sandbox.custom import write_custom
from apbridge_sandbox.money import base_of
from apbridge_sandbox.netsuite.books import APPROVED, BILL, COUNTS, CREDIT, PAYMENT, PENDING


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
class CreditUse:
    """What a payment uses of a vendor credit: cents, None for all that is left of it."""

    credit: int
    cents: int | None = None


@dataclass(frozen=True)
class CreditShare:
    """What of a bill, or of one of its instalments, a credit covers."""

    credit: int
    bill: int
    line: int | None
    cents: int


@dataclass(frozen=True)
class VendorPayment:
    """A vendor payment as it is entered. What is None, NetSuite fills in.

    Attributes:
        vendor: Internal id, as all that follow.
        account: The bank account.
        applications: What it pays, what its credits cover included.
        credits: What it uses of credits.
        covered: Which bills the credits cover, once that is known.
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
    credits: Sequence[CreditUse] = ()
    covered: Sequence[CreditShare] = ()

    def covered_of(self, application: Application) -> int:
        """Return the cents of an application that credits cover."""
        return sum(
            share.cents
            for share in self.covered
            if (share.bill, share.line) == (application.bill, application.line)
        )


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


def load_payment(conn: sqlite3.Connection, payment_id: int) -> VendorPayment:
    """Return a vendor payment as it stands."""
    head = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (payment_id,)).fetchone()
    line = conn.execute(
        'SELECT * FROM ns_transactionline WHERE "transaction" = ? AND id = 0', (payment_id,)
    ).fetchone()
    links = conn.execute(
        "SELECT previousdoc, previousline, SUM(foreignamount_cents) AS foreignamount_cents,"
        " SUM(discount_cents) AS discount_cents FROM ns_link"
        " WHERE (nextdoc = ? OR via = ?) AND previoustype = ? AND linktype IN (?, ?)"
        " GROUP BY previousdoc, previousline ORDER BY MIN(nextline), MIN(id)",
        (payment_id, payment_id, BILL, COUNTS, PENDING),
    ).fetchall()
    credits_used = conn.execute(
        "SELECT CASE nexttype WHEN ? THEN nextdoc ELSE previousdoc END AS credit,"
        " SUM(foreignamount_cents) AS cents FROM ns_link"
        " WHERE (via = ? OR (nextdoc = ? AND previoustype = ?)) AND linktype IN (?, ?) GROUP BY 1 ORDER BY 1",
        (CREDIT, payment_id, payment_id, CREDIT, COUNTS, PENDING),
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
        credits=[CreditUse(each["credit"], each["cents"]) for each in credits_used],
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
    links_credits: str,
) -> None:
    """Write a payment that was checked and completed, with its lines, accounting lines and links.

    The bank is credited what was paid and the discount account what was not; payables are debited once a
    bill, what credits cover of it left out. Everything is in the payment's own rate: gains and losses by
    exchange are not booked.

    Raises:
        AssertionError: It does not balance.
    """
    rate = payment.rate or Decimal(1)
    own = [each.closes - payment.covered_of(each) for each in payment.applications]
    debits = [_Posting(cents, base_of(cents, rate), payment.ap_account or 0) for cents in own]
    discount = sum(each.discount for each in payment.applications)
    discounts = [_Posting(-discount, -base_of(discount, rate), discount_account or 0)] if discount else []
    bank = _Posting(
        -sum(each.cents for each in (*debits, *discounts)),
        -sum(each.base for each in (*debits, *discounts)),
        payment.account,
    )
    covered = sum(share.cents for share in payment.covered)
    if -bank.cents != sum(each.paid for each in payment.applications) - covered:
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
    link_type, is_gross = COUNTS if status.counts else PENDING, links_credits == "payment"
    for place, (each, cents) in enumerate(zip(payment.applications, own, strict=True), start=1):
        if cents or is_gross:
            link(
                conn,
                (BILL, each.bill, each.line or 0),
                (PAYMENT, payment_id, place),
                each.closes if is_gross else cents,
                now,
                discount=each.discount,
                link_type=link_type,
            )
    for share in payment.covered:
        credit = (CREDIT, share.credit, 0)
        if is_gross:
            link(conn, credit, (PAYMENT, payment_id, 1), share.cents, now, link_type=link_type)
        else:
            bill = (BILL, share.bill, share.line or 0)
            link(conn, bill, credit, share.cents, now, link_type=link_type, via=payment_id)


def link(
    conn: sqlite3.Connection,
    previous: tuple[str, int, int],
    following: tuple[str, int, int],
    cents: int,
    now: str,
    *,
    discount: int = 0,
    link_type: str = COUNTS,
    via: int | None = None,
) -> None:
    """Link two documents: type, internal id and line of each.

    Args:
        conn: The books.
        previous: What is settled, or used.
        following: What settles or uses it.
        cents: How much.
        now: For its date.
        discount: How much of that was not paid.
        link_type: Whether it counts.
        via: Internal id of the payment that a credit was applied with.
    """
    conn.execute(
        "INSERT INTO ns_link (previoustype, previousdoc, previousline, nexttype, nextdoc, nextline, linktype,"
        " foreignamount_cents, discount_cents, lastmodifieddate, via)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*previous, *following, link_type, cents, discount, now, via),
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
