"""What both sides hold, as it is put side by side."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from apbridge_operator.reconcile.books import ComparedBooks
from apbridge_operator.reconcile.netsuite import Posted


def posted(name: str, amount: int, *, is_void: bool = False, undecided: str = "") -> Posted:
    day = date(2026, 11, 2)
    return Posted(name, "7001", "v", "Vendor", "1", "USD", Decimal(amount), day, is_void, undecided)


@pytest.mark.parametrize(("voids", "amount"), [((), 150), ((1,), 100), ((0, 1), 150)])
def test_the_vendor_payments_of_one_payment_are_one(voids: tuple[int, ...], amount: int):
    some = [
        posted("avidxchange-payment-7-ap111", 100, is_void=0 in voids),
        posted("avidxchange-payment-8", 5),
        posted("avidxchange-payment-7-ap113", 50, is_void=1 in voids, undecided="pending approval"),
    ]
    with ComparedBooks() as books:
        books.add_posted(some)
        seven, eight = books.posted()
    assert (seven.external_id, seven.amount, seven.is_void) == (
        "avidxchange-payment-7",
        amount,
        voids == (0, 1),
    )
    assert (eight.external_id, eight.amount) == ("avidxchange-payment-8", 5)
    assert seven.undecided == ("" if voids == (1,) else "pending approval")
