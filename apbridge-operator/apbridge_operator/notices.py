"""What somebody should be told of without asking, each thing once: the ledger remembers who was told.

Who is about to tell something takes it in the ledger first, so that of several at once one tells it. Where
telling fails it is free again, and after `_LONGEST` where whoever took it was killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any
from urllib.parse import quote

from apbridge.errors import APBridgeError, urgent
from apbridge.ledger import Ledger, Status
from apbridge.ledger.held import HELD_CODES
from apbridge.ledger.run_history import Observation, PastRun, RunHistory
from apbridge.netsuite.certificate import Certificate
from apbridge.printable import printable
from apbridge.redaction import redact_text
from apbridge_operator.answers import kept_answers
from apbridge_operator.exceptions import Case, Exceptions, Which
from apbridge_operator.health import DIRECTIONS, Lately, whole
from apbridge_operator.schedules import Silence

_REJECTIONS = "notice of rejections"
_ANSWERS = "notice of answers"
_OVERLAP = timedelta(minutes=10)
"""How late a run that is under way may commit what it has dated before."""

_LONGEST = timedelta(minutes=10)
"""How long it may take to tell one thing."""

_MOST_NAMED = 10
_URGENT = "act now: somebody may be paid twice"


class Severity(str, Enum):
    """How much it matters, in Apprise's words."""

    INFO = "info"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell.

    Args:
        title: What happened, in a few words.
        says: In a sentence or more, with what to do.
        severity: How much it matters.
        facts: The same for programs, such as its `code`.
        page: Where the console shows it.
        name: What the ledger remembers it by; empty where nothing can remember it.
        before: What the ledger remembered by that name when this was found.
        value: What it is to remember once it was told.
    """

    title: str
    says: str
    severity: Severity = Severity.FAILURE
    facts: Mapping[str, Any] = field(default_factory=dict)
    page: str = "/"
    name: str = ""
    before: Observation | None = None
    value: Any = None


@contextmanager
def telling(ledger: Ledger, notice: Notice) -> Iterator[bool]:
    """Take a notice, have it told, and remember it then.

    Yields:
        Whether it is to be told: somebody else may have told it meanwhile, or be about to.
    """
    run_history = RunHistory(ledger)
    is_ours = run_history.take(notice.name, notice.before, _LONGEST)
    try:
        yield is_ours
    except BaseException:
        if is_ours:
            run_history.give_back(notice.name)
        raise
    if is_ours:
        run_history.remember(notice.name, notice.value)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What somebody was told.

    Args:
        run_history: Remembers it.
        to: Who.
        again: Whether what is open is told once more.
    """

    run_history: RunHistory
    to: str
    again: bool

    def named(self, name: str) -> str:
        return f"{name} to {self.to}" if self.to else name

    def once(self, name: str, notice: Notice) -> Iterator[Notice]:
        """Yield what is told once, unless it was."""
        before = self.run_history.recall(self.named(name))
        if before is None or self.again:
            yield replace(notice, name=self.named(name), before=before, value=notice.says)


def due(
    ledger: Ledger,
    certificate: Certificate | None,
    silence: Silence,
    to: str = "",
    *,
    again: bool = False,
    console: str | None = None,
) -> list[Notice]:
    """Return what somebody was not told of yet, each with a link and where the audit trail ends.

    Args:
        ledger: Knows what happened, and what was told.
        certificate: NetSuite's, where it is here.
        silence: How long no run may end well.
        to: Who: how the ledger knows a destination; empty for whoever reads what is printed.
        again: Whether to return all that is open, told or not.
        console: Where people open the page of this ledger, without a slash at its end, where that is known.
    """
    told = _Remembered(RunHistory(ledger), to, again)
    now = datetime.now(timezone.utc)
    found = [*_runs(ledger, told, now, silence), *_rejections(ledger, told, console), *_answers(ledger, told)]
    if certificate:
        found += _certificate(told, certificate, now)
    end = f"The audit trail ends with {ledger.audit.anchor()}"
    return [_linked(one, console, end) for one in found]


def _linked(notice: Notice, console: str | None, end: str) -> Notice:
    if console is None:
        return replace(notice, says=f"{notice.says}\n{end}")
    link = f"{console}{notice.page}"
    return replace(notice, says=f"{notice.says}\nOpen {link}\n{end}", facts={**notice.facts, "link": link})


def _runs(ledger: Ledger, told: _Remembered, now: datetime, silence: Silence) -> Iterator[Notice]:
    for plugin, direction in DIRECTIONS.items():
        lately = Lately.of(plugin, told.run_history, silence, now)
        good, ended, since = lately.good, lately.ended, lately.silent_since
        # What fails again and again for one reason is one thing, until a run ends well.
        streak = f"{plugin} since run {good.id if good else 0}"
        if ended and ended.status in {"failed", "incomplete"}:
            unknown = APBridgeError("APB-NTC-003", direction=direction)
            says = printable(f"{direction}: {ended.error}") if ended.error else whole(unknown)
            if ended.orchestrator_run:
                says = f"{says}\nIts run in the orchestrator: {printable(ended.orchestrator_run)}"
            name = f"notice of a failure of {streak}, {ended.code}"
            yield from told.once(
                name, Notice(_failed(ledger, ended), says, facts=_of_a_direction(direction, ended.code))
            )
        if since and not lately.under_way:
            quiet = APBridgeError("APB-NTC-004", direction=direction, since=since)
            if ended and ended.error:
                quiet = APBridgeError("APB-NTC-005", direction=direction, since=since, error=ended.error)
            facts = _of_a_direction(direction, quiet.code)
            notice = Notice("Nothing has run", whole(quiet), facts=facts)
            yield from told.once(f"notice of silence of {streak}", notice)


