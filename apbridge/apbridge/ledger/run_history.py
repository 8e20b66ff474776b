"""What has happened over time: runs, reconciliations, and what was last found out about other things."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select

from apbridge.json import dumps, loads
from apbridge.ledger.doubt import take_turn
from apbridge.ledger.store import Ledger
from apbridge.ledger.tables import observations, reconciliations, records, runs
from apbridge.redaction import redact_text


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run as it was recorded."""

    id: int
    plugin: str
    actor: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    counts: Mapping[str, Mapping[str, int]]
    code: str | None
    """Code in the error catalogue of what it ended with."""
    error: str | None
    orchestrator_run: str | None
    """What an orchestrator calls it, where one has started it."""


@dataclass(frozen=True, slots=True)
class PastReconciliation:
    """A reconciliation as it was kept."""

    id: int
    at: datetime
    as_of: str | None
    differences: int
    unexplained: int
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Observation:
    """What was found out last about something."""

    at: datetime
    value: Any


# Built once: see `apbridge.ledger.reading`.
_THIS_ONE = observations.c.name == bindparam("of")
_RECALL = select(observations).where(_THIS_ONE)
_FORGET = delete(observations).where(_THIS_ONE)
_REMEMBER = insert(observations)
_TAKEN = "taken: "
"""Before the name of an observation that somebody is about to make."""

DIFFERENCES = "differences of the last reconciliation"
"""The observation that lists them."""

BRIDGE = "bridge of the last reconciliation"
"""The observation that has it, with its steps' rows."""

BRIDGE_OF_A_DAY = "bridge of the last reconciliation as of a day"
"""The same of a day that was asked for."""


class Reconciled(Protocol):
    """What a reconciliation found."""

    def kept(self) -> Mapping[str, Any]:
        """Return what is kept of each."""

    def listed(self) -> Sequence[Mapping[str, Any]]:
        """Return the differences."""

    def bridged(self) -> Mapping[str, Any]:
        """Return what leads from one system's total to the other's."""


