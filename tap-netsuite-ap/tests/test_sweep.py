"""What no date tells of: found by comparing what NetSuite shows with what was told."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apbridge.errors import UnavailableError
from apbridge.schemas import validator
from tests.undated import HOUR, UNDATED, UndatedAccount, enter

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

pytestmark = pytest.mark.long


@pytest.fixture
def account(changing: SandboxTap) -> UndatedAccount:
    return UndatedAccount(changing)


@pytest.mark.parametrize("kind", ["prepayment", "journal", "credit", "payment"])
def test_whatever_is_applied_or_taken_off_is_heard_within_one_sweep(account: UndatedAccount, kind: str):
    bill = account.bill
    if kind == "payment":
        order = {"bill": bill, "check_number": "7", "amount": "0.40"}
        document = account.do("/control/netsuite/pay-by-hand", order)["id"]
    else:
        order = {"bill": bill, "kind": kind, "amount": "0.40"}
        document = account.do("/control/netsuite/apply", order)["id"]
    assert account.run(after=60).ids() == []  # no sweep is due yet

    (told,) = account.run().records("bills")
    assert account.tap.told(told) == account.tap.books()[bill]
    (applied,) = told["applications"]
    assert (applied["id"], applied["kind"], applied["amount"]) == (document, kind, Decimal("0.4"))
    assert account.run().ids() == []

    if kind == "payment":
        account.do("/control/netsuite/delete", {"type": "vendorpayment", "id": document})
    else:
        account.do("/control/netsuite/unapply", {"id": document})
    (undone,) = account.run().records("bills")
    assert account.tap.told(undone) == account.tap.books()[bill]
    assert undone["applications"] == []
    assert account.run().ids() == []


def test_a_bill_that_others_close_and_open_again_is_heard_both_times(account: UndatedAccount):
    bill = account.bill
    document = account.do("/control/netsuite/apply", {"bill": bill, "kind": "prepayment"})["id"]
    (closed,) = account.run().records("bills")
    assert (closed["id"], closed["status"], closed["is_eligible"]) == (bill, "paid", False)
    account.do("/control/netsuite/unapply", {"id": document})
    (opened,) = account.run().records("bills")
    assert (opened["id"], opened["status"], opened["is_eligible"]) == (bill, "open", True)


def test_two_changes_that_cancel_out_in_sum_are_both_heard(account: UndatedAccount):
    first, second = [one for one, bill in account.tap.books().items() if bill["status"] == "open"][:2]
    document = account.do("/control/netsuite/apply", {"bill": first, "kind": "journal", "amount": "5"})["id"]
    account.run()
    account.do("/control/netsuite/unapply", {"id": document})
    account.do("/control/netsuite/apply", {"bill": second, "kind": "journal", "amount": "5"})
    assert account.run().ids() == sorted([first, second], key=int)


def test_each_run_compares_where_no_hours_are_to_pass(account: UndatedAccount):
    account.do("/control/netsuite/apply", {"bill": account.bill, "kind": "journal"})
    assert len(account.run(after=1, sweep_hours=0).ids()) == 1


@pytest.mark.parametrize("notes_deletion", [True, False])
def test_vendors_merged_without_a_date_are_heard_within_one_sweep(
    account: UndatedAccount, caplog: pytest.LogCaptureFixture, *, notes_deletion: bool
):
    account.do("/control/switches", {"netsuite.merge_notes_deletion": notes_deletion})
    books = account.tap.books()
    gone = books[account.bill]["vendor_id"]
    into = next(one["vendor_id"] for one in books.values() if one["vendor_id"] != gone)
    account.do("/control/netsuite/merge-vendors", {"vendor": gone, "into": into})
    synced = account.run()
    moved = {one for one, bill in books.items() if bill["vendor_id"] == gone and bill["status"] != "paid"}
    # A bill that waits or was rejected is told too: it may have been submitted.
    assert {one for one in synced.ids() if books[one]["status"] != "cancelled"} == moved
    assert {bill["vendor_id"] for bill in synced.records("bills")} == {into}
    tombstones = [one for one in synced.records("vendors") if one.get("is_deleted")]
    assert [one["id"] for one in tombstones] == [gone] * notes_deletion
    for one in tombstones:
        validator("vendors")(one)
        assert (one["is_active"], one["external_id"]) == (False, f"netsuite-1234567_SB1-vendor-{gone}")
    assert (f"notes no deletion of them: vendors {gone}" in caplog.text) is not notes_deletion
    caplog.clear()
    synced = account.run()
    assert (synced.ids(), synced.ids("vendors"), caplog.text.count("no deletion")) == ([], [], 0)


@pytest.mark.parametrize("style", ["record", "code", "words", "short", "localised"])
def test_a_deleted_bill_is_heard_whatever_its_type_is_called(
    account: UndatedAccount, caplog: pytest.LogCaptureFixture, style: str
):
    account.do("/control/switches", {"netsuite.deleted_record_types": style})
    bill = account.bill
    account.do("/control/netsuite/delete", {"type": "vendorbill", "id": bill})
    (told,) = account.run().records("bills")
    assert (told["id"], told["is_deleted"]) == (bill, True)
    is_unknown = style == "localised"
    assert caplog.text.count("calls a deleted record of bills 'Lieferantenrechnung'") == is_unknown

    caplog.clear()
    other = account.bill
    account.do("/control/netsuite/delete", {"type": "vendorbill", "id": other})
    assert account.run().ids() == [other]
    assert "Lieferantenrechnung" not in caplog.text  # it was said once


def test_a_bill_that_is_neither_shown_nor_deleted_is_said_until_it_is_settled(account: UndatedAccount):
    bill = account.bill
    account.tap.delete_bill(bill, "2020-01-01T00:00:00Z")  # long ago: another record of that number
    for _ in range(2):
        with pytest.raises(UnavailableError, match=rf"notes no deletion of them: {bill}\.") as raised:
            account.run()
        assert raised.value.code == "APB-TNS-015"
    account.tap.sql("UPDATE ns_deletedrecord SET deleteddate = ?", account.tap.clock.stamp())
    assert account.run().ids() == [bill]


def test_without_its_deletions_an_account_still_tells_that_a_bill_is_gone(account: UndatedAccount):
    account.do("/control/switches", {"netsuite.missing_permissions": "Setup -> Deleted Records"})
    bill = account.bill
    account.do("/control/netsuite/delete", {"type": "vendorbill", "id": bill})
    with pytest.raises(UnavailableError, match=f"deletion of them: {bill}"):
        account.run()


@pytest.mark.parametrize(
    ("kind", "stream", "table"),
    [
        ("account", "gl_accounts", "ns_account"),
        ("department", "departments", "ns_department"),
        ("classification", "classes", "ns_classification"),
        ("location", "locations", "ns_location"),
        ("vendor", "vendors", "ns_vendor"),
    ],
)
@pytest.mark.parametrize("style", ["record", "localised"])
def test_a_deleted_master_record_leaves_a_tombstone(
    account: UndatedAccount, kind: str, stream: str, table: str, style: str
):
    account.do("/control/switches", {"netsuite.deleted_record_types": style})
    number = enter(account, table)
    assert number in account.run().ids(stream)
    account.do("/control/netsuite/delete", {"type": kind, "id": number})
    tombstones = [one for one in account.run().records(stream) if one.get("is_deleted")]
    assert [one["id"] for one in tombstones] == [number]
    validator(stream)(tombstones[0])
    assert tombstones[0]["is_active"] is False
    assert not [one for one in account.run().records(stream) if one.get("is_deleted")]
    if style == "record":  # nothing is known of it after a full refresh, but how its type is spelled
        account.state = {}
        assert number in {one["id"] for one in account.run().records(stream) if one.get("is_deleted")}


def test_a_narrowed_role_deletes_nothing(account: UndatedAccount, caplog: pytest.LogCaptureFixture):
    account.do("/control/switches", {"netsuite.role_subsidiaries": "2"})
    with pytest.raises(UnavailableError) as raised:
        account.run()
    assert raised.value.code in {"APB-TNS-005", "APB-TNS-015"}
    assert "notes no deletion of them: vendors" in caplog.text
    account.do("/control/switches", {"netsuite.role_subsidiaries": ""})
    assert not [one for one in account.run().records("bills") if one["is_deleted"]]


def test_a_feed_without_dates_is_said_once(account: UndatedAccount, caplog: pytest.LogCaptureFixture):
    said = "mostly no date of change of what is applied to bills"
    account.state = {}
    account.run()
    assert said in caplog.text
    caplog.clear()
    account.do("/control/netsuite/apply", {"bill": account.bill, "kind": "journal", "amount": "1"})
    assert len(account.run().ids()) == 1
    assert said not in caplog.text


def test_where_dates_move_the_sweep_has_nothing_to_tell(changing: SandboxTap):
    state = changing.sync().state
    control = changing.sandbox.control
    bill = next(number for number, one in changing.books().items() if one["status"] == "open")
    document = control("/control/netsuite/apply", {"bill": bill, "kind": "journal", "amount": "1"})["id"]
    changing.pass_time(2 * HOUR)
    synced = changing.sync(state)
    (told,) = synced.records("bills")
    assert (told["id"], [one["id"] for one in told["applications"]]) == (bill, [document])
    assert told["modified_at"] < changing.clock.stamp()
    changing.pass_time(2 * HOUR)
    assert changing.sync(synced.state).ids() == []


def test_what_is_older_than_start_date_is_told_once_it_changes(changing: SandboxTap):
    changing.sandbox.control("/control/switches", UNDATED)
    books = changing.books()
    start = sorted(bill["bill_date"] for bill in books.values() if bill["status"] == "open")[-3]
    old = next(
        number for number, one in books.items() if one["status"] == "open" and one["bill_date"] < start
    )
    first = changing.sync(start_date=start)
    assert old not in first.ids()
    changing.pass_time(2 * HOUR)
    second = changing.sync(first.state, start_date=start)
    assert second.ids() == []
    changing.sandbox.control("/control/netsuite/apply", {"bill": old, "kind": "journal"})
    changing.pass_time(2 * HOUR)
    assert changing.sync(second.state, start_date=start).ids() == [old]


def test_a_state_that_knows_nothing_has_every_bill_told_that_is_to_be_paid(account: UndatedAccount):
    del account.state["bookmarks"]["bills"]["known"]
    told = account.run().records("bills")
    statuses = {bill["status"] for bill in told}
    to_be_paid = [one for one in account.tap.books().values() if one["status"] not in {"paid", "cancelled"}]
    assert "paid" not in statuses
    assert len(told) == len(to_be_paid)
    assert account.run().ids() == []


def test_a_sweep_that_was_cut_is_done_again(account: UndatedAccount, small_pages: None):
    assert small_pages is None
    account.tap.sql(
        "UPDATE ns_transaction SET entity = (SELECT MAX(id) FROM ns_vendor) WHERE type = 'VendBill'"
    )
    account.tap.pass_time(2 * HOUR)

    def cut(count: int) -> None:
        if count == 3:
            raise account.tap.Killed

    cut_short = account.tap.sync(account.state, only="bills", on_record=cut)
    assert len(cut_short.ids()) == 3
    account.state = cut_short.state or account.state
    whole = account.run(only="bills")
    assert {bill["vendor_id"] for bill in whole.records("bills")} == {
        str(account.tap.sql("SELECT MAX(id) AS last FROM ns_vendor")[0]["last"])
    }
    assert set(cut_short.ids()) <= set(whole.ids())
    assert account.run(only="bills").ids() == []


def test_a_sweep_with_nothing_new_costs_a_call_a_thousand_bills_and_one_for_vendors(account: UndatedAccount):
    def count(after: float) -> int:
        asked: list[int] = []
        account.tap.pass_time(after)
        account.state = account.tap.sync(account.state, on_query=asked.append).state
        return len(asked)

    account.run()
    without = count(after=60)
    assert count(after=2 * HOUR) == without + 2


def test_the_state_stays_small(account: UndatedAccount):
    assert len(json.dumps(account.kept())) < 600
    assert len(json.dumps(account.kept("vendors"))) < 200
