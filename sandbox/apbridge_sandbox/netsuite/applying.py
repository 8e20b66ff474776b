"""Which bills a vendor payment may be applied to, and with what amount."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, replace

from apbridge_sandbox.money import amount
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.approval import ApprovalRules
from apbridge_sandbox.netsuite.books import Application, VendorPayment
from apbridge_sandbox.netsuite.errors import (
    invalid_content,
    invalid_value,
    user_error,
)
from apbridge_sandbox.switches import Switches

_PAYABLE_APPROVALS = (2, 11, None)
"""Approved, open, or approvals are off."""


@dataclass(frozen=True)
class ApplyRules:
    """What is not known of NetSuite's posting; see switches/netsuite.json."""

    over_application: str = "user_error"
    unpayable_bill: str = "no_matching_line"
    duplicate_external_id: str = "DUP_RCRD"
    closed_period: str = "USER_ERROR"
    inactive_vendor: str = "refuses"
    touch_bill: bool = False
    touch_accounting_line: bool = True
    approval: ApprovalRules = field(default_factory=ApprovalRules)
    void_style: str = "in_place"
    void_by_journal_shows: bool = False
    payment_deletion: str = "allowed"

    @classmethod
    def of(cls, switches: Switches) -> ApplyRules:
        """Read them off the switches."""
        return cls(
            over_application=switches["netsuite.over_application"],
            unpayable_bill=switches["netsuite.unpayable_bill"],
            duplicate_external_id=switches["netsuite.duplicate_external_id"],
            closed_period=switches["netsuite.closed_period"],
            inactive_vendor=switches["netsuite.inactive_vendor"],
            touch_bill=switches["netsuite.payment_touches_bill"],
            touch_accounting_line=switches["netsuite.payment_touches_accounting_line"],
            approval=ApprovalRules.of(switches),
            void_style=switches["netsuite.void_style"],
            void_by_journal_shows=switches["netsuite.void_by_journal_shows"],
            payment_deletion=switches["netsuite.payment_deletion"],
        )


def applied(conn: sqlite3.Connection, payment: VendorPayment, rules: ApplyRules) -> list[Application]:
    """Check each application of a payment against its bill, and return them with their amounts.

    Raises:
        NetSuiteError: A bill is not one that this payment may be applied to, or not with that amount.
    """
    found: dict[int, Application] = {}
    for place, each in enumerate(payment.applications):
        path = f"apply.items[{place}]"
        if each.bill in found:
            detail = f"The line of bill {each.bill} is given twice."
            raise invalid_content(detail, path)
        bill = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (each.bill,)).fetchone()
        if reason := _unpayable(bill, payment):
            if rules.unpayable_bill == "named":
                detail = f"Bill {each.bill} cannot be paid: {reason}."
                raise user_error(detail, path)
            detail = (
                f"Unable to find a matching line for sublist apply with key: [doc] and value: [{each.bill}]."
            )
            raise user_error(detail, path)
        unpaid = bill["total_cents"] - bill["paid_cents"]
        cents = unpaid - each.discount if each.cents is None else each.cents
        if each.discount < 0 or cents < 0 or cents + each.discount == 0:
            raise invalid_value(amount(cents), f"{path}.amount")
        if cents + each.discount > unpaid:
            cents = _over_applied(cents, each.discount, unpaid, path, rules)
        found[each.bill] = replace(each, cents=cents)
    return list(found.values())


def _over_applied(cents: int, discount: int, unpaid: int, path: str, rules: ApplyRules) -> int:
    if rules.over_application == "trims" and discount <= unpaid:
        return unpaid - discount
    detail = f"The amount applied, {amount(cents + discount)}, is more than the amount due, {amount(unpaid)}."
    if rules.over_application == "invalid_content":
        raise invalid_content(detail, f"{path}.amount")
    raise user_error(detail, f"{path}.amount")


def _unpayable(bill: sqlite3.Row | None, payment: VendorPayment) -> str | None:
    """Describe why a bill is not in the list that a payment's form would offer; None where it is."""
    if bill is None or bill["type"] != books.BILL:
        return "there is no such bill"
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
