"""AvidXchange has something else than the ledger believes: judged by both books, under both contracts.

An older ledger was put back; an answer of 2xx was none; two runs went on at once; a write arrived when its
run was long killed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.testing import running
from tests.beginnings import Beginnings
from tests.doubt import PATHS, DoubtLoop
from tests.pipeline import Pipe
from tests.waiting import until

pytestmark = pytest.mark.long

EMPTY: list[dict[str, Any]] = [
    {"status": 200, "body": {}},
    {"status": 200, "body": {"items": None}},
    {"status": 204},
]


@pytest.fixture(params=PATHS)
def loop(request: pytest.FixtureRequest, tmp_path: Path, beginnings: Beginnings) -> Iterator[DoubtLoop]:
    """Yield a loop whose first run is over."""
    with beginnings.company(tmp_path, vendors=3, bills=4, profile=request.param) as sandbox:
        yield DoubtLoop(Pipe(sandbox, tmp_path), request.param)


# An older ledger is put back


@pytest.mark.parametrize("with_its_state", [True, False], ids=["older STATE", "full refresh"])
def test_with_an_older_ledger_what_was_submitted_since_is_still_taken_back(
    loop: DoubtLoop, *, with_its_state: bool
):
    pending = loop.enter_bill("NEW-0")
    loop.edit(pending, approvalstatus=1, status="D")
    loop.run_well()
    assert loop.status(pending) is None
    kept = loop.keep()
    held, deleted, paid = (loop.enter_bill(f"NEW-{number}") for number in (1, 2, 3))
    loop.edit(pending, approvalstatus=2, status="A")
    loop.run_well()
    bills = [held, deleted, paid, pending]
    assert [loop.status(bill) for bill in bills] == ["submitted"] * 4

    loop.put_back(kept, state=with_its_state)
    loop.edit(held, paymenthold="T")
    loop.in_netsuite("delete", type="vendorbill", id=deleted)
    loop.in_netsuite("pay-by-hand", bill=paid, check_number="77")
    loop.edit(pending, approvalstatus=1, status="D")
    loop.control("clock", advance_seconds=2000)
    loop.run_well()
    assert [loop.status(bill) for bill in bills] == ["cancelled"] * 4


def test_with_an_older_ledger_a_part_paid_bill_is_not_advised_to_be_paid_by_hand(loop: DoubtLoop):
    kept = loop.keep()
    bill = loop.enter_bill()
    loop.run_well()
    loop.put_back(kept, state=True)
    loop.in_netsuite("pay-by-hand", bill=bill, check_number="77", amount="20.50")
    said = loop.run_well()
    assert "APB-TAX-020" not in said
    assert loop.status(bill) == "cancelled"


def test_with_an_older_ledger_a_bill_that_was_held_and_released_since_is_paid(loop: DoubtLoop):
    bill = loop.enter_bill()
    loop.run_well()
    kept = loop.keep()
    loop.edit(bill, paymenthold="T")
    loop.run_well()
    assert loop.status(bill) == "cancelled"
    loop.put_back(kept, state=True)
    loop.edit(bill, paymenthold="F")
    loop.run_well()
    assert loop.status(bill) == "submitted"
    assert loop.disagreements() == []


# An answer of 2xx names no record


def test_what_was_swallowed_is_done_all_the_same(loop: DoubtLoop):
    """A bill's submission, its image, its cancellation: each answered as if all were well, and not done."""
    bills = []
    for number, answer in enumerate(EMPTY):
        loop.fault("upsert", **answer)
        bill = loop.enter_bill(f"NEW-{number}", image="an invoice")
        loop.run_well()
        assert loop.status(bill) == "submitted"
        assert loop.invoice(bill)["image"]
        loop.fault("image", **answer)
        pictured = loop.enter_bill(f"PICTURED-{number}", image="another")
        loop.run_well()
        assert loop.invoice(pictured)["image"]
        bills.append(bill)
    assert loop.disagreements() == []
    for bill, answer in zip(bills, EMPTY, strict=True):
        loop.fault("cancel", **answer)
        loop.edit(bill, paymenthold="T")
        loop.run_well()
        assert loop.status(bill) == "cancelled"
    faults = loop.pipe.sandbox.control("/control/faults", method="GET")
    assert [one["fired"] for one in faults] == [1] * 9


