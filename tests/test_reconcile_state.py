"""What is to be paid and what a bill says, compared where the sums agree; and who is to see to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange.profile_files import shipped
from apbridge.ledger import Status
from apbridge_operator.reconcile import Cause
from tests.beginnings import Beginnings
from tests.reconciling import AFTER_ALL, BEFORE_ALL, ReconcileContext
from tests.reconciling import context as submitted

pytestmark = pytest.mark.long

HELD: list[dict[str, Any]] = [
    {"paymenthold": "T"},
    {"approvalstatus": 1, "status": "D"},
    {"approvalstatus": 1},
    {"approvalstatus": 3},
    {"status": "E"},
]


@pytest.fixture(scope="module")
def context(beginnings: Beginnings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReconcileContext]:
    with submitted(beginnings, tmp_path_factory.mktemp("state"), bills=60) as made:
        yield made


def test_what_is_submitted_and_not_touched_differs_in_nothing(context: ReconcileContext):
    for surface in shipped():
        found = context.compare(surface=surface).differences
        untouched = [one for one in found if one.external_id not in context.taken]
        assert [one for one in untouched if one.cause is not Cause.NOT_ELIGIBLE] == []


@pytest.mark.parametrize("held", HELD, ids=str)
def test_a_held_bill_s_live_invoice(context: ReconcileContext, held: dict[str, Any]):
    name, bill = context.take("submitted")
    assert context.differences(name) == []
    context.edit(name, **held)
    assert context.invoice(name)["status"] == "submitted"
    assert context.bill(name)["unpaid"] == bill["unpaid"]

    found = context.difference(name, last_run=BEFORE_ALL)
    assert (found.cause, found.amount, found.code) == (Cause.IN_FLIGHT, 0, "APB-REC-020")
    assert (found.run, found.has_passed) == ("outbound", False)
    assert found.says.endswith("The next outbound run sees to it.")
    passed = context.difference(name)
    assert (passed.cause, passed.run, passed.has_passed) == (Cause.UNEXPLAINED, "outbound", True)
    assert "should have seen to it, and has not" in passed.says

    context.outbound()
    assert context.invoice(name)["status"] == "cancelled"
    withdrawn = context.difference(name)
    assert (withdrawn.cause, withdrawn.code) == (Cause.NOT_ELIGIBLE, "APB-REC-015")


def test_a_bill_that_may_be_submitted_before_it_is_approved(context: ReconcileContext):
    name, _ = context.take("submitted")
    context.edit(name, approvalstatus=1, status="D")
    context.note(name, source_modified_at="2099-01-01T00:00:00Z")
    assert context.differences(name, takes_pending=True) == []
    assert context.difference(name).cause is Cause.UNEXPLAINED
    context.edit(name, approvalstatus=2, status="A")
    context.outbound()


def test_an_invoice_that_comes_back_after_it_was_withdrawn(context: ReconcileContext):
    name, _ = context.take("submitted")
    before = context.sent(name)
    context.edit(name, paymenthold="T")
    context.outbound()
    context.arrive(name, before)
    assert context.invoice(name)["status"] == "submitted"
    found = context.difference(name)
    assert (found.cause, found.has_passed) == (Cause.UNEXPLAINED, True)
    # The hold is gone, and no run has taken that up: the ledger still has it as withdrawn.
    context.edit(name, paymenthold="F")
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-023")
    assert context.difference(name, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    context.outbound()
    assert context.differences(name) == []


def test_a_cancellation_that_comes_after_its_bill_was_released(context: ReconcileContext):
    name, _ = context.take("submitted")
    context.edit(name, paymenthold="T")
    context.outbound()
    context.edit(name, paymenthold="F")
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-017")
    assert context.difference(name, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT


def test_what_the_ledger_says_was_never_submitted_and_avidxchange_means_to_pay(context: ReconcileContext):
    name, _ = context.take("submitted")
    context.note(name, status=Status.IGNORED.value)
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-024")
    context.note(name, status=Status.DELIVERED.value)


def test_a_write_that_may_still_arrive_explains_until_a_run_has_looked(context: ReconcileContext):
    name, _ = context.take("submitted")
    context.edit(name, paymenthold="T")
    again = context.later(minutes=40)
    context.note(name, look_again_at=again)
    found = context.difference(name, last_run=again - timedelta(minutes=1))
    assert (found.cause, found.code, found.run) == (Cause.IN_FLIGHT, "APB-REC-003", "outbound")
    assert f"{again:%Y-%m-%d %H:%M}" in found.says
    assert context.difference(name, last_run=again + timedelta(minutes=30)).cause is Cause.UNEXPLAINED


def test_old_content_of_the_same_sum_that_came_late(context: ReconcileContext):
    name, bill = context.take("submitted")
    before = context.sent(name)
    context.sandbox.control(
        "/control/netsuite/edit",
        {"table": "transactionline", "id": bill["lines"][0]["uniquekey"], "set": {"memo": "Other words"}},
    )
    context.edit(name, memo="Another memo")
    context.outbound()
    assert context.invoice(name)["memo"] == "Another memo"
    assert context.differences(name) == []
    context.arrive(name, before)
    found = context.difference(name)
    assert (found.cause, found.code, found.amount) == (Cause.UNEXPLAINED, "APB-REC-030", 0)
    assert "memo, lines" in found.says
    # Under another contract the ledger's words for what was sent are not AvidXchange's: nothing is guessed.
    assert context.differences(name, surface="partner") == []


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("tranid", "ANOTHER-1", "number (ANOTHER-1 in NetSuite"),
        ("trandate", "2026-01-15", "date (2026-01-15 in NetSuite"),
        ("duedate", "2027-01-15", "due date (2027-01-15 in NetSuite"),
    ],
)
def test_old_content_of_the_same_sum_that_no_run_has_replaced(
    context: ReconcileContext, column: str, value: str, named: str
):
    name, _ = context.take("submitted")
    columns: dict[str, Any] = {column: value}
    context.edit(name, **columns)
    coming = context.difference(name, last_run=BEFORE_ALL)
    assert (coming.cause, coming.code) == (Cause.IN_FLIGHT, "APB-REC-030")
    assert named in coming.says
    assert context.difference(name).cause is Cause.UNEXPLAINED
    context.outbound()
    assert context.differences(name) == []


def test_a_change_that_shows_in_no_field_and_that_no_run_has_taken_up(context: ReconcileContext):
    name, _ = context.take("submitted")
    context.edit(name, memo="What no list of bills shows")
    assert context.differences(name, last_run=BEFORE_ALL) == []
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-031")
    context.outbound()
    assert context.differences(name) == []


def test_an_exception_about_an_invoice_that_stands_is_told(context: ReconcileContext):
    name, _ = context.take("submitted")
    context.sandbox.control("/control/invoices/approve", {"external_ids": [name]})
    context.edit(name, memo="Too late for it")
    context.outbound()
    found = context.difference(name)
    assert (found.cause, found.code, found.amount) == (Cause.REJECTED, "APB-TAX-021", 0)
    context.edit(name, paymenthold="T")
    # That it may no longer change does not excuse that it is held since.
    assert context.difference(name).cause is Cause.UNEXPLAINED


def test_a_prepayment_over_the_rest_that_the_ledger_has_heard_of(context: ReconcileContext):
    name, bill = context.take("submitted")
    context.sandbox.control("/control/invoices/approve", {"external_ids": [name]})
    context.settle(name, amount="1.25")
    context.inbound()
    before = context.later(minutes=10)
    order = {"kind": "prepayment", "bill": bill["id"]}
    prepayment = context.sandbox.control("/control/netsuite/apply", order)["id"]
    context.outbound()
    # As where nothing dates what is applied.
    context.note(name, source_modified_at=f"{before:%Y-%m-%dT%H:%M:%SZ}")
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.REJECTED, "APB-TAX-030")
    # Of what was rejected before the prepayment, the reason explains nothing.
    context.note(name, payload=None)
    found = context.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-021")
    assert f"prepayment VPrepApp{prepayment} of " in found.says
    assert f"(internal id {prepayment})" in found.says


def test_a_rejected_invoice(context: ReconcileContext):
    name, bill = context.take("submitted")
    context.sandbox.control("/control/invoices/reject", {"external_ids": [name], "reason": "Wrong building."})
    context.later(minutes=5)
    found = context.difference(name)
    assert (found.cause, found.code, found.run) == (Cause.REFUSED_THERE, "APB-REC-016", None)
    assert (found.netsuite, found.avidxchange) == (Decimal(bill["unpaid"]), 0)
    assert "Wrong building." in found.says
    # It is corrected: the next run submits it again, and must.
    context.edit(name, memo="The right building")
    assert context.difference(name, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    assert context.difference(name).cause is Cause.UNEXPLAINED
    context.outbound()
    assert context.differences(name) == []


@pytest.fixture
def company_of_its_own(beginnings: Beginnings, tmp_path: Path) -> Iterator[ReconcileContext]:
    """No other test leaves a difference in it."""
    with submitted(beginnings, tmp_path, bills=12) as made:
        yield made


def test_the_command_ends_with_1_for_a_withdrawn_bill_whose_cancellation_never_came(
    company_of_its_own: ReconcileContext,
):
    context = company_of_its_own
    name, _ = context.take("submitted")
    context.outbound()
    context.last_ran(BEFORE_ALL)
    assert context.command().returncode == 0
    context.edit(name, paymenthold="T")
    assert context.command().returncode == 0
    context.last_ran(AFTER_ALL)
    told = context.command("--json")
    assert told.returncode == 1, told.stderr
    listed = [one for one in json.loads(told.stdout)["listed"] if one["external_id"] == name]
    assert [(one["cause"], one["run"], one["has_passed"]) for one in listed] == [
        ("unexplained", "outbound", True)
    ]
    assert listed[0]["do"].startswith("Stop the invoice in AvidXchange now")


def test_as_of_a_day_only_amounts_are_compared(context: ReconcileContext):
    name, _ = context.take("submitted")
    context.edit(name, paymenthold="T")
    today = context.later(minutes=1).date()
    assert context.differences(name, as_of=today) == []
