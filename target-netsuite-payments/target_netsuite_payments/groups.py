"""Which payments must wait for one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from apbridge.schemas.payment import Payment


def in_groups(
    payments: Sequence[Payment], bills_of: Callable[[Payment], Iterable[str]]
) -> list[list[Payment]]:
    """Put payments that share a bill, be it by way of other payments, into one group.

    Within a group, what is undone comes first: it opens the bills that a reissue pays. The others follow by
    date, and as they came.

    Args:
        payments: In any order.
        bills_of: Gives the bills that a payment touches.
    """
    leads_to: dict[str, str] = {}

    def leader(bill: str) -> str:
        while leads_to.setdefault(bill, bill) != bill:
            bill = leads_to[bill]
        return bill

    first_bill: dict[str, str] = {}
    for payment in payments:
        bills = list(bills_of(payment)) or [payment.external_id]
        first_bill[payment.external_id] = bills[0]
        for bill in bills[1:]:
            leads_to[leader(bill)] = leader(bills[0])
    groups: dict[str, list[Payment]] = {}
    for payment in payments:
        groups.setdefault(leader(first_bill[payment.external_id]), []).append(payment)
    return [sorted(group, key=_turn) for group in groups.values()]


def _turn(payment: Payment) -> tuple[bool, date]:
    return not payment.is_undone, payment.paid_on or date.max
