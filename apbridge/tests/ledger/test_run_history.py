from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timezone
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge.ledger.run_history import BRIDGE, BRIDGE_OF_A_DAY, DIFFERENCES, RunHistory


class FakeReconciliation:
    """What a reconciliation found."""

    def __init__(self, unexplained: int, as_of: str | None = None) -> None:
        self.unexplained = unexplained
        self.as_of = as_of

    def kept(self) -> dict[str, Any]:
        counts = {"differences": 3, "unexplained": self.unexplained}
        return {"as_of": self.as_of, **counts, "money": [{"amount": Decimal("0.10")}]}

    def listed(self) -> list[dict[str, Any]]:
        return [{"number": f"INV-{self.unexplained}", "amount": Decimal("1.00")}]

    def bridged(self) -> dict[str, Any]:
        return {"rows": [{"amount": Decimal(self.unexplained)}]}


def test_runs_are_told_the_newest_first(ledger: Ledger) -> None:
    run_history = RunHistory(ledger)
    assert run_history.runs() == []
    assert run_history.last_good("target-a") is None
    good = ledger.start_run("target-a", "1.0")
    good.finish("finished", {"bills": {"delivered": 2}})
    ledger.start_run("target-a", "1.0").finish(
        "failed", {}, "It was not there; token=t0ps3cret.", "APB-HTTP-001"
    )
    ledger.start_run("target-b", "1.0")
    assert [run.status for run in run_history.runs()] == ["running", "failed", "finished"]
    failed = run_history.runs("target-a", limit=1)[0]
    assert str(failed.error).startswith("It was not there")
    assert failed.code == "APB-HTTP-001"
    assert "t0ps3cret" not in str(failed.error)
    with ledger.database.reading() as connection:
        stored = connection.execute(text("SELECT error FROM apbridge_runs WHERE status = 'failed'")).scalar()
    assert "t0ps3cret" not in str(stored)
    last = run_history.last_good("target-a")
    assert last
    assert (last.id, last.counts) == (good.id, {"bills": {"delivered": 2}})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("outbound/scheduled__2026-11-30T20:00:00+00:00", "outbound/scheduled__2026-11-30T20:00:00+00:00"),
        (" \x1b[31mred\nline ", "\\u001b[31mred line"),
        ("\udc80", "\\udc80"),
        ("x" * 300, "x" * 250),
        ("  ", None),
        (None, None),
    ],
)
def test_what_an_orchestrator_calls_a_run_is_kept_with_it_and_on_the_trail(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, given: str | None, kept: str | None
) -> None:
    monkeypatch.delenv("APBRIDGE_RUN_ID", raising=False)
    if given is not None:
        monkeypatch.setenv("APBRIDGE_RUN_ID", given)
    run = ledger.start_run("target-a", "1.0")
    with run.audited(system="toy", operation="write", external_id="v-1", body={}):
        pass
    (told,) = RunHistory(ledger).runs()
    assert told.orchestrator_run == kept
    with ledger.database.reading() as connection:
        actors = set(connection.execute(text("SELECT actor FROM apbridge_audit")).scalars())
    (actor,) = actors
    assert actor == told.actor
    assert actor.partition(", started by ")[2] == (kept or "")
    assert ledger.verify().is_whole


def test_in_balance_counts_from_the_first_reconciliation_that_explains_all(ledger: Ledger) -> None:
    run_history = RunHistory(ledger)
    assert run_history.in_balance_since() is None
    for unexplained in (0, 2, 0, 0):
        run_history.keep_reconciliation(FakeReconciliation(unexplained))
    # One of a day in the past says nothing of now.
    run_history.keep_reconciliation(FakeReconciliation(5, as_of="2026-01-31"))
    kept = run_history.reconciliations()
    assert [one.unexplained for one in kept] == [0, 0, 2, 0]
    assert kept[0].summary["money"] == [{"amount": Decimal("0.10")}]
    assert run_history.in_balance_since() == kept[1].at
    listed = run_history.recall(DIFFERENCES)
    assert listed
    assert listed.value == [{"number": "INV-0", "amount": Decimal("1.00")}]
    bridge = run_history.recall(BRIDGE)
    assert bridge
    assert bridge.value == {"rows": [{"amount": Decimal(0)}]}
    of_a_day = run_history.recall(BRIDGE_OF_A_DAY)
    assert of_a_day
    assert of_a_day.value == {"rows": [{"amount": Decimal(5)}]}
    run_history.keep_reconciliation(FakeReconciliation(1))
    assert run_history.in_balance_since() is None


def test_what_was_found_out_is_replaced(ledger: Ledger) -> None:
    run_history = RunHistory(ledger)
    assert run_history.recall("x") is None
    run_history.remember("x", [1])
    run_history.remember("x", {"y": 2})
    found = run_history.recall("x")
    assert found
    assert found.value == {"y": 2}
    assert found.at.tzinfo is timezone.utc


def test_two_processes_may_find_out_the_same_at_once(ledger: Ledger, url: str) -> None:
    """Without their turns, two that begin together get in each other's way in most rounds on PostgreSQL."""
    rounds, together = 25, Barrier(2, timeout=120)

    def find_out(opened: Ledger) -> None:
        for number in range(rounds):
            together.wait()
            RunHistory(opened).remember("x", number)

    with Ledger(url) as other, ThreadPoolExecutor(2) as pool:
        for outcome in [pool.submit(find_out, one) for one in (ledger, other)]:
            outcome.result()
    found = RunHistory(ledger).recall("x")
    assert found
    assert found.value == rounds - 1


def test_records_are_counted(ledger: Ledger) -> None:
    for number, status in enumerate((Status.DELIVERED, Status.DELIVERED, Status.REJECTED)):
        ledger.write(1, "toy", [RowUpdate("bills", f"b-{number}", None, "h", status)])
    assert RunHistory(ledger).counts() == [("toy", "bills", "delivered", 2), ("toy", "bills", "rejected", 1)]
