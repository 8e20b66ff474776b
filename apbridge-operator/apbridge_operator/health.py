"""Is anything late, failing or about to end? What the console shows and notices tell, by the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

from apbridge.errors import APBridgeError
from apbridge.ledger.run_history import PastRun, RunHistory
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.exceptions import Reason
from apbridge_operator.schedules import Silence

DIRECTIONS = {
    "target-avidxchange": "NetSuite to AvidXchange",
    "target-netsuite-payments": "AvidXchange to NetSuite",
}
"""What each target's run moves."""

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
        code: The sentence's, in the error catalogue; None where nothing is to be done.
    """

    what: str
    level: Level
    says: str
    code: str | None = None


def signs(
    run_history: RunHistory,
    certificate: Certificate | None,
    reasons: Sequence[Reason],
    silence: Silence,
) -> Iterator[Sign]:
    """Look for what is urgent, at the runs of both directions, and at the certificate where it is here."""
    if worst := sum(one.count for one in reasons if one.is_urgent):
        yield _bad("Payments", APBridgeError("APB-HLT-001", count=worst))
    now = datetime.now(timezone.utc)
    for plugin, direction in DIRECTIONS.items():
        latest = next(iter(run_history.runs(plugin, limit=1)), None)
        ended = run_history.last_ended(plugin)
        good = run_history.last_good(plugin)
        yield of_runs(direction, latest, ended, good, quiet_since=silence.begins(plugin, now))
    if certificate:
        yield of_certificate(certificate, now)


def of_runs(
    direction: str,
    latest: PastRun | None,
    ended: PastRun | None,
    good: PastRun | None,
    *,
    quiet_since: datetime,
) -> Sign:
    """Return how well one direction runs.

    Args:
        direction: Which.
        latest: Its last run.
        ended: The last one that came to an end: one that is under way makes nothing good.
        good: The last one that ended well.
        quiet_since: Since when one must have ended well.
    """
    if latest is None:
        never = APBridgeError("APB-HLT-002")
        return Sign(direction, Level.WARNING, whole(never), never.code)
    if good is None or (good.finished_at or good.started_at) < quiet_since:
        since = f"since {_moment(good.finished_at or good.started_at)}" if good else "with this ledger"
        silence = APBridgeError("APB-HLT-003", since=since)
        if ended and ended.status in _HOW:
            says = f"{silence.says} {whole(said_of(ended))}"
            return Sign(direction, Level.BAD, says, silence.code)
        return _bad(direction, silence)
    if ended and ended.status in _HOW:
        return _bad(direction, said_of(ended))
    if latest.status == "running":
        return Sign(direction, Level.GOOD, f"A run began at {_moment(latest.started_at)} and is under way.")
    return Sign(
        direction, Level.GOOD, f"The last run ended well at {_moment(good.finished_at or good.started_at)}."
    )


def said_of(run: PastRun) -> APBridgeError:
    """Return how a run ended that did not end well, with its own sentence."""
    how, moment = _HOW[run.status], _moment(run.started_at)
    if run.error:
        return APBridgeError("APB-HLT-005", how=how, moment=moment, error=run.error)
    return APBridgeError("APB-HLT-004", how=how, moment=moment)


def of_certificate(certificate: Certificate, now: datetime) -> Sign:
    """Return how long NetSuite's certificate is still good for."""
    what, days = "NetSuite's certificate", certificate.days_left(now)
    ends = f"{certificate.ends:%Y-%m-%d}"
    if days < 0:
        return _bad(what, APBridgeError("APB-HLT-006", ends=ends))
    lasts = APBridgeError("APB-HLT-007", days=days, ends=ends)
    if days <= _WARN_DAYS:
        return Sign(what, Level.WARNING, whole(lasts), lasts.code)
    return Sign(what, Level.GOOD, lasts.says)


def _bad(what: str, found: APBridgeError) -> Sign:
    return Sign(what, Level.BAD, whole(found), found.code)


def whole(found: APBridgeError) -> str:
    """Return what a sentence says and what it tells to do in one text."""
    return f"{found.says} {found.do}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
