"""Files that are no pictures, too large, or in the way: their bill still flows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import UnavailableError
from apbridge.netsuite import NetSuite
from apbridge.spool import read

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

pytestmark = pytest.mark.long


def one_file(changing: SandboxTap) -> tuple[str, str]:
    (row,) = changing.sql(
        'SELECT held."transaction" AS bill, held.file FROM ns_transactionfile held'
        " JOIN ns_transaction head ON head.id = held.\"transaction\" WHERE head.status = 'A' LIMIT 1"
    )
    return str(row["bill"]), str(row["file"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("filetype = 'EXCEL'", "of type EXCEL, which is no picture of a bill"),
        (f"content = zeroblob({11 * 2**20}), filesize = {11 * 2**20}", "more than the 10485760"),
    ],
)
def test_a_file_that_cannot_be_taken_is_reported_and_its_bill_flows(
    changing: SandboxTap, caplog: pytest.LogCaptureFixture, change: str, says: str
):
    bill, file = one_file(changing)
    changing.sql(f"UPDATE ns_file SET {change} WHERE id = ?", file)  # noqa: S608
    bills = {record["id"]: record for record in changing.sync(only="bills").records("bills")}
    assert bills[bill]["images"] == []
    (left_out,) = bills[bill]["images_left_out"]
    assert left_out["id"] == file
    assert says in left_out["problem"]
    assert not any(record["images_left_out"] for record in bills.values() if record["id"] != bill)
    assert sum(len(record["images"]) for record in bills.values()) > 3
    assert any(says in record.getMessage() for record in caplog.records)


def test_a_file_that_changed_is_fetched_anew(changing: SandboxTap):
    bill, file = one_file(changing)
    before = {r["id"]: r for r in changing.sync(only="bills").records("bills")}[bill]["images"]
    changing.sql(
        "UPDATE ns_file SET content = CAST('%PDF-1.7 new' AS BLOB), filesize = 12, lastmodifieddate = ?"
        " WHERE id = ?",
        changing.pass_time(60),
        file,
    )
    after = {r["id"]: r for r in changing.sync(only="bills").records("bills")}[bill]["images"]
    assert after[0]["sha256"] != before[0]["sha256"]
    assert after[0]["size"] == 12


def test_an_emptied_spool_is_filled_again(changing: SandboxTap):
    first = changing.sync(only="bills").records("bills")
    lost = Path(next(bill for bill in first if bill["images"])["images"][0]["uri"].removeprefix("file://"))
    content = lost.read_bytes()
    lost.unlink()
    assert changing.sync(only="bills").records("bills") == first
    assert lost.read_bytes() == content


def test_a_file_that_is_cut_short_in_the_spool_is_not_told_of_before_it_is_fetched_anew(changing: SandboxTap):
    first = changing.sync(only="bills").records("bills")
    cut = Path(next(bill for bill in first if bill["images"])["images"][0]["uri"].removeprefix("file://"))
    content = cut.read_bytes()
    cut.write_bytes(content[:9])
    assert changing.sync(only="bills").records("bills") == first
    assert cut.read_bytes() == content


def test_files_of_a_bill_that_may_not_be_submitted_are_not_fetched(changing: SandboxTap):
    bill, _ = one_file(changing)
    state = changing.sync(only="bills", exclude_vendors=[changing.books()[bill]["vendor_id"]]).state
    changing.set_bill(bill, paymenthold="T", lastmodifieddate=changing.pass_time(60))
    changing.sandbox.control("/control/calls", method="DELETE")
    (record,) = changing.sync(state, only="bills").records("bills")
    assert (record["id"], record["images"]) == (bill, [])
    restlet = changing.sandbox.calls()["netsuite"]["by_operation"]["POST /app/site/hosting/restlet.nl"]
    assert restlet == 2  # which bills have new files, and which files this one has


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose content was asked for."""
    asked: list[str] = []
    ask = NetSuite.restlet

    def restlet(self: NetSuite, body: Mapping[str, Any], **more: Any) -> Any:  # noqa: ANN401
        if body["action"] in {"content", "contents"}:
            asked.extend(body.get("files") or [body["file"]])
        return ask(self, body, **more)

    monkeypatch.setattr(NetSuite, "restlet", restlet)
    return asked