class RunHistory:
    """Reads and keeps what happened.

    Args:
        ledger: Where it is kept.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._database = ledger.database

    def runs(self, plugin: str | None = None, *, limit: int = 20) -> list[PastRun]:
        """Return the latest runs, the newest first."""
        query = select(*_RUN).order_by(runs.c.id.desc()).limit(limit)
        return self._runs(query if plugin is None else query.where(runs.c.plugin == plugin))

    def runs_after(self, run_id: int, *, limit: int = 1000) -> list[PastRun]:
        """Return the runs that began after another, the oldest first."""
        return self._runs(select(*_RUN).where(runs.c.id > run_id).order_by(runs.c.id).limit(limit))

    def last_ended(self, plugin: str) -> PastRun | None:
        """Return the last run of a plugin that came to an end, whichever."""
        query = select(*_RUN).where(runs.c.plugin == plugin, runs.c.finished_at.is_not(None))
        found = self._runs(query.order_by(runs.c.id.desc()).limit(1))
        return found[0] if found else None

    def last_good(self, plugin: str) -> PastRun | None:
        """Return the last run of a plugin that ended well."""
        query = select(*_RUN).where(runs.c.plugin == plugin, runs.c.status == "finished")
        found = self._runs(query.order_by(runs.c.id.desc()).limit(1))
        return found[0] if found else None

    def run_counts(self) -> list[tuple[str, str, int]]:
        """Count the runs by plugin and status."""
        grouped = (runs.c.plugin, runs.c.status)
        query = select(*grouped, func.count()).group_by(*grouped).order_by(*grouped)
        with self._database.reading() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def counts(self) -> list[tuple[str, str, str, int]]:
        """Count the records by system, stream and status."""
        grouped = (records.c.system, records.c.stream, records.c.status)
        query = select(*grouped, func.count()).group_by(*grouped).order_by(*grouped)
        with self._database.reading() as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]

    def keep_reconciliation(self, result: Reconciled) -> None:
        """Keep what a reconciliation found; its differences only until the next one, if it is of now."""
        summary = result.kept()
        as_of, differences, unexplained = (summary[name] for name in ("as_of", "differences", "unexplained"))
        values = {
            "at": _now(),
            "as_of": as_of,
            "differences": differences,
            "unexplained": unexplained,
            "summary": dumps(summary).decode(),
        }
        with self._database.writing() as connection:
            connection.execute(insert(reconciliations).values(**values))
        if as_of is None:
            self.remember(DIFFERENCES, result.listed())
        self.remember(BRIDGE if as_of is None else BRIDGE_OF_A_DAY, result.bridged())

    def reconciliations(self, *, limit: int = 90) -> list[PastReconciliation]:
        """Return the latest reconciliations of the books as they were at the time, the newest first."""
        query = (
            select(reconciliations)
            .where(reconciliations.c.as_of.is_(None))
            .order_by(reconciliations.c.id.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [
                PastReconciliation(**{**row, "summary": loads(row["summary"])})
                for row in connection.execute(query).mappings()
            ]

    def in_balance_since(self) -> datetime | None:
        """Return since when no reconciliation found an unexplained difference; None where the last did."""
        now = reconciliations.c.as_of.is_(None)
        with self._database.reading() as connection:
            broken = connection.execute(
                select(func.max(reconciliations.c.id)).where(now, reconciliations.c.unexplained > 0)
            ).scalar()
            found: datetime | None = connection.execute(
                select(func.min(reconciliations.c.at)).where(now, reconciliations.c.id > (broken or 0))
            ).scalar()
            return found

    def remember(self, name: str, value: Any) -> None:  # noqa: ANN401
        """Keep what was found out about something, in place of what was before."""
        with self._database.writing() as connection:
            # Of two processes at once the second would find in its way what the first put there.
            take_turn(connection)
            _put(connection, name, value)
            connection.execute(_FORGET, {"of": _TAKEN + name})

    def revise(self, changes: Mapping[str, Callable[[Any], Any]]) -> None:
        """Change what was found out about several things, all at once.

        Args:
            changes: Of each name what makes the new value of the one that is kept; of None where none is.
        """
        with self._database.writing() as connection:
            take_turn(connection)
            for name, change in sorted(changes.items()):
                row = connection.execute(_RECALL, {"of": name}).one_or_none()
                _put(connection, name, change(loads(row.value) if row else None))

    def recall_all(self, beginning: str) -> dict[str, Observation]:
        """Return all that was found out under names with the same beginning, in the order of the names."""
        named = select(observations).where(observations.c.name.startswith(beginning, autoescape=True))
        with self._database.reading() as connection:
            rows = connection.execute(named.order_by(observations.c.name))
            return {row.name: Observation(row.at, loads(row.value)) for row in rows}

    def take(self, name: str, before: Observation | None, longest: timedelta) -> bool:
        """Take it upon oneself to do something once, until `remember` says that it was done, or `give_back`.

        Args:
            name: Under which it is remembered.
            before: What was remembered by it when it was found that there is something to do.
            longest: How long it may take: who took it longer ago was killed.

        Returns:
            Whether it is to be done: false where it was done meanwhile, or somebody else is about to.
        """
        with self._database.writing() as connection:
            take_turn(connection)
            known = connection.execute(_RECALL, {"of": name}).one_or_none()
            taken = connection.execute(_RECALL, {"of": _TAKEN + name}).one_or_none()
            if (known and known.at) != (before and before.at) or (taken and abs(_now() - taken.at) < longest):
                return False
            _put(connection, _TAKEN + name, None)
        return True

    def give_back(self, name: str) -> None:
        """Leave to others again what was taken."""
        self.forget(_TAKEN + name)

    def recall(self, name: str) -> Observation | None:
        """Return what was found out last about something."""
        with self._database.reading() as connection:
            row = connection.execute(_RECALL, {"of": name}).one_or_none()
        return Observation(row.at, loads(row.value)) if row else None

    def forget(self, name: str) -> None:
        """Keep nothing about something any more."""
        with self._database.writing() as connection:
            connection.execute(_FORGET, {"of": name})

    def _runs(self, query: Any) -> list[PastRun]:  # noqa: ANN401
        with self._database.reading() as connection:
            return [_run(row) for row in connection.execute(query)]


_RUN = tuple(runs.columns[name] for name in PastRun.__dataclass_fields__)


def _run(row: Row[Any]) -> PastRun:
    values = dict(row._mapping)  # noqa: SLF001
    error = redact_text(values["error"]) if values["error"] else None
    return PastRun(**{**values, "counts": loads(values["counts"] or "{}"), "error": error})


def _put(connection: Connection, name: str, value: Any) -> None:  # noqa: ANN401
    connection.execute(_FORGET, {"of": name})
    connection.execute(_REMEMBER, {"name": name, "at": _now(), "value": dumps(value).decode()})


def _now() -> datetime:
    return datetime.now(timezone.utc)