def _of_a_direction(direction: str, code: str | None) -> dict[str, Any]:
    return {"direction": direction, "code": code}


def _failed(ledger: Ledger, run: PastRun) -> str:
    """Return the title: what a run says of urgent things, or holds of them, is urgent too."""
    waiting = frozenset({Status.WAITING})
    held = (Which(waiting, code=code) for code in urgent() if code.startswith(HELD_CODES))
    is_urgent = run.code in urgent() or (
        (run.code or "").startswith(HELD_CODES) and any(map(Exceptions(ledger).count, held))
    )
    return f"A run failed; {_URGENT}" if is_urgent else "A run failed"


def _certificate(told: _Remembered, certificate: Certificate, now: datetime) -> Iterator[Notice]:
    milestone, days = certificate.milestone(now), certificate.days_left(now)
    if milestone is None:
        return
    step = "its end" if days < 0 else f"{milestone} days"
    ends = f"{certificate.ends:%Y-%m-%d}"
    found, severity = APBridgeError("APB-NTC-007", ends=ends, days=days), Severity.WARNING
    if days < 0:
        found, severity = APBridgeError("APB-NTC-006", ends=ends), Severity.FAILURE
    name = f"notice of the certificate until {ends} at {step}"
    notice = Notice("The certificate ends", whole(found), severity, {"code": found.code, "ends": ends})
    yield from told.once(name, notice)


def _answers(ledger: Ledger, told: _Remembered) -> Iterator[Notice]:
    """Yield how AvidXchange's answers have changed, all at once: one release there changes many."""
    name = told.named(_ANSWERS)
    before = told.run_history.recall(name)
    known = before.value if before and not told.again else []
    changes = {
        f"{kept.name} {one.kind} {one.place} {one.now} {one.first}": whole(says)
        for kept in kept_answers(ledger)
        for one, says in kept.told()
    }
    if news := dict.fromkeys(says for change, says in changes.items() if change not in known):
        yield Notice(
            "AvidXchange's answers have changed",
            "\n".join(news),
            Severity.WARNING,
            name=name,
            before=before,
            value=[*changes],
        )


def _rejections(ledger: Ledger, told: _Remembered, console: str | None) -> Iterator[Notice]:
    before = told.run_history.recall(told.named(_REJECTIONS))
    known = before.value if before and not told.again else {"until": None, "near": []}
    until = datetime.fromisoformat(known["until"]) if known["until"] else None
    near = set(known["near"])
    exceptions = Exceptions(ledger)
    which = Which(statuses=frozenset({Status.REJECTED}), since=until and until - _OVERLAP)
    some: list[Case] = []
    names: dict[str, datetime] = {}
    for one in exceptions.every(which):
        name = f"{one.system} {one.stream} {one.external_id} {one.open_since}"
        names[name] = one.open_since or one.last_seen
        if name not in near:
            some.append(one)
    if some:
        worst = f"{_URGENT}, " if some[0].is_urgent else ""
        latest = max(names.values())
        kept = [name for name, moment in names.items() if moment > latest - _OVERLAP]
        value = {"until": latest.isoformat(), "near": kept}
        title = f"{worst}{len(some)} new rejection{'' if len(some) == 1 else 's'}"
        yield Notice(
            title,
            _listed(some, console),
            Severity.FAILURE if some[0].is_urgent else Severity.WARNING,
            {"count": len(some), "exceptions": [_facts(one, console) for one in some[:_MOST_NAMED]]},
            "/exceptions",
            told.named(_REJECTIONS),
            before,
            value,
        )


def _listed(cases: Sequence[Case], console: str | None) -> str:
    lines = [
        line
        for one in cases[:_MOST_NAMED]
        for line in (
            printable(redact_text(f"- {_as_text(one)}")),
            *([f"  {_page_of(one, console)}"] if console else []),
        )
    ]
    left = len(cases) - _MOST_NAMED
    return "\n".join([*lines, *([f"… and {left} more: apbridge exceptions list"] if left > 0 else [])])


def _page_of(one: Case, console: str) -> str:
    return f"{console}/exceptions/{one.system}/{one.stream}/{quote(one.external_id, safe='')}"


def _facts(one: Case, console: str | None) -> dict[str, Any]:
    facts = {
        "number": one.number,
        "external_id": one.external_id,
        "stream": one.stream,
        "system": one.system,
        "amount": one.amount,
        "currency": one.currency,
        "code": one.code,
        "title": one.title,
        "says": one.says,
        "do": one.do,
    }
    plain = {name: printable(redact_text(value)) if value else value for name, value in facts.items()}
    link = {"link": _page_of(one, console)} if console else {}
    return {**plain, "is_urgent": one.is_urgent, **link}


def _as_text(one: Case) -> str:
    title = f"{one.title}. " if one.title else ""
    return f"{one.name}: {title}{one.says} {one.do}".strip()
