"""Is anything late, failing or about to end? What the console shows and notices tell, by the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
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

_LONGEST_RUN = timedelta(hours=6)
"""How long a run may take: what starts it by a schedule ends one that takes longer."""

_CLOCKS = timedelta(minutes=10)
"""How far the clocks of two machines may be apart."""

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
        yield of_runs(direction, Lately.of(plugin, run_history, silence, now))
    if certificate:
        yield of_certificate(certificate, now)


@dataclass(frozen=True, slots=True)
class Lately:
    """How the runs of one plugin went.

    Args:
        latest: The last one.
        ended: The last one that came to an end: one that is under way makes nothing good.
        good: The last one that ended well.
        under_way: The one that is, as far as the ledger knows, where all was well before it.
        silent_since: Since when none has ended well, in words, where that is longer than the schedules allow.
    """

    latest: PastRun | None
    ended: PastRun | None
    good: PastRun | None
    under_way: PastRun | None
    silent_since: str | None

    @classmethod
    def of(cls, plugin: str, run_history: RunHistory, silence: Silence, now: datetime) -> Lately:
        """Look at a plugin's runs."""
        good = run_history.last_good(plugin)
        lately = run_history.runs(plugin, limit=2)
        silent_since = None if good else "with this ledger"
        if good and (moment := ended_at(good)) < silence.begins(plugin, now):
            silent_since = f"since {_moment(moment)}"
        elif good and moment > now + _CLOCKS:
            # By a clock that was ahead all would be well until that time comes.
            silent_since = f"since {_moment(moment)}, which is yet to come: a clock was or is wrong"
        return cls(
            next(iter(lately), None),
            run_history.last_ended(plugin),
            good,
            _under_way(lately, now),
            silent_since,
        )


def _under_way(lately: Sequence[PastRun], now: datetime) -> PastRun | None:
    """Return the run that is under way, if it is the first since one ended well.

    Where there was another one, that was killed or failed, and this one may fare no better.
    """
    if not lately or lately[0].status != "running" or now - lately[0].started_at > _LONGEST_RUN:
        return None
    return lately[0] if all(one.status == "finished" for one in lately[1:]) else None


def of_runs(direction: str, lately: Lately) -> Sign:
    """Return how well one direction runs."""
    ended = lately.ended if lately.ended and lately.ended.status in _HOW else None
    if lately.latest is None:
        never = APBridgeError("APB-HLT-002")
        return Sign(direction, Level.WARNING, whole(never), never.code)
    is_in_time = lately.latest.status == "running" and not lately.silent_since
    if not ended and (lately.under_way or is_in_time):
        # One that was killed looks the same for a while.
        level = Level.GOOD if is_in_time else Level.WARNING
        began = _moment(lately.latest.started_at)
        return Sign(direction, level, f"A run began at {began} and is under way.")
    if lately.good is None or lately.silent_since:
        silence = APBridgeError("APB-HLT-003", since=lately.silent_since)
        if ended:
            says = f"{silence.says} {whole(said_of(ended))}"
            return Sign(direction, Level.BAD, says, silence.code)
        return _bad(direction, silence)
    if ended:
        return _bad(direction, said_of(ended))
    return Sign(direction, Level.GOOD, f"The last run ended well at {_moment(ended_at(lately.good))}.")


def ended_at(run: PastRun) -> datetime:
    """Return when a run ended; when it began, where that was not kept."""
    return run.finished_at or run.started_at


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
