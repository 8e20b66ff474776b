"""Several runs link payments that somebody recorded by hand: each hand payment stands for one payment."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE

from .company import OpenBill, PostingCompany
from .program import Target, start
from .records import messages, paying, voided

Twins = tuple[OpenBill, list[dict[str, Any]], list[str]]


@pytest.fixture
def twins(company: PostingCompany) -> Twins:
    """Two equal payments, and two equal ones that somebody typed."""
    bill = company.bill()
    number = f"twins-{bill.id}"
    records = [paying((bill, "2.00"), check_number=number) for _ in range(2)]
    return bill, records, [company.pay_by_hand(bill, Decimal("2.00"), number) for _ in range(2)]


@pytest.mark.parametrize("turn", [(0, 1), (1, 0)], ids=["in order", "in the other order"])
def test_two_runs_link_two_equal_payments_at_the_same_moment(
    company: PostingCompany, target: Target, twins: Twins, tmp_path: Path, turn: tuple[int, int]
):
    """Both have read NetSuite before either writes; the one that wrote first is answered last."""
    bill, records, hands = twins
    first, second = (records[place] for place in turn)
    with company.on_the_wire("PATCH", f"/vendorPayment/({'|'.join(hands)})") as let_go:
        process = start(target, tmp_path / "config.json", messages([first]))
        company.until_held(1)
        assert target.run(second).counts == {"delivered": 1}
        let_go()
        assert process.wait(timeout=PATIENCE) == 0
    assert sorted(company.payment(record).id for record in records) == hands
    assert company.writes == 2
    assert company.unpaid(bill) == bill.unpaid - 4
    company.forget_calls()
    assert target.run(*records).counts == {"unchanged": 2}
    assert company.writes == 0


def test_two_processes_that_begin_at_the_same_moment(
    company: PostingCompany, target: Target, twins: Twins, tmp_path: Path
):
    bill, records, hands = twins
    # Both wait here with what they know of NetSuite, and go on together.
    with company.on_the_wire("POST", "/suiteql", times=2) as let_go:
        processes = [
            start(target, tmp_path / f"{place}.json", messages([record]))
            for place, record in enumerate(records)
        ]
        company.until_held(2)
        let_go()
        assert [process.wait(timeout=PATIENCE) for process in processes] == [0, 0]
    assert sorted(company.payment(record).id for record in records) == hands
    assert company.writes == 2
    assert company.unpaid(bill) == bill.unpaid - 4


def test_the_second_of_two_payments_is_posted_where_one_was_recorded(
    company: PostingCompany, target: Target, tmp_path: Path
):
    bill = company.bill()
    number = f"twins-{bill.id}"
    first, second = (paying((bill, "2.00"), check_number=number) for _ in range(2))
    by_hand = company.pay_by_hand(bill, Decimal("2.00"), number)
    with company.on_the_wire("PATCH", f"/vendorPayment/{by_hand}") as let_go:
        process = start(target, tmp_path / "config.json", messages([first]))
        company.until_held(1)
        assert target.run(second).counts == {"delivered": 1}
        let_go()
        assert process.wait(timeout=PATIENCE) == 0
    assert company.payment(first).id == by_hand
    assert company.payment(second).id != by_hand
    assert company.unpaid(bill) == bill.unpaid - 4


def test_a_ledger_of_its_own_sees_what_was_linked_a_moment_before(
    company: PostingCompany, target: Target, another_target: Callable[[], Target], twins: Twins
):
    """No claim reaches from one ledger to the other: NetSuite is looked at right before the write."""
    bill, records, hands = twins
    # Its periods are the last that is looked up before a hand payment is chosen.
    with company.meanwhile("POST", "/suiteql", lambda: another_target().run(records[0]), nth=7):
        assert target.run(records[1]).counts == {"delivered": 1}
    assert sorted(company.payment(record).id for record in records) == hands
    assert company.writes == 2
    assert company.unpaid(bill) == bill.unpaid - 4


def test_one_payment_that_two_runs_link_is_linked_once(
    company: PostingCompany, target: Target, twins: Twins, tmp_path: Path
):
    bill, (record, _), hands = twins
    with company.on_the_wire("PATCH", f"/vendorPayment/({'|'.join(hands)})") as let_go:
        process = start(target, tmp_path / "config.json", messages([record]))
        company.until_held(1)
        assert target.run(record).counts == {"delivered": 1}
        let_go()
        assert process.wait(timeout=PATIENCE) == 0
    assert company.payment(record).id == hands[0]
    assert company.unpaid(bill) == bill.unpaid - 4


def test_a_link_that_was_on_the_wire_when_its_run_was_killed(
    company: PostingCompany, target: Target, twins: Twins, tmp_path: Path
):
    bill, records, hands = twins
    with company.on_the_wire("PATCH", f"/vendorPayment/({'|'.join(hands)})") as let_go:
        process = start(target, tmp_path / "config.json", messages(records[:1]))
        company.until_held(1)
        process.kill()
        process.wait(timeout=PATIENCE)
        assert target.run(records[1]).counts == {"delivered": 1}
        let_go()
        company.until_held(0)
    target.run(*records)
    assert sorted(company.payment(record).id for record in records) == hands
    assert company.unpaid(bill) == bill.unpaid - 4


def test_a_void_while_the_link_is_on_the_wire_is_for_people(
    company: PostingCompany, target: Target, twins: Twins, tmp_path: Path
):
    bill, (record, _), hands = twins
    with company.on_the_wire("PATCH", f"/vendorPayment/({'|'.join(hands)})") as let_go:
        process = start(target, tmp_path / "config.json", messages([record]))
        company.until_held(1)
        process.kill()
        process.wait(timeout=PATIENCE)
        assert target.run(voided(record), on_void="delete").counts == {"rejected": 1}
        let_go()
        company.until_held(0)
    assert target.run(on_void="delete").counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-062"
    assert company.payment(record).id == hands[0]
    assert company.unpaid(bill) == bill.unpaid - 4


@pytest.mark.parametrize("change", ["deleted", "voided", "another program's", "applied otherwise"])
def test_what_a_person_does_to_it_right_before_it_is_linked(
    company: PostingCompany, target: Target, change: str
):
    bill, other = company.bills(2)
    record = paying((bill, "2.00"))
    by_hand = company.pay_by_hand(bill, Decimal("2.00"), record["check_number"])

    def act() -> None:
        if change == "deleted":
            company.delete_payment(by_hand)
        elif change == "voided":
            company.void_payment(by_hand)
        elif change == "another program's":
            company.change("transaction", by_hand, externalid=f"bank-{by_hand}")
        else:
            company.move_application(by_hand, other)

    with company.meanwhile("POST", "/suiteql", act, nth=7):
        target.run(record)
    expected = {
        "deleted": ("APB-PAY-052", 1),
        "voided": ("APB-PAY-052", 1),
        "another program's": ("APB-PAY-046", 0),
        "applied otherwise": ("APB-PAY-043", 0),
    }
    row = target.row(record)
    assert (row.code, len(company.payments(record["external_id"]))) == expected[change]
