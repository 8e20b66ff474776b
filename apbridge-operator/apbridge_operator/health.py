"""Is anything late, failing or about to end? What the console shows and notices tell, by the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from apbridge.ledger.chronicle import Chronicle, PastRun
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.exceptions import Reason

DIRECTIONS = {
    "target-avidxchange": "NetSuite to AvidXchange",
    "target-netsuite-payments": "AvidXchange to NetSuite",
}
"""What each target's run moves."""

QUIET = timedelta(hours=2)
"""How long nothing may run: four times the longest interval of the shipped schedules."""

_WARN_DAYS = 60
_HOW = {"failed": "failed", "incomplete": "was incomplete", "stopped": "was stopped"}


class Level(str, Enum):
    """How well it is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that was looked at.

    Args:
        what: What, in a few words.
        level: How well it is.
        says: In a sentence, with what to do where something is to be done.
    """

    what: str
    level: Level
    says: str


def signs(
    chronicle: Chronicle,
    certificate: Certificate | None,
    reasons: Sequence[Reason],
    *,
    quiet: timedelta = QUIET,
) -> Iterator[Sign]:
    """Look for what is urgent, at the runs of both directions, and at the certificate where it is here."""
    if worst := sum(one.count for one in reasons if one.is_urgent):
        yield Sign(
            "Payments", Level.BAD, f"Somebody may be paid twice: see the urgent exceptions, {worst} in all."
        )
    now = datetime.now(timezone.utc)
    for plugin, direction in DIRECTIONS.items():
        latest = next(iter(chronicle.runs(plugin, limit=1)), None)
        ended = chronicle.last_ended(plugin)
        yield of_runs(direction, latest, ended, chronicle.last_good(plugin), now=now, quiet=quiet)
    if certificate:
        yield of_certificate(certificate, now)


def of_runs(
    direction: str,
    latest: PastRun | None,
    ended: PastRun | None,
    good: PastRun | None,
    *,
    now: datetime,
    quiet: timedelta,
) -> Sign:
    """Tell how well one direction runs.

    Args:
        direction: Which.
        latest: Its last run.
        ended: The last one that came to an end: one that is under way makes nothing good.
        good: The last one that ended well.
        now: The time.
        quiet: How long no run may end well.
    """
    if latest is None:
        return Sign(direction, Level.WARNING, "It has never run with this ledger. Start it, or its schedule.")
    if good is None or (good.finished_at or good.started_at) < now - quiet:
        since = f"since {_moment(good.finished_at or good.started_at)}" if good else "with this ledger"
        last = (
            said_of(ended) if ended and ended.status in _HOW else "See the schedule, and the last run's log."
        )
        return Sign(direction, Level.BAD, f"No run has ended well {since}. {last}")
    if ended and ended.status in _HOW:
        return Sign(direction, Level.BAD, said_of(ended))
    if latest.status == "running":
        return Sign(direction, Level.GOOD, f"A run began at {_moment(latest.started_at)} and is under way.")
    return Sign(
        direction, Level.GOOD, f"The last run ended well at {_moment(good.finished_at or good.started_at)}."
    )


def said_of(run: PastRun) -> str:
    """Tell how a run ended that did not end well, with its own sentence."""
    said = f": {run.error}" if run.error else "."
    return f"The last run {_HOW[run.status]} at {_moment(run.started_at)}{said}"


def of_certificate(certificate: Certificate, now: datetime) -> Sign:
    """Tell how long NetSuite's certificate is still good for."""
    what, days = "NetSuite's certificate", certificate.days_left(now)
    if days < 0:
        return Sign(what, Level.BAD, f"It expired on {certificate.ends:%Y-%m-%d}. Upload a new one.")
    level = Level.WARNING if days <= _WARN_DAYS else Level.GOOD
    todo = " Renew it in time: apbridge certificate rotate." if level is Level.WARNING else ""
    return Sign(what, level, f"It is good for {days} more days, until {certificate.ends:%Y-%m-%d}.{todo}")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
