"""What a payment pays on each bill, and whether that adds up.

Nothing of the other system is needed for it: what does not add up here is right nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from apbridge.errors import RejectedError
from apbridge.schemas.identifiers import BILL, CREDIT, internal_id, netsuite_id
from apbridge.schemas.money import has_decimals
from apbridge.schemas.payment import (
    LONGEST_NUMBER,
    LONGEST_TEXT,
    UNREADABLE,
    Allocation,
    Payment,
    readable,
)

_CENTS = 2
"""Decimals of what NetSuite is told, whatever the currency."""


@dataclass(frozen=True)
class BillShare:
    """What a payment does to one bill."""

    amount: Decimal
    discount: Decimal

    @property
    def closes(self) -> Decimal:
        """How much less is open on the bill afterwards."""
        return self.amount + self.discount


def on_bills(payment: Payment) -> Payment:
    """Return a payment as far as it pays bills of NetSuite, with what it pays besides left out.

    It is as it was where it pays nothing else, nothing of NetSuite's, with credits, or what does not add up.
    """
    captured = tuple(each for each in payment.allocations if netsuite_id(each.invoice) is None)
    ours = tuple(each for each in payment.allocations if each not in captured)
    is_plain = all(each.amount > 0 for each in payment.allocations)
    is_whole = sum(each.amount for each in payment.allocations) == payment.amount
    if not (captured and ours and is_plain and is_whole):
        return payment
    amount = payment.amount - sum(each.amount for each in captured)
    return replace(payment, allocations=ours, amount=amount, left_out=captured)


def closed_by(payment: Payment, account: str) -> dict[str, Decimal]:
    """Return how much less is open on each bill of this account, as far as a payment names any."""
    closed: dict[str, Decimal] = {}
    for each in payment.allocations:
        if bill := internal_id(each.invoice, account, BILL):
            closed[bill] = closed.get(bill, Decimal(0)) + each.amount + each.discount
    return closed


def shares_of(payment: Payment, account: str) -> dict[str, BillShare]:
    """Return what a settled payment pays on each bill.

    Raises:
        RejectedError: The record does not add up, or pays something else than bills of this account.
    """
    if not payment.allocations:
        raise RejectedError("APB-PAY-011", payment=payment.id)
    shares: dict[str, BillShare] = {}
    used = Decimal(0)
    for each in payment.allocations:
        if is_credit(each):
            used += used_credit(payment, each, account)
            continue
        bill = named_id(payment, each.invoice, account, BILL)
        if (
            each.amount <= 0
            or each.discount < 0
            or not _is_cents(each.amount)
            or not _is_cents(each.discount)
        ):
            raise RejectedError(
                "APB-PAY-012",
                payment=payment.id,
                invoice=each.invoice,
                amount=each.amount,
                discount=each.discount,
            )
        before = shares.get(bill, BillShare(Decimal(0), Decimal(0)))
        shares[bill] = BillShare(before.amount + each.amount, before.discount + each.discount)
    paid = sum((share.amount for share in shares.values()), Decimal(0))
    if used > paid:
        raise RejectedError("APB-PAY-101", payment=payment.id, used=f"{used:.2f}", paid=f"{paid:.2f}")
    allocated = paid - used
    if allocated != payment.amount:
        raise RejectedError("APB-PAY-013", payment=payment.id, amount=payment.amount, allocated=allocated)
    _check_references(payment)
    if payment.paid_on is None:
        raise RejectedError("APB-PAY-017", payment=payment.id)
    return shares


def shares_named(payment: Payment, account: str) -> dict[str, BillShare]:
    """Return what a payment is said to pay on each bill of this account, whether or not it adds up."""
    shares: dict[str, BillShare] = {}
    for each in payment.allocations:
        if bill := internal_id(each.invoice, account, BILL):
            before = shares.get(bill, BillShare(Decimal(0), Decimal(0)))
            shares[bill] = BillShare(before.amount + each.amount, before.discount + each.discount)
    return shares


def is_credit(allocation: Allocation) -> bool:
    """Return whether an allocation is what a payment uses of a vendor credit."""
    named = netsuite_id(allocation.invoice)
    return named is not None and named.kind == CREDIT


def used_credit(payment: Payment, each: Allocation, account: str) -> Decimal:
    """Return how much of a credit an allocation uses.

    Raises:
        RejectedError: It is of another account, or its amount is none that can be used.
    """
    named = netsuite_id(each.invoice)
    if named and named.account != account:
        raise RejectedError(
            "APB-PAY-015", payment=payment.id, found=each.invoice, other=named.account, account=account
        )
    if each.amount >= 0 or each.discount or not _is_cents(each.amount):
        raise RejectedError(
            "APB-PAY-102",
            payment=payment.id,
            credit=each.invoice,
            amount=each.amount,
            discount=each.discount,
        )
    return -each.amount


def named_id(payment: Payment, found: str, account: str, kind: str) -> str:
    """Return the internal id that a payment names.

    Raises:
        RejectedError: It names something else, or something of another account.
    """
    named = netsuite_id(found)
    if named is None or named.kind != kind:
        raise RejectedError("APB-PAY-014", payment=payment.id, found=found, kind=kind, account=account)
    if named.account != account:
        raise RejectedError(
            "APB-PAY-015", payment=payment.id, found=found, other=named.account, account=account
        )
    return named.id


def _check_references(payment: Payment) -> None:
    """Make sure that NetSuite can hold what the payment is known by."""
    for what, reference, longest in (
        ("check number", payment.check_number, LONGEST_NUMBER),
        ("ACH trace", payment.ach_trace, LONGEST_TEXT),
        ("card reference", payment.card_reference, LONGEST_TEXT),
        ("id of the payment that it replaces", payment.replaces, LONGEST_TEXT),
    ):
        if reference is None:
            continue
        facts = {"payment": payment.id, "what": what, "reference": ascii(reference[:LONGEST_NUMBER])}
        if UNREADABLE in readable(reference):
            raise RejectedError("APB-PAY-018", **facts)
        if len(reference) > longest:
            raise RejectedError("APB-PAY-016", **facts, length=len(reference), longest=longest)


def _is_cents(amount: Decimal) -> bool:
    return has_decimals(amount, _CENTS)
