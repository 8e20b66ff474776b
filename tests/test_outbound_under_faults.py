"""The outbound pipe killed, cut off, run twice, deprived of its files: judged by the sandbox's own books."""

# ruff: noqa: ANN401 - books and answers are JSON

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.testing import running
from demo.books import BothBooks
from tests.beginnings import Beginnings
from tests.pipeline import Pipe
from tests.waiting import are_all_held, held, until

pytestmark = pytest.mark.long

EVERY_FAULT: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 502, "html": True},
    {"status": 429, "headers": {"Retry-After": "0"}},
    {"drop": "before"},
    {"drop": "after"},
]


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Pipe]:
    """A pipe before its first run."""
    with running(vendors=6, bills=12) as sandbox:
        pipe = Pipe(sandbox, tmp_path)
        yield pipe
        see_no_secret(pipe)


@pytest.fixture
def pipe(tmp_path: Path, beginnings: Beginnings) -> Iterator[Pipe]:
    """A pipe after its first run."""
    with beginnings.company(tmp_path, vendors=6, bills=12) as sandbox:
        pipe = Pipe(sandbox, tmp_path)
        yield pipe
        see_no_secret(pipe)


def see_no_secret(pipe: Pipe) -> None:
    """Check that a pipe's logs hold none, however it fared."""
    credentials = pipe.sandbox.credentials
    secrets = [credentials[f"AVIDXCHANGE_{name}_TOKEN"] for name in ("COMPANY", "USER")]
    vendors = pipe.sandbox.books()["avidxchange"]["vendors"]
    secrets += [vendor["taxId"] for vendor in vendors if vendor.get("taxId")]
    logs = "".join(log.read_text("utf-8") for log in pipe.folder.glob("*.log"))
    assert logs
    assert not [secret for secret in secrets if secret in logs]


def books(pipe: Pipe) -> BothBooks:
    return BothBooks(pipe.sandbox.books(), pipe.sandbox.credentials["NETSUITE_ACCOUNT_ID"])


def disagreements(pipe: Pipe) -> list[Any]:
    """Return where the books differ, and what an invoice named before it was there."""
    refusals = pipe.sandbox.calls()["avidxchange"]["refusals"]
    early = [code for code in refusals if code.startswith("unknown_")]
    return [*early, *(line for line in books(pipe).compare() if not line.agree)]


def a_bill(pipe: Pipe) -> str:
    """Return the internal id of a bill that was submitted."""
    return str(min(int(bill["id"]) for bill in books(pipe).bills.values()))


def invoice(pipe: Pipe, bill: str) -> Any:
    invoices = pipe.sandbox.books()["avidxchange"]["invoices"]
    found = [one for one in invoices if one["externalId"].endswith(f"-vendorbill-{bill}")]
    assert len(found) <= 1
    return found[0] if found else None


def control(pipe: Pipe, path: str, **body: Any) -> Any:
    return pipe.sandbox.control(f"/control/{path}", body)


def in_netsuite(pipe: Pipe, path: str, **body: Any) -> Any:
    """Do something in NetSuite, some minutes after what was last read and some before what is read next."""
    control(pipe, "clock", advance_seconds=600)
    done = control(pipe, f"netsuite/{path}", **body)
    control(pipe, "clock", advance_seconds=600)
    return done


def edit(pipe: Pipe, table: str, number: str, **columns: Any) -> None:
    in_netsuite(pipe, "edit", table=table, id=number, set=columns)


def enter_bill(pipe: Pipe, **more: Any) -> str:
    """Enter a bill for a vendor and an account that are there; return its internal id."""
    like = next(iter(books(pipe).bills.values()))
    lines = [{"account": like["lines"][0]["account_number"], "amount": "120.50"}]
    bill = {"vendor": like["vendor"], "tranid": "NEW-1", "lines": lines, **more}
    made: str = in_netsuite(pipe, "bills", bills=[bill])["ids"][0]
    return made


def writes(pipe: Pipe) -> int:
    count: int = pipe.sandbox.calls()["avidxchange"]["writes"]
    return count


def hold_writes(pipe: Pipe, *, after: int, **do: str) -> None:
    """Hold every write to AvidXchange but the first ones."""
    match = {"method": "PUT", "path": "/v1/", "nth": after + 1, "times": 1000}
    control(pipe, "faults", match=match, do={"hold": True, **do})


