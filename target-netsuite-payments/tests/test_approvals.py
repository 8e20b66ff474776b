"""A payment is done when NetSuite says that it is final; until then it is under way, or refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from apbridge.errors import urgent
from apbridge.ledger import Status

from .company import PostingCompany
from .program import Target
from .records import in_full, paying, voided

REFUSED = pytest.mark.parametrize(("decision", "word"), [("reject", "rejected"), ("decline", "declined")])


@pytest.fixture(autouse=True)
def _routing(company: PostingCompany) -> None:
    company.switch(payment_approval="routing")


@pytest.mark.parametrize("applies", [True, False])
def test_what_is_not_approved_is_under_way_and_done_when_it_is(
    company: PostingCompany,
    target: Target,
    applies: bool,  # noqa: FBT001
):
    company.switch(pending_payment_applies=applies)
    bill = company.bill()
    record = in_full(bill)
    ran = target.run(record)
    row, payment = target.row(record), company.payment(record)
    assert ran.counts == {"waiting": 1}
    assert (row.status, row.code, row.remote_id) == (Status.WAITING, "APB-PAY-066", payment.id)
    assert "pending approval" in (row.says or "")
    assert "expected" not in ran.log
    assert company.unpaid(bill) == (0 if applies else bill.unpaid)
    company.forget_calls()
    assert target.run().counts == {"waiting": 1}
    assert company.writes == 0
    company.decide(payment.id, "approve")
    assert target.run().counts == {"unchanged": 1}
    row = target.row(record)
    assert (row.status, row.code, row.payload) == (Status.DELIVERED, None, None)
    assert company.unpaid(bill) == 0
    company.forget_calls()
    assert target.run().counts == {}
    assert company.calls == 0


def test_what_could_not_be_read_back_is_looked_at_again(company: PostingCompany, target: Target):
    """Else nobody would hear of it where it is rejected."""
    record = in_full(company.bill())

    def refuse_to_tell() -> None:
        company.fault({"status": 400, "body": {}}, path="suiteql")

    with company.meanwhile("POST", "/vendorPayment", refuse_to_tell):
        assert target.run(record).counts == {"waiting": 1}
    assert (target.row(record).status, target.row(record).code) == (Status.WAITING, "APB-PAY-079")
    company.calm()
    company.decide(company.payment(record).id, "reject")
    assert target.run().counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-064"


@pytest.mark.parametrize(
    ("decision", "status", "words"),
    [
        ("transit", Status.WAITING, "in transit"),
        ("online", Status.WAITING, "an online payment"),
        ("confirm", Status.DELIVERED, ""),
        ("approve", Status.DELIVERED, ""),
    ],
)
def test_what_each_status_means(
    company: PostingCompany, target: Target, decision: str, status: Status, words: str
):
    record = in_full(company.bill())
    target.run(record)
    company.decide(company.payment(record).id, decision)
    target.run()
    row = target.row(record)
    assert row.status is status
    assert words in (row.says or "")


@REFUSED
@pytest.mark.parametrize("opens", [True, False])
def test_one_refused_after_posting_is_heard_of_in_the_next_run_and_not_posted_again(
    company: PostingCompany,
    target: Target,
    decision: str,
    word: str,
    opens: bool,  # noqa: FBT001
):
    company.switch(rejected_payment_opens_bills=opens)
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    payment = company.payment(record).id
    company.decide(payment, decision)
    company.forget_calls()
    for _ in range(2):
        assert target.run().counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-064"
    assert row.code in urgent()
    assert f"vendor payment {payment}, which was {word} there" in (row.says or "")
    assert target.run({**record, "modified_at": "2026-11-03T00:00:00Z"}).counts == {"rejected": 1}
    assert company.writes == 0
    assert [each.id for each in company.payments(record["external_id"])] == [payment]
    company.decide(payment, "approve")
    assert target.run().counts == {"unchanged": 1}
    assert company.unpaid(bill) == 0


def test_one_refused_and_deleted_by_somebody_is_not_posted_again(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    payment = company.payment(record).id
    company.decide(payment, "reject")
    company.delete_payment(payment)
    company.forget_calls()
    assert target.run().counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-042"
    assert company.writes == 0


def test_one_voided_by_somebody_while_it_was_under_way(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    company.void_payment(company.payment(record).id)
    assert target.run().counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-041"


def test_a_lost_ledger_posts_nothing_twice(
    company: PostingCompany, target: Target, another_target: Callable[[], Target]
):
    first, second = company.bills(2)
    waiting, refused = in_full(first), in_full(second)
    target.run(waiting, refused)
    company.decide(company.payment(refused).id, "reject")
    company.forget_calls()
    other = another_target()
    assert other.run(waiting, refused).counts == {"waiting": 1, "rejected": 1}
    assert company.writes == 0
    assert (other.row(waiting).code, other.row(refused).code) == ("APB-PAY-066", "APB-PAY-064")


def test_after_some_days_somebody_has_to_look(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    target.run()
    target.let_days_pass(3)
    assert target.run().counts == {"waiting": 1}
    assert target.run(under_way_days=2).counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-065"
    assert "pending approval there. That is so since 2" in (row.says or "")
    assert target.run(under_way_days=2).counts == {"rejected": 1}
    assert target.run().counts == {"waiting": 1}
    company.decide(company.payment(record).id, "approve")
    assert target.run().counts == {"unchanged": 1}


@pytest.mark.parametrize(
    ("given", "counts", "code"),
    [
        ("honoured", {"delivered": 1}, None),
        ("ignored", {"waiting": 1}, "APB-PAY-066"),
        ("refused", {"rejected": 1}, "APB-PAY-072"),
    ],
)
def test_posted_as_approved_where_the_role_may(
    company: PostingCompany, target: Target, given: str, counts: dict[str, int], code: str | None
):
    company.switch(payment_approval_given=given)
    record = in_full(company.bill())
    assert target.run(record, payment_approval="approved").counts == counts
    assert target.row(record).code == code
    if given == "refused":
        assert target.run(payment_approval="default").counts == {"waiting": 1}


def test_one_recorded_by_hand_is_under_way_too(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    assert target.run(record).counts == {"waiting": 1}
    assert len(company.payments(record["external_id"])) == 1
    company.decide(company.payment(record).id, "approve")
    assert target.run().counts == {"unchanged": 1}


def test_one_recorded_by_hand_and_rejected_is_no_payment(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    by_hand = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    company.decide(by_hand, "reject")
    assert target.run(record).counts == {"waiting": 1}
    assert company.payment(record).id != by_hand


@pytest.mark.parametrize("on_void", ["delete", "restlet"])
@pytest.mark.parametrize("decision", ["", "reject"])
def test_what_is_not_approved_is_undone_as_any_other(
    company: PostingCompany, target: Target, on_void: str, decision: str
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    if decision:
        company.decide(company.payment(record).id, decision)
    ran = target.run(voided(record), on_void=on_void)
    assert ran.counts == ({"unchanged": 1} if decision else {"delivered": 1})
    assert company.unpaid(bill) == bill.unpaid


def test_a_void_of_one_that_is_not_approved_and_pays_nothing_yet_says_to_reject_it(
    company: PostingCompany, target: Target
):
    company.switch(pending_payment_applies=False)
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    payment = company.payment(record).id
    assert target.run(voided(record), on_void="restlet").counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-077"
    assert f"vendor payment {payment} is pending approval" in (row.says or "")
    company.decide(payment, "reject")
    assert target.run(on_void="restlet").counts == {"unchanged": 1}
    assert company.unpaid(bill) == bill.unpaid


def test_a_void_of_one_that_is_approved_meanwhile_is_carried_out(company: PostingCompany, target: Target):
    company.switch(pending_payment_applies=False)
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    assert target.run(voided(record), on_void="restlet").counts == {"rejected": 1}
    company.decide(company.payment(record).id, "approve")
    assert target.run(on_void="restlet").counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid


def test_a_void_is_under_way_since_it_is_one(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    target.run()
    target.let_days_pass(8)
    company.switch(void_style="journal_pending")
    assert target.run(voided(record)).counts == {"waiting": 1}
    row = target.row(record)
    assert (row.code, [row.facts["journal"]]) == (
        "APB-PAY-067",
        company.journals(company.payment(record).id),
    )
    target.let_days_pass(8)
    assert target.run().counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-065"


def test_what_else_pays_the_bill_of_one_under_way_is_told(company: PostingCompany, target: Target):
    bill = company.bill()
    record = paying((bill, "1.00"))
    with company.meanwhile("POST", "/vendorPayment", lambda: company.pay_by_hand(bill, Decimal(2), "hand-8")):
        ran = target.run(record)
    assert ran.counts == {"waiting": 1}
    assert f"has {bill.unpaid - 3:.2f} open in NetSuite where {bill.unpaid - 1:.2f} was expected" in ran.log


def test_two_payments_under_way_on_one_bill(company: PostingCompany, target: Target):
    company.switch(pending_payment_applies=False)
    bill = company.bill()
    first, second = paying((bill, "1.00")), paying((bill, bill.unpaid - 1))
    ran = target.run(first, second)
    assert ran.counts == {"waiting": 2}
    assert "expected" not in ran.log
    for record in (first, second):
        company.decide(company.payment(record).id, "approve")
    assert target.run().counts == {"unchanged": 2}
    assert company.unpaid(bill) == Decimal(0)
