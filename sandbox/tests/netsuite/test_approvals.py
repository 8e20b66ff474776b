"""Vendor payments that wait for approval, are refused after posting, or are undone in one way or another."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.netsuite.signed_in import PAYMENT, SeededBill, SignedInNetSuite, error_of, posted_id

pytestmark = pytest.mark.usefixtures("audited")

OURS = "avidxchange-payment-7"


def _post(netsuite: SignedInNetSuite, bill: SeededBill, **fields: Any) -> str:  # noqa: ANN401
    return posted_id(netsuite.post(PAYMENT, json=bill.payment(externalId=OURS, **fields)))


def _stands(netsuite: SignedInNetSuite, payment: str) -> tuple[str, str, str]:
    (row,) = netsuite.rows(f"SELECT status, posting, voided FROM transaction WHERE id = {payment}")
    return row["status"], row["posting"], row["voided"]


def _open(netsuite: SignedInNetSuite, bill: SeededBill) -> Decimal:
    return Decimal(netsuite.bill(bill)["unpaid"])


def _decide(netsuite: SignedInNetSuite, number: str, decision: str) -> None:
    netsuite.sandbox.control("/control/netsuite/decide", {"id": number, "decision": decision})


@pytest.mark.parametrize(
    ("approval", "given", "status"),
    [
        ("none", None, "F"),
        ("routing", None, "A"),
        ("routing", "2", "A"),
        ("routing", "2 honoured", "F"),
        ("routing", "1 honoured", "A"),
        ("none", "2 honoured", "F"),
    ],
)
def test_where_a_new_payment_stands(
    netsuite: SignedInNetSuite, bills: list[SeededBill], approval: str, given: str | None, status: str
):
    netsuite.switch(payment_approval=approval)
    number, _, style = (given or "").partition(" ")
    if style:
        netsuite.switch(payment_approval_given=style)
    fields = {"approvalStatus": {"id": number}} if number else {}
    payment = _post(netsuite, bills[0], **fields)
    assert _stands(netsuite, payment)[:2] == (status, "T" if status == "F" else "F")


def test_an_approval_that_is_given_may_be_refused(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.switch(payment_approval="routing", payment_approval_given="refused")
    answer = netsuite.post(PAYMENT, json=bills[0].payment(approvalStatus={"id": "2"}))
    assert (answer.status_code, error_of(answer)["o:errorPath"]) == (400, "approvalStatus")
    assert _open(netsuite, bills[0]) == bills[0].unpaid


@pytest.mark.parametrize("pending_applies", [True, False])
@pytest.mark.parametrize("opens", [True, False])
def test_each_decision_and_what_it_does_to_the_bill(
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    pending_applies: bool,  # noqa: FBT001
    opens: bool,  # noqa: FBT001
):
    netsuite.switch(
        payment_approval="routing",
        pending_payment_applies=pending_applies,
        rejected_payment_opens_bills=opens,
    )
    bill = bills[0]
    payment = _post(netsuite, bill)
    pending = Decimal(0) if pending_applies else bill.unpaid
    refused = bill.unpaid if opens else Decimal(0)
    assert _open(netsuite, bill) == pending
    for decision, status, posting, unpaid in (
        ("reject", "D", "F", refused),
        ("approve", "F", "T", Decimal(0)),
        ("transit", "B", "T", Decimal(0)),
        ("decline", "E", "F", refused),
        ("online", "Z", "F", pending),
        ("confirm", "C", "T", Decimal(0)),
    ):
        _decide(netsuite, payment, decision)
        assert _stands(netsuite, payment)[:2] == (status, posting)
        assert _open(netsuite, bill) == unpaid


def test_what_was_rejected_cannot_be_approved_once_its_bill_is_paid_otherwise(
    netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    netsuite.switch(payment_approval="routing")
    bill = bills[0]
    payment = _post(netsuite, bill)
    _decide(netsuite, payment, "reject")
    order = {"bill": bill.id, "check_number": "9"}
    netsuite.sandbox.control("/control/netsuite/pay-by-hand", order)
    with pytest.raises(HTTPError, match="409"):
        _decide(netsuite, payment, "approve")
    assert _stands(netsuite, payment)[0] == "D"


@pytest.mark.parametrize("shows", [True, False])
def test_a_void_by_journal(netsuite: SignedInNetSuite, bills: list[SeededBill], shows: bool):  # noqa: FBT001
    netsuite.switch(void_style="journal", void_by_journal_shows=shows)
    bill = bills[0]
    payment = _post(netsuite, bill)
    told = netsuite.restlet({"action": "void", "payment": payment}).json()
    journal = told["voidedBy"]
    assert journal != payment
    assert _stands(netsuite, payment) == (("V", "T", "T") if shows else ("F", "T", "F"))
    assert _open(netsuite, bill) == bill.unpaid
    assert netsuite.accounting(journal) == [(name, -amount) for name, amount in netsuite.accounting(payment)]
    links = netsuite.rows(
        "SELECT previousdoc, previoustype, linktype FROM previoustransactionlinelink"
        f" WHERE nextdoc = {payment} AND linktype = 'Payment'"
    )
    assert links == [{"previousdoc": journal, "previoustype": "Journal", "linktype": "Payment"}]
    again = netsuite.restlet({"action": "void", "payment": payment})
    assert again.json()["error"]["message"].endswith("already been voided.")
    assert error_of(netsuite.delete(f"{PAYMENT}/{payment}"))["o:errorCode"] == "USER_ERROR"


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_journal_that_waits_for_approval_opens_the_bill_with_it(
    netsuite: SignedInNetSuite, bills: list[SeededBill], decision: str
):
    netsuite.switch(void_style="journal_pending")
    bill = bills[0]
    payment = _post(netsuite, bill)
    journal = netsuite.restlet({"action": "void", "payment": payment}).json()["voidedBy"]
    assert _open(netsuite, bill) == 0
    _decide(netsuite, journal, decision)
    assert _open(netsuite, bill) == (bill.unpaid if decision == "approve" else 0)
    (row,) = netsuite.rows(
        "SELECT t.status, t.approvalstatus, l.createdfrom FROM transaction t, transactionline l"
        f" WHERE l.transaction = t.id AND l.mainline = 'T' AND t.type = 'Journal' AND t.id = {journal}"
    )
    approved = decision == "approve"
    assert row == {
        "status": "B" if approved else "A",
        "approvalstatus": "2" if approved else "3",
        "createdfrom": payment,
    }


def test_a_void_by_journal_takes_a_permission_of_its_own(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    payment = _post(netsuite, bills[0])
    netsuite.switch(void_style="journal", missing_permissions="Transactions -> Make Journal Entry")
    answer = netsuite.restlet({"action": "void", "payment": payment})
    assert answer.json()["error"]["code"] == "INSUFFICIENT_PERMISSION"
    assert _open(netsuite, bills[0]) == 0


def test_a_deletion_may_be_refused_or_take_a_reason(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    payment = _post(netsuite, bill)
    netsuite.switch(payment_deletion="refused")
    assert error_of(netsuite.delete(f"{PAYMENT}/{payment}"))["o:errorCode"] == "USER_ERROR"
    netsuite.switch(payment_deletion="needs_reason")
    refused = error_of(netsuite.delete(f"{PAYMENT}/{payment}"))
    assert refused["detail"].endswith("Please enter value(s) for: Deletion Reason.")
    reason = {"deletionReason": {"id": "3"}, "deletionReasonMemo": "AvidXchange has voided it"}
    assert netsuite.patch(f"{PAYMENT}/{payment}", json=reason).status_code == 204
    assert _open(netsuite, bill) == 0
    assert netsuite.delete(f"{PAYMENT}/{payment}").status_code == 204
    assert _open(netsuite, bill) == bill.unpaid
