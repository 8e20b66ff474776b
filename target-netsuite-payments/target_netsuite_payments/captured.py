"""Invoices on a check beside the bills of NetSuite: they came to AvidXchange itself, as by mail."""

from __future__ import annotations

from apbridge.errors import RejectedError
from apbridge.schemas.payment import Payment
from target_netsuite_payments.books import Recorded


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
