"""What the first page shows, gathered from the ledger alone: no call to either system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from apbridge.ledger import OPEN, Ledger, Status
from apbridge.ledger.run_history import (
    BRIDGE,
    BRIDGE_OF_A_DAY,
    DIFFERENCES,
    Observation,
    PastReconciliation,
    PastRun,
    RunHistory,
)
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.console.charts import Chart, charts
from apbridge_operator.exceptions import Exceptions, Reason
from apbridge_operator.health import Level, Sign, signs
from apbridge_operator.schedules import Silence

_RECONCILIATIONS = 30
_RUNS = 8

_OUT = ("vendors", "gl_accounts", "departments", "classes", "locations", "bills")
_WORDS = {"gl_accounts": "GL accounts"}


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of the loop, as the picture shows it.

    Args:
        stream: What it counts.
        delivered: On the other side.
        waiting: Waiting for something.
        rejected: Rejected.
        others: Other streams that go along, with how many are delivered.
    """

    stream: str
    delivered: int
    waiting: int
    rejected: int
    others: Sequence[tuple[str, int]]

    @property
    def is_well(self) -> bool:
        """Whether nothing is held up."""
        return not (self.waiting or self.rejected)


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the loop."""

    at: datetime
    outbound: Flow
    inbound: Flow
    reconciled: PastReconciliation | None
    in_balance_since: datetime | None
    differences: Sequence[Mapping[str, Any]]
    bridge: Observation | None
    bridge_of_a_day: Observation | None
    charts: Sequence[Chart]
    reasons: Sequence[Reason]
    signs: Sequence[Sign]
    runs: Sequence[PastRun]

    @property
    def open_cases(self) -> int:
        """How many records wait or are rejected."""
        return sum(one.count for one in self.reasons)

    @property
    def is_urgent(self) -> bool:
        """Whether an exception cannot wait until tomorrow."""
        return any(one.is_urgent for one in self.reasons)

    @property
    def level(self) -> Level:
        """How well it is, all in all."""
        levels = {one.level for one in self.signs}
        if self.is_urgent or Level.BAD in levels or (self.reconciled and self.reconciled.unexplained):
            return Level.BAD
        is_calm = self.reconciled and not self.open_cases and levels <= {Level.GOOD}
        return Level.GOOD if is_calm else Level.WARNING


def overview(ledger: Ledger, certificate: Certificate | None, silence: Silence) -> Overview:
    """Gather it."""
    run_history = RunHistory(ledger)
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for system, stream, status, count in run_history.counts():
        counts.setdefault((system, stream), {})[status] = count
    reasons = Exceptions(ledger).reasons()
    past = run_history.reconciliations(limit=_RECONCILIATIONS)
    listed = run_history.recall(DIFFERENCES)
    return Overview(
        at=datetime.now(timezone.utc),
        outbound=_flow(counts, "avidxchange", "bills", _OUT),
        inbound=_flow(counts, "netsuite", "payments", ()),
        reconciled=past[0] if past else None,
        in_balance_since=run_history.in_balance_since(),
        differences=listed.value if listed else (),
        bridge=run_history.recall(BRIDGE),
        bridge_of_a_day=run_history.recall(BRIDGE_OF_A_DAY),
        charts=charts(past[::-1]),
        reasons=reasons,
        signs=list(signs(run_history, certificate, reasons, silence)),
        runs=run_history.runs(limit=_RUNS),
    )


def _flow(
    counts: Mapping[tuple[str, str], Mapping[str, int]], system: str, stream: str, streams: Sequence[str]
) -> Flow:
    def delivered(name: str) -> int:
        return counts.get((system, name), {}).get(Status.DELIVERED.value, 0)

    held = dict.fromkeys((status.value for status in OPEN), 0)
    for (where, _), by_status in counts.items():
        if where == system:
            for status in held:
                held[status] += by_status.get(status, 0)
    others = [(_WORDS.get(name, name), delivered(name)) for name in streams if name != stream]
    return Flow(
        stream,
        delivered(stream),
        held[Status.WAITING.value],
        held[Status.REJECTED.value],
        [(name, count) for name, count in others if count],
    )