def test_a_refused_cancellation_that_is_answered_200_is_the_loudest_rejection(loop: DoubtLoop):
    bill = loop.enter_bill()
    loop.run_well()
    loop.control("invoices/approve", external_ids="all")
    refusal = {
        "message": "It is approved.",
        "errors": [{"code": "invoice_locked", "message": "It is locked."}],
    }
    loop.fault("cancel", status=200, body=refusal)
    loop.edit(bill, paymenthold="T")
    assert f"-vendorbill-{bill})" in loop.run_well().partition("DOUBLE PAYMENT RISK")[2]


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[DoubtLoop]:
    """Yield a loop whose first run is over, under a contract whose writes say nothing."""
    with running(vendors=3, bills=4) as sandbox:
        sandbox.control("/control/switches", {"avidxchange.results": "none"})
        loop = DoubtLoop(Pipe(sandbox, tmp_path), "partner")
        loop.run_well()
        yield loop


def test_a_contract_whose_writes_say_nothing_costs_a_list_and_no_second_call_each(silent: DoubtLoop):
    bills = [silent.enter_bill(f"NEW-{number}") for number in range(6)]
    silent.pipe.sandbox.control("/control/calls", method="DELETE")
    silent.run_well()
    assert [silent.status(bill) for bill in bills] == ["submitted"] * 6
    asked = silent.pipe.sandbox.calls()["avidxchange"]["by_operation"]
    assert asked["POST /partner/api/v2/invoices"] == 1
    assert asked["GET /partner/api/v2/invoices"] == 2, "what changed before, and what was sent"
    assert silent.disagreements() == []


def test_a_cancellation_that_is_refused_where_writes_say_nothing_is_said_as_loud(silent: DoubtLoop):
    bill = silent.enter_bill("NEW-1")
    silent.run_well()
    silent.control("invoices/approve", external_ids="all")
    silent.edit(bill, paymenthold="T")
    assert f"-vendorbill-{bill})" in silent.run_well().partition("DOUBLE PAYMENT RISK")[2]


# Two runs at once


def test_a_late_upsert_of_one_run_does_not_reopen_what_another_has_withdrawn(loop: DoubtLoop):
    bill = loop.enter_bill()
    loop.run_well()
    loop.edit(bill, memo="Changed")
    loop.fault("upsert", hold=True)
    with loop.pipe.begun(**loop.settings) as slow:
        until(loop.held)
        loop.edit(bill, paymenthold="T")
        loop.run_well(loop.other)
        assert loop.status(bill) == "cancelled"
        loop.control("faults/let-go")
    assert [process.exitcode for process in slow] == [0, 0]
    loop.run_well()
    assert loop.status(bill) == "cancelled"


def test_what_a_later_run_has_overtaken_is_not_sent(loop: DoubtLoop):
    """The slow run waits for another bill's answer while the fast one deals with this bill."""
    first, bill = loop.enter_bill("NEW-1"), loop.enter_bill("NEW-2")
    loop.run_well()
    loop.edit(first, memo="Changed")
    loop.edit(bill, memo="Changed")
    loop.fault("upsert", hold=True)
    with loop.pipe.begun(**loop.settings, concurrency="1") as slow:
        until(loop.held)
        loop.edit(first, paymenthold="T")
        loop.edit(bill, paymenthold="T")
        loop.run_well(loop.other)
        loop.control("faults/let-go")
    assert [process.exitcode for process in slow] == [0, 0]
    loop.run_well()
    assert [loop.status(one) for one in (first, bill)] == ["cancelled"] * 2


# A write is still on the wire when its run is killed


def killed_on_the_wire(loop: DoubtLoop, what: str) -> None:
    loop.fault(what, hold=True)
    with loop.pipe.begun(**loop.settings) as (_, target):
        until(loop.held)
        target.kill()


