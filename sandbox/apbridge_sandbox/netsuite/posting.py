"""Posting a vendor payment: NetSuite's own checks, and what follows for its bills."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from apbridge_sandbox.clock import COMPANY_ZONE, stamp
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.applying import ApplyRules, applied, check_external_id, keep_balances
from apbridge_sandbox.netsuite.approval import status_of, status_of_new
from apbridge_sandbox.netsuite.errors import (
    invalid_value,
    please_enter,
    user_error,
)
from apbridge_sandbox.netsuite.journals import has_journal, is_reversed, void_by_journal
from apbridge_sandbox.netsuite.periods import check_period
from apbridge_sandbox.netsuite.vendor_credits import covered
from apbridge_sandbox.netsuite.vendor_payments import PaymentStatus, VendorPayment, write_payment

_MOST_RATE = 10**6


def post_vendor_payment(
    conn: sqlite3.Connection, payment: VendorPayment, *, now: datetime, rules: ApplyRules | None = None
) -> int:
    """Post a vendor payment and return its internal id.

    Args:
        conn: The books, to write to.
        payment: As it was entered; somebody's by hand has no external id.
        now: The business clock's time.
        rules: How NetSuite is to behave where that is not known.

    Raises:
        NetSuiteError: It is refused; nothing was written.
    """
    rules = rules or ApplyRules()
    if rules.inactive_vendor == "refuses":
        _check_active(conn, payment.vendor)
    if rules.next_check_number and payment.number is None and not payment.to_be_printed:
        payment = replace(payment, number=_next_check_number(conn, payment.account))
    payment_id = books.next_transaction(conn)
    status = status_of_new(payment, rules.approval)
    _post(conn, payment_id, payment, rules, now, status=status, created=stamp(now))
    return payment_id


def change_vendor_payment(
    conn: sqlite3.Connection,
    payment_id: int,
    payment: VendorPayment,
    *,
    now: datetime,
    rules: ApplyRules | None = None,
) -> None:
    """Post a vendor payment anew, under its id.

    Raises:
        NetSuiteError: It is refused. The caller rolls back: the payment as it was is taken back by then.
    """
    # What it pays already stays as it is, whether or not it names an instalment.
    rules = replace(rules or ApplyRules(), instalment_line="spread")
    row = _unlocked(conn, payment_id)
    if row["voided"] == "T" or is_reversed(conn, payment_id):
        detail = "This transaction has been voided and cannot be edited."
        raise user_error(detail)
    check_period(conn, date.fromisoformat(row["trandate"]), row["postingperiod"], row["subsidiary"], rules)
    bills = books.remove_links(conn, payment_id)
    keep_balances(conn, bills, now, rules)
    books.remove_rows(conn, payment_id)
    status = status_of(row, rules.approval)
    _post(conn, payment_id, payment, rules, now, status=status, created=row["createddate"])


def delete_vendor_payment(
    conn: sqlite3.Connection,
    payment_id: int,
    *,
    now: datetime,
    rules: ApplyRules | None = None,
    context: str = "REST Web Services",
) -> None:
    """Delete a vendor payment: its bills are open again, and its deletion is noted.

    Raises:
        NetSuiteError: It is refused; nothing was written.
    """
    rules = rules or ApplyRules()
    row = _unlocked(conn, payment_id)
    _check_deletion(conn, row, rules)
    check_period(conn, date.fromisoformat(row["trandate"]), row["postingperiod"], row["subsidiary"], rules)
    bills = books.remove_links(conn, payment_id, frees_credits=rules.undone_payment_frees_credits)
    keep_balances(conn, bills, now, rules)
    books.remove_rows(conn, payment_id)
    books.record_deletion(conn, row, stamp(now), context)


def void_vendor_payment(
    conn: sqlite3.Connection, payment_id: int, *, now: datetime, rules: ApplyRules | None = None
) -> int:
    """Void a vendor payment as the account does it, and return the id of what voids it.

    In place it stays, over nothing, and its bills are open again; otherwise a journal reverses it.

    Raises:
        NetSuiteError: It is refused; nothing was written.
    """
    rules = rules or ApplyRules()
    row = _unlocked(conn, payment_id)
    if row["voided"] == "T" or is_reversed(conn, payment_id):
        detail = "This transaction has already been voided."
        raise user_error(detail)
    if rules.void_style != "in_place":
        today = now.astimezone(COMPANY_ZONE).date()
        return void_by_journal(
            conn, row, check_period(conn, today, None, row["subsidiary"], rules), now, rules
        )
    check_period(conn, date.fromisoformat(row["trandate"]), row["postingperiod"], row["subsidiary"], rules)
    bills = books.remove_links(conn, payment_id, frees_credits=rules.undone_payment_frees_credits)
    keep_balances(conn, bills, now, rules)
    moment = stamp(now)
    conn.execute(
        "UPDATE ns_transaction SET voided = 'T', status = ?, total_cents = 0, memo = 'VOID',"
        " lastmodifieddate = ? WHERE id = ?",
        (books.VOIDED, moment, payment_id),
    )
    books.empty_lines(conn, payment_id, moment)
    return payment_id


def _check_deletion(conn: sqlite3.Connection, row: sqlite3.Row, rules: ApplyRules) -> None:
    """Make sure that the account lets a payment be deleted."""
    if rules.payment_deletion == "refused":
        detail = "This transaction cannot be deleted. Void it instead."
        raise user_error(detail)
    if rules.payment_deletion == "needs_reason" and row["deletionreason"] is None:
        label = "Deletion Reason"
        raise please_enter(label)
    if has_journal(conn, row["id"]):
        detail = "This transaction cannot be deleted because it is linked to by one or more transactions."
        raise user_error(detail)


def check_unlocked(row: sqlite3.Row) -> None:
    """Make sure that no workflow has locked a record.

    Raises:
        NetSuiteError: One has.
    """
    if row["locked"] == "T":
        detail = "This record has been locked by a user defined workflow."
        raise user_error(detail)


def _post(
    conn: sqlite3.Connection,
    payment_id: int,
    payment: VendorPayment,
    rules: ApplyRules,
    now: datetime,
    *,
    status: PaymentStatus,
    created: str,
) -> None:
    payment = _completed(conn, payment, now)
    check_external_id(conn, payment.external_id, payment_id, rules)
    _check_account(conn, payment, rules)
    period = check_period(conn, _day(payment), payment.period, payment.subsidiary, rules)
    applications = applied(conn, payment, rules)
    payment = replace(payment, period=period, applications=applications)
    payment = replace(payment, covered=covered(conn, payment, rules))
    discount_account = None
    if any(each.discount for each in applications):
        discount_account = _discount_account(conn)
    write_payment(
        conn,
        payment_id,
        payment,
        status,
        created=created,
        now=stamp(now),
        discount_account=discount_account,
        links_credits=rules.credit_links,
    )
    changed = [each.bill for each in applications] + [each.credit for each in payment.credits]
    keep_balances(conn, changed, now, rules, _day(payment))


def _completed(conn: sqlite3.Connection, payment: VendorPayment, now: datetime) -> VendorPayment:
    """Fill in what NetSuite fills in, and check that vendor, subsidiary and currency belong together."""
    vendor = conn.execute("SELECT * FROM ns_vendor WHERE id = ?", (payment.vendor,)).fetchone()
    if vendor is None:
        raise invalid_value(payment.vendor, "entity")
    subsidiary = payment.subsidiary or vendor["subsidiary"]
    related = conn.execute(
        "SELECT 1 FROM ns_vendorsubsidiaryrelationship WHERE entity = ? AND subsidiary = ?",
        (payment.vendor, subsidiary),
    ).fetchone()
    if related is None and subsidiary != vendor["subsidiary"]:
        raise invalid_value(subsidiary, "subsidiary")
    if not payment.applications:
        detail = "You must enter at least one line item for this transaction."
        raise user_error(detail)
    _check_dimensions(conn, payment, subsidiary)
    currency = payment.currency or vendor["currency"]
    rate = payment.rate
    if rate is None:
        rate = Decimal(1) if currency == _base_currency(conn, subsidiary) else _present_rate(conn, currency)
    if not 0 < rate < _MOST_RATE:
        raise invalid_value(rate, "exchangeRate")
    ap_account = payment.ap_account
    if ap_account is None:
        bill = conn.execute(
            "SELECT account FROM ns_transaction WHERE id = ?", (payment.applications[0].bill,)
        ).fetchone()
        ap_account = bill["account"] if bill else None
    return replace(
        payment,
        subsidiary=subsidiary,
        currency=currency,
        rate=rate,
        ap_account=ap_account,
        day=payment.day or now.astimezone(COMPANY_ZONE).date(),
    )


def _check_active(conn: sqlite3.Connection, vendor: int) -> None:
    row = conn.execute("SELECT subsidiary, isinactive FROM ns_vendor WHERE id = ?", (vendor,)).fetchone()
    if row and row["isinactive"] == "T":
        detail = f"Invalid entity reference key {vendor} for subsidiary {row['subsidiary']}."
        raise user_error(detail, "entity")


def _check_dimensions(conn: sqlite3.Connection, payment: VendorPayment, subsidiary: int) -> None:
    """Make sure that the payment's own dimensions are active and its subsidiary's."""
    given = {
        "department": payment.department,
        "class": payment.classification,
        "location": payment.location,
    }
    for name, value in given.items():
        if value is None:
            continue
        table = "ns_classification" if name == "class" else f"ns_{name}"
        row = conn.execute(f"SELECT * FROM {table} WHERE id = ?", (value,)).fetchone()  # noqa: S608
        if row["isinactive"] == "T" or not books.counts_for(conn, row, subsidiary):
            detail = f"Invalid {name} reference key {value} for subsidiary {subsidiary}."
            raise user_error(detail, name)


_PAYING = {
    "bank_and_card": {"Bank", "CredCard"},
    "expanded": {"Bank", "CredCard", "OthCurrAsset", "OthCurrLiab"},
}
"""The types of accounts that money comes from, by the preference of the account."""


def _check_account(conn: sqlite3.Connection, payment: VendorPayment, rules: ApplyRules) -> None:
    """Make sure that the money comes from an account of that subsidiary and currency that may pay."""
    account = conn.execute("SELECT * FROM ns_account WHERE id = ?", (payment.account,)).fetchone()
    if account is None or account["accttype"] not in _PAYING[rules.payment_accounts]:
        raise invalid_value(payment.account, "account")
    fits = (
        account["issummary"] == "F"
        and account["isinactive"] == "F"
        and books.counts_for(conn, account, payment.subsidiary)
        and account["currency"] in {None, payment.currency, _base_currency(conn, payment.subsidiary)}
    )
    if not fits:
        raise invalid_value(payment.account, "account")
    if payment.ap_account is not None:
        payables = conn.execute(
            "SELECT 1 FROM ns_account WHERE id = ? AND accttype = 'AcctPay'", (payment.ap_account,)
        ).fetchone()
        if payables is None:
            raise invalid_value(payment.ap_account, "apAcct")


def _next_check_number(conn: sqlite3.Connection, account: int) -> str:
    row = conn.execute(
        "SELECT MAX(CAST(tranid AS INTEGER)) FROM ns_transaction WHERE type = 'VendPymt' AND account = ?"
        " AND tranid NOT GLOB '*[^0-9]*' AND LENGTH(tranid) < 10",
        (account,),
    ).fetchone()
    return str((row[0] or 0) + 1)


def _base_currency(conn: sqlite3.Connection, subsidiary: int | None) -> int | None:
    row = conn.execute("SELECT currency FROM ns_subsidiary WHERE id = ?", (subsidiary,)).fetchone()
    return row["currency"] if row else None


def _present_rate(conn: sqlite3.Connection, currency: int) -> Decimal:
    row = conn.execute("SELECT exchangerate FROM ns_currency WHERE id = ?", (currency,)).fetchone()
    return Decimal(row["exchangerate"])


def _discount_account(conn: sqlite3.Connection) -> int:
    """Return the account that takes discounts; NetSuite has a preference for it, here its name tells."""
    found = conn.execute(
        "SELECT id FROM ns_account WHERE accountsearchdisplayname LIKE '%discount%' AND isinactive = 'F'"
        " AND issummary = 'F' ORDER BY id LIMIT 1"
    ).fetchone()
    if found is None:
        label = "Discount Account"
        raise please_enter(label)
    return int(found["id"])


def _unlocked(conn: sqlite3.Connection, payment_id: int) -> sqlite3.Row:
    row: sqlite3.Row = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (payment_id,)).fetchone()
    check_unlocked(row)
    return row


def _day(payment: VendorPayment) -> date:
    if payment.day is None:
        raise AssertionError
    return payment.day
