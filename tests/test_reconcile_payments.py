"""Payments that are not the same on both sides, and the bills that they explain, or do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apbridge.errors import APBridgeError
from apbridge.ledger import RowUpdate, Status
from apbridge_operator.reconcile import Cause, Difference
from tests.beginnings import Beginnings
from tests.reconciling import BEFORE_ALL, ReconcileContext, both_books_with_payments


@pytest.fixture(scope="module")
def context(beginnings: Beginnings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReconcileContext]:
    with both_books_with_payments(beginnings, tmp_path_factory.mktemp("payments"), bills=90) as made:
        yield made


def posted(context: ReconcileContext) -> str:
    """Return a payment that is posted as it was settled, for one test alone."""
    for one in context.sandbox.books()["netsuite"]["payments"]:
        name = one["externalid"] or ""
        if name.startswith("avidxchange-payment-") and name not in context.taken and one["voided"] == "F":
            context.taken.add(name)
            return str(name)
    message = "no posted payment is left"
    raise AssertionError(message)


def of_its_bill(context: ReconcileContext, payment: str, **more: datetime) -> Difference:
    """Compare, and return the difference on the one bill that a payment pays."""
    payments = context.sandbox.books()["avidxchange"]["payments"]
    (found,) = [one for one in payments if payment.endswith(f"-{one['id']}")]
    (share,) = found["allocations"]
    return context.difference(share["invoiceExternalId"], **more)


def test_a_payment_on_its_way_explains_its_own_amount_and_no_more(context: ReconcileContext):
    name, bill = context.take()
    context.edit(name, touch=False, total_cents=int(Decimal(bill["total"]) * 100) + 1500)
    last = context.later(hours=1)
    payment = context.settle(name, amount="10.00")
    assert context.difference(payment, last_run=last).cause is Cause.IN_FLIGHT
    found = context.difference(name, last_run=last)
    assert (found.amount, found.cause, found.has_passed) == (25, Cause.UNEXPLAINED, True)
    assert "Its total is" in found.says
    assert "By payment" in found.says


def test_a_hand_payment_explains_its_own_amount_and_no_more(context: ReconcileContext):
    name, bill = context.take()
    context.edit(name, touch=False, total_cents=int(Decimal(bill["total"]) * 100) - 1500)
    last = context.later(hours=1)
    context.pay_by_hand(name, "7005", "5.00")
    found = context.difference(name, last_run=last)
    assert (found.amount, found.cause) == (-20, Cause.UNEXPLAINED)
    assert "payment 7005 of 5.00" in found.says
    assert "does not account for 15.00" in found.says


def test_a_hand_payment_that_hides_behind_one_on_its_way(context: ReconcileContext):
    name, _ = context.take()
    last = context.later(hours=1)
    payment = context.settle(name, amount="10.00")
    context.pay_by_hand(name, "7006", "10.00")
    found = context.difference(name, last_run=last)
    assert (found.amount, found.cause) == (0, Cause.PAYMENT)
    # The inbound run has had its time: it was neither posted nor linked.
    assert context.difference(payment).cause is Cause.UNEXPLAINED
    assert context.difference(name).cause is Cause.UNEXPLAINED


@pytest.mark.parametrize("first", [True, False])
def test_the_worst_of_two_causes_wins(context: ReconcileContext, first: bool):  # noqa: FBT001
    name, _ = context.take()
    payments = [context.settle(name, amount="1.00"), context.settle(name, amount="2.00")]
    known = payments[not first]
    about: dict[str, Any] = {
        "code": "APB-PAY-029",
        "says": "It is closed.",
        "source_modified_at": "2099-01-01T00:00:00Z",
    }
    with context.ledger as ledger:
        ledger.write(1, "netsuite", [RowUpdate("payments", known, None, "h", Status.REJECTED, **about)])
    causes = [context.difference(one).cause for one in payments]
    assert sorted(causes) == sorted([Cause.REJECTED, Cause.UNEXPLAINED])
    found = context.difference(name)
    assert (found.amount, found.cause, found.has_passed) == (3, Cause.UNEXPLAINED, True)


def test_what_the_bill_itself_explains_does_not_excuse_its_payment(context: ReconcileContext):
    name, _ = context.take()
    context.settle(name, amount="1.00")
    last = context.later(hours=1)
    context.pay_by_hand(name, "7007", "2.00")
    found = context.difference(name, last_run=last)
    assert (found.amount, found.cause) == (-1, Cause.UNEXPLAINED)
    assert "payment 7007" in found.says


def test_a_posted_payment_voided_in_avidxchange(context: ReconcileContext):
    payment = posted(context)
    context.sandbox.control("/control/payments/void", {"ids": [payment.rpartition("-")[2]]})
    coming = context.difference(payment, last_run=BEFORE_ALL)
    assert (coming.cause, coming.run, coming.avidxchange) == (Cause.IN_FLIGHT, "inbound", None)
    assert of_its_bill(context, payment, last_run=BEFORE_ALL).cause is Cause.PAYMENT
    passed = context.difference(payment)
    assert (passed.cause, passed.code, passed.has_passed) == (Cause.UNEXPLAINED, "APB-REC-045", True)
    assert of_its_bill(context, payment).cause is Cause.UNEXPLAINED


def test_a_settled_payment_voided_in_netsuite(context: ReconcileContext):
    payment = posted(context)
    context.edit_payment(payment, voided="T")
    # No run will post it again, however young it is.
    found = context.difference(payment, last_run=BEFORE_ALL)
    assert (found.cause, found.code, found.run) == (Cause.UNEXPLAINED, "APB-REC-042", None)
    assert found.netsuite is None
    assert found.avidxchange


def test_a_settled_payment_deleted_in_netsuite(context: ReconcileContext):
    payment = posted(context)
    (found,) = [
        one for one in context.sandbox.books()["netsuite"]["payments"] if one["externalid"] == payment
    ]
    context.sandbox.control("/control/netsuite/delete", {"type": "vendorpayment", "id": found["id"]})
    gone = context.difference(payment, last_run=BEFORE_ALL)
    assert (gone.cause, gone.code) == (Cause.UNEXPLAINED, "APB-REC-043")
    assert f"vendor payment {found['id']}" in gone.says
    assert of_its_bill(context, payment, last_run=BEFORE_ALL).cause is Cause.UNEXPLAINED
    # What an earlier run noted of it does not say that it is there.
    context.note(payment, facts='{"note": "recorded by hand as vendor payment 1"}')
    assert context.difference(payment).cause is Cause.UNEXPLAINED


def test_a_bill_lowered_after_it_was_paid(context: ReconcileContext):
    name, bill = context.take()
    payment = context.settle(name)
    context.inbound()
    assert context.differences(payment) == context.differences(name) == []
    paid = int(Decimal(bill["total"]) * 100)
    context.edit(name, total_cents=paid - 500, paid_cents=paid - 500)
    for last in (BEFORE_ALL, context.later(hours=1)):
        found = context.difference(name, last_run=last)
        assert (found.amount, found.cause, found.code) == (0, Cause.UNEXPLAINED, "APB-REC-025")
        assert "5.00 too much" in found.says
        assert found.run is None


def test_a_bill_paid_by_hand_and_by_avidxchange(context: ReconcileContext):
    name, bill = context.take()
    context.settle(name, amount="1.00")
    context.inbound()
    context.settle(name)
    context.pay_by_hand(name, "7008")
    rest = Decimal(bill["total"]) - 1
    found = context.difference(name)
    assert (found.cause, found.amount) == (Cause.UNEXPLAINED, 0)
    assert f"{rest:,.2f} was settled otherwise" in found.says
    assert f"{rest:,.2f} too much" in found.says


def test_paid_there_and_open_here(context: ReconcileContext):
    name, bill = context.take()
    context.settle(name)
    context.inbound()
    context.edit(name, touch=False, paid_cents=0, status="A")
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-026")
    assert (found.netsuite, found.avidxchange) == (Decimal(bill["total"]), 0)


def test_paid_here_and_open_there(context: ReconcileContext):
    name, bill = context.take()
    cents = int(Decimal(bill["total"]) * 100)
    context.edit(name, touch=False, paid_cents=cents, status="B")
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-027")
    assert (found.netsuite, found.avidxchange) == (0, Decimal(bill["total"]))


def test_what_was_paid_on_the_day_itself_counts(context: ReconcileContext):
    payments = context.sandbox.books()["avidxchange"]["payments"]
    name = posted(context)
    (paid,) = [one for one in payments if name.endswith(f"-{one['id']}")]
    day = date.fromisoformat(paid["paidOn"])
    bill = paid["allocations"][0]["invoiceExternalId"]
    on_the_day, before = (context.compare(as_of=one) for one in (day, day - timedelta(days=1)))
    assert on_the_day.payments > before.payments == 0
    for found in (on_the_day, before):
        assert [one for one in found.differences if one.external_id in {name, bill}] == []


@pytest.mark.parametrize(("kind", "field"), [("payment", "amount"), ("invoice", "total")])
def test_a_record_that_shows_no_amount_is_named(context: ReconcileContext, kind: str, field: str):
    shown = context.sandbox.books()["avidxchange"][f"{kind}s"][0]
    answer = {"status": 200, "body": {"items": [{**shown, field: None}]}}
    match = {"method": "GET", "path": f"/v1/{kind}s", "times": 1}
    context.sandbox.control("/control/faults", {"match": match, "do": answer})
    try:
        with pytest.raises(APBridgeError, match="APB-REC-050") as ended:
            context.compare()
    finally:
        context.sandbox.control("/control/faults", method="DELETE")
    assert str(ended.value.facts["external_id"]).endswith(shown.get("externalId") or f"-{shown['id']}")


def decide(context: ReconcileContext, name: str, decision: str) -> str:
    """Let somebody decide about a posted payment in NetSuite, and return its internal id."""
    (found,) = [one for one in context.sandbox.books()["netsuite"]["payments"] if one["externalid"] == name]
    context.sandbox.control("/control/netsuite/decide", {"id": found["id"], "decision": decision})
    return str(found["id"])


def test_a_posted_payment_that_is_not_final_is_no_payment_yet(context: ReconcileContext):
    name = posted(context)
    decide(context, name, "transit")
    found = context.difference(name)
    assert (found.netsuite, found.code) == (None, "APB-PAY-075")
    assert "in transit" in found.says
    decide(context, name, "confirm")
    assert context.differences(name) == []


@pytest.mark.parametrize("decision", ["reject", "decline"])
def test_a_posted_payment_that_was_refused_is_no_payment(context: ReconcileContext, decision: str):
    name = posted(context)
    decide(context, name, decision)
    found = context.difference(name)
    assert (found.netsuite, found.cause, found.code) == (None, Cause.UNEXPLAINED, "APB-REC-042")


@pytest.mark.parametrize("shows", [True, False])
def test_a_posted_payment_that_a_journal_reverses_is_no_payment(context: ReconcileContext, shows: bool):  # noqa: FBT001
    name = posted(context)
    number = decide(context, name, "approve")
    switches = {"netsuite.void_style": "journal", "netsuite.void_by_journal_shows": shows}
    context.sandbox.control("/control/switches", switches)
    try:
        context.sandbox.control("/control/netsuite/void", {"id": number})
    finally:
        context.sandbox.control("/control/switches", method="DELETE")
    assert context.difference(name).code == "APB-REC-042"


def test_a_posted_payment_counts_unless_a_journal_is_known_to_reverse_it(context: ReconcileContext):
    """One that pays a journal, as of opening balances, has the same link as one that a journal reverses."""
    name = posted(context)
    number = decide(context, name, "approve")
    switches = {"netsuite.void_style": "journal", "netsuite.void_by_journal_shows": False}
    context.sandbox.control("/control/switches", switches)
    context.sandbox.control("/control/netsuite/void", {"id": number})
    context.sandbox.control("/control/switches", method="DELETE")
    journal = context.journal_of(number)
    context.edit(f"-{journal}", approvalstatus=3)
    assert context.differences(name) == []
    context.edit(f"-{journal}", approvalstatus=1)
    assert context.differences(name) == []
    context.edit(f"-{journal}", approvalstatus=2)
    assert context.difference(name).code == "APB-REC-042"
    context.forget_what_it_voids(journal)
    assert context.differences(name) == []


def test_what_another_company_of_the_account_has_posted_is_left_out(context: ReconcileContext):
    ours, theirs = posted(context), "avidxchange-payment-77000001"
    context.edit_payment(ours, externalid=theirs)
    assert context.difference(theirs).code == "APB-REC-040"
    alone = context.compare()
    asked: list[str] = []

    def posted_by_others(names: Collection[str]) -> set[str]:
        asked.extend(names)
        return {theirs}

    result = context.compare(posted_by_others=posted_by_others)
    before, after = ({one.external_id for one in each.differences} for each in (alone, result))
    assert before - after == {theirs}
    assert result.payments == alone.payments - 1
    # Of what AvidXchange or our own ledger knows nobody is asked.
    assert asked == [theirs]
    context.edit_payment(theirs, externalid=ours)
