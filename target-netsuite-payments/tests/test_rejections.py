"""What does not fit NetSuite's books is rejected with both sides' figures; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apbridge.errors import SettingError
from apbridge.ledger import Status

from .company import ACCOUNT, PostingCompany
from .program import Target
from .records import in_full, paying, voided

Make = Callable[[PostingCompany], dict[str, Any]]


def overpaid(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    return paying((bill, bill.unpaid + Decimal("0.01")))


def overpaid_by_its_discount(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    return paying((bill, bill.unpaid, "0.01"))


def overpaid_in_one_of_two(company: PostingCompany) -> dict[str, Any]:
    first, second = company.bills(2)
    return paying((first, first.unpaid), (second, second.unpaid + 1))


def of_another_account(company: PostingCompany) -> dict[str, Any]:
    record = in_full(company.bill())
    (allocation,) = record["allocations"]
    allocation["invoice_external_id"] = allocation["invoice_external_id"].replace(ACCOUNT, "7654321")
    return record


def of_no_netsuite(company: PostingCompany) -> dict[str, Any]:
    record = in_full(company.bill())
    record["allocations"][0]["invoice_external_id"] = "erp-main-invoice-9"
    return record


def of_another_vendor(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    return in_full(bill, vendor_id=f"netsuite-{ACCOUNT}-vendor-{int(bill.vendor) + 1}")


def over_two_vendors(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    other = next(each for each in (company.bill() for _ in range(50)) if each.vendor != bill.vendor)
    return in_full(bill, other, vendor_id=None)


def in_another_currency(company: PostingCompany) -> dict[str, Any]:
    return in_full(company.bill(), currency="CAD")


def of_a_bill_that_is_gone(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    company.control("/control/netsuite/delete", {"type": "vendorbill", "id": bill.id})
    return in_full(bill)


def of_a_pending_bill(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    company.change("transaction", bill.id, status="D", approvalstatus=1)
    return in_full(bill)


def of_a_rejected_bill(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    company.change("transaction", bill.id, status="E", approvalstatus=3)
    return in_full(bill)


def of_a_bill_on_hold(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    company.change("transaction", bill.id, paymenthold="T")
    return in_full(bill)


def that_does_not_add_up(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    return paying((bill, "5.00"), amount=Decimal("5.01"))


def without_allocations(company: PostingCompany) -> dict[str, Any]:
    return in_full(company.bill(), allocations=[])


def with_a_long_number(company: PostingCompany) -> dict[str, Any]:
    return in_full(company.bill(), check_number="8" * 46)


def without_a_date(company: PostingCompany) -> dict[str, Any]:
    return in_full(company.bill(), paid_on=None)


def of_a_time_without_periods(company: PostingCompany) -> dict[str, Any]:
    return in_full(company.bill(), paid_on="2035-01-01")


def paid_by_hand_under_another_number(company: PostingCompany) -> dict[str, Any]:
    bill = company.bill()
    company.pay_by_hand(bill, bill.unpaid, "hand-7")
    return in_full(bill)


def recorded_by_hand_on_another_bill(company: PostingCompany) -> dict[str, Any]:
    bill, other = company.bills(2)
    record = paying((bill, "4.00"))
    company.pay_by_hand(other, Decimal("4.00"), record["check_number"])
    return record


def under_another_name(company: PostingCompany) -> dict[str, Any]:
    record = in_full(company.bill())
    return {**record, "external_id": f"mine-{record['id']}"}


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("APB-PAY-010", under_another_name),
        ("APB-PAY-011", without_allocations),
        ("APB-PAY-013", that_does_not_add_up),
        ("APB-PAY-014", of_no_netsuite),
        ("APB-PAY-015", of_another_account),
        ("APB-PAY-016", with_a_long_number),
        ("APB-PAY-017", without_a_date),
        ("APB-PAY-020", of_a_bill_that_is_gone),
        ("APB-PAY-021", of_another_vendor),
        ("APB-PAY-021", over_two_vendors),
        ("APB-PAY-022", in_another_currency),
        ("APB-PAY-025", of_a_pending_bill),
        ("APB-PAY-025", of_a_rejected_bill),
        ("APB-PAY-025", of_a_bill_on_hold),
        ("APB-PAY-026", paid_by_hand_under_another_number),
        ("APB-PAY-027", overpaid),
        ("APB-PAY-027", overpaid_by_its_discount),
        ("APB-PAY-027", overpaid_in_one_of_two),
        ("APB-PAY-028", of_a_time_without_periods),
        ("APB-PAY-043", recorded_by_hand_on_another_bill),
    ],
)
def test_it_is_rejected_and_nothing_is_written(
    company: PostingCompany, target: Target, code: str, make: Make
):
    record = make(company)
    company.forget_calls()
    ran = target.run(record)
    assert ran.counts == {"rejected": 1}
    assert ran.states, "a rejection must not hold the bookmark"
    row = target.row(record)
    assert (row.status, row.code) == (Status.REJECTED, code)
    assert company.writes == 0
    assert company.payments(record["external_id"]) == []


def test_an_overpayment_names_both_figures(company: PostingCompany, target: Target):
    bill = company.bill()
    record = paying((bill, bill.unpaid + 5, "1.25"))
    target.run(record)
    reason = target.row(record).reason or ""
    assert f"{bill.unpaid + 5:.2f} with a discount of 1.25" in reason
    assert f"has {bill.unpaid:.2f} open" in reason


def test_the_second_of_two_payments_that_is_too_much_is_the_one_rejected(
    company: PostingCompany, target: Target
):
    bill = company.bill()
    first, second = in_full(bill), paying((bill, "1.00"), paid_on="2026-11-03")
    assert target.run(second, first).counts == {"delivered": 1, "rejected": 1}
    assert target.row(second).code == "APB-PAY-026"
    assert company.payment(first).total == bill.unpaid


def test_no_bank_account_names_the_setting(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(record, bank_accounts=[{"account": "103", "currency": "CAD"}])
    assert "bank_accounts" in (target.row(record).reason or "")


def test_netsuites_own_refusal_is_kept_in_its_words(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    assert target.run(record, bank_accounts=[{"account": "107"}]).counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-050"
    assert "Invalid Field Value 107 for the following field: account" in (row.reason or "")
    assert company.unpaid(bill) == bill.unpaid


def test_a_payment_that_changed_after_it_was_posted_is_rejected_loudly(
    company: PostingCompany, target: Target
):
    bill = company.bill()
    record = paying((bill, "5.00"))
    target.run(record)
    changed = {**record, "amount": Decimal("6.00")}
    changed["allocations"] = [{**record["allocations"][0], "amount": Decimal("6.00")}]
    assert target.run(changed).counts == {"rejected": 1}
    row = target.row(record)
    assert row.code == "APB-PAY-040"
    assert "amount 5.00 in NetSuite, 6.00 in AvidXchange" in (row.reason or "")
    assert company.unpaid(bill) == bill.unpaid - 5


def test_a_posted_payment_that_somebody_deleted_is_not_posted_again(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    company.delete_payment(company.payment(record).id)
    assert target.run({**record, "check_number": "777"}).counts == {"rejected": 1}
    assert target.row(record).code == "APB-PAY-042"
    assert company.unpaid(bill) == bill.unpaid


def test_a_posted_payment_that_somebody_voided_is_not_posted_again(
    company: PostingCompany, target: Target, another_target: Callable[[], Target]
):
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    company.void_payment(company.payment(record).id)
    fresh = another_target()
    assert fresh.run(record).counts == {"rejected": 1}
    assert fresh.row(record).code == "APB-PAY-041"
    assert len(company.payments(record["external_id"])) == 1


@pytest.mark.parametrize("stream", ["vendors", "gl_accounts", "dimension_values", "departments", "bills"])
def test_any_other_stream_is_refused_by_name(company: PostingCompany, target: Target, stream: str):
    with pytest.raises(SettingError, match=stream):
        target.run(stream=stream)
    assert company.calls == 0


def test_invoices_are_kept_in_the_ledger_and_netsuite_is_not_called(company: PostingCompany, target: Target):
    invoice: dict[str, Any] = {
        "id": "i-1",
        "external_id": f"netsuite-{ACCOUNT}-vendorbill-9",
        "status": "rejected",
        "status_reason": "Wrong building, W-9 says 12-3456789",
        "total": Decimal("10.00"),
        "amount_paid": Decimal(0),
        "modified_at": "2026-11-02T15:00:00Z",
    }
    ran = target.run(invoice, stream="invoices")
    assert ran.counts == {"ignored": 1}
    reason = "Wrong building, W-9 says [redacted]"
    assert reason in ran.log
    assert target.rows("invoices")[invoice["external_id"]].facts["reason"] == reason
    assert company.calls == 0


REFERENCES = pytest.mark.parametrize("field", ["check_number", "ach_trace", "card_reference"])
UNREADABLE = pytest.mark.parametrize(
    "reference",
    [r"12\u000034", r"12\n34", r"\u007f", r"12\u009f", r"12\ufffd", r"12\ud800", r"\udc0034"],
    ids=["U+0000", "line feed", "delete", "C1", "lost before", "first half", "second half"],
)


@REFERENCES
@UNREADABLE
def test_what_cannot_be_read_rejects_its_payment_alone(
    company: PostingCompany, target: Target, field: str, reference: str
):
    bill, other = company.bill(), company.bill()
    record, good = in_full(bill, **{field: "HERE"}), in_full(other)
    assert target.run(record, good, raw={"HERE": reference}).counts == {"delivered": 1, "rejected": 1}
    row = target.row(record)
    assert (row.code, company.unpaid(bill), company.unpaid(other)) == ("APB-PAY-018", bill.unpaid, 0)
    what = {"check_number": "check number", "ach_trace": "ACH trace", "card_reference": "card reference"}
    assert f"The {what[field]} of payment {record['id']} " in (row.reason or "")
    assert (row.reason or "").isprintable()
    assert target.run({**record, field: "1001"}).counts == {"delivered": 1}
    assert company.unpaid(bill) == 0


@REFERENCES
def test_what_is_too_long_rejects_its_payment_alone(company: PostingCompany, target: Target, field: str):
    bill, other = company.bill(), company.bill()
    record, good = in_full(bill, **{field: "9" * 5000}), in_full(other)
    assert target.run(record, good).counts == {"delivered": 1, "rejected": 1}
    row = target.row(record)
    assert (row.code, company.unpaid(bill), company.unpaid(other)) == ("APB-PAY-016", bill.unpaid, 0)
    assert "has 5000 characters" in (row.reason or "")
    assert len(row.reason or "") < 400


def test_the_longest_trace_that_netsuite_takes_is_posted(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill, method="ach", check_number=None, ach_trace="7" * 300)
    assert target.run(record).counts == {"delivered": 1}
    assert "7" * 300 in company.payment(record).memo


def test_a_void_of_what_cannot_be_read_is_looked_up_all_the_same(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill, check_number="12\x0034")
    assert target.run(voided(record), in_full(company.bill())).counts == {"delivered": 1, "ignored": 1}
