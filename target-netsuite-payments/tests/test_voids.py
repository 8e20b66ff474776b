"""What is voided in AvidXchange is undone in NetSuite as the settings say, and what replaces it is posted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apbridge.errors import SettingError
from apbridge.ledger import Status

from .company import PostingCompany
from .program import Target
from .records import in_full, paying, voided

UNDOES = pytest.mark.parametrize("on_void", ["delete", "restlet"])


def test_voided_before_it_was_posted_posts_nothing_and_is_said(company: PostingCompany, target: Target):
    bill = company.bill()
    record = voided(in_full(bill))
    ran = target.run(record)
    assert ran.counts == {"ignored": 1}
    assert "nothing is posted" in ran.log
    company.forget_calls()
    assert target.run(record).counts == {"unchanged": 1}
    assert company.calls == 0
    assert company.unpaid(bill) == bill.unpaid


@UNDOES
def test_voided_after_it_was_posted_opens_the_bill_again(
    company: PostingCompany, target: Target, on_void: str
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    ran = target.run(voided(record), on_void=on_void)
    assert ran.counts == {"delivered": 1}
    assert "expected" not in ran.log
    assert (company.unpaid(bill), company.status(bill)) == (bill.unpaid, "A")
    left = company.payments(record["external_id"])
    assert [payment.is_voided for payment in left] == ([] if on_void == "delete" else [True])


@UNDOES
def test_a_void_comes_once_whatever_is_lost(company: PostingCompany, target: Target, on_void: str):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    target.run(voided(record), on_void=on_void)
    company.forget_calls()
    later = voided(record, voided_at="2026-11-02T18:00:00Z")
    ran = target.run(later, on_void=on_void)
    assert ran.counts in ({"ignored": 1}, {"unchanged": 1})
    assert company.writes == 0
    assert company.unpaid(bill) == bill.unpaid


@UNDOES
def test_a_void_of_parts_and_discounts_over_several_bills(
    company: PostingCompany, target: Target, on_void: str
):
    first, second = company.bills(2)
    kept = paying((first, "1.00"))
    record = paying((first, "2.00", "0.50"), (second, second.unpaid))
    target.run(kept, record)
    target.run(voided(record), on_void=on_void)
    assert company.unpaid(first) == first.unpaid - 1
    assert company.unpaid(second) == second.unpaid


def test_a_payment_that_fails_after_it_was_posted_is_undone_too(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    target.run({**record, "status": "failed"}, on_void="delete")
    assert company.unpaid(bill) == bill.unpaid


def test_reject_tells_what_to_do_and_leaves_the_books(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    assert target.run(voided(record), on_void="reject").counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-060"
    assert f"vendor payment {company.payment(record).id}" in (row.reason or "")
    assert company.unpaid(bill) == 0


def test_a_rejected_void_is_settled_when_somebody_voids_by_hand(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    target.run(voided(record), on_void="reject")
    company.void_payment(company.payment(record).id)
    assert target.run(on_void="reject").counts == {"unchanged": 1}
    assert target.row(record).status is Status.DELIVERED


def test_without_a_restlet_a_void_is_rejected(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    target.run(voided(record), restlet_script=None, restlet_deploy=None)
    assert target.row(record).code == "APB-PAY-060"


def test_with_a_restlet_a_void_goes_through_it_by_default(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    target.run(voided(record))
    assert company.payment(record).is_voided


def test_a_restlet_must_be_there_to_be_chosen(target: Target):
    with pytest.raises(SettingError, match="on_void"):
        target.run(on_void="restlet", restlet_script=None, restlet_deploy=None)


def test_a_void_of_what_was_recorded_by_hand_is_for_people(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    target.run(record)
    target.run(voided(record), on_void="delete")
    assert target.row(record).code == "APB-PAY-062"
    assert company.unpaid(bill) == 0


@UNDOES
def test_a_reissue_is_posted_after_the_void_that_opens_its_bill(
    company: PostingCompany, target: Target, on_void: str
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    again = in_full(bill, replaces_payment_id=record["id"], paid_on="2026-11-01")
    assert target.run(again, voided(record), on_void=on_void).counts == {"delivered": 2}
    payment = company.payment(again)
    assert payment.memo.endswith(f"replaces AvidXchange payment {record['id']}")
    assert payment.applied == {bill.id: bill.unpaid}
    assert company.unpaid(bill) == 0


@UNDOES
@pytest.mark.parametrize("link_carries", ["payment and discount", "payment"])
def test_a_discounted_payment_is_undone_and_its_bill_paid_whole_at_once(
    company: PostingCompany, target: Target, on_void: str, link_carries: str
):
    bill = company.bill()
    record = paying((bill, bill.unpaid - Decimal("2.50"), "2.50"))
    target.run(record)
    if link_carries == "payment":
        company.let_link_carry_the_payment_alone(company.payment(record).id)
    again = in_full(bill)
    ran = target.run(again, voided(record), on_void=on_void)
    assert ran.counts == {"delivered": 2}
    assert "expected" not in ran.log
    assert company.payment(again).applied == {bill.id: bill.unpaid}
    assert company.unpaid(bill) == 0


def test_a_reissue_of_a_payment_that_was_never_posted(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    again = in_full(bill, replaces_payment_id=record["id"])
    assert target.run(voided(record), again).counts == {"delivered": 1, "ignored": 1}
    assert company.payments(record["external_id"]) == []
    assert company.payment(again).applied == {bill.id: bill.unpaid}


def test_a_reissue_waits_for_the_void_that_was_rejected(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    again = paying((bill, bill.unpaid - Decimal("0.10"), "0.10"), replaces_payment_id=record["id"])
    assert target.run(voided(record), again, on_void="reject").counts == {"rejected": 2}
    assert target.row(again).code == "APB-PAY-026"
    assert target.run(on_void="delete").counts == {"delivered": 2}
    assert company.payment(again).total == bill.unpaid - Decimal("0.10")
    assert company.unpaid(bill) == 0


@UNDOES
def test_a_void_in_a_closed_period_is_rejected_in_netsuites_words(
    company: PostingCompany, target: Target, on_void: str
):
    bill = company.bill()
    record = in_full(bill, paid_on="2026-09-10")
    target.run(record)
    with company.closed_period("2026-09"):
        target.run(voided(record), on_void=on_void)
        row = target.row(record)
        assert row.code == "APB-PAY-061"
        assert row.status is Status.REJECTED
    assert company.unpaid(bill) == 0
    assert target.run(on_void=on_void).counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid


def test_what_was_voided_is_not_posted_by_a_run_that_read_it_before(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    target.run(voided(record))
    assert target.run(record).counts == {"ignored": 1}
    assert company.payments(record["external_id"]) == []
    assert company.unpaid(bill) == bill.unpaid


@pytest.mark.parametrize(
    "answer", [[], {}, "done", {"payment": 1, "voidedBy": 1}, {"payment": "1", "voidedBy": "1"}]
)
def test_an_answer_that_does_not_tell_of_the_void_is_looked_up(
    company: PostingCompany, target: Target, answer: object
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    company.fault({"status": 200, "body": answer}, method="POST", path="restlet.nl", times=1)
    assert target.run(voided(record), on_void="restlet").counts == {"delivered": 1}
    assert company.payment(record).is_voided
    assert company.unpaid(bill) == bill.unpaid


def test_where_another_script_answers_the_void_is_rejected_and_the_others_are_posted(
    company: PostingCompany, target: Target
):
    first, second = company.bills(2)
    record, other = in_full(first), in_full(second)
    target.run(record)
    company.fault({"status": 200, "body": {}}, method="POST", path="restlet.nl")
    assert target.run(voided(record), other, on_void="restlet").counts == {"rejected": 1, "delivered": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-061"
    assert "not that of our RESTlet" in (row.reason or "")
    assert company.unpaid(first) == 0
    assert company.unpaid(second) == 0


@UNDOES
def test_what_is_undone_in_words_only_is_rejected(company: PostingCompany, target: Target, on_void: str):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    company.fault({"status": 204}, method="DELETE", times=1)
    payment = company.payment(record).id
    told = {"payment": payment, "voidedBy": payment}
    company.fault({"status": 200, "body": told}, path="restlet", times=1)
    ran = target.run(voided(record), on_void=on_void)
    assert ran.counts == {"rejected": 1}
    assert (target.row(record).code, company.unpaid(bill)) == ("APB-PAY-063", 0)
    assert f"vendor payment {payment} was undone, and still shows it" in ran.log
    assert target.run(on_void=on_void).counts == {"delivered": 1}
    assert (target.row(record).code, company.unpaid(bill)) == (None, bill.unpaid)


def test_what_is_undone_in_words_only_and_cannot_be_read_back_is_undone_in_the_next_run(
    company: PostingCompany, target: Target
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    payment = company.payment(record).id

    def refuse_to_tell() -> None:
        company.fault({"status": 400, "body": {}}, path="suiteql")

    told = {"payment": payment, "voidedBy": payment}
    with company.meanwhile("POST", "restlet", refuse_to_tell, status=200, body=told):
        assert target.run(voided(record)).counts == {"waiting": 1}
    assert (target.row(record).code, company.unpaid(bill)) == ("APB-PAY-079", 0)
    company.calm()
    assert target.run().counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid


def test_what_is_voided_and_still_pays_its_bill_is_rejected(company: PostingCompany, target: Target):
    """NetSuite says that it is voided; its application to the bill stands."""
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    payment = company.payment(record).id
    with company.meanwhile("POST", "restlet", lambda: company.change("transaction", payment, voided="T")):
        assert target.run(voided(record)).counts == {"rejected": 1}
    assert (target.row(record).code, company.unpaid(bill)) == ("APB-PAY-063", 0)
