"""What NetSuite shows no longer: its deletion is believed where it is known to be its own, and looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apbridge.errors import UnavailableError
from tests.undated import HOUR, UndatedAccount, enter

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

pytestmark = pytest.mark.long


@pytest.fixture
def account(changing: SandboxTap) -> UndatedAccount:
    return UndatedAccount(changing)


def note_deletion(account: UndatedAccount, number: str, type_name: str, type_id: int) -> None:
    """Note that a record of some type was deleted, which has the id of another."""
    account.tap.pass_time(60)
    account.tap.sql(
        "INSERT INTO ns_deletedrecord (name, recordid, recordtypeid, type, deleteddate)"
        " VALUES ('x', ?, ?, ?, ?)",
        number,
        type_id,
        type_name,
        account.tap.clock.stamp(),
    )


OTHERS = [("customrecord_acme", 777), ("inventoryitem", -10), ("Vendor", -9), ("Lagerartikel", -10)]


@pytest.mark.parametrize(("type_name", "type_id"), OTHERS)
def test_a_record_of_another_type_with_its_id_withdraws_no_hidden_bill(
    account: UndatedAccount, type_name: str, type_id: int
):
    bill = account.bill
    account.tap.sql("UPDATE ns_transaction SET type = 'Hidden' WHERE id = ?", bill)
    note_deletion(account, bill, type_name, type_id)
    for _ in range(2):
        failure = account.run(fails=True).failure
        assert failure
        assert failure.code == "APB-TNS-015"
        assert failure.facts["bills"] == f"{bill} (deleted under this id: {type_name!r})"
    account.tap.sql("UPDATE ns_transaction SET type = 'VendBill' WHERE id = ?", bill)
    assert not [one for one in account.run().records("bills") if one["is_deleted"]]


@pytest.mark.parametrize(("type_name", "type_id"), [*OTHERS[:2], ("vendorbill", -30)])
def test_a_record_of_another_type_with_its_id_deletes_no_hidden_vendor(
    account: UndatedAccount, caplog: pytest.LogCaptureFixture, type_name: str, type_id: int
):
    vendor = enter(account, "ns_vendor")
    account.run()
    account.tap.sql("DELETE FROM ns_vendor WHERE id = ?", vendor)
    note_deletion(account, vendor, type_name, type_id)
    assert not [one for one in account.run().records("vendors") if one.get("is_deleted")]
    assert f"vendors {vendor} (deleted under this id: '{type_name}')" in caplog.text


def test_of_two_deletions_in_one_second_the_bills_own_counts(account: UndatedAccount):
    account.do("/control/switches", {"netsuite.deleted_record_types": "localised"})
    bill = account.bill
    note_deletion(account, bill, "customrecord_acme", 777)
    account.do("/control/netsuite/delete", {"type": "vendorbill", "id": bill})
    account.tap.sql("UPDATE ns_deletedrecord SET deleteddate = ?", account.tap.clock.stamp())
    (told,) = account.run().records("bills")
    assert (told["id"], told["is_deleted"]) == (bill, True)


def test_an_unknown_spelling_without_the_id_of_its_type_is_said(account: UndatedAccount):
    hidden = {"netsuite.hidden_columns": "deletedrecord.recordtypeid"}
    account.do("/control/switches", {"netsuite.deleted_record_types": "localised", **hidden})
    bill = account.bill
    account.do("/control/netsuite/delete", {"type": "vendorbill", "id": bill})
    with pytest.raises(UnavailableError, match=rf"{bill} \(deleted under this id: 'Lieferantenrechnung'\)"):
        account.run()


NO_DELETIONS = {"netsuite.missing_permissions": "Setup -> Deleted Records"}


def test_once_deletions_are_shown_the_next_run_tells_what_was_deleted_before(account: UndatedAccount):
    account.do("/control/switches", NO_DELETIONS)
    bill = account.bill
    account.do("/control/netsuite/delete", {"type": "vendorbill", "id": bill})
    for after in (2 * HOUR, 60, 2 * HOUR, 60):  # whether a sweep is due or not
        failure = account.run(after, fails=True).failure
        assert failure
        assert (failure.code, failure.facts["bills"]) == ("APB-TNS-015", bill)
    account.do("/control/switches", {"netsuite.missing_permissions": ""})
    (told,) = account.run(after=60).records("bills")
    assert (told["id"], told["is_deleted"]) == (bill, True)
    assert account.kept()["vanished"] == {}
    assert account.run().ids() == []


def test_what_is_deleted_while_a_first_reading_goes_on_is_told_by_the_next(account: UndatedAccount):
    """The STATE was lost: what was told of before is not known, and AvidXchange has it still."""
    later = [("location", "locations", "ns_location"), ("vendor", "vendors", "ns_vendor")]
    numbers = {stream: enter(account, table) for _, stream, table in later}
    account.run()
    bill, account.state = account.bill, {}
    (before,) = account.tap.sql(
        "SELECT (SELECT COUNT(*) FROM ns_subsidiary) + (SELECT COUNT(*) FROM ns_account) AS records"
    )

    def delete(count: int) -> None:
        if count == before["records"]:  # the first stream has asked for all deletions
            for kind, stream, _ in later:
                account.do("/control/netsuite/delete", {"type": kind, "id": numbers[stream]})
            account.do("/control/netsuite/delete", {"type": "vendorbill", "id": bill})

    def deleted() -> list[tuple[str, str]]:
        streams = ("gl_accounts", "departments", "classes", "locations", "vendors", "bills")
        found = [(name, one) for name in streams for one in synced.records(name)]
        return [(name, one["id"]) for name, one in found if one["is_deleted"]]

    synced = account.run(on_record=delete)
    assert deleted() == []
    assert not set(numbers.values()) & {*synced.ids("locations"), *synced.ids("vendors")}
    synced = account.run()
    assert deleted() == [*numbers.items(), ("bills", bill)]
    synced = account.run()
    assert deleted() == []


def test_a_bill_that_is_shown_again_is_not_told_to_be_gone(account: UndatedAccount):
    bill = account.bill
    account.tap.sql("UPDATE ns_transaction SET type = 'Hidden' WHERE id = ?", bill)
    account.run(fails=True)
    assert account.kept()["vanished"]
    account.tap.sql("UPDATE ns_transaction SET type = 'VendBill' WHERE id = ?", bill)
    account.run(after=60)
    assert account.kept()["vanished"] == {}


@pytest.mark.parametrize(
    ("kind", "stream", "table"),
    [("vendor", "vendors", "ns_vendor"), ("account", "gl_accounts", "ns_account")],
)
def test_a_master_record_that_is_gone_is_looked_for_until_its_deletion_is_shown(
    account: UndatedAccount, caplog: pytest.LogCaptureFixture, kind: str, stream: str, table: str
):
    number = enter(account, table)
    account.run()
    account.do("/control/switches", NO_DELETIONS)
    account.do("/control/netsuite/delete", {"type": kind, "id": number})
    for _ in range(3):
        assert not [one for one in account.run().records(stream) if one.get("is_deleted")]
    assert caplog.text.count("notes no deletion of them") == 1
    account.do("/control/switches", {"netsuite.missing_permissions": ""})
    assert [one["id"] for one in account.run().records(stream) if one.get("is_deleted")] == [number]
    assert not [one for one in account.run().records(stream) if one.get("is_deleted")]