def kill_when(process: BaseProcess, what: Callable[[], Any]) -> None:
    """Kill a program without warning, unless it is too fast to be met at that moment."""
    until(lambda: what() or not process.is_alive())
    process.kill()


def killed_when(pipe: Pipe, arrived: Callable[[], Any]) -> None:
    """Run, and kill the target without warning once something has come to be, before its answer arrives."""
    control(pipe, "faults", match={"method": "PUT", "path": "/v1/invoices/[^/]+$"}, do={"drop": "after"})
    with pipe.begun() as (_, target):
        kill_when(target, arrived)
    pipe.sandbox.control("/control/faults", method="DELETE")


def test_the_target_may_be_killed_at_any_moment(new: Pipe):
    ended: list[int | None] = []
    for moment in (5, 50, 50, 30):
        hold_writes(new, after=moment, drop="after")
        with new.begun() as (_, target):
            kill_when(target, lambda: held(new.sandbox.control))
        ended.append(target.exitcode)
        until(lambda: are_all_held(new.sandbox.control))
        new.sandbox.control("/control/faults", method="DELETE")
    assert ended[:2] == [-signal.SIGKILL] * 2
    new.run_well()
    assert disagreements(new) == []


def test_the_tap_may_be_killed_at_any_moment(new: Pipe):
    def has_called(often: int) -> bool:
        calls: int = new.sandbox.calls()["netsuite"]["total"]
        return calls >= often

    for moment in (1, 5, 12, 20):
        before = new.sandbox.calls()["netsuite"]["total"]
        with new.begun() as (tap, _):
            kill_when(tap, partial(has_called, before + moment))
    new.run_well()
    assert disagreements(new) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_amid_a_drain_ends_the_run_in_order(new: Pipe, number: signal.Signals):
    hold_writes(new, after=30)
    with new.begun() as (_, target):
        until(lambda: held(new.sandbox.control))
        os.kill(target.pid or 0, number)
        until(lambda: new.sandbox.control("/control/faults/let-go") and not target.is_alive())
    new.sandbox.control("/control/faults", method="DELETE")
    assert target.exitcode == 128 + number
    before = writes(new)
    assert new.rows("SELECT COUNT(*) FROM apbridge_records WHERE status = 'delivered'") == [(before,)]
    new.run_well()
    assert disagreements(new) == []
    images = sum(one["image"] is not None for one in books(new).invoices.values())
    assert writes(new) == 166 + len(books(new).invoices) + images, "each was sent once"


def test_every_fault_at_once_changes_nothing(new: Pipe):
    for number, do in enumerate(EVERY_FAULT):
        control(new, "faults", match={"every": 7 + 2 * number}, do=do)
    new.run_well()
    bill = enter_bill(new, image="an invoice")
    new.run_well()
    assert disagreements(new) == []
    assert invoice(new, bill)["image"]


def test_two_runs_at_once_submit_each_bill_once(new: Pipe):
    other = Pipe(new.sandbox, new.folder, "other")
    with new.begun() as one, other.begun() as two:
        pass
    assert [process.exitcode for process in (*one, *two)] == [0] * 4
    assert disagreements(new) == []


def test_without_its_ledger_a_bookmark_is_refused_until_a_full_refresh_went_well(pipe: Pipe):
    told, before = pipe.state.read_bytes(), writes(pipe)
    for file in pipe.folder.glob("ledger.db*"):
        file.unlink()
    assert "--full-refresh" in pipe.run().said
    pipe.state.unlink()
    control(pipe, "faults", match={"path": "/v1/company"}, do={"status": 403})
    assert pipe.run().target == 1
    pipe.sandbox.control("/control/faults", method="DELETE")
    pipe.state.write_bytes(told)
    ended = pipe.run()
    assert ended.target == 1
    assert "--full-refresh" in ended.said
    pipe.state.unlink()
    pipe.run_well()
    assert writes(pipe) == before
    assert disagreements(pipe) == []


def test_a_lost_bookmark_and_a_lost_spool_cost_no_write(pipe: Pipe):
    before = writes(pipe)
    pipe.state.unlink()
    shutil.rmtree(pipe.folder / "spool")
    pipe.run_well()
    assert writes(pipe) == before
    shutil.rmtree(pipe.folder / "spool")
    bill = enter_bill(pipe, image="an invoice")
    pipe.run_well()
    assert invoice(pipe, bill)["image"]
    assert disagreements(pipe) == []


