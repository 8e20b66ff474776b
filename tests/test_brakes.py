"""A filter that was narrowed by mistake cancels nothing before a person says so: by AvidXchange's books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger
from apbridge.ledger.held import held_changes, let_through
from apbridge_sandbox.testing import Running, running
from tests.beginnings import Beginnings
from tests.in_process import OutboundHalf
from tests.pipeline import Pipe
from tests.waiting import are_all_held, held, until

BILLS = 300
LIMIT = {"brake_percent": "10"}
NARROWED: dict[str, dict[str, Any]] = {
    "subsidiaries leaves out": {"subsidiaries": ["2"]},
    "approval": {"approval_statuses": ["pending"]},
    "bill_filter": {"bill_filter": "t.memo = 'ours'"},
}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[OutboundHalf]:
    """Both systems with bills that AvidXchange is to pay, and the way out after its first run."""
    with running(vendors=1, bills=0) as sandbox:
        lines = [{"account": "6010", "amount": "10.00"}]
        bills = [
            {"vendor": "11", "tranid": f"B-{number}", "lines": lines, "day": "2026-10-15"}
            for number in range(BILLS)
        ]
        sandbox.control("/control/netsuite/bills", {"bills": bills})
        # What is of this very second is the next run's.
        sandbox.control("/control/clock", {"advance_seconds": 60})
        half = OutboundHalf(sandbox, f"sqlite:///{tmp_path}/ledger.db", tmp_path / "spool", "avidconnect")
        assert half.run() is None
        assert statuses(sandbox) == {"submitted": BILLS}
        yield half


def statuses(sandbox: Running) -> Counter[str]:
    return Counter(one["status"] for one in sandbox.books()["avidxchange"]["invoices"])


def anew(half: OutboundHalf, **reads: Any) -> APBridgeError | None:  # noqa: ANN401
    """Run once as with `--full-refresh`."""
    half.state, half.reads = {}, reads
    return half.run()


def test_a_narrowed_filter_cancels_nothing_and_once_mended_nothing_is_left_of_it(live: OutboundHalf):
    live.sandbox.control("/control/calls", method="DELETE")
    for because, reads in NARROWED.items():
        ended = anew(live, **reads)
        assert ended is not None
        assert ended.code == "APB-BRK-010"
        assert f"{BILLS} bills would be withdrawn from AvidXchange, 3,000.00" in ended.says
        assert because in ended.says
    # What a first reading leaves out as too old is not withdrawn either.
    ended = anew(live, start_date="2026-11-01")
    assert ended is not None
    assert ended.code == "APB-TAX-031"
    assert anew(live) is None
    assert live.sandbox.calls()["avidxchange"]["writes"] == 0
    assert statuses(live.sandbox) == {"submitted": BILLS}


def approve(ledger_url: str) -> int:
    with Ledger(ledger_url) as ledger:
        (found,) = held_changes(ledger)
        keys = {one.external_id: one.key for one in found.records}
        return len(let_through(ledger, found.system, found.stream, keys))


def cancelled(sandbox: Running) -> int:
    return statuses(sandbox)["cancelled"]


def test_two_runs_at_once_hold_and_a_killed_one_lets_through_what_was_approved_once(
    tmp_path: Path, beginnings: Beginnings
):
    with beginnings.company(tmp_path, vendors=6, bills=12) as sandbox:
        before = statuses(sandbox)
        one = Pipe(sandbox, tmp_path, reads={"bill_filter": "t.id < 0"})
        one.state.unlink()
        with one.begun(**LIMIT) as first, replace(one, name="other").begun(**LIMIT) as second:
            pass
        assert [process.exitcode for process in (*first, *second)] == [0, 1, 0, 1]
        assert statuses(sandbox) == before
        approved = approve(f"sqlite:///{one.ledger}")
        assert approved > 2
        match = {"method": "POST", "path": "/cancel$", "nth": 2, "times": 1000}
        sandbox.control("/control/faults", {"match": match, "do": {"hold": True, "drop": "after"}})
        with one.begun(**LIMIT) as (_, target):
            until(lambda: held(sandbox.control))
            target.kill()
        until(lambda: are_all_held(sandbox.control))
        sandbox.control("/control/faults", method="DELETE")
        # What was approved and not sent goes with the next run, and with a later one nothing more.
        one.run(**LIMIT)
        assert cancelled(sandbox) == approved
        sandbox.control("/control/calls", method="DELETE")
        one.run(**LIMIT)
        assert sandbox.calls()["avidxchange"]["writes"] == 0
