"""Bills that are due in instalments: paid in the order of due dates, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apbridge_sandbox.netsuite.instalments import instalments

from .company import OpenBill, PostingCompany
from .program import Target
from .records import in_full, paying, voided


def due(company: PostingCompany, bill: OpenBill) -> list[Decimal]:
    """Return what is open on each instalment."""
    assert company.sandbox.sandbox
    with company.sandbox.sandbox.store.connection() as connection:
        return [Decimal(each.due) / 100 for each in instalments(connection, int(bill.id))]


def lines(company: PostingCompany, payment: str) -> int:
    (row,) = company.rows(
        "SELECT COUNT(*) AS lines FROM ns_link WHERE nextdoc = ? AND linktype = 'Payment'", payment
    )
    return int(row["lines"])


@pytest.mark.parametrize(
    ("key", "line", "is_locked"),
    [
        ("transaction_line", "refused", False),
        ("transaction_line", "first", False),
        ("seqnum", "refused", False),
        ("seqnum", "first", False),
        ("seqnum", "refused", True),
        ("transaction_line", "first", True),
    ],
)
def test_all_instalments_are_paid(
    company: PostingCompany,
    target: Target,
    key: str,
    line: str,
    is_locked: bool,  # noqa: FBT001
):
    company.switch(instalment_key=key, instalment_line=line)
    bill = company.bill(in_parts=True)
    parts = len(due(company, bill))
    if is_locked:
        company.fault({"status": 400, "body": {}}, method="GET", path="/vendorBill")
    record = in_full(bill)
    target.run(record)
    if is_locked and key == "transaction_line":
        # Nothing tells the lines, and nothing is posted otherwise.
        assert target.row(record).code == "APB-PAY-050"
        assert sum(due(company, bill)) == bill.unpaid
        return
    payment = company.payment(record)
    assert (lines(company, payment.id), payment.total) == (parts, bill.unpaid)
    assert sum(due(company, bill)) == company.unpaid(bill) == 0


@pytest.mark.parametrize("cents", [1, -1, 0])
def test_the_first_instalments_are_paid_first(company: PostingCompany, target: Target, cents: int):
    bill = company.bill(in_parts=True)
    first, second, *others = due(company, bill)
    amount = first + Decimal(cents) / 100
    record = paying((bill, amount))
    target.run(record)
    left = [max(first - amount, Decimal(0)), second - max(amount - first, Decimal(0)), *others]
    assert due(company, bill) == left
    rest = paying((bill, sum(left, Decimal(0))))
    target.run(rest)
    assert company.unpaid(bill) == 0


def test_two_payments_of_one_run_go_on_where_the_other_stopped(company: PostingCompany, target: Target):
    bill = company.bill(in_parts=True)
    half = (bill.unpaid / 2).quantize(Decimal("0.01"))
    assert target.run(paying((bill, half)), paying((bill, bill.unpaid - half))).counts == {"delivered": 2}
    assert sum(due(company, bill)) == company.unpaid(bill) == 0


def test_a_bill_at_once_and_one_in_parts(company: PostingCompany, target: Target):
    company.switch(unpayable_bill="named")
    bill = company.bill(in_parts=True)
    (other,) = company.rows(
        "SELECT * FROM ns_transaction WHERE type = 'VendBill' AND status = 'A' AND paid_cents = 0"
        ' AND currency = 1 AND subsidiary = 1 AND id NOT IN (SELECT "transaction" FROM ns_installment)'
        " AND paymenthold = 'F' ORDER BY id DESC LIMIT 1"
    )
    company.change("transaction", str(other["id"]), entity=int(bill.vendor))
    at_once = OpenBill(
        str(other["id"]), bill.vendor, "USD", "1", Decimal(other["total_cents"]) / 100, bill.payments
    )
    record = in_full(bill, at_once)
    target.run(record)
    assert company.payment(record).total == bill.unpaid + at_once.unpaid


def test_a_discount_goes_to_the_last_instalment(company: PostingCompany, target: Target):
    bill = company.bill(in_parts=True)
    record = paying((bill, bill.unpaid - 2, "2.00"))
    target.run(record)
    assert company.payment(record).discounts == {bill.id: Decimal(2)}
    assert sum(due(company, bill)) == company.unpaid(bill) == 0


def test_what_a_person_paid_of_it_is_taken_into_account(company: PostingCompany, target: Target):
    bill = company.bill(in_parts=True)
    company.pay_by_hand(bill, due(company, bill)[0] + 1, "hand-7")
    record = paying((bill, company.unpaid(bill)))
    target.run(record)
    assert company.unpaid(bill) == 0


def test_where_no_query_shows_them_netsuites_refusal_does(company: PostingCompany, target: Target):
    bill = company.bill(in_parts=True)
    said = {"detail": "Record 'vendorbillinstallment' was not found.", "o:errorCode": "INVALID_PARAMETER"}
    # After the bills, and what is posted of the payments and of their parts.
    company.fault({"status": 400, "body": {"o:errorDetails": [said]}}, path="suiteql", nth=4, times=1)
    half = (bill.unpaid / 2).quantize(Decimal("0.01"))
    assert target.run(paying((bill, half)), paying((bill, bill.unpaid - half))).counts == {"delivered": 2}
    assert sum(due(company, bill)) == company.unpaid(bill) == 0


@pytest.mark.parametrize("column", ["vendorbill", "seqnum", "duedate", "amountdue"])
def test_where_a_column_of_theirs_is_hidden_netsuites_refusal_does(
    company: PostingCompany, target: Target, column: str
):
    company.switch(hidden_columns=f"vendorbillinstallment.{column}")
    bill, other = company.bill(in_parts=True), company.bill()
    target.run(in_full(bill), in_full(other))
    assert company.unpaid(bill) == company.unpaid(other) == 0


def test_an_account_without_the_feature(company: PostingCompany, target: Target):
    company.switch(instalments=False)
    record = in_full(company.bill(in_parts=True))
    target.run(record)
    payment = company.payment(record)
    assert lines(company, payment.id) == 1


def test_voided_instalments_are_open_again_and_paid_again(company: PostingCompany, target: Target):
    bill = company.bill(in_parts=True)
    before = due(company, bill)
    record = in_full(bill)
    target.run(record)
    target.run(voided(record))
    assert due(company, bill) == before
    again = in_full(bill, replaces_payment_id=record["id"])
    target.run(again)
    assert sum(due(company, bill)) == company.unpaid(bill) == 0
