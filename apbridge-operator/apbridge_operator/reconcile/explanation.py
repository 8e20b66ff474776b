"""What explains a difference: the cause in words, the run that sees to it, and whether that has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from apbridge.avidxchange import instant
from apbridge.errors import APBridgeError
from apbridge.ledger import OPEN, Ledger, Row, Status
from apbridge.ledger.run_history import RunHistory
from apbridge_operator.reconcile.difference import Cause

_SLACK = timedelta(minutes=2)
"""How far the clocks of three machines may be apart."""


class Direction(str, Enum):
    """Which way a run goes."""

    OUTBOUND = "outbound"
    """From NetSuite to AvidXchange."""
    INBOUND = "inbound"
    """From AvidXchange to NetSuite."""


_TARGETS = {Direction.OUTBOUND: "target-avidxchange", Direction.INBOUND: "target-netsuite-payments"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A cause in words.

    Args:
        cause: What it is.
        says: What is different, and which run sees to it.
        do: What to do about it.
        code: Of the sentence in the catalogue.
        run: Which way the run goes that sees to it; None where none does.
        has_passed: It has passed without having done so.
    """

    cause: Cause
    says: str
    do: str
    code: str | None = None
    run: Direction | None = None
    has_passed: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it explains anything."""
        return self.cause is not Cause.UNEXPLAINED


@dataclass(frozen=True, slots=True)
class Runs:
    """When the last good run of each direction began; None where there was none."""

    outbound: datetime | None
    inbound: datetime | None

    @classmethod
    def of(cls, ledger: Ledger) -> Runs:
        """Read them."""
        run_history = RunHistory(ledger)
        found = {way: run_history.last_good(target) for way, target in _TARGETS.items()}
        return cls(**{way.value: run.started_at if run else None for way, run in found.items()})

    def last(self, way: Direction) -> datetime | None:
        """Return when the last good one that way began."""
        return self.outbound if way is Direction.OUTBOUND else self.inbound

    def have_passed(self, way: Direction, changed: datetime | None) -> bool:
        """Return whether a good one began after a change; None is a change of long ago."""
        last = self.last(way)
        return last is not None and (changed is None or changed < last - _SLACK)


def explained(cause: Cause, why: APBridgeError) -> Explanation:
    """Explain by what no run has to see to."""
    return Explanation(cause, why.says, why.do, why.code)


def unexplained(why: APBridgeError) -> Explanation:
    """Return the explanation of a difference that no run will end, and nobody has accounted for."""
    return explained(Cause.UNEXPLAINED, why)


def by_run(
    cause: Cause, why: APBridgeError, way: Direction, runs: Runs, changed: datetime | None
) -> Explanation:
    """Explain by the run that is to see to it; that is no explanation any more once the run has passed.

    Args:
        cause: Why, as long as the run is to come.
        why: What is different.
        way: Which way the run goes.
        runs: The last good ones.
        changed: When it came to be different; None where that is not known.
    """
    if runs.have_passed(way, changed):
        began = f"{runs.last(way):%Y-%m-%d %H:%M} UTC"
        passed = APBridgeError("APB-REC-002", way=way.value, began=began)
        says = f"{why.says} {passed.says}"
        return Explanation(Cause.UNEXPLAINED, says, why.do, why.code, way, has_passed=True)
    coming = APBridgeError("APB-REC-001", way=way.value)
    return Explanation(cause, f"{why.says} {coming.says}", coming.do, why.code, way)


def by_ledger(row: Row | None, way: Direction, runs: Runs, changed: datetime | None) -> Explanation | None:
    """Explain by what the ledger says of the record as it is now; None where it says nothing.

    Args:
        row: The record's.
        way: Which way the runs go that see to it.
        runs: The last good ones.
        changed: When the record changed last where it comes from.
    """
    if row is None:
        return None
    is_current = not is_behind(row, changed)
    if is_current and row.status in OPEN:
        cause = Cause.WAITING if row.status is Status.WAITING else Cause.REJECTED
        return Explanation(cause, row.says or "", row.do or "", row.code, way)
    last = runs.last(way)
    if row.look_again_at and (last is None or last < row.look_again_at):
        moment = f"{row.look_again_at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
        doubt = APBridgeError("APB-REC-003", way=way.value, moment=moment)
        return Explanation(Cause.IN_FLIGHT, doubt.says, doubt.do, doubt.code, way)
    if is_current and row.status is Status.DISMISSED:
        why = APBridgeError("APB-REC-004", says=row.says or "", do=row.do or "")
        return Explanation(Cause.DISMISSED, why.says, why.do, row.code)
    return None


def is_behind(row: Row, changed: datetime | None) -> bool:
    """Return whether the ledger knows of older content only than there is by now."""
    known = row.source_modified_at
    return bool(changed and known and instant(known) < changed)
