"""What NetSuite refused for a while: read once more when it is shown again, and told when coding is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import manifest

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap, Synced

DEPARTMENT = "transactionline.department"


def hide(account: SandboxTap, *columns: str) -> None:
    account.sandbox.control("/control/switches", {"netsuite.hidden_columns": ", ".join(columns)})


def a_day_later(state: Record) -> Record:
    """Return a STATE of which what it remembers of the account has had its day."""
    account = state["apbridge"].get("account")
    if account:
        account["since"] = "2026-01-01T00:00:00+00:00"
    return state


def departments(synced: Synced) -> set[str | None]:
    return {line["department_id"] for bill in synced.records("bills") for line in bill["lines"]}


@pytest.fixture
def without_departments(changing: SandboxTap) -> Record:
    """Return the STATE after a bill was sent without its departments."""
    hide(changing)
    first = changing.sync()
    assert departments(first) > {None}
    hide(changing, DEPARTMENT)
    changing.pass_time(600)
    changing.set_bill(max(first.ids(), key=int), lastmodifieddate=changing.clock.stamp())
    changing.pass_time(60)
    lost = changing.sync(first.state, fails=True)
    return changing.sync(lost.state).state


def test_a_coding_column_that_is_refused_after_it_was_shown_ends_one_run_with_an_error(changing: SandboxTap):
    hide(changing)
    first = changing.sync()
    hide(changing, DEPARTMENT, "transaction.memo")
    bill = max(first.ids(), key=int)
    changing.pass_time(600)
    changing.set_bill(bill, lastmodifieddate=changing.clock.stamp())
    changing.pass_time(60)
    second = changing.sync(first.state, fails=True)
    assert second.failure
    assert (second.failure.code, second.failure.facts["names"]) == ("APB-TNS-137", DEPARTMENT)
    assert second.ids() == [bill]
    changing.pass_time(600)
    changing.set_bill(bill, lastmodifieddate=changing.clock.stamp())
    changing.pass_time(60)
    assert changing.sync(a_day_later(second.state)).ids() == [bill]


def test_an_account_that_never_showed_coding_is_told_of_no_loss(changing: SandboxTap):
    hide(changing, DEPARTMENT)
    state = changing.sync(start_date="2100-01-01").state
    changing.pass_time(600)
    changing.set_bill(max(changing.books(), key=int), lastmodifieddate=changing.clock.stamp())
    changing.pass_time(60)
    assert departments(changing.sync(state, start_date="2100-01-01")) == {None}


def test_bills_are_read_once_more_when_their_coding_is_shown_again(
    changing: SandboxTap, without_departments: Record, caplog: pytest.LogCaptureFixture
):
    hide(changing)
    changing.pass_time(600)
    assert changing.sync(without_departments).ids() == []
    caplog.clear()
    changing.pass_time(600)
    synced = changing.sync(a_day_later(without_departments))
    whole = changing.sync(only="bills")
    assert sorted(synced.ids()) == sorted(changing.books())
    told = [
        {one["id"]: {**one, "modified_at": None} for one in run.records("bills")} for run in (synced, whole)
    ]
    assert told[0] == told[1]
    assert caplog.text.count(f"NetSuite shows {DEPARTMENT} again") == 1
    changing.pass_time(600)
    assert changing.sync(a_day_later(synced.state)).ids() == []


def test_what_a_first_reading_leaves_out_is_not_read_once_more_and_is_told_when_it_changes(
    changing: SandboxTap, without_departments: Record
):
    hide(changing)
    dates = {number: bill["bill_date"] for number, bill in changing.books().items()}
    start = sorted(dates.values())[len(dates) // 2]
    older = min(dates, key=lambda number: dates[number])
    changing.pass_time(600)
    changing.set_bill(older, lastmodifieddate=changing.clock.stamp())
    changing.pass_time(60)
    synced = changing.sync(a_day_later(without_departments), start_date=start)
    assert set(synced.ids()) == {number for number, day in dates.items() if day >= start} | {older}


@pytest.mark.usefixtures("small_pages")
def test_a_reading_once_more_that_ends_early_is_done_in_the_next_run(
    changing: SandboxTap, without_departments: Record
):
    # What is refused meanwhile does not make forget what was refused before.
    hide(changing, "transaction.memo")

    def end(count: int) -> None:
        if count == 15:
            raise changing.Killed

    changing.pass_time(600)
    cut = changing.sync(a_day_later(without_departments), only="bills", on_record=end)
    assert len(cut.acknowledged) > 0
    changing.pass_time(600)
    synced = changing.sync(cut.state, only="bills")
    assert set(synced.ids()) == set(changing.books())
    assert departments(synced) > {None}


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("column", ["vendor.legalname", "vendoraddressbookentityaddress.city"])
def test_vendors_are_read_once_more_when_a_column_is_shown_again(changing: SandboxTap, column: str):
    hide(changing)
    whole = {one["id"]: one for one in changing.sync(only="vendors").records("vendors")}
    hide(changing, column)
    first = changing.sync(only="vendors")
    assert {one["id"]: one for one in first.records("vendors")} != whole
    hide(changing)

    def end(count: int) -> None:
        if count == 5:
            raise changing.Killed

    # At once: what the last run has just sent is read again too.
    cut = changing.sync(a_day_later(first.state), only="vendors", on_record=end)
    assert len(cut.acknowledged) > 0
    synced = changing.sync(cut.state, only="vendors")
    assert {one["id"]: one for one in synced.records("vendors")} == whole
    assert changing.sync(a_day_later(synced.state), only="vendors").ids("vendors") == []


def vendor(account: SandboxTap, number: str) -> None:
    """Have a vendor changed a while later."""
    account.pass_time(600)
    account.sql("UPDATE ns_vendor SET lastmodifieddate = ? WHERE id = ?", account.clock.stamp(), number)
    account.pass_time(60)


@pytest.mark.parametrize(
    "column", ["vendor.legalname", "vendoraddressbookentityaddress.city", "vendor.subsidiary"]
)
def test_vendors_are_not_read_without_what_was_shown_of_them_until_it_is_shown_again(
    changing: SandboxTap, column: str
):
    hide(changing)
    synced = changing.sync(only="vendors")
    first = {one["id"]: one for one in synced.records("vendors")}
    number = max(first, key=int)
    hide(changing, column)
    changing.pass_time(600)
    for _ in range(2):
        # With nothing to tell, and with a change.
        synced = changing.sync(synced.state, only="vendors", fails=True)
        assert synced.failure
        assert (synced.failure.code, synced.failure.facts["streams"]) == ("APB-TNS-002", "vendors")
        assert synced.records("vendors") == []
        vendor(changing, number)
    hide(changing)
    synced = changing.sync(synced.state, only="vendors")
    assert [{**one, "modified_at": first[one["id"]]["modified_at"]} for one in synced.records("vendors")] == [
        first[number]
    ]


@pytest.mark.parametrize(
    ("stream", "column"),
    [
        ("gl_accounts", "account.accountsearchdisplayname"),
        ("gl_accounts", "account.issummary"),
        ("departments", "department.fullname"),
        ("locations", "location.parent"),
    ],
)
def test_codes_are_not_read_without_what_was_shown_of_them_until_it_is_shown_again(
    changing: SandboxTap, stream: str, column: str
):
    hide(changing)
    synced = changing.sync(only=stream)
    first = synced.records(stream)
    hide(changing, column)
    for _ in range(2):
        synced = changing.sync(a_day_later(synced.state), only=stream, fails=True)
        assert synced.failure
        assert (synced.failure.code, synced.failure.facts["streams"]) == ("APB-TNS-002", stream)
        assert synced.records(stream) == []
    hide(changing)
    synced = changing.sync(synced.state, only=stream)
    assert synced.records(stream) == first


def test_codes_are_read_without_what_was_never_shown_of_them_or_is_told_elsewhere(changing: SandboxTap):
    hide(changing, "account.parent")
    synced = changing.sync(only="gl_accounts")
    assert synced.records("gl_accounts")
    hide(changing, "account.parent", "account.subsidiary")
    again = changing.sync(a_day_later(synced.state), only="gl_accounts")
    assert again.records("gl_accounts") == synced.records("gl_accounts")


def test_vendors_of_which_a_column_was_never_shown_are_read_without_it_as_in_a_full_refresh(
    changing: SandboxTap,
):
    hide(changing, "vendor.legalname")
    state = changing.sync(only="vendors").state
    number = str(changing.sql("SELECT MAX(id) AS id FROM ns_vendor")[0]["id"])
    vendor(changing, number)
    assert changing.sync(state, only="vendors").ids("vendors") == [number]


def test_vendors_are_never_read_without_their_currency_where_there_are_several(changing: SandboxTap):
    hide(changing)
    states: list[Record] = [{}, changing.sync(only="vendors").state]
    changing.sandbox.control("/control/switches", {"netsuite.missing_permissions": "Lists -> Currency"})
    for state in states:
        synced = changing.sync(state, fails=True)
        assert synced.failure
        assert (synced.failure.code, synced.failure.facts["streams"]) == ("APB-TNS-002", "vendors, bills")
        assert synced.records("vendors") == []
    changing.sandbox.control("/control/switches", {"netsuite.missing_permissions": ""})
    assert {one["currency"] for one in changing.sync().records("vendors")} > {"USD"}


def test_what_decides_is_read_with_bills_and_named_in_the_manifest():
    read = manifest().queries["bill_lines"].reads
    (bills,) = [entry.query for entry in manifest().streams if entry.name == "bills"]
    assert manifest().decisive <= read | Eligibility.from_config({}).mark(bills).reads


def test_a_column_that_comes_and_goes_loses_nothing_and_costs_a_reading_only_when_it_comes(
    changing: SandboxTap, caplog: pytest.LogCaptureFixture
):
    hide(changing)
    synced = changing.sync(only="bills")
    bills = sorted(synced.ids(), key=int)[-2:]
    for turn, bill in enumerate(bills):
        hide(changing, DEPARTMENT)
        changing.pass_time(600)
        changing.set_bill(bill, lastmodifieddate=changing.clock.stamp())
        changing.pass_time(60)
        gone = changing.sync(a_day_later(synced.state), only="bills", fails=True)
        assert gone.failure
        assert gone.failure.code == "APB-TNS-137"
        assert gone.ids() == [bill]
        hide(changing)
        changing.pass_time(600)
        synced = changing.sync(a_day_later(gone.state), only="bills")
        assert sorted(synced.ids()) == sorted(changing.books())
        assert caplog.text.count(f"NetSuite shows {DEPARTMENT} again") == turn + 1
        whole = {one["id"]: one["lines"] for one in changing.sync(only="bills").records("bills")}
        assert {one["id"]: one["lines"] for one in synced.records("bills")} == whole
    changing.pass_time(600)
    assert changing.sync(a_day_later(synced.state), only="bills").ids() == []
