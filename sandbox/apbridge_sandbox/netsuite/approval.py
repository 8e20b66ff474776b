"""Where a vendor payment stands: whether it is approved, and whether it counts."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.errors import invalid_value, user_error
from apbridge_sandbox.netsuite.vendor_payments import PaymentStatus, VendorPayment
from apbridge_sandbox.switches import Switches

_APPROVALS = {1: "A", 2: books.APPROVED, 3: "D"}
"""Approval status → the payment's status."""

_PENDING, _REFUSED = frozenset("AZ"), frozenset("DE")


@dataclass(frozen=True)
class ApprovalRules:
    """What is not known of the approval of payments; see switches/netsuite_approvals.json."""

    routing: bool = False
    given: str = "ignored"
    pending_applies: bool = True
    rejected_opens_bills: bool = True

    @classmethod
    def of(cls, switches: Switches) -> ApprovalRules:
        """Read them off the switches."""
        return cls(
            routing=switches["netsuite.payment_approval"] == "routing",
            given=switches["netsuite.payment_approval_given"],
            pending_applies=switches["netsuite.pending_payment_applies"],
            rejected_opens_bills=switches["netsuite.rejected_payment_opens_bills"],
        )


def status_of_new(payment: VendorPayment, rules: ApprovalRules) -> PaymentStatus:
    """Return where a new payment stands.

    Raises:
        NetSuiteError: An approval status was given that this account does not take.
    """
    if payment.approval is not None:
        if rules.given == "refused":
            detail = "You do not have permissions to set a value for element approvalStatus."
            raise user_error(detail, "approvalStatus")
        if payment.approval not in _APPROVALS:
            raise invalid_value(payment.approval, "approvalStatus")
    if not rules.routing:
        return PaymentStatus()
    approval = payment.approval if payment.approval and rules.given == "honoured" else 1
    return payment_status(_APPROVALS[approval], approval, rules)


def status_of(row: sqlite3.Row, rules: ApprovalRules) -> PaymentStatus:
    """Return where a payment stands that is there."""
    return payment_status(row["status"], row["approvalstatus"], rules)


def payment_status(status: str, approval: int | None, rules: ApprovalRules) -> PaymentStatus:
    """Return where a payment of this status stands."""
    counts = (
        rules.pending_applies
        if status in _PENDING
        else not (status in _REFUSED and rules.rejected_opens_bills)
    )
    return PaymentStatus(status, approval, counts)
