"""Credits that do not fit, that somebody has changed, or of which nobody can tell: each is named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apbridge.ledger import Status

from .company import OpenBill, OpenCredit, PostingCompany
from .program import Target
from .records import in_full, nothing, paying, using, voided


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
    found, reason = target.rejected(record)
    assert (found, words in reason) == (code, True), reason
    assert company.unpaid(bill) == bill.unpaid


def test_another_subsidiary_or_payables_account_is_named(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, _ = pair
    for order, words in (({"subsidiary": 2}, "subsidiary"), ({"ap_account": 120}, "payables account")):
        record = using(in_full(bill), (company.credit(bill, "10.00", **order), "10.00"))
        code, reason = target.rejected(record)
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
    code, reason = target.rejected(record)
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
    assert target.rejected(record)[0] == code
    assert (company.unpaid(bill), company.left(credit)) == (bill.unpaid, 10)


def test_a_sum_that_is_not_the_payments_amount_is_rejected(target: Target, pair: tuple[OpenBill, OpenCredit]):
    bill, credit = pair
    assert target.rejected({**using(in_full(bill), (credit, "1.00")), "amount": bill.unpaid})[0] == (
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
    assert target.rejected(record)[0] == "APB-PAY-110"


def test_what_cannot_be_told_is_asked(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    company.apply_by_hand(credit, bill, "5.00")
    code, reason = target.rejected(nothing(bill, credit, "4.00"))
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
    assert target.rejected(record, on_void="delete")[0] == "APB-PAY-112"
    assert company.covered(credit) == {bill.id: Decimal(4)}


def test_a_void_that_is_not_to_be_undone_is_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = nothing(bill, credit, "4.00")
    target.run(record)
    assert target.rejected(voided(record), on_void="reject")[0] == "APB-PAY-115"
    company.apply_by_hand(credit, bill, "0")
    target.run(voided(record), on_void="reject")
    assert target.row(record).status is not Status.REJECTED


def test_a_closed_period_and_a_missing_permission_are_told(
    company: PostingCompany, target: Target, pair: tuple[OpenBill, OpenCredit]
):
    bill, credit = pair
    record = nothing(bill, credit)
    with company.closed_period("2026-11"):
        code, reason = target.rejected(record)
        assert (code, "accounting period" in reason) == ("APB-PAY-108", True), reason
        assert "If its accounting period is closed, open that in NetSuite; else apply 10.00" in reason
    company.switch(permission_levels="Transactions -> Bill Credits: View")
    assert target.rejected(record)[0] == "APB-PAY-109"
    company.calm()
    target.run(record)
    assert company.covered(credit) == {bill.id: Decimal(10)}
    with company.closed_period("2026-11"):
        assert target.rejected(voided(record), on_void="delete")[0] == "APB-PAY-111"
