"""Payments that use vendor credits: posted net, applied to the cent, undone to the cent, twice never."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from apbridge.ledger import Status

from .company import OpenBill, OpenCredit, PostingCompany
from .program import Target
from .records import in_full, nothing, paying, using, voided


@pytest.mark.parametrize("links", ["bill", "payment"])
def test_a_payment_with_a_credit_is_posted_net(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], links: str
):
    company.switch(credit_links=links)
    bill, credit = pair
    record = using(in_full(bill), (credit, "3.21"))
    assert target.run(record).counts == {"delivered": 1}
    payment = company.payment(record)
    assert payment.total == record["amount"] == bill.unpaid - Decimal("3.21")
    assert (company.unpaid(bill), company.left(credit)) == (0, Decimal("6.79"))
    company.forget_calls()
    assert target.run(record).counts == {"unchanged": 1}
    assert company.writes == 0


@pytest.mark.parametrize("order", ["oldest", "given"])
def test_credits_over_several_bills(company: PostingCompany, target: Target, order: str):
    company.switch(credit_order=order)
    bills = company.bills(3)
    credits_ = [company.credit(bills[0], total) for total in ("5.00", "7.77")]
    shares = [(bill, bill.unpaid) for bill in bills]
    record = using(paying(*shares), *zip(credits_, ("5.00", "1.11"), strict=True))
    assert target.run(record).counts == {"delivered": 1}
    assert [company.unpaid(bill) for bill in bills] == [0, 0, 0]
    assert [company.left(credit) for credit in credits_] == [0, Decimal("6.66")]
    facts = target.row(record).facts["credits"]
    assert sum(Decimal(amount) for *_, amount in facts) == Decimal("6.11")
    for credit in credits_:
        told = {bill: Decimal(amount) for which, bill, amount in facts if which == credit.id}
        assert told == company.covered(credit)
    # A lost ledger finds the same payment, and by what is linked the same credits.
    target.lose_the_ledger()
    assert target.run(record).counts == {"unchanged": 1}
    assert target.row(record).status is Status.DELIVERED


@pytest.mark.parametrize(
    ("on_void", "links", "frees", "is_lost"),
    [
        ("delete", "bill", True, True),
        ("restlet", "bill", False, False),
        ("restlet", "bill", False, True),
        ("delete", "payment", False, True),
    ],
)
def test_a_void_opens_bills_and_credits(
    company: PostingCompany,
    target: Target,
    pair: tuple[OpenBill, OpenCredit],
    on_void: str,
    links: str,
    *,
    frees: bool,
    is_lost: bool,
):
    company.switch(credit_links=links, undone_payment_frees_credits=frees)
    bill, credit = pair
    record = using(in_full(bill), (credit, "10.00"))
    target.run(record, on_void=on_void)
    assert company.unpaid(bill) == 0
    if is_lost:
        target.lose_the_ledger()
    assert target.run(voided(record), on_void=on_void).counts == {"delivered": 1}
    assert (company.unpaid(bill), company.left(credit)) == (bill.unpaid, 10)
    company.forget_calls()
    ran = target.run(voided(record), on_void=on_void)
    assert (ran.counts.get("rejected"), company.writes) == (None, 0)


@pytest.mark.parametrize("upsert", ["merges", "replaces"])
def test_a_payment_over_nothing_applies_the_credit(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], upsert: str
):
    company.switch(upsert_apply=upsert)
    bill, credit = pair
    company.apply_by_hand(credit, bill, "1.00")
    record = nothing(bill, credit, "4.00")
    assert target.run(record).counts == {"delivered": 1}
    assert company.payments(record["external_id"]) == []
    assert company.covered(credit) == {bill.id: Decimal(5)}
    assert company.unpaid(bill) == bill.unpaid - 5
    assert target.row(record).facts["credits"] == [[credit.id, bill.id, "4.00"]]
    company.forget_calls()
    assert target.run(record).counts == {"unchanged": 1}
    assert company.writes == 0
    assert target.run(voided(record), on_void="delete").counts == {"delivered": 1}
    assert company.covered(credit) == {bill.id: Decimal(1)}
    target.run(voided(record), on_void="delete")
    assert company.covered(credit) == {bill.id: Decimal(1)}


@pytest.mark.parametrize("lost", ["answer", "request", "ledger"])
def test_a_payment_over_nothing_is_applied_once(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], lost: str
):
    bill, credit = pair
    records = [nothing(bill, credit, "4.00"), nothing(bill, credit, "4.00")]
    if lost != "ledger":
        drop = "after" if lost == "answer" else "before"
        company.fault({"drop": drop}, method="PATCH", path="/vendorCredit", nth=1)
    target.run(records[0])
    target.run(records[0])
    assert company.covered(credit) == {bill.id: Decimal(4)}
    target.run(*records)
    assert company.covered(credit) == {bill.id: Decimal(8)}
    target.lose_the_ledger()
    company.forget_calls()
    assert target.run(*records).counts == {"unchanged": 2}
    assert (company.writes, company.covered(credit)) == (0, {bill.id: Decimal(8)})


def test_two_payments_over_nothing_on_one_credit_at_once(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    records = [nothing(bill, credit, amount) for amount in ("1.00", "2.00", "3.00")]
    assert target.run(*records).counts == {"delivered": 3}
    assert company.covered(credit) == {bill.id: Decimal(6)}
    target.run(voided(records[1]), on_void="delete")
    assert company.covered(credit) == {bill.id: Decimal(4)}


def test_a_pending_payment_with_a_credit_is_under_way(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    company.switch(payment_approval="routing", pending_payment_applies=False)
    bill, credit = pair
    record = using(in_full(bill), (credit, "10.00"))
    assert target.run(record).counts == {"waiting": 1}
    assert (company.unpaid(bill), company.left(credit)) == (bill.unpaid, 10)
    company.decide(company.payment(record).id, "approve")
    target.run(record)
    assert target.row(record).status is Status.DELIVERED
    assert (company.unpaid(bill), company.left(credit)) == (0, 0)


def test_two_runs_apply_a_credit_once(
    company: PostingCompany,
    target: Target,
    another_target: Callable[[], Target],
    pair: tuple[OpenBill, OpenCredit],
):
    bill, credit = pair
    records = [nothing(bill, credit, "4.00"), nothing(bill, credit, "5.00")]
    with company.meanwhile("PATCH", "/vendorCredit", lambda: another_target().run(*records)):
        target.run(*records)
    assert company.covered(credit) == {bill.id: Decimal(9)}
    company.forget_calls()
    target.run(*records)
    assert (company.writes, company.covered(credit)) == (0, {bill.id: Decimal(9)})


def test_a_write_that_comes_after_those_of_another_run_is_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    records = [nothing(bill, credit, "4.00"), nothing(bill, credit, "5.00")]
    # Of the same ledger, the other run alone deals with the second payment; the first one's write is held.
    with company.meanwhile("PATCH", "/vendorCredit", lambda: target.run(*records)):
        ran = target.run(*records)
    assert company.covered(credit) == {bill.id: Decimal(4)}
    assert ran.counts.get("rejected") == 1
    for _ in range(2):
        assert target.run().counts == {"rejected": 1}, "what the other payment has lost is still open"
        row = target.row(records[0])
        assert (row.status, row.code) == (Status.REJECTED, "APB-PAY-119")
        used = ", ".join(
            f"payment {one['id']} used {amount}"
            for one, amount in zip(records, ("4.00", "5.00"), strict=True)
        )
        assert f"bill {bill.id} lacks 5.00 ({used}; 4.00 is applied)" in (row.reason or "")
    company.apply_by_hand(credit, bill, "9.00")
    target.run()
    assert target.row(records[0]).code is None


def test_two_runs_post_a_payment_with_a_credit_once(
    company: PostingCompany,
    target: Target,
    another_target: Callable[[], Target],
    pair: tuple[OpenBill, OpenCredit],
):
    bill, credit = pair
    record = using(in_full(bill), (credit, "10.00"))
    with company.meanwhile("POST", "/vendorPayment", lambda: another_target().run(record)):
        target.run(record)
    assert len(company.payments(record["external_id"])) == 1
    assert target.row(record).status is Status.DELIVERED
    assert target.row(record).facts["credits"] == [[credit.id, bill.id, "10.00"]]
