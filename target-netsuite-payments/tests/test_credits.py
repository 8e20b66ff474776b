"""Payments that use vendor credits: posted net, applied to the cent, undone to the cent, twice never."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apbridge.ledger import Status

from .company import OpenBill, OpenCredit, PostingCompany
from .program import Target
from .records import in_full, paying, using, voided


@pytest.fixture
def pair(company: PostingCompany) -> tuple[OpenBill, OpenCredit]:
    """A bill, and a credit of 10.00 of its vendor."""
    bill = company.bill()
    return bill, company.credit(bill, "10.00")


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


def nothing(bill: OpenBill, credit: OpenCredit, amount: str = "10.00", **changes: object) -> dict[str, Any]:
    """Return the record of a payment over nothing: what it pays of a bill, a credit covers."""
    return using(paying((bill, amount), **changes), (credit, amount))


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


def rejected(target: Target, record: dict[str, Any], **settings: Any) -> tuple[str | None, str]:  # noqa: ANN401
    """Run with a payment, and return code and reason of its rejection."""
    target.run(record, **settings)
    row = target.row(record)
    assert row.status is Status.REJECTED
    return row.code, row.reason or ""


@pytest.mark.parametrize(
    ("column", "value", "code", "words", "is_over_nothing"),
    [
        ("entity", 5, "APB-PAY-103", "vendor", False),
        ("currency", 2, "APB-PAY-103", "currency", True),
        ("voided", "T", "APB-PAY-104", "voided", False),
        ("voided", "T", "APB-PAY-104", "voided", True),
        ("approvalstatus", 1, "APB-PAY-105", "pending approval", False),
        ("type", "VendBill", "APB-PAY-100", "does not show", True),
    ],
)
def test_a_credit_that_does_not_fit_is_named(  # noqa: PLR0917 - pytest gives them by name
    company: PostingCompany,
    target: Target,
    pair: tuple[OpenBill, OpenCredit],
    column: str,
    value: object,
    code: str,
    words: str,
    *,
    is_over_nothing: bool,
):
    bill, credit = pair
    company.change("transaction", credit.id, **{column: value})
    record = nothing(bill, credit) if is_over_nothing else using(in_full(bill), (credit, "10.00"))
    found, reason = rejected(target, record)
    assert (found, words in reason) == (code, True), reason
    assert company.unpaid(bill) == bill.unpaid


def test_another_subsidiary_or_payables_account_is_named(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, _ = pair
    for order, words in (({"subsidiary": 2}, "subsidiary"), ({"ap_account": 120}, "payables account")):
        record = using(in_full(bill), (company.credit(bill, "10.00", **order), "10.00"))
        code, reason = rejected(target, record)
        assert (code, words in reason) == ("APB-PAY-103", True), reason
    assert company.unpaid(bill) == bill.unpaid


def test_a_credit_used_by_hand_in_between_is_told_with_what_is_left(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    other = company.bills(1)[0]
    company.change("transaction", other.id, entity=int(bill.vendor))
    company.apply_by_hand(credit, bill, "6.00")
    record = using(paying((bill, "20.00")), (credit, "4.01"))
    code, reason = rejected(target, record)
    assert code == "APB-PAY-106"
    assert "4.00 is left" in reason
    assert f"6.00 on bill {bill.id}" in reason
    company.apply_by_hand(credit, bill, "5.99")
    assert target.run(record).counts == {"delivered": 1}
    assert company.left(credit) == 0


@pytest.mark.parametrize(
    ("amount", "used", "discount", "code"),
    [
        ("5.00", "6.00", 0, "APB-PAY-101"),
        ("5.00", "-1.00", 0, "APB-PAY-102"),
        ("5.00", "0.005", 0, "APB-PAY-102"),
        ("5.00", "5.00", 1, "APB-PAY-114"),
    ],
)
def test_amounts_that_cannot_be(  # noqa: PLR0917 - pytest gives them by name
    company: PostingCompany,
    target: Target,
    pair: tuple[OpenBill, OpenCredit],
    amount: str,
    used: str,
    discount: int,
    code: str,
):
    bill, credit = pair
    record = using(paying((bill, amount, str(discount))), (credit, used))
    assert rejected(target, record)[0] == code
    assert (company.unpaid(bill), company.left(credit)) == (bill.unpaid, 10)


def test_a_sum_that_is_not_the_payments_amount_is_rejected(target: Target, pair: tuple[OpenBill, OpenCredit]):
    bill, credit = pair
    assert rejected(target, {**using(in_full(bill), (credit, "1.00")), "amount": bill.unpaid})[0] == (
        "APB-PAY-013"
    )


def test_a_credit_that_netsuite_trims_is_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    company.switch(over_application="trims")
    bill, credit = pair
    record = using(paying((bill, "20.00")), (credit, "10.00"))
    with company.meanwhile("POST", "/vendorPayment", lambda: company.apply_by_hand(credit, bill, "1.00")):
        target.run(record)
    row = target.row(record)
    assert (row.status, row.code) == (Status.REJECTED, "APB-PAY-040")


def test_a_credit_that_was_taken_off_afterwards_is_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    for record in (nothing(bill, credit, "4.00"), using(paying((bill, "20.00")), (credit, "6.00"))):
        assert target.run(record).counts == {"delivered": 1}
    company.control("/control/netsuite/void-credit", {"id": credit.id})
    target.lose_the_ledger()
    assert rejected(target, record)[0] == "APB-PAY-110"


def test_what_cannot_be_told_is_asked(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    company.apply_by_hand(credit, bill, "5.00")
    code, reason = rejected(target, nothing(bill, credit, "4.00"))
    assert (code, "5.00 of it applied there" in reason) == ("APB-PAY-107", True), reason
    assert company.covered(credit) == {bill.id: Decimal(5)}


def test_what_somebody_applied_by_hand_is_not_applied_again(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    company.apply_by_hand(credit, bill, "4.00")
    record = nothing(bill, credit, "4.00")
    assert target.run(record).counts == {"unchanged": 1}
    assert company.covered(credit) == {bill.id: Decimal(4)}
    assert target.row(record).facts["credits"] == [[credit.id, bill.id, "4.00"]]


def test_a_void_that_nobody_knows_of_is_asked(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = voided(nothing(bill, credit, "4.00"))
    assert target.run(record).counts == {"ignored": 1}
    company.apply_by_hand(credit, bill, "4.00")
    target.lose_the_ledger()
    assert rejected(target, record, on_void="delete")[0] == "APB-PAY-112"
    assert company.covered(credit) == {bill.id: Decimal(4)}


def test_a_void_that_is_not_to_be_undone_is_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = nothing(bill, credit, "4.00")
    target.run(record)
    assert rejected(target, voided(record), on_void="reject")[0] == "APB-PAY-115"
    company.apply_by_hand(credit, bill, "0")
    target.run(voided(record), on_void="reject")
    assert target.row(record).status is not Status.REJECTED


def test_a_closed_period_and_a_missing_permission_are_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = nothing(bill, credit)
    with company.closed_period("2026-11"):
        code, reason = rejected(target, record)
        assert (code, "accounting period" in reason) == ("APB-PAY-108", True), reason
    company.switch(permission_levels="Transactions -> Bill Credits: View")
    assert rejected(target, record)[0] == "APB-PAY-109"
    company.calm()
    target.run(record)
    assert company.covered(credit) == {bill.id: Decimal(10)}
    with company.closed_period("2026-11"):
        assert rejected(target, voided(record), on_void="delete")[0] == "APB-PAY-111"


def test_a_kill_between_credits_and_payment_leaves_nothing_half_undone(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = using(in_full(bill), (credit, "10.00"))
    target.run(record)
    company.fault({"status": 400}, method="DELETE")
    rejected(target, voided(record), on_void="delete")
    assert (company.unpaid(bill), company.left(credit)) == (10, 10)
    company.calm()
    target.run(voided(record), on_void="delete")
    assert (company.unpaid(bill), company.left(credit)) == (bill.unpaid, 10)


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
        assert target.run().counts["rejected"] == 1, "what the other payment has lost is still open"
        row = target.row(records[0])
        assert (row.status, row.code) == (Status.REJECTED, "APB-PAY-113")
        assert "1.00 should be left now, and NetSuite has 6.00" in (row.reason or "")
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
