"""Credits after somebody has changed what they cover: nothing is left on a bill, or short, without a word."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest

from apbridge.errors import OutcomeUnknownError
from apbridge.ledger import Status

from .company import OpenBill, OpenCredit, PostingCompany
from .program import Target
from .records import in_full, nothing, paying, using, voided


@pytest.mark.parametrize("is_net", [True, False])
def test_two_payments_with_one_credit_on_one_bill_are_voided_in_one_run(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], *, is_net: bool
):
    company.switch(undone_payment_frees_credits=False)
    bill, credit = pair
    records = [
        using(paying((bill, "5.00")), (credit, amount)) if is_net else nothing(bill, credit, amount)
        for amount in ("4.00", "3.00")
    ]
    target.run(*records)
    assert company.covered(credit) == {bill.id: 7}
    target.run(*map(voided, records), on_void="delete")
    assert company.covered(credit) == {}
    assert company.unpaid(bill) == bill.unpaid


@pytest.fixture
def half(company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]) -> dict[str, Any]:
    """A payment over nothing with two credits of 4.00, of which NetSuite has taken the first only."""
    bill, first = pair
    second = company.credit(bill, "10.00", tranid="CM2")
    record = using(paying((bill, "8.00")), (first, "4.00"), (second, "4.00"))
    company.fault({"status": 400}, method="PATCH", path=f"/vendorCredit/{second.id}")
    target.run(record)
    company.calm()
    assert company.covered(first) == {bill.id: 4}
    assert target.row(record).code == "APB-PAY-108"
    assert target.row(record).facts["credits"] == [[first.id, bill.id, "4.00"]]
    return record


def test_the_second_of_two_credits_is_applied_once_netsuite_takes_it(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], half: dict[str, Any]
):
    bill, _ = pair
    assert target.run().counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid - 8
    assert len(target.row(half).facts["credits"]) == len(half["allocations"]) - 1
    target.run(voided(half), on_void="delete")
    assert company.unpaid(bill) == bill.unpaid


def test_the_second_of_two_credits_that_a_person_applied_as_told_is_found(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], half: dict[str, Any]
):
    bill, _ = pair
    second = OpenCredit(half["allocations"][-1]["invoice_external_id"].rpartition("-")[2])
    company.apply_by_hand(second, bill, "4.00")
    assert target.run().counts == {"unchanged": 1}
    assert len(target.row(half).facts["credits"]) == len(half["allocations"]) - 1
    target.run(voided(half), on_void="delete")
    assert company.unpaid(bill) == bill.unpaid


@pytest.mark.parametrize("is_lost", [True, False])
def test_one_of_two_credits_that_is_applied_is_off_or_told_at_a_void(
    company: PostingCompany,
    target: Target,
    pair: tuple[OpenBill, OpenCredit],
    half: dict[str, Any],
    *,
    is_lost: bool,
):
    _, first = pair
    if is_lost:
        target.lose_the_ledger()
    target.run(voided(half), on_void="delete")
    assert target.row(half).code == ("APB-PAY-112" if is_lost else None)
    assert bool(company.covered(first)) is is_lost


def test_one_of_two_credits_that_is_applied_is_told_where_avidxchange_pays_with_another(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], half: dict[str, Any]
):
    bill, first = pair
    third = company.credit(bill, "10.00", tranid="CM3")
    same = {name: half[name] for name in ("id", "external_id", "check_number")}
    again = using(paying((bill, "8.00"), **same, modified_at="2026-11-03T15:00:00Z"), (third, "8.00"))
    target.run(again)
    assert target.row(half).code == "APB-PAY-116"
    assert (company.covered(first), company.covered(third)) == ({bill.id: 4}, {})
    target.run(voided(again), on_void="delete")
    assert company.covered(first) == {}


@pytest.mark.parametrize("is_net", [True, False])
def test_what_is_left_of_a_credit_that_was_reduced_by_hand_is_taken_off_at_a_void(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], *, is_net: bool
):
    company.switch(undone_payment_frees_credits=False)
    bill, credit = pair
    record = using(in_full(bill), (credit, "4.00")) if is_net else nothing(bill, credit, "4.00")
    target.run(record)
    company.apply_by_hand(credit, bill, "3.00")
    target.run(voided(record), on_void="delete")
    assert company.covered(credit) == {}


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_credit_that_covers_another_bill_leaves_its_own_short_and_is_told(
    company: PostingCompany, target: Target, *, is_ours: bool
):
    bill, other = company.bills(2)
    credit = company.credit(bill, "4.00")
    record = using(in_full(bill), (credit, "4.00"))
    if is_ours:
        target.run(record)
        company.apply_by_hand(credit, bill, "0")
        target.lose_the_ledger()
    else:
        company.pay_by_hand(bill, record["amount"], record["check_number"])
    company.apply_by_hand(credit, other, "4.00")
    for _ in range(2):
        target.run(record)
        assert target.row(record).code == "APB-PAY-110"


def test_a_credit_that_covers_the_bill_for_another_payment_is_not_taken_for_this_ones(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    target.run(nothing(bill, credit, "4.00"))
    record = using(paying((bill, "9.00")), (credit, "4.00"))
    company.pay_by_hand(bill, Decimal("5.00"), record["check_number"])
    target.run(record)
    assert target.row(record).code == "APB-PAY-110"


def test_a_payment_over_nothing_that_was_corrected_is_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = nothing(bill, credit, "4.00")
    target.run(record)
    same = {name: record[name] for name in ("id", "external_id", "check_number")}
    target.run(nothing(bill, credit, "6.00", **same, modified_at="2026-11-03T15:00:00Z"))
    assert target.row(record).code == "APB-PAY-116"
    assert f"4.00 of credit {credit.id} on bill {bill.id} applied" in (target.row(record).reason or "")
    assert company.covered(credit) == {bill.id: 4}


def test_a_void_of_a_payment_that_somebody_deleted_tells_of_the_credit_that_is_left(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    company.switch(undone_payment_frees_credits=False)
    bill, credit = pair
    record = using(in_full(bill), (credit, "4.00"))
    target.run(record)
    company.delete_payment(company.payment(record).id)
    target.lose_the_ledger()
    target.run(voided(record), on_void="delete")
    assert target.row(record).code == "APB-PAY-117"
    company.apply_by_hand(credit, bill, "0")
    assert target.run(on_void="delete").counts == {"ignored": 1}


def test_a_void_without_allocations_is_for_people_where_they_are_to_undo(
    target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = nothing(bill, credit, "4.00")
    target.run(record)
    target.run(voided(record, allocations=[]), on_void="reject")
    assert target.row(record).code == "APB-PAY-115"


def test_what_somebody_applied_while_a_payment_was_posted_is_not_taken_off_with_it(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    company.switch(undone_payment_frees_credits=False)
    bill, credit = pair
    record = using(paying((bill, "9.00")), (credit, "4.00"))
    with company.meanwhile("POST", "/vendorPayment", lambda: company.apply_by_hand(credit, bill, "1.00")):
        target.run(record)
    assert company.covered(credit) == {bill.id: 5}
    assert target.row(record).facts["credits"] == [[credit.id, bill.id, "4.00"]]
    target.run(voided(record), on_void="delete")
    assert company.covered(credit) == {bill.id: 1}
    assert company.unpaid(bill) == bill.unpaid - 1


def test_a_kill_between_credits_and_payment_leaves_nothing_half_undone(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = using(in_full(bill), (credit, "10.00"))
    target.run(record)
    company.fault({"status": 400}, method="DELETE")
    target.rejected(voided(record), on_void="delete")
    assert (company.unpaid(bill), company.left(credit)) == (10, 10)
    company.calm()
    target.run(voided(record), on_void="delete")
    assert (company.unpaid(bill), company.left(credit)) == (bill.unpaid, 10)


@pytest.fixture
def unknown(company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]) -> dict[str, Any]:
    """A payment over nothing with two credits of 4.00: the run ended after the first."""
    bill, first = pair
    second = company.credit(bill, "10.00", tranid="CM2")
    record = using(paying((bill, "8.00")), (first, "4.00"), (second, "4.00"))
    company.fault({"drop": "before"}, method="PATCH", path=f"/vendorCredit/{second.id}")
    with contextlib.suppress(OutcomeUnknownError):
        target.run(record)
    company.calm()
    assert company.covered(first) == {bill.id: 4}
    return record


@pytest.mark.parametrize("now", ["another credit", "more of the credit", "money", "money and the credit"])
def test_a_credit_that_a_run_applied_before_it_ended_is_told_where_avidxchange_pays_otherwise(
    company: PostingCompany,
    target: Target,
    pair: tuple[OpenBill, OpenCredit],
    unknown: dict[str, Any],
    now: str,
):
    bill, first = pair
    third = company.credit(bill, "10.00", tranid="CM3")
    same = {name: unknown[name] for name in ("id", "external_id", "check_number")}
    whole = paying((bill, "8.00"), **same, modified_at="2026-11-03T15:00:00Z")
    used = {
        "another credit": [(third, "8.00")],
        "more of the credit": [(first, "5.00"), (third, "3.00")],
        "money": [],
        "money and the credit": [(first, "4.00")],
    }
    again = using(whole, *used[now])
    assert target.rejected(again)[0] == "APB-PAY-116"
    assert (company.covered(first), company.left(third)) == ({bill.id: 4}, 10)
    assert company.payments(unknown["external_id"]) == []
    company.apply_by_hand(first, bill, "0")
    assert target.run().counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid - 8


def test_a_void_that_names_nothing_takes_off_what_a_run_applied_before_it_ended(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit], unknown: dict[str, Any]
):
    bill, first = pair
    target.run(voided(unknown, allocations=[]), on_void="delete")
    assert company.covered(first) == {}
    assert company.unpaid(bill) == bill.unpaid
    target.run(unknown)
    assert company.covered(first) == {}


@pytest.mark.parametrize("end", ["applied again", "voided"])
@pytest.mark.parametrize("is_net", [True, False])
def test_a_credit_that_is_short_of_an_earlier_payment_is_told_for_as_long_as_it_is(
    company: PostingCompany, target: Target, *, is_net: bool, end: str
):
    paid, bill = company.bills(2)
    credit = company.credit(paid, "10.00")
    earlier = nothing(paid, credit, "4.00")
    target.run(earlier)
    company.apply_by_hand(credit, paid, "0")
    record = using(paying((bill, "9.00")), (credit, "3.00")) if is_net else nothing(bill, credit, "3.00")
    target.run(record)
    for _ in range(2):
        assert target.run().counts == {"rejected": 1}
        row = target.row(record)
        assert row.code == "APB-PAY-119"
        lacks = f"bill {paid.id} lacks 4.00 (payment {earlier['id']} used 4.00; 0.00 is applied)"
        assert f"internal ids: {lacks}." in (row.reason or ""), (
            "the bill and the payment that are short alone"
        )
    if end == "voided":
        target.run(voided(earlier), on_void="delete")
    else:
        company.apply_by_hand(credit, paid, "4.00")
        target.run()
    assert target.row(record).status is Status.DELIVERED
    assert target.run().counts == {}
    assert company.covered(credit)[bill.id] == Decimal(3)
