"""Invoices on a check beside the bills of NetSuite: they came to AvidXchange itself, as by mail."""

from __future__ import annotations

from dataclasses import replace

from apbridge.errors import RejectedError
from apbridge.schemas.identifiers import netsuite_id
from target_netsuite_payments.books import Recorded
from target_netsuite_payments.payment import Payment


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


def not_posted(payment: Payment, recorded: Recorded | None) -> RejectedError | None:
    """Return what to say of a payment that NetSuite does not hold whole; None of any other."""
    if not payment.left_out or (recorded and recorded.total == payment.whole):
        return None
    facts = {
        "payment": payment.id,
        "whole": f"{payment.whole:.2f}",
        "left": f"{payment.whole - payment.amount:.2f}",
        "invoices": ", ".join(
            f"{each.amount:.2f} on {each.invoice or 'one without an id'}" for each in payment.left_out
        ),
    }
    if recorded is None:
        return RejectedError("APB-PAY-085", **facts)
    return RejectedError("APB-PAY-084", remote_id=recorded.id, amount=f"{payment.amount:.2f}", **facts)