def test_a_new_bill_that_arrives_after_it_was_held_is_taken_back(loop: DoubtLoop):
    bill = loop.enter_bill()
    killed_on_the_wire(loop, "upsert")
    loop.edit(bill, paymenthold="T")
    for _ in range(2):
        loop.run_well()
    assert loop.status(bill) is None
    loop.control("faults/let-go")
    until(lambda: loop.status(bill) == "submitted")

    loop.let_the_while_pass()
    loop.run_well(in_doubt_minutes="0")
    assert loop.status(bill) == "cancelled"


def test_an_upsert_that_arrives_after_its_invoice_was_withdrawn_does_not_reopen_it(loop: DoubtLoop):
    bill = loop.enter_bill()
    loop.run_well()
    loop.edit(bill, memo="Changed")
    killed_on_the_wire(loop, "upsert")
    loop.edit(bill, paymenthold="T")
    loop.run_well()
    assert loop.status(bill) == "cancelled"
    loop.control("faults/let-go")
    until(lambda: loop.status(bill) == "submitted")

    loop.let_the_while_pass()
    loop.run_well(in_doubt_minutes="0")
    assert loop.status(bill) == "cancelled"


def test_an_upsert_that_arrives_late_does_not_bring_old_lines_back(loop: DoubtLoop):
    bill = loop.enter_bill()
    loop.run_well()
    loop.edit(bill, memo="Old")
    killed_on_the_wire(loop, "upsert")
    loop.edit(bill, memo="New")
    loop.run_well()
    assert loop.invoice(bill)["memo"] == "New"
    loop.control("faults/let-go")
    until(lambda: loop.invoice(bill)["memo"] == "Old")

    loop.let_the_while_pass()
    loop.run_well(in_doubt_minutes="0")
    assert loop.invoice(bill)["memo"] == "New"
    assert loop.disagreements() == []


def test_a_try_that_got_no_answer_may_arrive_after_the_one_that_did(loop: DoubtLoop):
    bill = loop.enter_bill()
    loop.run_well()
    loop.edit(bill, memo="Old")
    loop.fault("upsert", drop="late")
    loop.run_well()
    assert loop.invoice(bill)["memo"] == "Old"
    loop.edit(bill, paymenthold="T")
    loop.run_well()
    assert loop.status(bill) == "cancelled"
    loop.control("faults/let-go")
    until(lambda: loop.status(bill) == "submitted")

    loop.let_the_while_pass()
    loop.run_well(in_doubt_minutes="0")
    assert loop.status(bill) == "cancelled"


def test_what_nothing_came_of_is_final_after_the_while(loop: DoubtLoop):
    bill = loop.enter_bill()
    killed_on_the_wire(loop, "upsert")
    loop.edit(bill, paymenthold="T")
    loop.run_well()
    loop.let_the_while_pass()
    loop.run_well(in_doubt_minutes="0")
    with sqlite3.connect(loop.pipe.ledger) as connection:
        left = connection.execute("SELECT COUNT(*) FROM apbridge_records WHERE look_again_at IS NOT NULL")
        assert left.fetchone() == (0,)
    assert loop.status(bill) is None


# Nobody is left to bring what came back to life


def test_a_withdrawn_invoice_that_lives_again_is_told_at_every_run_until_it_is_settled(loop: DoubtLoop):
    bill = loop.enter_bill()
    loop.run_well()
    loop.edit(bill, paymenthold="T")
    loop.run_well()
    loop.control("clock", advance_seconds=600)
    assert loop.pipe.sandbox.sandbox
    with loop.pipe.sandbox.sandbox.store.write() as connection:
        connection.execute(
            "UPDATE ax_invoice SET status = 'submitted', status_reason = NULL, modified_at = ?"
            " WHERE external_id LIKE ?",
            (loop.pipe.sandbox.sandbox.clock.stamp(), f"%-vendorbill-{bill}"),
        )
    other = loop.enter_bill("NEW-2")
    for number in range(2):
        ended = loop.run()
        assert ended.target == 1
        assert f"-vendorbill-{bill}" in ended.said.partition("They are: ")[2]
        loop.edit(other, memo=f"Changed {number}")
    loop.pipe.state.unlink()
    loop.run_well()
    assert loop.status(bill) == "cancelled"
