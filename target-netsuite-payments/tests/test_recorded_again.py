"""Payments that somebody records by hand after they were posted, in whole or what was not posted of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from .company import PostingCompany
from .program import Target
from .records import in_full, paying, voided


def test_a_card_that_becomes_a_check_which_somebody_recorded_is_told(company: PostingCompany, target: Target):
    bill = company.bill()
    card = paying((bill, "4.00"), method="virtual_card", check_number=None, card_reference="CARD2")
    target.run(card)
    by_hand = company.pay_by_hand(bill, Decimal(4), "66003")
    check = {**card, "method": "check", "check_number": "66003", "card_reference": None}
    target.run({**check, "modified_at": "2026-11-03T15:00:00Z"})
    assert target.row(card).code == "APB-PAY-118"
    company.void_payment(by_hand)
    target.run()
    assert company.payment(card).number == "66003"
    assert target.row(card).code is None


def test_a_void_tells_of_what_was_recorded_by_hand_for_a_captured_invoice(
    company: PostingCompany, target: Target
):
    bill, captured = company.bills(2)
    record = in_full(bill)
    other = {"invoice_external_id": "captured-1", "amount": captured.unpaid, "discount": Decimal(0)}
    record["allocations"].append(other)
    record["amount"] += captured.unpaid
    target.run(record)
    by_hand = company.pay_by_hand(captured, captured.unpaid, record["check_number"])
    target.run(voided(record), on_void="delete")
    assert company.payments(record["external_id"]) == []
    assert target.row(record).code == "APB-PAY-062"
    company.void_payment(by_hand)
    target.run(on_void="delete")
    assert target.row(record).code is None


@pytest.mark.parametrize(
    ("later", "says"),
    [
        ({"method": "check", "check_number": "66104"}, "number AX-"),
        ({"method": "check", "check_number": "66104"}, "bank account 106 in NetSuite, 102 in AvidXchange"),
        ({"method": "ach"}, "bank account 106 in NetSuite, 102 in AvidXchange"),
    ],
)
def test_a_card_without_a_reference_that_went_otherwise_is_told_when_no_ledger_knows_it(
    company: PostingCompany, target: Target, later: dict[str, str], says: str
):
    card = in_full(company.bill(), method="virtual_card", check_number=None)
    target.run(card)
    target.lose_the_ledger()
    target.run({**card, **later, "modified_at": "2026-11-03T15:00:00Z"})
    row = target.row(card)
    assert row.code == "APB-PAY-082"
    assert says in (row.says or "")


def test_another_bank_account_in_the_settings_is_no_news_of_what_is_posted(
    company: PostingCompany, target: Target
):
    record = in_full(company.bill())
    target.run(record)
    target.lose_the_ledger()
    banks = [{"account": "106"}, {"account": "106", "method": "virtual_card"}]
    assert target.run(record, bank_accounts=banks).counts == {"unchanged": 1}
