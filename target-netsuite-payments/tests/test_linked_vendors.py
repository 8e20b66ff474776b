"""Payments to vendors that AvidXchange had before us, and that have no external id of ours there."""

from __future__ import annotations

import pytest

from .company import PostingCompany
from .program import Target
from .records import in_full


@pytest.mark.parametrize("vendor", [None, "of-another-program"])
def test_the_vendor_of_its_bills_is_paid(company: PostingCompany, target: Target, vendor: str | None):
    bill = company.bill()
    record = in_full(bill, vendor_id=vendor)
    for outcome in ("delivered", "unchanged"):
        assert target.run(record).counts == {outcome: 1}
    assert company.payment(record).vendor == bill.vendor
    assert company.unpaid(bill) == 0