@pytest.mark.parametrize("also_the_ledger", [False, True])
def test_what_ended_a_bill_before_its_bookmark_was_lost_still_cancels_its_invoice(
    pipe: Pipe, *, also_the_ledger: bool
):
    held, pending, deleted, paid = bills = sorted(bill["id"] for bill in books(pipe).bills.values())[:4]
    edit(pipe, "transaction", held, paymenthold="T")
    edit(pipe, "transaction", pending, approvalstatus=1, status="D")
    in_netsuite(pipe, "delete", type="vendorbill", id=deleted)
    in_netsuite(pipe, "pay-by-hand", bill=paid, check_number="77")
    control(pipe, "clock", advance_seconds=2000)
    before = writes(pipe)
    pipe.state.unlink()
    for file in pipe.folder.glob("ledger.db*") if also_the_ledger else ():
        file.unlink()
    pipe.run_well()
    assert [invoice(pipe, bill)["status"] for bill in bills] == ["cancelled"] * 4
    assert writes(pipe) == before + 4


def test_what_a_full_reading_does_not_bring_but_avidxchange_means_to_pay_is_named(pipe: Pipe):
    bill = a_bill(pipe)
    edit(pipe, "transaction", bill, trandate="2020-01-01")
    control(pipe, "clock", advance_seconds=2000)
    pipe.state.unlink()
    later = replace(pipe, reads={"start_date": "2026-01-01"})
    ended = later.run()
    assert ended.target == 1
    said = ended.said.partition("They are: ")[2]
    assert said.startswith(f"netsuite-1234567_SB1-vendorbill-{bill}. Somebody may be paid twice")
    assert "[APB-TAX-031]" in said
    edit(pipe, "transaction", bill, memo="Saved once more")
    later.run_well()
    assert invoice(pipe, bill)["status"] == "cancelled"


def test_a_bill_deleted_after_a_killed_run_submitted_it_is_cancelled(pipe: Pipe):
    bill = enter_bill(pipe)
    killed_when(pipe, lambda: invoice(pipe, bill))
    in_netsuite(pipe, "delete", type="vendorbill", id=bill)
    pipe.run_well()
    assert invoice(pipe, bill)["status"] == "cancelled"


def test_an_edit_undone_after_a_killed_run_submitted_it_is_undone_in_avidxchange(pipe: Pipe):
    bill = a_bill(pipe)
    memo = invoice(pipe, bill)["memo"]
    edit(pipe, "transaction", bill, memo="A mistake")
    killed_when(pipe, lambda: invoice(pipe, bill)["memo"] == "A mistake")
    edit(pipe, "transaction", bill, memo=memo)
    pipe.run_well()
    assert invoice(pipe, bill)["memo"] == memo


def test_whatever_ends_a_bill_in_netsuite_cancels_its_invoice(pipe: Pipe):
    held, pending, deleted, paid, edited, cancelled = sorted(
        bill["id"] for bill in books(pipe).bills.values()
    )[:6]
    edit(pipe, "transaction", held, paymenthold="T")
    edit(pipe, "transaction", cancelled, status="C")
    edit(pipe, "transaction", pending, approvalstatus=1, status="D")
    in_netsuite(pipe, "delete", type="vendorbill", id=deleted)
    in_netsuite(pipe, "pay-by-hand", bill=paid, check_number="77")
    edit(pipe, "transaction", edited, memo="Changed")
    pipe.run_well()
    gone = [invoice(pipe, bill)["status"] for bill in (held, pending, deleted, paid, cancelled)]
    assert gone == ["cancelled"] * 5
    assert invoice(pipe, edited)["memo"] == "Changed"
    edit(pipe, "transaction", held, paymenthold="F")
    edit(pipe, "transaction", pending, approvalstatus=2, status="A")
    pipe.run_well()
    assert [invoice(pipe, bill)["status"] for bill in (held, pending)] == ["submitted"] * 2
    assert disagreements(pipe) == []


