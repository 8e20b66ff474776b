"""Payments over bills on two payables accounts: one vendor payment for each, and none that goes unsaid."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest

from apbridge.errors import OutcomeUnknownError
from apbridge.ledger import Status

from .company import OpenBill, PostingCompany
from .program import Target
from .records import in_full, paying, voided

REFUSED = {"status": 400, "body": {"o:errorDetails": [{"o:errorCode": "USER_ERROR", "detail": "A script."}]}}
PAID = Decimal(4), Decimal(5)


def move(company: PostingCompany, bill: OpenBill, account: int) -> None:
    """Let a bill stand on another payables account."""
    assert company.sandbox.sandbox
    with company.sandbox.sandbox.store.write() as connection:
        connection.execute("UPDATE ns_transaction SET account = ? WHERE id = ?", (account, int(bill.id)))
        connection.execute(
            'UPDATE ns_transactionaccountingline SET account = ? WHERE "transaction" = ?'
            " AND transactionline = 0",
            (account, int(bill.id)),
        )


def account_of(company: PostingCompany, bill: OpenBill) -> int:
    return int(company.rows("SELECT account FROM ns_transaction WHERE id = ?", bill.id)[0]["account"])


@pytest.fixture
def bills(company: PostingCompany) -> list[OpenBill]:
    """Two bills of a vendor on two payables accounts, in the order in which they are paid."""
    first, second = company.bills(2)
    own = account_of(company, first)
    accounts = company.rows("SELECT id FROM ns_account WHERE accttype = 'AcctPay' ORDER BY id")
    other = next(row["id"] for row in accounts if row["id"] != own)
    move(company, second, other)
    return [first, second] if own < other else [second, first]


def record_of(bills: list[OpenBill]) -> dict[str, Any]:
    return paying(*zip(bills, PAID, strict=True))


def numbers(company: PostingCompany, record: dict[str, Any]) -> list[str | None]:
    """Return the numbers of the vendor payments that stand for a payment."""
    return [
        each.number
        for each in company.payments()
        if (each.external_id or "").startswith(record["external_id"])
    ]


def leave_second_in_doubt(
    company: PostingCompany,
    target: Target,
    record: dict[str, Any],
    **settings: Any,  # noqa: ANN401
) -> None:
    """Post the first part; the run does not learn what becomes of the second, which never arrives."""
    lost = {"drop": "before"}
    with (
        contextlib.suppress(OutcomeUnknownError),
        company.meanwhile("POST", "/vendorPayment", lambda: company.fault(lost, path="/vendorPayment")),
    ):
        target.run(record, **settings)
    company.calm()
    assert len(numbers(company, record)) == 1


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_bill_that_moves_to_another_payables_account_is_not_paid_twice(
    company: PostingCompany, target: Target, bills: list[OpenBill], *, is_lost: bool
):
    record = record_of(bills)
    if is_lost:
        target.run(record)
        target.lose_the_ledger()
    else:
        leave_second_in_doubt(company, target, record)
    before = numbers(company, record)
    move(company, bills[1], account_of(company, bills[0]))
    target.run(record)
    assert target.row(record).code == "APB-PAY-087"
    assert numbers(company, record) == before


@pytest.mark.parametrize("what", ["moved", "gone"])
def test_a_void_does_not_pass_over_parts_of_accounts_that_its_bills_have_no_more(
    company: PostingCompany, target: Target, bills: list[OpenBill], what: str
):
    record = record_of(bills)
    leave_second_in_doubt(company, target, record)
    if what == "moved":
        move(company, bills[1], account_of(company, bills[0]))
    else:
        company.control("/control/netsuite/delete", {"type": "vendorbill", "id": bills[1].id})
    target.run(voided(record), on_void="delete")
    assert target.row(record).code == "APB-PAY-087"


def test_a_difference_of_one_part_does_not_hide_that_the_other_was_refused(
    company: PostingCompany, target: Target, bills: list[OpenBill]
):
    record = record_of(bills)

    def refuse_the_second() -> None:
        company.fault(REFUSED, path="/vendorPayment")
        company.pay_by_hand(bills[0], Decimal(1), "another-check")

    with company.meanwhile("POST", "/vendorPayment", refuse_the_second):
        ran = target.run(record)
    assert ran.counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-086"
    company.calm()
    target.run()
    assert company.unpaid(bills[1]) == bills[1].unpaid - PAID[1]


@pytest.mark.parametrize("is_declined", [False, True])
def test_a_part_under_approval_does_not_hide_what_became_of_the_other(
    company: PostingCompany, target: Target, bills: list[OpenBill], *, is_declined: bool
):
    company.switch(payment_approval="routing")
    record = record_of(bills)
    if is_declined:
        target.run(record)
        assert target.row(record).status is Status.WAITING
        company.decide(company.payments()[-1].id, "reject")
        target.run()
    else:
        company.fault(REFUSED, path="/vendorPayment", nth=2)
        target.run(record)
    assert (target.row(record).status, target.row(record).code) == (Status.REJECTED, "APB-PAY-086")


def test_a_part_that_could_not_follow_the_payment_follows_in_the_next_run(
    company: PostingCompany, target: Target, bills: list[OpenBill]
):
    card = in_full(*bills, method="virtual_card", check_number=None, card_reference="CARD1")
    target.run(card)
    check = {
        **card,
        "method": "check",
        "check_number": "55512",
        "card_reference": None,
        "modified_at": "2026-11-03T15:00:00Z",
    }
    company.fault(REFUSED, method="PATCH", path=f"/vendorPayment/{company.payments()[-1].id}")
    assert target.run(check).counts == {"rejected": 1}
    company.calm()
    target.run()
    assert numbers(company, card) == ["55512", "55512"]


def test_a_part_on_its_way_is_not_posted_otherwise_when_a_bill_moves_to_another_payables_account(
    company: PostingCompany, target: Target, bills: list[OpenBill]
):
    record = record_of(bills)

    def move_and_run() -> None:
        move(company, bills[1], account_of(company, bills[0]))
        assert target.run(record).counts == {"rejected": 1}
        assert target.row(record).code == "APB-PAY-088"

    with company.meanwhile("POST", "/vendorPayment", move_and_run):
        target.run(record)
    target.run(record)
    assert company.unpaid(bills[0]) == bills[0].unpaid - PAID[0]


def numberless(bills: list[OpenBill]) -> dict[str, Any]:
    return {**record_of(bills), "method": "ach", "check_number": None, "ach_trace": "7001"}


def test_parts_without_a_number_are_not_posted_twice_when_a_bill_moves_to_another_payables_account(
    company: PostingCompany, target: Target, bills: list[OpenBill]
):
    record = numberless(bills)
    leave_second_in_doubt(company, target, record, payment_reference="none")
    move(company, bills[1], account_of(company, bills[0]))
    target.run(record, payment_reference="none")
    assert target.row(record).code == "APB-PAY-087"
    assert len(numbers(company, record)) == 1
    assert company.unpaid(bills[0]) == bills[0].unpaid - PAID[0]


def test_what_has_no_number_is_taken_apart(company: PostingCompany, target: Target, bills: list[OpenBill]):
    record = numberless(bills)
    assert target.run(record, payment_reference="none").counts == {"delivered": 1}
    target.lose_the_ledger()
    assert target.run(record, payment_reference="none").counts == {"unchanged": 1}
    assert len(numbers(company, record)) == len(bills)


@pytest.mark.parametrize("is_void", [False, True])
def test_a_part_whose_number_somebody_has_changed_is_found_when_the_other_bill_moves(
    company: PostingCompany, target: Target, bills: list[OpenBill], *, is_void: bool
):
    record = record_of(bills)
    leave_second_in_doubt(company, target, record)
    (part,) = (
        each for each in company.payments() if (each.external_id or "").startswith(record["external_id"])
    )
    company.change("transaction", part.id, tranid="typed anew")
    move(company, bills[1], account_of(company, bills[0]))
    target.run(voided(record) if is_void else record, on_void="delete")
    assert target.row(record).code == "APB-PAY-087"
    assert part.id in (target.row(record).reason or "")
    assert numbers(company, record) == ["typed anew"]


def test_a_void_that_names_no_bills_does_not_pass_over_parts_that_no_ledger_knows(
    target: Target, bills: list[OpenBill]
):
    record = record_of(bills)
    target.run(record)
    target.lose_the_ledger()
    target.run(voided(record, allocations=[]), on_void="delete")
    assert target.row(record).code == "APB-PAY-087"


def test_parts_of_a_payment_are_not_those_of_one_whose_id_begins_alike(
    company: PostingCompany, target: Target, bills: list[OpenBill]
):
    """In LIKE `_` stands for any sign, and NetSuite tells case apart or not."""
    record = record_of(bills)
    like = {**paying((bills[0], "1.00"), (bills[1], "1.00")), "id": f"{record['id']}_A"}
    like["external_id"] = f"avidxchange-payment-{like['id']}"
    other = {**paying((bills[0], "1.00"), (bills[1], "1.00")), "id": f"{record['id']}xA"}
    other["external_id"] = f"avidxchange-payment-{other['id']}"
    target.run(other)
    move(company, bills[1], account_of(company, bills[0]))
    assert target.run(like).counts == {"delivered": 1}


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("kept", [0, 1])
def test_what_was_corrected_to_one_bill_is_not_posted_beside_a_part(
    company: PostingCompany, target: Target, bills: list[OpenBill], kept: int, *, is_lost: bool
):
    record = record_of(bills)
    if is_lost:
        target.run(record)
        target.lose_the_ledger()
    else:
        leave_second_in_doubt(company, target, record)
    before = numbers(company, record)
    same = {name: record[name] for name in ("id", "external_id", "check_number")}
    target.run(paying((bills[kept], "4.00"), **same, modified_at="2026-11-03T15:00:00Z"))
    assert target.row(record).code == "APB-PAY-087"
    assert numbers(company, record) == before


def test_a_part_that_somebody_voided_is_not_posted_otherwise_when_the_other_bill_moves(
    company: PostingCompany, target: Target, bills: list[OpenBill]
):
    record = record_of(bills)
    leave_second_in_doubt(company, target, record)
    before = numbers(company, record)
    (part,) = (
        each for each in company.payments() if (each.external_id or "").startswith(record["external_id"])
    )
    company.void_payment(part.id)
    move(company, bills[1], account_of(company, bills[0]))
    target.run_half_an_hour_later(record)
    assert target.row(record).code == "APB-PAY-041"
    assert numbers(company, record) == before
