"""Which bills a vendor payment may be applied to, with what amount, and what that leaves of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from apbridge_sandbox.clock import COMPANY_ZONE, stamp
from apbridge_sandbox.money import amount, base_of
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.approval import ApprovalRules
from apbridge_sandbox.netsuite.errors import NetSuiteError, invalid_content, invalid_value, user_error
from apbridge_sandbox.netsuite.instalments import instalments
from apbridge_sandbox.netsuite.vendor_payments import Application, VendorPayment
from apbridge_sandbox.switches import Switches

_PAYABLE_APPROVALS = (2, 11, None)
"""Approved, open, or approvals are off."""

_KEYS = {"transaction_line": "line", "seqnum": "number"}


@dataclass(frozen=True)
class ApplyRules:
    """What is not known of NetSuite's posting; see switches/.

    Beside what the switch allows, `instalment_line` may be `spread`: what names no instalment is taken off
    the first ones, as a person would do it.
    """

    over_application: str = "user_error"
    unpayable_bill: str = "no_matching_line"
    duplicate_external_id: str = "DUP_RCRD"
    closed_period: str = "USER_ERROR"
    inactive_vendor: str = "refuses"
    next_check_number: bool = True
    payment_accounts: str = "bank_and_card"
    instalments: bool = True
    instalment_line: str = "spread"
    instalment_key: str = "transaction_line"
    period_locks: str = "period"
    period_override: bool = False
    touch_bill: bool = False
    touch_accounting_line: bool = True
    approval: ApprovalRules = field(default_factory=ApprovalRules)
    void_style: str = "in_place"
    void_by_journal_shows: bool = False
    payment_deletion: str = "allowed"
    credit_links: str = "bill"
    credit_order: str = "oldest"
    undone_payment_frees_credits: bool = False
    credit_period: str = "checked"

    @classmethod
    def of(cls, switches: Switches) -> ApplyRules:
        """Read them off the switches."""
        return cls(
            over_application=switches["netsuite.over_application"],
            unpayable_bill=switches["netsuite.unpayable_bill"],
            duplicate_external_id=switches["netsuite.duplicate_external_id"],
            closed_period=switches["netsuite.closed_period"],
            inactive_vendor=switches["netsuite.inactive_vendor"],
            next_check_number=switches["netsuite.next_check_number"],
            payment_accounts=switches["netsuite.payment_accounts"],
            instalments=switches["netsuite.instalments"],
            instalment_line=switches["netsuite.instalment_line"],
            instalment_key=switches["netsuite.instalment_key"],
            period_locks=switches["netsuite.period_locks"],
            period_override=switches["netsuite.period_override"],
            touch_bill=switches["netsuite.payment_touches_bill"],
            touch_accounting_line=switches["netsuite.payment_touches_accounting_line"],
            approval=ApprovalRules.of(switches),
            void_style=switches["netsuite.void_style"],
            void_by_journal_shows=switches["netsuite.void_by_journal_shows"],
            payment_deletion=switches["netsuite.payment_deletion"],
            credit_links=switches["netsuite.credit_links"],
            credit_order=switches["netsuite.credit_order"],
            undone_payment_frees_credits=switches["netsuite.undone_payment_frees_credits"],
            credit_period=switches["netsuite.credit_period"],
        )


def applied(conn: sqlite3.Connection, payment: VendorPayment, rules: ApplyRules) -> list[Application]:
    """Check each application of a payment against its bill, and return them with their amounts.

    Raises:
        NetSuiteError: A bill is not one that this payment may be applied to, or not with that amount.
    """
    found: dict[tuple[int, int | None], Application] = {}
    for place, each in enumerate(payment.applications):
        path = f"apply.items[{place}]"
        bill = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (each.bill,)).fetchone()
        if reason := unpayable(bill, payment):
            if rules.unpayable_bill == "named":
                detail = f"Bill {each.bill} cannot be paid: {reason}."
                raise user_error(detail, path)
            raise _no_line(each, path)
        line, unpaid = _line(conn, each, bill["total_cents"] - bill["paid_cents"], path, rules)
        if (each.bill, line) in found:
            detail = f"The line of bill {each.bill} is given twice."
            raise invalid_content(detail, path)
        cents = unpaid - each.discount if each.cents is None else each.cents
        if each.discount < 0 or cents < 0 or cents + each.discount == 0:
            raise invalid_value(amount(cents), f"{path}.amount")
        if cents + each.discount > unpaid:
            cents = over_applied(cents, each.discount, unpaid, path, rules)
        found[each.bill, line] = replace(each, cents=cents, line=line)
    return list(found.values())


def _line(
    conn: sqlite3.Connection, each: Application, unpaid: int, path: str, rules: ApplyRules
) -> tuple[int | None, int]:
    """Return the line that an application is to, where its bill has several, and what is open on it."""
    parts = instalments(conn, each.bill) if rules.instalments else []
    if not parts or (each.line is None and rules.instalment_line == "spread"):
        return None, unpaid
    if each.line is None and rules.instalment_line == "first":
        chosen = next((part for part in parts if part.due), None)
    else:
        chosen = next(
            (part for part in parts if each.line == getattr(part, _KEYS[rules.instalment_key])), None
        )
    if chosen is None or not chosen.due:
        raise _no_line(each, path)
    return chosen.line, chosen.due


def _no_line(each: Application, path: str) -> NetSuiteError:
    key, value = (
        ("[doc]", f"{each.bill}") if each.line is None else ("[doc, line]", f"{each.bill}, {each.line}")
    )
    detail = f"Unable to find a matching line for sublist apply with key: {key} and value: [{value}]."
    return user_error(detail, path)


def over_applied(cents: int, discount: int, unpaid: int, path: str, rules: ApplyRules) -> int:
    """Return what is applied where less is open, in cents.

    Raises:
        NetSuiteError: Nothing is.
    """
    if rules.over_application == "trims" and discount <= unpaid:
        return unpaid - discount
    detail = f"The amount applied, {amount(cents + discount)}, is more than the amount due, {amount(unpaid)}."
    if rules.over_application == "invalid_content":
        raise invalid_content(detail, f"{path}.amount")
    raise user_error(detail, f"{path}.amount")


def keep_balances(
    conn: sqlite3.Connection,
    bills: Iterable[int],
    now: datetime,
    rules: ApplyRules,
    day: date | None = None,
) -> None:
    """Make the paid amounts, statuses and closing dates of bills and credits follow their links.

    Args:
        conn: The books.
        bills: Those whose links changed, and credits; a voided credit stays as it is.
        now: The business clock's time, for what is touched.
        rules: Whether the bills' own dates, and those of their main accounting lines, show it.
        day: Closes those that are paid in full by now; today.

    Raises:
        AssertionError: More is applied to one than it is over.
    """
    moment, closed = stamp(now), (day or now.astimezone(COMPANY_ZONE).date()).isoformat()
    for bill in bills:
        row = conn.execute(
            "SELECT total_cents, closedate, exchangerate FROM ns_transaction WHERE id = ?"
            " AND (type <> ? OR voided = 'F')",
            (bill, books.CREDIT),
        ).fetchone()
        if row is None:
            continue
        total, paid = row["total_cents"], books.applied_to(conn, bill)
        if not 0 <= paid <= total:
            raise AssertionError
        is_paid = paid == total
        conn.execute(
            "UPDATE ns_transaction SET paid_cents = ?, status = ?, closedate = ?,"
            " lastmodifieddate = CASE WHEN ? THEN ? ELSE lastmodifieddate END WHERE id = ?",
            (
                paid,
                books.PAID_IN_FULL if is_paid else books.OPEN,
                (row["closedate"] or closed) if is_paid else None,
                rules.touch_bill,
                moment,
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
            (is_paid, settled, is_paid, settled, rules.touch_accounting_line, moment, bill),
        )


def check_external_id(conn: sqlite3.Connection, external_id: str | None, own: int, rules: ApplyRules) -> None:
    """Make sure that no other transaction than its own has an external id.

    Raises:
        NetSuiteError: One has.
    """
    found = conn.execute(
        "SELECT 1 FROM ns_transaction WHERE externalid = ? AND id <> ?", (external_id, own)
    ).fetchone()
    if found:
        raise NetSuiteError(
            400,
            rules.duplicate_external_id,
            "Error while accessing a resource. This record already exists.",
            where={"o:errorPath": "externalId"},
        )


def unpayable(bill: sqlite3.Row | None, payment: VendorPayment, kind: str = books.BILL) -> str | None:
    """Describe why a bill or a credit is not in the list that a payment's form would offer; None if it is."""
    if bill is None or bill["type"] != kind:
        return f"there is no such {'bill' if kind == books.BILL else 'credit'}"
    checks = {
        "it is another vendor's": bill["entity"] != payment.vendor,
        "it is paid in full": bill["status"] == books.PAID_IN_FULL,
        "it is not open": bill["status"] != books.OPEN or bill["voided"] == "T",
        "it is not approved": bill["approvalstatus"] not in _PAYABLE_APPROVALS,
        "it is on hold": bill["paymenthold"] == "T",
        "it is in another currency": bill["currency"] != payment.currency,
        "it is another subsidiary's": bill["subsidiary"] != payment.subsidiary,
        "it is on another payables account": bill["account"] != payment.ap_account,
    }
    return next((reason for reason, holds in checks.items() if holds), None)
