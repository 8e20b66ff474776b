"""Statuses and methods that nobody has heard of, and what AvidXchange tells beside what is posted."""

from __future__ import annotations

from apbridge.ledger import Status

from .company import PostingCompany
from .program import Target
from .records import in_full

STALE = {"status": "unknown", "native_status": "Stale Dated"}
WIRE = {"method": "unknown", "native_method": "Wire"}


def test_an_unknown_status_posts_nothing_and_is_told_until_it_is_known(
    company: PostingCompany, target: Target
):
    bill, other = company.bill(), company.bill()
    record = in_full(bill)
    assert target.run({**record, **STALE}, in_full(other)).counts == {"delivered": 1, "rejected": 1}
    row = target.row(record)
    assert (row.status, row.code) == (Status.REJECTED, "APB-PAY-120")
    assert "'Stale Dated'" in str(row.says)
    assert (company.unpaid(bill), company.unpaid(other)) == (bill.unpaid, 0)
    assert target.run(record).counts == {"delivered": 1}
    assert (company.unpaid(bill), target.row(record).status) == (0, Status.DELIVERED)


def test_an_unknown_status_of_a_posted_payment_is_told_and_leaves_it_there(
    company: PostingCompany, target: Target
):
    record = in_full(company.bill())
    target.run(record)
    posted = company.payment(record)
    company.forget_calls()
    assert target.run({**record, **STALE}).counts == {"rejected": 1}
    assert (company.calls, company.payment(record)) == (0, posted)
    assert target.run(record).counts == {"unchanged": 1}
    assert target.row(record).remote_id == posted.id


def test_an_unknown_method_is_posted_from_no_account_that_is_one_methods(
    company: PostingCompany, target: Target
):
    bill = company.bill()
    record = in_full(bill, **WIRE)
    assert target.run(record).counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-121"
    assert company.unpaid(bill) == bill.unpaid
    assert target.run(record, bank_accounts=[{"account": "102"}]).counts == {"delivered": 1}
    assert company.payment(record).account == "102"


def test_what_is_told_beside_is_no_news_to_who_does_not_use_it(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    company.forget_calls()
    cleared = {"native_status": "Cleared", "cleared_on": "2026-11-09", "exception_reason": "Late"}
    assert target.run({**record, **cleared, "modified_at": "2026-11-09T15:00:00Z"}).counts == {"unchanged": 1}
    assert company.calls == 0
