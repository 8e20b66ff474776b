"""Both systems compared after real runs, with differences made by hand: each is found, with its cause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete

from apbridge.errors import RefusedError
from apbridge.ledger import RowUpdate, Status
from apbridge.ledger.run_history import RunHistory
from apbridge.ledger.tables import records
from apbridge_operator.reconcile import Cause
from apbridge_operator.reconcile.netsuite import NetSuiteSide
from tests.beginnings import Beginnings
from tests.reconciling import AFTER_ALL, BEFORE_ALL, ReconcileContext, both_books_with_payments


@pytest.fixture(scope="module")
def context(beginnings: Beginnings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReconcileContext]:
    with both_books_with_payments(beginnings, tmp_path_factory.mktemp("reconcile"), bills=70) as made:
        yield made


@pytest.fixture(scope="module")
def untouched(beginnings: Beginnings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReconcileContext]:
    """Yield a company in which nobody does anything after the runs."""
    with both_books_with_payments(beginnings, tmp_path_factory.mktemp("untouched"), bills=70) as made:
        yield made


def test_after_a_run_each_way_all_is_in_balance(untouched: ReconcileContext):
    books = untouched.sandbox.books()
    result = untouched.compare()
    assert [one for one in result.differences if one.cause is not Cause.NOT_ELIGIBLE] == []
    assert result.unexplained == []
    assert result.payments > 5
    unpaid = {key[1]: total.avidxchange for key, total in result.open.currencies.items() if total.avidxchange}
    assert unpaid == {name: Decimal(total) for name, total in books["avidxchange"]["unpaid"].items()}
    here = sum(total.netsuite for total in result.open.vendors.values())
    assert here == sum(total.netsuite for total in result.open.subsidiaries.values())
    assert all(not total.difference for total in result.paid.vendors.values())


def test_it_only_reads_and_in_bulk(untouched: ReconcileContext):
    untouched.sandbox.control("/control/calls", method="DELETE")
    untouched.compare()
    calls = untouched.sandbox.calls()
    assert [system["writes"] for system in calls.values()] == [0, 0]
    # A sign-in, the bills and their total, the payments, and what was deleted or applied; two lists.
    assert calls["netsuite"]["total"] <= 6
    assert calls["avidxchange"]["total"] <= 2


@pytest.mark.parametrize("surface", ["partner", "avidsuite"])
def test_by_another_contract_it_finds_the_same(context: ReconcileContext, surface: str):
    found, other = context.compare(), context.compare(surface=surface)
    assert other.open == found.open
    assert other.paid == found.paid
    assert [(one.external_id, one.cause) for one in other.differences] == [
        (one.external_id, one.cause) for one in found.differences
    ]


@pytest.mark.parametrize(
    "off", [("oneworld",), ("multicurrency",), ("oneworld", "multicurrency")], ids="-".join
)
def test_an_account_without_a_feature_is_compared_too(context: ReconcileContext, off: tuple[str, ...]):
    everything = context.compare()
    switched = {f"netsuite.{name}": False for name in off}
    context.sandbox.control("/control/switches", switched)
    try:
        found = context.compare()
    finally:
        context.sandbox.control("/control/switches", method="DELETE")
    assert found.bills == everything.bills
    assert [one.external_id for one in found.differences] == [
        one.external_id for one in everything.differences
    ]
    named = {name for name, _ in everything.open.subsidiaries}
    assert ({name for name, _ in found.open.subsidiaries} == named) is ("oneworld" not in off)


def test_a_bill_paid_by_hand_is_told_with_its_payment(context: ReconcileContext):
    name, bill = context.take()
    context.pay_by_hand(name, "7001")
    found = context.difference(name, last_run=BEFORE_ALL)
    assert (found.cause, found.netsuite, found.avidxchange) == (Cause.BY_HAND, 0, Decimal(bill["unpaid"]))
    assert "payment 7001" in found.says
    assert "The next outbound run sees to it" in found.says
    passed = context.difference(name)
    assert (passed.cause, passed.run, passed.has_passed) == (Cause.UNEXPLAINED, "outbound", True)
    assert "payment 7001" in passed.says


def test_a_settled_payment_on_its_way_explains_its_bill(context: ReconcileContext):
    name, bill = context.take()
    payment = context.settle(name, amount="1.00", discount="0.50")
    assert context.difference(payment, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    on_bill = context.difference(name, last_run=BEFORE_ALL)
    assert (on_bill.cause, on_bill.amount) == (Cause.PAYMENT, Decimal("1.50"))
    assert on_bill.number == bill["tranid"]

    assert context.difference(payment).cause is Cause.UNEXPLAINED
    assert context.difference(name).cause is Cause.UNEXPLAINED

    entry = RowUpdate(
        "payments", payment, None, "h", Status.REJECTED, code="APB-PAY-050", says="It is closed."
    )
    with context.ledger as ledger:
        ledger.write(1, "netsuite", [entry])
    rejected = context.difference(payment)
    assert (rejected.cause, rejected.says, rejected.code) == (Cause.REJECTED, "It is closed.", "APB-PAY-050")
    assert context.difference(name).cause is Cause.PAYMENT


def test_a_payment_voided_since_it_was_posted(context: ReconcileContext):
    posted = next(
        one["externalid"] for one in context.sandbox.books()["netsuite"]["payments"] if one["externalid"]
    )
    number = posted.removeprefix("avidxchange-payment-")
    context.sandbox.control("/control/payments/void", {"ids": [number]})
    found = context.difference(posted, last_run=BEFORE_ALL)
    assert (found.cause, found.avidxchange) == (Cause.IN_FLIGHT, None)
    assert "voided" in context.difference(posted).says
    assert not context.difference(posted).is_explained


def test_a_deleted_bill_that_is_still_to_be_paid(context: ReconcileContext):
    name, bill = context.take()
    context.sandbox.control("/control/netsuite/delete", {"type": "vendorbill", "id": bill["id"]})
    found = context.difference(name, last_run=BEFORE_ALL)
    assert (found.cause, found.netsuite) == (Cause.IN_FLIGHT, None)
    found = context.difference(name)
    assert (found.cause, found.has_passed) == (Cause.UNEXPLAINED, True)
    assert found.says.startswith("NetSuite has no such bill, and AvidXchange means to pay it.")


def test_a_bill_that_the_ledger_never_heard_of(context: ReconcileContext):
    result = context.compare()
    held = next(one for one in result.differences if one.code == "APB-REC-012")
    assert held.says.startswith("It is not submitted: ")
    context.taken.add(held.external_id)
    with context.ledger as ledger, ledger.database.writing() as connection:
        connection.execute(delete(records).where(records.c.external_id == held.external_id))
    assert context.difference(held.external_id).cause is Cause.NOT_ELIGIBLE
    context.edit(held.external_id, status="A", approvalstatus=2, paymenthold="F")
    assert context.difference(held.external_id).cause is Cause.UNEXPLAINED
    assert context.difference(held.external_id, last_run=BEFORE_ALL).cause is Cause.IN_FLIGHT
    start = date(2099, 1, 1)
    assert context.difference(held.external_id, start=start).cause is Cause.NOT_ELIGIBLE


def test_a_rejected_bill_is_told_with_its_reason_and_a_dismissed_one_as_such(context: ReconcileContext):
    name, bill = context.take()
    context.sandbox.control("/control/netsuite/delete", {"type": "vendorbill", "id": bill["id"]})
    for status, cause in ((Status.REJECTED, Cause.REJECTED), (Status.WAITING, Cause.WAITING)):
        about: dict[str, Any] = {
            "code": "APB-TAX-030",
            "says": "Twice.",
            "source_modified_at": "2099-01-01T00:00:00Z",
        }
        entry = RowUpdate("bills", name, None, "h", status, **about)
        with context.ledger as ledger:
            ledger.write(1, "avidxchange", [entry])
        found = context.difference(name)
        assert (found.cause, found.says, found.code) == (cause, "Twice.", "APB-TAX-030")
        # Of what the bill was before it was deleted, a reason explains nothing.
        context.note(name, source_modified_at="2000-01-01T00:00:00Z")
        assert context.difference(name).cause is Cause.UNEXPLAINED


def test_as_of_a_day_puts_back_what_was_paid_later(context: ReconcileContext):
    paid_on = min(
        date.fromisoformat(one["paidOn"]) for one in context.sandbox.books()["avidxchange"]["payments"]
    )
    result = context.compare(as_of=paid_on - timedelta(days=1))
    assert result.payments == 0
    untouched = [one for one in result.differences if one.cause is not Cause.NOT_ELIGIBLE]
    assert {one.external_id for one in untouched} <= context.taken
    now = sum(total.netsuite for total in context.compare().open.currencies.values())
    assert sum(total.netsuite for total in result.open.currencies.values()) > now


def test_the_command_ends_with_1_where_something_is_unexplained_and_keeps_what_it_found(
    context: ReconcileContext,
):
    name, _ = context.take()
    context.settle(name)
    context.last_ran(AFTER_ALL)
    told = context.command("--json")
    assert told.returncode == 1, told.stderr
    fields = json.loads(told.stdout)
    assert fields["unexplained"] >= 2
    assert fields["listed"][0]["cause"] == "unexplained"
    said = context.command("--by-vendor").stdout
    assert "differences are unexplained" in said
    assert "Open on bills in NetSuite's ledger" in said
    rows = [one for one in fields["bridge"]["rows"] if one["step"] == "unexplained"]
    assert name in {one["external_id"] for one in rows}
    file = context.folder / "bridge.csv"
    listed = context.command("--step", "unexplained", f"--output={file}").stdout
    assert all(one["number"] in listed for one in rows)
    assert all(one["external_id"] in file.read_text(encoding="utf-8") for one in rows)
    for place in fields["bridge"]["places"]:
        steps = sum(one["amount"] for one in place["steps"])
        assert place["netsuite"] + steps == pytest.approx(place["avidxchange"])
    assert "Open in NetSuite" in said
    with context.ledger as ledger:
        kept = RunHistory(ledger).reconciliations()
        assert [one.unexplained for one in kept] == [fields["unexplained"]] * 3
        assert RunHistory(ledger).in_balance_since() is None


def test_what_netsuite_s_own_total_has_beside_the_bills_is_unexplained(
    untouched: ReconcileContext, monkeypatch: pytest.MonkeyPatch
):
    read = NetSuiteSide.ledger_totals

    def more(side: NetSuiteSide, as_of: date | None) -> dict[tuple[str, str], Decimal]:
        return {place: amount + 5 for place, amount in read(side, as_of).items()}

    monkeypatch.setattr(NetSuiteSide, "ledger_totals", more)
    lost = next(one for one in untouched.compare().differences if one.kind == "total")
    assert (lost.code, lost.cause, lost.amount) == ("APB-REC-071", Cause.UNEXPLAINED, 5)
    monkeypatch.undo()
    assert "total" not in {one.kind for one in untouched.compare().differences}


def test_where_netsuite_adds_nothing_up_there_is_a_bridge_that_nobody_signs(
    untouched: ReconcileContext, monkeypatch: pytest.MonkeyPatch
):
    everything = untouched.compare()

    def refuse(_side: NetSuiteSide, _as_of: date | None) -> None:
        raise RefusedError("APB-NS-022", status=400, purpose="add up", problem="Invalid search query")

    monkeypatch.setattr(NetSuiteSide, "ledger_totals", refuse)
    found = untouched.compare()
    assert [one.code for one in found.unexplained] == ["APB-REC-072"]
    assert "Invalid search query" in found.unexplained[0].says
    assert found.bridge.starts == everything.bridge.starts
    assert found.bridge.rows == everything.bridge.rows