def test_an_image_that_is_attached_later_follows_its_invoice(pipe: Pipe):
    bill = next(bill["id"] for bill in books(pipe).bills.values() if not bill["files"])
    assert invoice(pipe, bill)["image"] is None
    content = b"%PDF-1.7 scanned later"
    sandbox = pipe.sandbox.sandbox
    assert sandbox
    control(pipe, "clock", advance_seconds=600)
    with sandbox.store.write() as conn:
        (number,) = conn.execute("SELECT MAX(id) + 1 FROM ns_file").fetchone()
        conn.execute(
            "INSERT INTO ns_file (id, name, filetype, filesize, content, sha256, lastmodifieddate)"
            " VALUES (?, 'late.pdf', 'PDF', ?, ?, ?, ?)",
            (number, len(content), content, hashlib.sha256(content).hexdigest(), sandbox.clock.stamp()),
        )
        conn.execute('INSERT INTO ns_transactionfile ("transaction", file) VALUES (?, ?)', (bill, number))
    control(pipe, "clock", advance_seconds=600)
    pipe.run_well()
    assert invoice(pipe, bill)["image"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert disagreements(pipe) == []


def test_what_avidxchange_no_longer_lets_go_is_said_at_every_run_until_it_is_settled(pipe: Pipe):
    bill = a_bill(pipe)
    control(pipe, "invoices/approve", external_ids="all")
    in_netsuite(pipe, "pay-by-hand", bill=bill, check_number="77")
    for _ in range(2):
        assert f"-vendorbill-{bill})" in pipe.run_well().partition("DOUBLE PAYMENT RISK")[2]
    assert invoice(pipe, bill)["status"] == "approved"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("vendor", "AvidXchange refused bill NEW-1 ({bill}) for its vendor"),
        ("account", "Bill NEW-1 ({bill}): line 1 is on account"),
    ],
)
def test_a_bill_on_something_inactive_goes_once_it_is_active(pipe: Pipe, table: str, said: str):
    bill = enter_bill(pipe)
    like = next(one for one in books(pipe).bills.values() if one["id"] == bill)
    number = like["vendor"] if table == "vendor" else like["lines"][0]["account"]
    edit(pipe, table, number, isinactive="T")
    assert "1 rejected" in pipe.run_well()
    assert invoice(pipe, bill) is None
    [(reason,)] = pipe.rows("SELECT says FROM apbridge_records WHERE status = 'rejected'")
    assert said.format(bill=f"netsuite-1234567_SB1-vendorbill-{bill}") in reason
    edit(pipe, table, number, isinactive="F")
    pipe.run_well()
    assert invoice(pipe, bill)["total"] == "120.50"
    assert disagreements(pipe) == []


def test_without_a_place_for_the_ledger_nothing_is_sent(new: Pipe):
    (new.folder / "file").touch()
    ended = new.run(ledger_url=f"sqlite:///{new.folder}/file/ledger.db")
    assert ended.target == 1
    assert "[APB-LED-002]" in ended.said
    assert writes(new) == 0
    assert not new.state.exists()


def test_a_ledger_that_can_no_longer_be_written_stops_the_run(pipe: Pipe):
    bill, before = enter_bill(pipe), writes(pipe)
    told = pipe.state.read_bytes()
    ended = pipe.run(ledger_url=f"sqlite:///file:{pipe.ledger}?mode=ro&uri=true")
    assert ended.target == 1
    assert "[APB-LED-002]" in ended.said
    assert (writes(pipe), pipe.state.read_bytes()) == (before, told)
    pipe.run_well()
    assert invoice(pipe, bill)["status"] == "submitted"


@pytest.mark.parametrize("path", ["token", "suiteql"])
def test_a_rejected_bill_that_was_paid_by_hand_is_not_submitted_where_the_tap_failed(pipe: Pipe, path: str):
    bill = enter_bill(pipe)
    like = next(one for one in books(pipe).bills.values() if one["id"] == bill)
    edit(pipe, "vendor", like["vendor"], isinactive="T")
    assert "1 rejected" in pipe.run_well()
    # Nothing but the tap's failure stands between the bill as it was kept and AvidXchange.
    assert pipe.sandbox.sandbox
    with pipe.sandbox.sandbox.store.write() as connection:
        connection.execute("UPDATE ax_vendor SET active = 1")
    in_netsuite(pipe, "pay-by-hand", bill=bill, check_number="77")
    control(pipe, "faults", match={"path": path}, do={"status": 400, "body": {"error": "broken"}})
    ended = pipe.run()
    assert ended.tap == 1, ended.said
    assert "[APB-SNG-016]" in ended.said
    assert invoice(pipe, bill) is None
    pipe.sandbox.control("/control/faults", method="DELETE")
    pipe.run_well()
    assert invoice(pipe, bill) is None
