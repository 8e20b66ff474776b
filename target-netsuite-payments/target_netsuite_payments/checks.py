"""What must hold before a payment is posted, and what is then posted.

Pure: everything that NetSuite knows was read before, in bulk. Nothing is trimmed, rounded or guessed: a
payment that does not fit the books is rejected with the figures of both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from apbridge.errors import APBridgeError, RejectedError, UnderWayError
from apbridge.netsuite.payment_status import FINAL, REFUSED, describe
from apbridge.schemas.identifiers import VENDOR, netsuite_id
from apbridge.schemas.payment import (
    Payment,
)
from apbridge.schemas.shares import BillShare, named_id
from target_netsuite_payments.books import Bill, Recorded
from target_netsuite_payments.credits import credit_lines, credits_used
from target_netsuite_payments.headers import header
from target_netsuite_payments.instalments import apply_lines
from target_netsuite_payments.periods import Period, posting_day
from target_netsuite_payments.rules import PostingRules

APPROVED = "2"
"""Approval status of what is approved (NetSuite)."""

_PAYABLE = {"A", "F", "B"}
_NOT_PAYABLE = {"C": "cancelled", "D": "pending approval", "E": "rejected"}


def paid_bills(payment: Payment, shares: Mapping[str, BillShare], known: Mapping[str, Bill]) -> list[Bill]:
    """Return the bills that a payment pays.

    Raises:
        RejectedError: One is not there.
    """
    for number in shares:
        if number not in known:
            raise RejectedError("APB-PAY-020", payment=payment.id, bill=number)
    return [known[number] for number in shares]


def check_vendor(payment: Payment, bills: Sequence[Bill], account: str) -> None:
    """Make sure that all bills of a payment are of its vendor.

    Raises:
        RejectedError: One is another vendor's.
    """
    # A vendor that AvidXchange had before us may keep another program's external id, or have none.
    is_ours = netsuite_id(payment.vendor or "") is not None
    vendor = named_id(payment, payment.vendor or "", account, VENDOR) if is_ours else bills[0].vendor
    for bill in bills:
        if bill.vendor != vendor:
            raise RejectedError(
                "APB-PAY-021", payment=payment.id, vendor=vendor, bill=bill.id, bill_vendor=bill.vendor
            )


def differences(
    payment: Payment,
    shares: Mapping[str, BillShare],
    vendor: str | None,
    recorded: Recorded,
    *,
    is_by_hand: bool = False,
) -> list[str]:
    """Describe how a vendor payment that NetSuite holds differs from what should be posted.

    Args:
        payment: What AvidXchange says.
        shares: What it pays, by bill.
        vendor: Internal id of its vendor, where known.
        recorded: What NetSuite holds.
        is_by_hand: Whether somebody typed it.
    """
    found = []
    # One that is not approved need not be applied yet.
    waits = recorded.status not in FINAL and not recorded.applied
    # What pays these bills is of their vendor: another one than AvidXchange's is one that it was merged into.
    if vendor is not None and recorded.vendor != vendor and recorded.applied.keys() != shares.keys():
        found.append(f"vendor {recorded.vendor} in NetSuite, {vendor} in AvidXchange")
    # Somebody may have added the invoices that did not come from NetSuite.
    is_whole = bool(payment.left_out) and recorded.total == payment.whole
    if recorded.total != payment.amount and not is_whole:
        found.append(f"amount {recorded.total:.2f} in NetSuite, {payment.amount:.2f} in AvidXchange")
    if waits or covered_by_credits(payment, shares, recorded, is_by_hand=is_by_hand):
        return found
    others = () if is_whole else recorded.applied.keys()
    for bill in sorted({*shares, *others}, key=int):
        share = shares.get(bill, BillShare(Decimal(0), Decimal(0)))
        applied = recorded.applied.get(bill, Decimal(0))
        # A link carries the payment, or the payment and its discount: both were seen. Of a payment typed by
        # hand, the former may as well mean that its discount was forgotten.
        fitting = (share.closes,) if is_by_hand else (share.amount, share.closes)
        if applied not in fitting:
            discount = f" with a discount of {share.discount:.2f}" if share.discount else ""
            kind = "journal" if bill in recorded.journals else "bill"
            found.append(
                f"{applied:.2f} on {kind} {bill} in NetSuite, {share.amount:.2f}{discount} in AvidXchange"
            )
    return found


def covered_by_credits(
    payment: Payment, shares: Mapping[str, BillShare], recorded: Recorded, *, is_by_hand: bool = False
) -> dict[str, Decimal]:
    """Return what of each bill a posted payment leaves to its credits; none where they cover something else.

    NetSuite links a credit to the bills, or to the payment: then the payment's own links are over the whole.
    """
    used = sum((share.amount for share in shares.values()), -payment.amount)
    if not used or not recorded.applied.keys() <= shares.keys():
        return {}
    bases = [{bill: share.closes for bill, share in shares.items()}]
    if not is_by_hand:
        bases.append({bill: share.amount for bill, share in shares.items()})
    for base in bases:
        covered = {bill: amount - recorded.applied.get(bill, Decimal(0)) for bill, amount in base.items()}
        linked = sum(recorded.credits.values(), Decimal(0))
        if min(covered.values()) >= 0 and sum(covered.values(), linked) == used:
            return covered
    return {}


def confirm(
    payment: Payment, shares: Mapping[str, BillShare], vendor: str | None, recorded: Recorded
) -> None:
    """Make sure that what NetSuite holds under a payment's external id is that payment.

    Raises:
        RejectedError: It is another one, or was voided or refused there.
    """
    if recorded.is_voided:
        raise RejectedError("APB-PAY-041", payment=payment.id, remote_id=recorded.id)
    if refused := REFUSED.get(recorded.status):
        raise RejectedError("APB-PAY-064", payment=payment.id, remote_id=recorded.id, status=refused)
    if found := differences(payment, shares, vendor, recorded):
        raise RejectedError(
            "APB-PAY-040", payment=payment.id, remote_id=recorded.id, differences="; ".join(found)
        )


def under_way(payment: Payment, recorded: Recorded) -> UnderWayError | None:
    """Return what NetSuite has not decided about a payment that is posted; None where it is final."""
    if recorded.status in FINAL:
        return None
    return UnderWayError(
        "APB-PAY-066", payment=payment.id, remote_id=recorded.id, status=describe(recorded.status)
    )


def draft(
    payment: Payment,
    shares: Mapping[str, BillShare],
    bills: Sequence[Bill],
    periods: Sequence[Period],
    rules: PostingRules,
) -> dict[str, Any]:
    """Check a payment against its bills and write the vendorPayment to post.

    Raises:
        RejectedError: It does not fit the books.
    """
    for bill in bills:
        check_bill(payment, bill, shares[bill.id])
    currencies = {bill.symbol for bill in bills} | ({payment.currency} if payment.currency else set())
    # An account with one currency does not tell which; the payment's word is all there is then.
    if len(currencies - {None}) > 1:
        raise RejectedError("APB-PAY-022", payment=payment.id, currencies=_listed(currencies))
    for code, values in (
        ("APB-PAY-023", {bill.subsidiary for bill in bills}),
        ("APB-PAY-024", {bill.ap_account for bill in bills}),
    ):
        if len(values) > 1:
            raise RejectedError(code, payment=payment.id, values=_listed(values))
    first = bills[0]
    bank = rules.bank_account(payment, first.symbol or payment.currency, first.subsidiary)
    posted = posting_day(payment, periods, rules.closed_period)
    head = header(payment, first, posted.day, rules)
    body = {
        "externalId": payment.external_id,
        "entity": {"id": first.vendor},
        "subsidiary": _reference(first.subsidiary),
        "currency": _reference(first.currency),
        "apAcct": _reference(first.ap_account),
        **head,
        "account": {"id": bank.account},
        "postingPeriod": {"id": posted.period.id},
        "toBePrinted": False,
        "apply": {"items": applied(payment, bills, shares)},
    }
    if used := credits_used(payment, rules.account):
        body["credit"] = {"items": credit_lines(used)}
    if rules.is_approved:
        body["approvalStatus"] = {"id": APPROVED}
    present = {name: value for name, value in body.items() if value is not None}
    filled = bank.fields.over(rules.fields).put_into(present, payment, bills)
    return {**filled, **rules.facts.new(payment)}


def applied(payment: Payment, bills: Sequence[Bill], shares: Mapping[str, BillShare]) -> list[dict[str, Any]]:
    """Write what a payment applies to its bills, and to which of their instalments.

    Raises:
        RejectedError: The instalments of one have less open than the payment pays.
    """
    items = []
    for bill in bills:
        share = shares[bill.id]
        lines = apply_lines(bill.id, share.amount, share.discount, bill.instalments)
        covered = sum((line["amount"] + line.get("disc", 0) for line in lines), Decimal(0))
        if covered != share.closes:
            raise RejectedError(
                "APB-PAY-080",
                payment=payment.id,
                bill=bill.id,
                number=bill.number,
                amount=f"{share.closes:.2f}",
                covered=f"{covered:.2f}",
            )
        items += lines
    return items


def check_bill(payment: Payment, bill: Bill, share: BillShare) -> None:
    """Make sure that a bill may be paid, and has as much open.

    Raises:
        RejectedError: It is not, or has less.
    """
    if bill.status not in _PAYABLE or bill.is_on_hold:
        status = _NOT_PAYABLE.get(bill.status, "on hold" if bill.is_on_hold else bill.status)
        raise RejectedError(
            "APB-PAY-025", payment=payment.id, bill=bill.id, number=bill.number, status=status
        )
    if bill.unpaid < share.closes:
        raise RejectedError(
            "APB-PAY-026" if bill.unpaid == 0 else "APB-PAY-027",
            payment=payment.id,
            bill=bill.id,
            number=bill.number,
            unpaid=f"{bill.unpaid:.2f}",
            amount=f"{share.amount:.2f}",
            discount=f"{share.discount:.2f}",
        )


def _reference(internal_id: str | None) -> dict[str, str] | None:
    return None if internal_id is None else {"id": internal_id}


def _listed(values: set[str | None]) -> str:
    return ", ".join(sorted(value or "none" for value in values))


def balance_difference(expected: Bill, actual: Bill | None, pending: Decimal | int) -> APBridgeError | None:
    """Return how what is open on a bill differs from what should be; None where it does not.

    Args:
        expected: As it should be.
        actual: As NetSuite has it.
        pending: What is posted and may not be taken off yet.
    """
    if actual is not None and actual.unpaid in {expected.unpaid, expected.unpaid + pending}:
        return None
    return APBridgeError(
        "APB-PAY-052",
        bill=expected.id,
        number=expected.number,
        expected=f"{expected.unpaid:.2f}",
        actual="nothing" if actual is None else f"{actual.unpaid:.2f}",
    )
