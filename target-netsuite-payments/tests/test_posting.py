"""From a payment's record to NetSuite's books: what is posted, and what it looks like there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from importlib import resources

import pytest

from apbridge import netsuite
from apbridge.ledger import Status
from apbridge.netsuite import void_journals
from apbridge.netsuite.queries.query import Query

from .company import PostingCompany
from .program import Target
from .records import in_full, paying, voided


def test_a_check_pays_its_bill_in_full(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    assert target.run(record).counts == {"delivered": 1}
    payment = company.payment(record)
    assert payment.total == bill.unpaid
    assert payment.applied == {bill.id: bill.unpaid}
    assert (payment.number, payment.day, payment.vendor) == (
        record["check_number"],
        "2026-11-02",
        bill.vendor,
    )
    assert (payment.account, payment.currency, payment.subsidiary) == ("102", "USD", "1")
    assert payment.memo == f"AvidXchange payment {record['id']}"
    assert not payment.is_printed
    assert (company.unpaid(bill), company.status(bill)) == (0, "B")
    assert target.row(record).remote_id == payment.id


@pytest.mark.parametrize(
    ("reference", "words", "account"),
    [
        ({"method": "ach", "ach_trace": "021000021234567"}, "ACH trace 021000021234567", "102"),
        ({"method": "virtual_card", "card_reference": "VC-42"}, "card reference VC-42", "106"),
    ],
)
def test_other_methods_have_their_reference_in_the_memo(
    company: PostingCompany, target: Target, reference: dict[str, str], words: str, account: str
):
    bill = company.bill()
    record = in_full(bill, check_number=None, **reference)
    target.run(record)
    payment = company.payment(record)
    assert payment.memo.endswith(words)
    assert payment.account == account
    assert company.unpaid(bill) == 0


def test_part_of_a_bill_leaves_the_rest_open(company: PostingCompany, target: Target):
    bill = company.bill()
    target.run(paying((bill, "3.21")))
    assert (company.unpaid(bill), company.status(bill)) == (bill.unpaid - Decimal("3.21"), "A")


def test_several_payments_on_one_bill_over_time(company: PostingCompany, target: Target):
    bill = company.bill()
    target.run(paying((bill, "3.21")))
    target.run(paying((bill, "1.79")))
    assert company.unpaid(bill) == bill.unpaid - 5


def test_several_payments_on_one_bill_at_once_go_one_after_the_other(company: PostingCompany, target: Target):
    bill = company.bill()
    records = [paying((bill, "0.50")) for _ in range(9)]
    records.append(paying((bill, bill.unpaid - Decimal("4.50"))))
    assert target.run(*records).counts == {"delivered": 10}
    assert company.unpaid(bill) == 0
    assert company.sandbox.calls()["netsuite"]["refusals"] == {}


def test_many_bills_in_one_payment(company: PostingCompany, target: Target):
    bills = company.bills(3)
    record = in_full(*bills)
    target.run(record)
    assert company.payment(record).applied == {bill.id: bill.unpaid for bill in bills}
    assert [company.unpaid(bill) for bill in bills] == [0, 0, 0]


def test_a_discount_closes_the_bill_and_is_not_paid(company: PostingCompany, target: Target):
    bill = company.bill()
    record = paying((bill, bill.unpaid - Decimal("2.50"), "2.50"))
    target.run(record)
    payment = company.payment(record)
    assert payment.total == bill.unpaid - Decimal("2.50")
    assert payment.discounts == {bill.id: Decimal("2.50")}
    assert company.unpaid(bill) == 0


def test_a_discount_on_part_of_one_of_two_bills(company: PostingCompany, target: Target):
    first, second = company.bills(2)
    target.run(paying((first, "5.00", "0.05"), (second, second.unpaid)))
    assert company.unpaid(first) == first.unpaid - Decimal("5.05")
    assert company.unpaid(second) == 0


@pytest.mark.parametrize(("subsidiary", "account"), [(1, "103"), (2, "107")])
def test_foreign_currency_comes_from_its_own_bank_account(
    company: PostingCompany, target: Target, subsidiary: int, account: str
):
    bill = company.bill(currency="CAD", subsidiary=subsidiary)
    record = paying((bill, bill.unpaid - 1, "1.00"))
    target.run(record)
    payment = company.payment(record)
    assert (payment.account, payment.currency, payment.subsidiary) == (account, "CAD", str(subsidiary))
    assert company.unpaid(bill) == 0


def test_nothing_is_posted_before_it_is_settled(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    for status in ("processing", "issued"):
        assert target.run({**record, "status": status}).counts == {"ignored": 1}
    assert (company.calls, company.payments(record["external_id"])) == (0, [])
    assert target.run(record).counts == {"delivered": 1}
    assert company.unpaid(bill) == 0


def test_a_failed_payment_posts_nothing_and_is_said(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill, status="failed")
    ran = target.run(record)
    assert ran.counts == {"ignored": 1}
    assert "failed in AvidXchange" in ran.log
    assert company.payments(record["external_id"]) == []
    assert company.unpaid(bill) == bill.unpaid


def test_a_card_that_became_a_check_is_still_one_payment(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill, method="virtual_card", check_number=None, card_reference="VC-1")
    target.run(record)
    company.forget_calls()
    later = {**record, "method": "check", "check_number": "123456", "card_reference": None}
    assert target.run(later).counts == {"delivered": 1}
    (posted,) = company.payments(record["external_id"])
    assert (posted.number, posted.applied) == ("123456", {bill.id: bill.unpaid})
    assert company.writes == 1


def test_nothing_new_asks_nothing(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record)
    company.forget_calls()
    assert target.run({**record, "modified_at": "2026-11-02T18:00:00Z"}).counts == {"unchanged": 1}
    assert company.calls == 0


def test_a_lost_ledger_costs_look_ups_and_no_write(
    company: PostingCompany, target: Target, another_target: Callable[[], Target]
):
    bills = company.bills(4)
    records = [
        in_full(bills[0]),
        in_full(bills[1], bills[2]),
        paying((bills[3], bills[3].unpaid - 1, "1.00")),
    ]
    target.run(*records)
    company.forget_calls()
    found = another_target()
    assert found.run(*records).counts == {"unchanged": 3}
    assert company.writes == 0
    assert [found.row(record).remote_id for record in records] == [
        target.row(record).remote_id for record in records
    ]


def test_a_closed_period_may_be_passed_over(company: PostingCompany, target: Target):
    bill = company.bill()
    with company.closed_period("2026-09"):
        record = in_full(bill, paid_on="2026-09-15")
        assert target.run(record).counts == {"rejected": 1}
        assert target.row(record).code == "APB-PAY-029"
        assert target.run(record, closed_period="next_open").counts == {"delivered": 1}
    payment = company.payment(record)
    assert payment.day == "2026-10-01"
    assert "paid on 2026-09-15" in payment.memo


def test_several_closed_periods_in_a_row_are_passed_over(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill, paid_on="2026-09-15")
    with company.closed_period("2026-09"), company.closed_period("2026-10"):
        assert target.run(record, closed_period="next_open").counts == {"delivered": 1}
    payment = company.payment(record)
    assert payment.day == "2026-11-01"
    assert "paid on 2026-09-15" in payment.memo


def test_a_namesake_of_another_vendor_is_another_payment(company: PostingCompany, target: Target):
    bill, other = company.bill(), company.bill()
    while other.vendor == bill.vendor:
        other = company.bill()
    record = paying((bill, "2.00"))
    company.pay_by_hand(other, Decimal("2.00"), record["check_number"])
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).applied == {bill.id: Decimal("2.00")}
    assert "by hand" not in target.row(record).facts.get("note", "")


@pytest.mark.parametrize("keeps_its_total", [False, True])
def test_a_namesake_that_was_voided_since_stands_for_nothing(
    company: PostingCompany, target: Target, *, keeps_its_total: bool
):
    bill = company.bill()
    record = paying((bill, "2.00"))
    by_hand = company.pay_by_hand(bill, Decimal("2.00"), record["check_number"])
    company.void_payment(by_hand)
    if keeps_its_total:  # an account that voids by journals
        company.change("transaction", by_hand, total_cents=200)
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).id != by_hand
    assert company.unpaid(bill) == bill.unpaid - 2


def test_a_payment_recorded_by_hand_that_pays_a_journal_is_not_posted_again(
    company: PostingCompany, target: Target
):
    """Opening balances are booked as journals: the link to one looks as that to a journal that reverses."""
    bill = company.bill()
    record = in_full(bill)
    by_hand = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    journal = company.pay_a_journal_instead(by_hand)
    company.forget_calls()
    assert target.run(record).counts == {"rejected": 1}
    row = target.row(record)
    assert (row.code, company.writes) == ("APB-PAY-043", 0)
    assert f"vendor payment {by_hand}" in (row.says or "")
    assert f"{bill.unpaid:.2f} on journal {journal} in NetSuite" in (row.says or "")


def test_a_payment_recorded_by_hand_that_a_journal_reverses_stands_for_nothing(
    company: PostingCompany, target: Target
):
    company.switch(void_style="journal", void_by_journal_shows=False)
    bill = company.bill()
    record = in_full(bill)
    by_hand = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    company.control("/control/netsuite/void", {"id": by_hand})
    assert target.run(record).counts == {"delivered": 1}
    assert company.payment(record).id != by_hand


@pytest.mark.parametrize("createdfrom", ["empty", "refused"])
def test_where_it_is_not_known_what_a_journal_reverses_nothing_is_posted(
    company: PostingCompany, target: Target, monkeypatch: pytest.MonkeyPatch, createdfrom: str
):
    company.switch(void_style="journal", void_by_journal_shows=False)
    bill = company.bill()
    record = in_full(bill)
    by_hand = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    company.control("/control/netsuite/void", {"id": by_hand})
    if createdfrom == "empty":
        company.forget_what_a_journal_voids(by_hand)
    else:
        text = (resources.files(netsuite) / "queries/journals.sql").read_text(encoding="utf-8")
        asked = Query.of(
            text.replace("createdfrom", "nosuchcolumn"), "journals", "look up", ["id", "payment"]
        )
        monkeypatch.setattr(void_journals, "_JOURNALS", asked)
    company.forget_calls()
    assert target.run(record).counts == {"rejected": 1}
    assert (target.row(record).code, company.writes) == ("APB-PAY-043", 0)


def test_a_payment_recorded_by_hand_is_linked(
    company: PostingCompany, target: Target, another_target: Callable[[], Target]
):
    bill = company.bill()
    record = in_full(bill)
    by_hand = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    before = company.vendor_payment(by_hand)
    company.forget_calls()
    assert target.run(record).counts == {"delivered": 1}
    assert company.writes == 1
    assert target.row(record).remote_id == by_hand
    assert "by hand" in target.row(record).facts["note"]
    assert company.payment(record) == replace(before, external_id=record["external_id"])
    company.forget_calls()
    assert another_target().run(record).counts == {"unchanged": 1}
    assert company.writes == 0


def test_a_part_recorded_by_hand_is_not_posted_again(company: PostingCompany, target: Target):
    bill = company.bill()
    record = paying((bill, "7.00"))
    by_hand = company.pay_by_hand(bill, Decimal("7.00"), record["check_number"])
    target.run(record)
    assert target.row(record).remote_id == by_hand
    assert company.unpaid(bill) == bill.unpaid - 7


def test_one_payment_by_hand_stands_for_one_payment(company: PostingCompany, target: Target):
    bill = company.bill()
    record, twin = (paying((bill, "2.00"), check_number="twins-1") for _ in range(2))
    company.pay_by_hand(bill, Decimal("2.00"), "twins-1")
    assert target.run(record, twin).counts == {"delivered": 2}
    assert company.unpaid(bill) == bill.unpaid - 4


@pytest.mark.parametrize("ledger", ["kept", "lost"])
def test_what_was_linked_once_is_not_linked_again(
    company: PostingCompany, target: Target, another_target: Callable[[], Target], ledger: str
):
    bill = company.bill()
    record, twin = (in_full(bill, check_number="twins-2") for _ in range(2))
    by_hand = company.pay_by_hand(bill, bill.unpaid, "twins-2")
    assert target.run(record).counts == {"delivered": 1}
    later = target if ledger == "kept" else another_target()
    assert later.run(twin).counts == {"rejected": 1}
    assert later.row(twin).code == "APB-PAY-026"
    assert company.payment(record).id == by_hand


def test_what_another_program_recorded_is_not_taken_from_it(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    theirs = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    company.change("transaction", theirs, externalid="bank-77")
    company.forget_calls()
    target.run(record)
    row = target.row(record)
    assert (row.code, company.writes) == ("APB-PAY-046", 0)
    assert "external id bank-77" in (row.reason or "")
    company.change("transaction", theirs, externalid=record["external_id"])
    assert target.run().counts == {"unchanged": 1}
    assert target.row(record).remote_id == theirs


@pytest.mark.parametrize("obstacle", ["locked", "closed"])
def test_what_cannot_be_linked_is_rejected_until_it_can(
    company: PostingCompany, target: Target, obstacle: str
):
    bill = company.bill()
    record = in_full(bill)
    by_hand = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    if obstacle == "locked":
        company.change("transaction", by_hand, locked="T")
        target.run(record)
        company.change("transaction", by_hand, locked="F")
    else:
        with company.closed_period("2026-11"):
            target.run(record)
    assert target.row(record).code == "APB-PAY-047"
    assert company.unpaid(bill) == 0
    assert target.run().counts == {"delivered": 1}
    assert company.payment(record).id == by_hand


def test_a_payment_of_ours_under_the_same_number_is_another_payment(company: PostingCompany, target: Target):
    bill = company.bill()
    for _ in range(2):
        assert target.run(paying((bill, "2.00"), check_number="same-1")).counts == {"delivered": 1}
    assert company.unpaid(bill) == bill.unpaid - 4


def test_a_rejected_payment_is_posted_once_its_cause_is_gone(company: PostingCompany, target: Target):
    bill, other = company.bills(2)
    company.change("transaction", bill.id, status="D", approvalstatus=1)
    record = in_full(bill, other)
    target.run(record)
    assert (target.row(record).code, company.unpaid(other)) == ("APB-PAY-025", other.unpaid)
    company.change("transaction", bill.id, status="A", approvalstatus=2)
    assert target.run().counts == {"delivered": 1}
    assert target.row(record).status is Status.DELIVERED
    assert [company.unpaid(bill), company.unpaid(other)] == [0, 0]


def test_what_changed_meanwhile_is_told_and_kept(company: PostingCompany, target: Target):
    bill = company.bill()
    record = paying((bill, "1.00"))
    with company.meanwhile("POST", "/vendorPayment", lambda: company.pay_by_hand(bill, Decimal(2), "hand-1")):
        ran = target.run(record)
    assert ran.counts == {"delivered": 1}
    expected, actual = bill.unpaid - 1, bill.unpaid - 3
    assert f"has {actual:.2f} open in NetSuite where {expected:.2f} was expected" in ran.log
    row = target.row(record)
    assert (row.status, row.code) == (Status.DELIVERED, "APB-PAY-052")
    assert row.reason is not None
    assert f"{actual:.2f}" in row.reason
    assert row.remote_id == company.payment(record).id


def test_a_void_in_the_same_drain_counts_and_not_what_came_before(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    assert target.run(record, voided(record)).counts == {"ignored": 1}
    assert company.payments(record["external_id"]) == []
