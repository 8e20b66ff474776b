"""What is to be paid and what a bill says, compared where the sums agree; and who is to see to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.ledger import Status
from apbridge_operator.reconcile import Cause
from tests.beginnings import Beginnings
from tests.reconciling import AFTER_ALL, BEFORE_ALL, World
from tests.reconciling import world as submitted

HELD: list[dict[str, Any]] = [
    {"paymenthold": "T"},
    {"approvalstatus": 1, "status": "D"},
    {"approvalstatus": 1},
    {"approvalstatus": 3},
    {"status": "E"},
]


@pytest.fixture(scope="module")
def world(beginnings: Beginnings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with submitted(beginnings, tmp_path_factory.mktemp("state"), bills=60) as made:
        yield made


def test_what_is_submitted_and_not_touched_differs_in_nothing(world: World):
    for surface in ("avidconnect", "partner"):
        found = world.compare(surface=surface).differences
        untouched = [one for one in found if one.external_id not in world.taken]
        assert [one for one in untouched if one.cause is not Cause.NOT_ELIGIBLE] == []


@pytest.mark.parametrize("held", HELD, ids=str)
def test_a_held_bill_s_live_invoice(world: World, held: dict[str, Any]):
    name, bill = world.take("submitted")
    assert world.differences(name) == []
    world.edit(name, **held)
    assert world.invoice(name)["status"] == "submitted"
    assert world.bill(name)["unpaid"] == bill["unpaid"]

    found = world.difference(name, last_run=BEFORE_ALL)
    assert (found.cause, found.amount, found.code) == (Cause.IN_FLIGHT, 0, "APB-REC-020")
    assert (found.run, found.has_passed) == ("outbound", False)
    assert found.says.endswith("The next outbound run sees to it.")
    passed = world.difference(name)
    assert (passed.cause, passed.run, passed.has_passed) == (Cause.UNEXPLAINED, "outbound", True)
    assert "should have seen to it, and has not" in passed.says

    world.outbound()
    assert world.invoice(name)["status"] == "cancelled"
    withdrawn = world.difference(name)
    assert (withdrawn.cause, withdrawn.code) == (Cause.NOT_ELIGIBLE, "APB-REC-015")


def test_a_bill_that_may_be_submitted_before_it_is_approved(world: World):
    name, _ = world.take("submitted")
    world.edit(name, approvalstatus=1, status="D")
    world.note(name, source_modified_at="2099-01-01T00:00:00Z")
    assert world.differences(name, takes_pending=True) == []
    assert world.difference(name).cause is Cause.UNEXPLAINED
    world.edit(name, approvalstatus=2, status="A")
    world.outbound()


def test_an_invoice_that_comes_back_after_it_was_withdrawn(world: World):
    name, _ = world.take("submitted")
    before = world.sent(name)
    world.edit(name, paymenthold="T")
    world.outbound()
    world.arrive(name, before)
    assert world.invoice(name)["status"] == "submitted"
    found = world.difference(name)
    assert (found.cause, found.has_passed) == (Cause.UNEXPLAINED, True)
    # The hold is gone, and no run has taken that up: the ledger still has it as withdrawn.
    world.edit(name, paymenthold="F")
    found = world.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-023")
    assert world.difference(name, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    world.outbound()
    assert world.differences(name) == []


def test_a_cancellation_that_comes_after_its_bill_was_released(world: World):
    name, _ = world.take("submitted")
    world.edit(name, paymenthold="T")
    world.outbound()
    world.edit(name, paymenthold="F")
    found = world.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-017")
    assert world.difference(name, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT


def test_what_the_ledger_says_was_never_submitted_and_avidxchange_means_to_pay(world: World):
    name, _ = world.take("submitted")
    world.note(name, status=Status.IGNORED.value)
    found = world.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-024")
    world.note(name, status=Status.DELIVERED.value)


def test_a_write_that_may_still_arrive_explains_until_a_run_has_looked(world: World):
    name, _ = world.take("submitted")
    world.edit(name, paymenthold="T")
    again = world.later(minutes=40)
    world.note(name, look_again_at=again)
    found = world.difference(name, last_run=again - timedelta(minutes=1))
    assert (found.cause, found.code, found.run) == (Cause.IN_FLIGHT, "APB-REC-003", "outbound")
    assert f"{again:%Y-%m-%d %H:%M}" in found.says
    assert world.difference(name, last_run=again + timedelta(minutes=30)).cause is Cause.UNEXPLAINED


def test_old_content_of_the_same_sum_that_came_late(world: World):
    name, bill = world.take("submitted")
    before = world.sent(name)
    world.sandbox.control(
        "/control/netsuite/edit",
        {"table": "transactionline", "id": bill["lines"][0]["uniquekey"], "set": {"memo": "Other words"}},
    )
    world.edit(name, memo="Another memo")
    world.outbound()
    assert world.invoice(name)["memo"] == "Another memo"
    assert world.differences(name) == []
    world.arrive(name, before)
    found = world.difference(name)
    assert (found.cause, found.code, found.amount) == (Cause.UNEXPLAINED, "APB-REC-030", 0)
    assert "memo, lines" in found.says
    # Under another contract the ledger's words for what was sent are not AvidXchange's: nothing is guessed.
    assert world.differences(name, surface="partner") == []


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("tranid", "ANOTHER-1", "number (ANOTHER-1 in NetSuite"),
        ("trandate", "2026-01-15", "date (2026-01-15 in NetSuite"),
        ("duedate", "2027-01-15", "due date (2027-01-15 in NetSuite"),
    ],
)
def test_old_content_of_the_same_sum_that_no_run_has_replaced(
    world: World, column: str, value: str, named: str
):
    name, _ = world.take("submitted")
    columns: dict[str, Any] = {column: value}
    world.edit(name, **columns)
    coming = world.difference(name, last_run=BEFORE_ALL)
    assert (coming.cause, coming.code) == (Cause.IN_FLIGHT, "APB-REC-030")
    assert named in coming.says
    assert world.difference(name).cause is Cause.UNEXPLAINED
    world.outbound()
    assert world.differences(name) == []


def test_a_change_that_shows_in_no_field_and_that_no_run_has_taken_up(world: World):
    name, _ = world.take("submitted")
    world.edit(name, memo="What no list of bills shows")
    assert world.differences(name, last_run=BEFORE_ALL) == []
    found = world.difference(name)
    assert (found.cause, found.code) == (Cause.UNEXPLAINED, "APB-REC-031")
    world.outbound()
    assert world.differences(name) == []


def test_an_exception_about_an_invoice_that_stands_is_told(world: World):
    name, _ = world.take("submitted")
    world.sandbox.control("/control/invoices/approve", {"external_ids": [name]})
    world.edit(name, memo="Too late for it")
    world.outbound()
    found = world.difference(name)
    assert (found.cause, found.code, found.amount) == (Cause.REJECTED, "APB-TAX-021", 0)
    world.edit(name, paymenthold="T")
    # That it may no longer change does not excuse that it is held since.
    assert world.difference(name).cause is Cause.UNEXPLAINED


def test_a_rejected_invoice(world: World):
    name, bill = world.take("submitted")
    world.sandbox.control("/control/invoices/reject", {"external_ids": [name], "reason": "Wrong building."})
    world.later(minutes=5)
    found = world.difference(name)
    assert (found.cause, found.code, found.run) == (Cause.REFUSED_THERE, "APB-REC-016", None)
    assert (found.netsuite, found.avidxchange) == (Decimal(bill["unpaid"]), 0)
    assert "Wrong building." in found.says
    # It is corrected: the next run submits it again, and must.
    world.edit(name, memo="The right building")
    assert world.difference(name, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    assert world.difference(name).cause is Cause.UNEXPLAINED
    world.outbound()
    assert world.differences(name) == []


@pytest.fixture
def company_of_its_own(beginnings: Beginnings, tmp_path: Path) -> Iterator[World]:
    """No other test leaves a difference in it."""
    with submitted(beginnings, tmp_path, bills=12) as made:
        yield made


def test_the_command_ends_with_1_for_a_withdrawn_bill_whose_cancellation_never_came(
    company_of_its_own: World,
):
    world = company_of_its_own
    name, _ = world.take("submitted")
    world.outbound()
    world.last_ran(BEFORE_ALL)
    assert world.command().returncode == 0
    world.edit(name, paymenthold="T")
    assert world.command().returncode == 0
    world.last_ran(AFTER_ALL)
    told = world.command("--json")
    assert told.returncode == 1, told.stderr
    listed = [one for one in json.loads(told.stdout)["listed"] if one["external_id"] == name]
    assert [(one["cause"], one["run"], one["has_passed"]) for one in listed] == [
        ("unexplained", "outbound", True)
    ]
    assert listed[0]["do"].startswith("Stop the invoice in AvidXchange now")


def test_as_of_a_day_only_amounts_are_compared(world: World):
    name, _ = world.take("submitted")
    world.edit(name, paymenthold="T")
    today = world.later(minutes=1).date()
    assert world.differences(name, as_of=today) == []
