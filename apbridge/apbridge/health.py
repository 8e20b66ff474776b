"""Is anything late, failing or about to end? What the console shows and notices tell, by the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from apbridge.ledger.chronicle import Chronicle, PastRun
from apbridge.netsuite.certificate import Certificate

DIRECTIONS = {
    "target-avidxchange": "NetSuite to AvidXchange",
    "target-netsuite-payments": "AvidXchange to NetSuite",
}
"""What each target's run moves."""

QUIET = timedelta(hours=2)
"""How long nothing may run: four times the longest interval of the shipped schedules."""

_WARN_DAYS = 60
_HOW = {"failed": "failed", "stopped": "was stopped"}


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
    chronicle: Chronicle, certificate: Certificate | None, *, quiet: timedelta = QUIET
) -> Iterator[Sign]:
    """Look at the runs of both directions, and at the certificate where there is one here."""
    now = datetime.now(timezone.utc)
    for plugin, direction in DIRECTIONS.items():
        latest = next(iter(chronicle.runs(plugin, limit=1)), None)
        yield of_runs(direction, latest, chronicle.last_good(plugin), now, quiet)
    if certificate:
        yield of_certificate(certificate, now)


def of_runs(
    direction: str, latest: PastRun | None, good: PastRun | None, now: datetime, quiet: timedelta
) -> Sign:
    """Tell how well one direction runs."""
    if latest is None:
        return Sign(direction, Level.WARNING, "It has never run with this ledger. Start it, or its schedule.")
    if good is None or (good.finished_at or good.started_at) < now - quiet:
        since = f"since {_moment(good.finished_at or good.started_at)}" if good else "ever"
        return Sign(
            direction, Level.BAD, f"No run has ended well {since}. See the schedule, and the last run's log."
        )
    if latest.status in _HOW:
        said = f": {latest.error}" if latest.error else "."
        return Sign(
            direction, Level.BAD, f"The last run {latest.status} at {_moment(latest.started_at)}{said}"
        )
    if latest.status == "running":
        return Sign(direction, Level.GOOD, f"A run began at {_moment(latest.started_at)} and is under way.")
    return Sign(
        direction, Level.GOOD, f"The last run ended well at {_moment(good.finished_at or good.started_at)}."
    )


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
