"""NetSuite is not the same everywhere: features off, permissions missing, refusals in other words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apbridge.errors import SettingError
from apbridge.ledger import Status

from .company import PostingCompany
from .program import Target
from .records import in_full


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    "off", [("oneworld",), ("multicurrency",), ("oneworld", "multicurrency")], ids="-".join
)
def test_an_account_without_a_feature(
    company: PostingCompany, target: Target, off: tuple[str, ...], status: int
):
    bill = company.bill()
    company.switch(unknown_column_status=status, **dict.fromkeys(off, False))
    record = in_full(bill)
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).applied == {bill.id: bill.unpaid}


@pytest.mark.parametrize(
    ("permission", "words"),
    [
        ("Lists -> Currency", "Lists, Currency: View"),
        ("Setup -> Manage Accounting Periods", "accountingperiod"),
        ("Transactions -> Find Transaction", "transaction"),
        ("Transactions -> Pay Bills", "Pay Bills"),
    ],
)
def test_a_missing_permission_is_named_and_ends_the_run(
    company: PostingCompany, target: Target, permission: str, words: str
):
    company.switch(missing_permissions=permission)
    record = in_full(company.bill())
    with pytest.raises(SettingError, match=words):
        target.run(record)
    assert company.payments(record["external_id"]) == []


def test_a_role_that_does_not_see_a_subsidiary_posts_nothing_in_it(company: PostingCompany, target: Target):
    company.switch(role_subsidiaries="2")
    record = in_full(company.bill())
    target.run(record)
    assert target.row(record).code == "APB-PAY-020"
    assert company.writes == 0


@pytest.mark.parametrize("code", ["DUP_RCRD", "USER_ERROR", "INVALID_CONTENT"])
def test_a_duplicate_is_known_however_netsuite_says_it(
    company: PostingCompany, target: Target, another_target: Callable[[], Target], code: str
):
    """Another process posts it between the look-up and the write."""
    company.switch(duplicate_external_id=code)
    bill = company.bill()
    record = in_full(bill)
    with company.meanwhile("POST", "/vendorPayment", lambda: another_target().run(record)):
        assert target.run(record).counts == {"delivered": 1}
    assert len(company.payments(record["external_id"])) == 1
    assert target.row(record).remote_id == company.payment(record).id


def test_a_commit_under_way_is_waited_for(company: PostingCompany, target: Target):
    """The connection breaks off before NetSuite has committed; a second write would be refused meanwhile."""
    company.switch(commit_delay_ms=120)
    bill = company.bill()
    company.fault({"drop": "after"}, times=1)
    record = in_full(bill)
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).applied == {bill.id: bill.unpaid}


def test_what_netsuite_trims_without_a_word_is_rejected_until_somebody_corrects_it(
    company: PostingCompany, target: Target
):
    company.switch(over_application="trims")
    bill = company.bill()
    record = in_full(bill)
    with company.meanwhile(
        "POST", "/vendorPayment", lambda: company.pay_by_hand(bill, bill.unpaid - 1, "hand-3")
    ):
        ran = target.run(record)
    payment = company.payment(record)
    assert payment.total == 1
    said = f"amount 1.00 in NetSuite, {bill.unpaid:.2f} in AvidXchange"
    assert said in ran.log
    assert ran.counts == {"rejected": 1}, "it is counted once"
    row = target.row(record)
    assert (row.status, row.code, row.remote_id) == (Status.REJECTED, "APB-PAY-040", payment.id)
    assert said in (row.reason or "")
    (by_hand,) = (each for each in company.payments() if each.number == "hand-3")
    company.delete_payment(by_hand.id)
    company.delete_payment(payment.id)
    company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    target.run()
    assert target.row(record).status is Status.DELIVERED