@pytest.fixture(params=["folder", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place of this test's own, in a folder or in memory."""
    return f"memory://{tmp_path.name}" if request.param == "memory" else str(tmp_path / "spool")


def test_files_come_whole_and_once_wherever_the_spool_is(
    changing: SandboxTap, fetched: list[str], spool: str
):
    bills = changing.sync(only="bills", spool_url=spool).records("bills")
    images = [image for bill in bills for image in bill["images"]]
    assert len(images) > 3
    for image in images:
        assert hashlib.sha256(read(spool, image["sha256"], image["size"])).hexdigest() == image["sha256"]
    assert sorted(fetched) == sorted(image["id"] for image in images)
    assert changing.sync(only="bills", spool_url=spool).records("bills") == bills
    assert len(fetched) == len(images)


def test_a_run_that_is_killed_leaves_what_it_fetched_to_the_next(
    changing: SandboxTap, fetched: list[str], small_pages: None
):
    assert small_pages is None

    def kill(count: int) -> None:
        if count == 8:
            raise changing.Killed

    killed = changing.sync(only="bills", on_record=kill)
    before = len(fetched)
    bills = changing.sync(killed.state, only="bills").records("bills")
    assert 0 < before < len(fetched)
    assert len(fetched) == len(set(fetched))
    told = {one["id"] for one in [*killed.records("bills"), *bills]}
    assert told == changing.books().keys()


def test_a_file_on_several_bills_is_fetched_once(changing: SandboxTap, fetched: list[str]):
    one, other = [number for number, book in changing.books().items() if book["status"] == "open"][:2]
    number = changing.attach(one, b"%PDF shared")
    changing.sql('INSERT INTO ns_transactionfile ("transaction", file) VALUES (?, ?)', other, number)
    bills = {bill["id"]: bill for bill in changing.sync(only="bills").records("bills")}
    for bill in (one, other):
        assert number in [image["id"] for image in bills[bill]["images"]]
    assert fetched.count(number) == 1


def test_a_file_that_is_attached_later_is_a_change_of_its_bill(changing: SandboxTap):
    state = changing.sync(only="bills").state
    changing.pass_time(600)
    state = changing.sync(state, only="bills").state
    bill = next(number for number, book in changing.books().items() if book["status"] == "open")
    number = changing.attach(bill, b"%PDF of tomorrow")
    changing.pass_time(90)
    synced = changing.sync(state, only="bills")
    (record,) = synced.records("bills")
    assert changing.told(record) == changing.books()[bill]
    assert number in [image["id"] for image in record["images"]]
    assert changing.sync(synced.state, only="bills").ids() == []


def test_a_file_of_the_very_minute_in_which_a_run_ended_is_not_missed(changing: SandboxTap):
    state = changing.sync(only="bills").state
    changing.clock.start_at(datetime(2026, 11, 3, 9, 30, 20, tzinfo=timezone.utc))
    state = changing.sync(state, only="bills", overlap_seconds=0).state
    bill = next(number for number, book in changing.books().items() if book["status"] == "open")
    changing.pass_time(10)
    changing.attach(bill, b"%PDF")
    changing.pass_time(5)
    early = changing.sync(state, only="bills", overlap_seconds=0)
    changing.pass_time(60)
    late = changing.sync(early.state, only="bills", overlap_seconds=0)
    assert [*early.ids(), *late.ids()] == [bill]


def test_a_bill_that_is_edited_while_a_file_is_attached_does_not_wait_for_the_minute_to_end(
    changing: SandboxTap,
):
    state = changing.sync(only="bills").state
    changing.pass_time(600)
    state = changing.sync(state, only="bills").state
    bill = next(number for number, book in changing.books().items() if book["status"] == "open")
    changing.attach(bill, b"%PDF")
    changing.set_bill(bill, memo="edited", lastmodifieddate=changing.pass_time(2))
    changing.pass_time(2)
    synced = changing.sync(state, only="bills")
    (record,) = synced.records("bills")
    assert (record["memo"], len(record["images"])) == ("edited", len(changing.books()[bill]["images"]))


def test_an_older_restlet_is_said_once_and_does_no_harm(
    changing: SandboxTap, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    state = changing.sync(only="bills").state
    changing.pass_time(600)
    state = changing.sync(state, only="bills").state
    bill = next(number for number, book in changing.books().items() if book["status"] == "open")
    changing.attach(bill, b"%PDF")
    ask = NetSuite.restlet

    def older(self: NetSuite, body: Mapping[str, Any], **more: Any) -> Any:  # noqa: ANN401
        action = "no such" if body["action"] == "changed" else body["action"]
        return ask(self, {**body, "action": action}, **more)

    monkeypatch.setattr(NetSuite, "restlet", older)
    changing.pass_time(90)
    assert changing.sync(state, only="bills").ids() == []
    changing.set_bill(bill, memo="edited", lastmodifieddate=changing.pass_time(2))
    changing.pass_time(2)
    (record,) = changing.sync(state, only="bills").records("bills")
    assert len(record["images"]) == len(changing.books()[bill]["images"])
    assert sum("[APB-TNS-011]" in one.getMessage() for one in caplog.records) == 2, "once in each run"


def test_a_spool_that_takes_no_note_is_named(changing: SandboxTap, tmp_path: Path):
    (tmp_path / "fetched").write_text("No folder")
    with pytest.raises(UnavailableError, match="APB-SPL-004"):
        changing.sync(only="bills", spool_url=str(tmp_path))
