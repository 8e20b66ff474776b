"""What a run may take back at once, and what waits for a person."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import APBridgeError, RejectedError
from apbridge.json import loads
from apbridge.ledger import Ledger, Status
from apbridge.ledger.held import HeldChanges, held_changes, let_through
from tests.canonical import (
    CODING,
    READ,
    Message,
    account,
    applied,
    bill,
    line,
    read_until,
    tombstone,
    vendor,
)

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany, TargetResult

pytestmark = pytest.mark.long

NARROWED: dict[str, Any] = {
    "is_eligible": False,
    "ineligible_because": "subsidiaries leaves out its subsidiary, 3",
}
INCREMENTAL: dict[str, Any] = {"brake_percent": 10, "before": READ}
ALL = range(1, 31)


@pytest.fixture
def books(company: ReceivingCompany) -> ReceivingCompany:
    """Thirty bills that are to be paid: three may be withdrawn at once."""
    company.given(*CODING, *map(bill, ALL))
    company.calls()
    return company


def fails(company: ReceivingCompany, *messages: Message, code: str = "APB-BRK-010", **settings: Any) -> str:  # noqa: ANN401
    with pytest.raises(APBridgeError) as found:
        company.send(*messages, **{**INCREMENTAL, **settings})
    assert found.value.code == code
    return str(found.value)


def send(company: ReceivingCompany, *messages: Message, **settings: Any) -> TargetResult:  # noqa: ANN401
    return company.send(*messages, **{**INCREMENTAL, **settings})


def cancelled(company: ReceivingCompany) -> int:
    (found,) = company.rows("SELECT count(*) AS n FROM ax_invoice WHERE status = 'cancelled'")
    return int(found["n"])


def held(company: ReceivingCompany) -> list[HeldChanges]:
    with Ledger(company.config["ledger_url"]) as ledger:
        return held_changes(ledger)


def approve(company: ReceivingCompany, changes: HeldChanges) -> None:
    with Ledger(company.config["ledger_url"]) as ledger:
        keys = {one.external_id: one.key for one in changes.records}
        assert let_through(ledger, changes.system, changes.stream, keys) == keys.keys()


def writes(company: ReceivingCompany) -> int:
    return int(company.calls()["written"])


def test_more_than_the_limit_is_held_before_the_first_and_said_in_plain_words(books: ReceivingCompany):
    said = fails(books, *(bill(n, **NARROWED) for n in range(1, 13)), bill(31))
    assert cancelled(books) == 0
    assert "12 bills would be withdrawn from AvidXchange, 1,481.40 USD in all" in said
    assert "subsidiaries leaves out its subsidiary, 3 (12)" in said
    assert "They are: INV-1, INV-10, INV-11, INV-12, INV-2, INV-3, INV-4, INV-5, INV-6, INV-7, …" in said
    # What takes nothing back went on.
    assert books.invoice(31)["status"] == "submitted"
    row = books.row(1)
    assert (row.status, row.code) == (Status.WAITING, "APB-BRK-001")


@pytest.mark.parametrize("number", [1, 3])
def test_up_to_the_limit_all_go_in_the_same_run(books: ReceivingCompany, number: int):
    result = send(books, *(bill(n, **NARROWED) for n in range(1, number + 1)))
    assert result.counts["bills"] == {"delivered": number}
    assert cancelled(books) == number


def test_in_small_books_a_person_may_still_void_two(company: ReceivingCompany):
    company.given(*CODING, *map(bill, range(1, 7)))
    send(company, tombstone(1), bill(2, **NARROWED))
    assert cancelled(company) == 2
    fails(company, *(bill(n, **NARROWED) for n in range(3, 7)))
    assert cancelled(company) == 2


def test_the_count_holds_whatever_the_share(books: ReceivingCompany):
    fails(books, *map(tombstone, ALL), brake_count=29, brake_percent=100)
    assert cancelled(books) == 0
    assert books.row(1).code == "APB-BRK-002"  # it may be paid by now: urgent
    send(books, *map(tombstone, ALL), brake_count=30, brake_percent=100)
    assert cancelled(books) == 30


def test_what_people_paid_by_hand_is_withdrawn_at_once_however_many(books: ReceivingCompany):
    by_hand: dict[str, Any] = {
        "kind": "payment",
        "external_id": None,
        "amount": Decimal("123.45"),
        "date": "2026-05-01",
    }
    paid: dict[str, Any] = {
        "amount_due": 0,
        "status": "paid",
        "is_eligible": False,
        "ineligible_because": "it is paid",
    }
    bills = [bill(n, **paid, applications=[{"id": str(900 + n), **by_hand}]) for n in range(1, 13)]
    fails(books, *bills, *(bill(n, **NARROWED) for n in range(13, 20)))
    assert cancelled(books) == 12


@pytest.mark.parametrize("kind", ["credit", "journal"])
def test_what_others_have_settled_in_part_takes_no_bill_past_it(books: ReceivingCompany, kind: str):
    part: dict[str, Any] = {
        "applications": [applied(901, "10.00", kind=kind)],
        "amount_due": Decimal("113.45"),
    }
    said = fails(books, *(bill(n, **part, **NARROWED) for n in ALL))
    assert cancelled(books) == 0
    assert books.row(1).code == "APB-BRK-002"
    assert ("subsidiaries leaves out its subsidiary, 3 (30)" in said) is (kind == "credit")


def credited(number: int, amount: str, *lines: Any, due: str) -> Message:  # noqa: ANN401
    applications = [applied(900 + number, amount, kind="credit")]
    return bill(number, *lines, applications=applications, amount_due=Decimal(due))


def test_what_people_credited_is_corrected_at_once_however_many(books: ReceivingCompany):
    assert send(books, *(credited(n, "10.00", due="113.45") for n in ALL)).counts["bills"] == {
        "delivered": 30
    }
    assert send(books, *(credited(n, "20.00", due="103.45") for n in ALL)).counts["bills"] == {
        "delivered": 30
    }
    said = fails(books, *(credited(n, "30.00", line(1, "123.45"), due="93.45") for n in ALL))
    assert "30 bills would be changed in AvidXchange" in said
    assert "its total changed (30)" in said
    totals = books.rows("SELECT DISTINCT total_cents FROM ax_invoice")
    assert [one["total_cents"] for one in totals] == [10345]


def test_what_is_approved_goes_once_and_nothing_beside_it(books: ReceivingCompany):
    narrowed = [bill(n, **NARROWED) for n in range(1, 13)]
    fails(books, *narrowed)
    (changes,) = held(books)
    approve(books, changes)
    assert held(books) == []
    # Four more, and one with another change: they were not shown.
    others = [bill(n, **NARROWED) for n in range(13, 17)]
    said = fails(books, *narrowed[1:], tombstone(1), *others)
    assert cancelled(books) == 11
    assert "5 bills would be withdrawn" in said
    assert {one.name for one in held(books)[0].records} == {f"INV-{n}" for n in (1, 13, 14, 15, 16)}
    # They are eligible again, and then not once more: what was approved was approved once.
    send(books, *map(bill, range(1, 17)))
    assert cancelled(books) == 0
    fails(books, *narrowed)
    assert cancelled(books) == 0


def test_the_cause_is_mended_and_nothing_is_written(books: ReceivingCompany):
    fails(books, *(bill(n, **NARROWED) for n in ALL))
    approve(books, held(books)[0])
    assert writes(books) == 0
    result = send(books, *map(bill, ALL))
    assert result.counts["bills"] == {"unchanged": 30}
    assert (writes(books), held(books)) == (0, [])


def test_the_bookmark_stays_until_what_is_held_was_brought_again(books: ReceivingCompany):
    later = read_until("2026-11-03T00:00:00Z")
    fails(books, *(bill(n, **NARROWED) for n in ALL), state=later)
    told = loads(books.said().splitlines()[-1])["bookmarks"]
    assert (told["bills"], told["vendors"]) == (READ["bookmarks"]["bills"], later["bookmarks"]["vendors"])
    # A tap that does not bring them leaves them held: what was read with a wrong setting is never sent.
    approve(books, held(books)[0])
    result = send(books, state=later)
    assert (cancelled(books), result.states[-1]["bookmarks"]["bills"]) == (0, told["bills"])
    result = send(books, *(bill(n, **NARROWED) for n in ALL), state=later)
    assert (cancelled(books), result.states[-1]["bookmarks"]) == (30, later["bookmarks"])


def test_a_stream_that_broke_off_takes_nothing_back(books: ReceivingCompany):
    unfinished = {"bookmarks": {"bills": {"replication_key_value": "x", "progress_markers": {}}}}
    fails(books, bill(1, **NARROWED), state=unfinished, code="APB-SNG-033")
    assert cancelled(books) == 0
    send(books, bill(1, **NARROWED))
    assert cancelled(books) == 1


@pytest.mark.parametrize("batch", [1, 7])
def test_it_is_counted_over_all_batches(books: ReceivingCompany, batch: int):
    books.batch = batch
    fails(books, *(bill(n, **NARROWED) for n in range(1, 13)))
    assert cancelled(books) == 0
    # The later version of a record holds: of twelve, nine came again as they were.
    twice = [bill(n, **NARROWED) for n in range(1, 13)] + [bill(n) for n in range(4, 13)]
    assert send(books, *twice).counts["bills"] == {"delivered": 3, "unchanged": 9}
    assert cancelled(books) == 3


def test_of_another_erp_whose_tap_tells_no_bookmarks(books: ReceivingCompany):
    state = {"offset": 5}
    fails(books, *(bill(n, **NARROWED) for n in ALL), state=state)
    assert cancelled(books) == 0
    assert send(books, *(bill(n, **NARROWED) for n in range(1, 3)), *map(bill, range(3, 31)), state=state)
    assert cancelled(books) == 2


def test_for_one_run_it_may_be_off(books: ReceivingCompany):
    send(books, *(bill(n, **NARROWED) for n in ALL), brake_off=True)
    assert cancelled(books) == 30


def test_a_refusal_is_tried_again_without_a_second_approval(books: ReceivingCompany):
    for number in ALL:
        books.approve(number)
    fails(books, *(bill(n, **NARROWED) for n in ALL))
    approve(books, held(books)[0])
    for _ in range(2):
        result = send(books, *(bill(n, **NARROWED) for n in ALL))
        assert result.counts["bills"] == {"rejected": 30}
        assert books.row(1).code == "APB-TAX-030"
    books.run("UPDATE ax_invoice SET status = 'submitted'")
    assert send(books).counts["bills"] == {"delivered": 30}
    assert cancelled(books) == 30


def test_more_changes_than_the_limit_are_held_too(books: ReceivingCompany):
    said = fails(books, *(bill(n, line(1, "5.00")) for n in ALL))
    assert "30 bills would be changed in AvidXchange, 150.00 USD in all: its total changed (30)" in said
    assert writes(books) == 0
    send(books, *(bill(n, line(1, "5.00")) for n in range(1, 11)), *map(bill, range(11, 31)))
    assert writes(books) == 10


def test_a_dry_run_tells_it_and_holds_nothing(books: ReceivingCompany, tmp_path: Path):
    report = str(tmp_path / "report.json")
    fails(books, *(bill(n, **NARROWED) for n in ALL), dry_run=True, dry_run_report=report)
    assert "APB-BRK" not in Path(report).read_text()
    assert Path(report).read_text().count("is to be withdrawn from AvidXchange") == 30
    assert held(books) == []


def test_a_lost_ledger_changes_nothing_of_it(books: ReceivingCompany):
    books.lose_ledger()
    fails(books, *CODING, *(bill(n, **NARROWED) for n in ALL), before=None)
    assert (cancelled(books), writes(books)) == (0, 0)
    send(books, *CODING, *map(bill, ALL), before=None)
    assert (cancelled(books), writes(books)) == (0, 0)


def test_masters_that_come_back_inactive(company: ReceivingCompany):
    accounts = [account(n) for n in range(1, 31)]
    company.given(*CODING, *accounts)
    inactive = [account(n, is_active=False) for n in range(1, 31)]
    said = fails(company, *inactive, bill(1))
    assert "30 gl accounts would be made inactive in AvidXchange: NetSuite has it as inactive (30)" in said
    (there,) = company.rows("SELECT count(*) AS n FROM ax_gl_account WHERE active")
    assert there["n"] >= 30
    assert company.invoice(1)["status"] == "submitted"
    # One that a person has made inactive is so before the bills of the run go.
    send(company, *accounts[1:], account(1, is_active=False), bill(2, line(1, "1.00", 2)))
    assert company.invoice(2)["status"] == "submitted"
    (there,) = company.rows("SELECT active FROM ax_gl_account WHERE external_id LIKE '%-account-1'")
    assert not there["active"]


def test_vendors_with_secrets_go_without_a_vault(company: ReceivingCompany):
    company.given(vendor(1, tax_id="12-3456789"))
    send(company, vendor(1, tax_id="12-3456789", name="Renamed"))
    (found,) = company.rows("SELECT content FROM ax_vendor WHERE external_id LIKE '%-vendor-1'")
    assert "Renamed" in found["content"]


def test_a_dismissed_one_is_held_no_longer(books: ReceivingCompany):
    fails(books, *(bill(n, **NARROWED) for n in ALL))
    with Ledger(books.config["ledger_url"]) as ledger, ledger.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE apbridge_records SET status = 'dismissed' WHERE code LIKE 'APB-BRK%'"
        )
    assert send(books, *(bill(n, **NARROWED) for n in ALL)).counts["bills"] == {"unchanged": 30}
    assert cancelled(books) == 0


def test_the_error_is_one_of_a_run(books: ReceivingCompany):
    with pytest.raises(RejectedError):
        send(books, *(bill(n, **NARROWED) for n in ALL))


def test_a_vendor_deleted_again_is_approved_again(company: ReceivingCompany):
    deleted = [("vendors", {**vendor(n)[1], "is_deleted": True}) for n in range(1, 5)]
    company.given(*(vendor(n) for n in range(1, 5)))
    fails(company, *deleted)
    approve(company, held(company)[0])
    send(company, *deleted)
    assert company.rows("SELECT 1 FROM ax_vendor WHERE active") == []
    send(company, *(vendor(n) for n in range(1, 5)))
    fails(company, *deleted)
    assert len(company.rows("SELECT 1 FROM ax_vendor WHERE active")) == 4


LATER = read_until("2026-11-03T00:00:00Z")


def recoded(company: ReceivingCompany, code: str) -> dict[str, Any]:
    file = company.folder / "accounts.csv"
    file.write_text(f"account,subsidiary,code\n6001,1,{code}\n")
    return {"gl_mapping": str(file)}


def coded(company: ReceivingCompany) -> dict[str, int]:
    found = company.rows("SELECT gl_code, count(*) AS n FROM ax_invoice_line GROUP BY gl_code")
    return {one["gl_code"]: one["n"] for one in found}


@pytest.mark.parametrize("number", [5, 20])
def test_a_changed_mapping_sends_the_bills_that_it_touches_again(company: ReceivingCompany, number: int):
    bills = [bill(n, line(1, "5.00"), subsidiary_id="1") for n in range(1, number + 1)]
    others = [bill(n, line(1, "5.00", 2), subsidiary_id="1") for n in range(31, 34)]
    send(company, *CODING, *bills, *others, before=None, **recoded(company, "6001"))
    changed = recoded(company, "6002")
    # A run that brings nothing: only the bookmark of bills is dropped.
    (*_, told) = send(company, state=LATER, **changed).states
    assert told["bookmarks"].keys() == READ["bookmarks"].keys() - {"bills"}
    company.calls()
    again = (*CODING, *bills, *others)
    if number <= 10:
        (*_, told) = send(company, *again, before=told, state=LATER, **changed).states
    else:
        said = fails(company, *again, before=told, state=LATER, **changed)
        assert "20 bills would be changed in AvidXchange, 100.00 USD in all: its content changed, and" in said
        assert (writes(company), coded(company)["6001"]) == (0, number)
        approve(company, held(company)[0])
        (*_, told) = send(company, *again, before=told, state=LATER, **changed).states
    assert coded(company) == {"6002": number + 3}
    assert writes(company) == number
    # All bills were read by it: the bookmarks go on, and once more nothing is read anew.
    assert told["bookmarks"] == LATER["bookmarks"]
    assert send(company, before=LATER, state=LATER, **changed).states[-1]["bookmarks"] == LATER["bookmarks"]


def test_a_changed_mapping_that_is_put_back_writes_nothing(company: ReceivingCompany):
    bills = [bill(n, line(1, "5.00"), subsidiary_id="1") for n in range(1, 21)]
    send(company, *CODING, *bills, before=None, **recoded(company, "6001"))
    company.calls()
    fails(company, *CODING, *bills, before=None, **recoded(company, "6002"))
    send(company, *CODING, *bills, before=None, **recoded(company, "6001"))
    assert (writes(company), held(company)) == (0, [])


def test_a_tap_without_bookmarks_by_stream_goes_on(company: ReceivingCompany):
    send(
        company,
        *CODING,
        bill(1, subsidiary_id="1"),
        state={"offset": 1},
        before=None,
        **recoded(company, "6001"),
    )
    result = send(company, before={"offset": 1}, state={"offset": 2}, **recoded(company, "6002"))
    assert result.states[-1] == {"offset": 2}
