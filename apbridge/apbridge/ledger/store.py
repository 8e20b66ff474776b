"""The ledger itself."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timezone
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, and_, case, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from typing_extensions import Self

from apbridge.json import dumps
from apbridge.ledger.audit import AuditTrail, Verdict
from apbridge.ledger.claims import Claims
from apbridge.ledger.database import Database
from apbridge.ledger.names import names_of
from apbridge.ledger.payloads import Payloads
from apbridge.ledger.rows import UNIDENTIFIED, Entry, Row, Status
from apbridge.ledger.run import Run
from apbridge.ledger.tables import audit, names, records, runs
from apbridge.ledger.values import Values
from apbridge.redaction import redact_text
from apbridge.vault import BEGINNING, record_keys

_IN_LIMIT = 500
_COLUMNS = tuple(records.columns[field.name] for field in fields(Row))
_T = TypeVar("_T")


class Ledger:
    """What became of every record, every run, and every write to either system.

    Safe for several threads and several processes. Records that wait or are rejected are sealed with the
    project's vault, where there is one.

    Args:
        url: `sqlite:///<file>`, `postgresql://…` or `postgresql+psycopg://…`.

    Raises:
        SettingError: The URL is not usable, a newer version of this program made the ledger, or the vault
            cannot be opened.
        UnavailableError: The database cannot be reached or used; every method may raise it.
    """

    def __init__(self, url: str) -> None:
        self._values = Values(Payloads(record_keys()))
        self._database = Database(url)
        self.audit = AuditTrail(self._database)
        self.claims = Claims(self._database)
        self._upsert = _upsert(self._database.engine.dialect.name)
        self._add_names = _insert(self._database.engine.dialect.name)(names).on_conflict_do_nothing()

    def __enter__(self) -> Self:
        """Give the open ledger."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    @property
    def database(self) -> Database:
        """What it is kept in, for those who ask questions of it: see `exceptions` and `chronicle`."""
        return self._database

    def is_new(self, plugin: str) -> bool:
        """Tell whether no run of this plugin ever told a STATE, so that no bookmark can be of this ledger.

        A run that failed before it told one has left the ledger as ignorant as it was.
        """
        told = exists().where(runs.c.plugin == plugin, runs.c.state_told_at.is_not(None))
        with self._database.reading() as connection:
            return not connection.execute(select(told)).scalar()

    def start_run(self, plugin: str, version: str) -> Run:
        """Record that a run begins. It stays `running` if it crashes."""
        actor = f"{plugin} {version}, {_user()}@{platform.node()}"
        with self._database.writing() as connection:
            made = connection.execute(
                insert(runs).values(plugin=plugin, actor=actor, started_at=_now(), status="running")
            )
            (run_id,) = made.inserted_primary_key or (None,)
        return Run(self, int(str(run_id)), actor)

    def state_told(self, run_id: int) -> None:
        """Record that a run tells a STATE: see `Run.tells_state`."""
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(state_told_at=_now()))

    def finish_run(
        self, run_id: int, status: str, counts: Mapping[str, Mapping[str, int]], error: str | None
    ) -> None:
        """Record how a run ended: see `Run.finish`."""
        said = redact_text(error) if error else None
        with self._database.writing() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.id == run_id)
                .values(status=status, finished_at=_now(), counts=dumps(counts).decode(), error=said)
            )

    def rows(self, system: str, stream: str, external_ids: Iterable[str]) -> dict[str, Row]:
        """Give the rows of many records, by external id; those unknown are left out."""
        found: dict[str, Row] = {}
        with self._database.reading() as connection:
            for some in _portions(external_ids, _IN_LIMIT):
                answer = connection.execute(
                    select(*_COLUMNS).where(
                        records.c.system == system,
                        records.c.stream == stream,
                        records.c.external_id.in_(some),
                    )
                )
                found.update((row.external_id, row) for row in map(self._values.row, answer))
                for name in _in_doubt(connection, system, stream, some):
                    if name in found:
                        found[name] = replace(found[name], content_hash="")
        return found

    def in_doubt(self, system: str, stream: str, external_ids: Iterable[str]) -> set[str]:
        """Name the records of which a write is on the trail that their rows know nothing of.

        The run that sent it was killed, or could not tell what became of it: what the other system has may
        not be what the ledger says. `rows` gives such a row without its `content_hash`.
        """
        found: set[str] = set()
        with self._database.reading() as connection:
            for some in _portions(external_ids, _IN_LIMIT):
                found |= _in_doubt(connection, system, stream, some)
        return found

    def all_rows(
        self, system: str, stream: str, statuses: Sequence[Status] = tuple(Status), *, asked: bool = False
    ) -> Iterator[Row]:
        """Give a stream's rows of these statuses, in order of external id; rows may change meanwhile.

        Args:
            system: Theirs.
            stream: Theirs.
            statuses: Theirs.
            asked: Only those that somebody asked to be tried again.
        """
        after = ""
        wanted = [records.c.retry_asked_at.is_not(None)] if asked else []
        while True:
            with self._database.reading() as connection:
                page = connection.execute(
                    select(*_COLUMNS)
                    .where(
                        records.c.system == system,
                        records.c.stream == stream,
                        records.c.status.in_([status.value for status in statuses]),
                        records.c.external_id > after,
                        *wanted,
                    )
                    .order_by(records.c.external_id)
                    .limit(_IN_LIMIT)
                ).all()
            yield from map(self._values.row, page)
            if len(page) < _IN_LIMIT:
                return
            after = page[-1].external_id

    def untold(self, run_id: int, system: str, stream: str) -> set[str]:
        """Name the acknowledged records of a stream that no record of this run told of."""
        with self._database.reading() as connection:
            return set(
                connection.execute(
                    select(records.c.external_id).where(
                        records.c.system == system,
                        records.c.stream == stream,
                        records.c.acknowledged_at.is_not(None),
                        # Delivered without a hash: found in the other system, not in the tap's records.
                        (records.c.run_id != run_id)
                        | ((records.c.content_hash == "") & (records.c.status == Status.DELIVERED.value)),
                    )
                ).scalars()
            )

    def counts(self, system: str) -> dict[str, dict[Status, int]]:
        """Count a system's rows by stream and status."""
        found: dict[str, dict[Status, int]] = {}
        with self._database.reading() as connection:
            for stream, status, count in connection.execute(
                select(records.c.stream, records.c.status, func.count())
                .where(records.c.system == system)
                .group_by(records.c.stream, records.c.status)
            ):
                found.setdefault(stream, {})[Status(status)] = count
        return found

    def streams_withheld(self, system: str) -> set[str]:
        """Name the streams of which a record must be had from the tap: see `payloads`.

        A record without a proper external id cannot be told when it comes again: those are left out.
        """
        with self._database.reading() as connection:
            return set(
                connection.execute(
                    select(records.c.stream)
                    .where(
                        records.c.system == system,
                        records.c.status.in_([Status.WAITING.value, Status.REJECTED.value]),
                        records.c.withheld,
                        ~records.c.external_id.startswith(UNIDENTIFIED, autoescape=True),
                    )
                    .distinct()
                ).scalars()
            )

    def streams_shut(self, system: str) -> set[str]:
        """Name the streams of which a kept record was sealed with a key that is lost: see `payloads`."""
        beginning = func.substr(records.c.payload, 1, BEGINNING)
        with self._database.reading() as connection:
            found = connection.execute(
                select(records.c.stream, beginning)
                .where(
                    records.c.system == system,
                    records.c.status.in_([Status.WAITING.value, Status.REJECTED.value]),
                )
                .distinct()
            ).all()
        return {stream for stream, first in found if self._values.payloads.is_shut(bytes(first or b""))}

    def write(self, run_id: int, system: str, entries: Sequence[Entry]) -> None:
        """Write the news of many records, in one transaction."""
        now = _now()
        # Two processes that lock the same rows in different orders may wait for each other for ever.
        in_order = sorted(entries, key=lambda entry: (entry.stream, entry.external_id))
        values = [self._values.of(run_id, system, entry, now) for entry in in_order]
        found_by = [
            {"name": name, "external_id": entry.external_id, "stream": entry.stream, "system": system}
            for entry in in_order
            for name in sorted(names_of(entry))
        ]
        if values:
            with self._database.writing() as connection:
                connection.execute(self._upsert, values)
                if found_by:
                    connection.execute(self._add_names, found_by)

    def seen(self, run_id: int, system: str, stream: str, external_ids: Iterable[str]) -> None:
        """Record that unchanged records were seen again."""
        with self._database.writing() as connection:
            for some in _portions(external_ids, _IN_LIMIT):
                connection.execute(
                    update(records)
                    .where(
                        records.c.system == system,
                        records.c.stream == stream,
                        records.c.external_id.in_(some),
                    )
                    .values(last_seen=_now(), run_id=run_id)
                )

    def verify(self) -> Verdict:
        """Walk the audit trail and name its first broken link."""
        return self.audit.verify()


def _in_doubt(connection: Connection, system: str, stream: str, external_ids: Sequence[str]) -> set[str]:
    row = and_(
        records.c.system == audit.c.system,
        records.c.stream == stream,
        records.c.external_id == audit.c.external_id,
    )
    writes = (
        select(
            audit.c.external_id,
            audit.c.run_id,
            func.max(audit.c.at).label("at"),
            records.c.run_id.label("told_by"),
            records.c.last_seen,
        )
        .outerjoin(records, row)
        .where(audit.c.system == system, audit.c.external_id.in_(external_ids))
        .group_by(audit.c.external_id, audit.c.run_id, records.c.run_id, records.c.last_seen)
    )
    # A run may try a record twice, and an earlier run may still go on while a later one writes the row: of
    # those, what is later by the clock counts.
    return {
        write.external_id
        for write in connection.execute(writes)
        if write.told_by is None
        or write.told_by < write.run_id
        or datetime.fromisoformat(write.at) > write.last_seen
    }


def _insert(dialect: str) -> Callable[..., Any]:
    return sqlite.insert if dialect == "sqlite" else postgresql.insert


def _upsert(dialect: str) -> Insert:
    statement = _insert(dialect)(records)
    new = statement.excluded
    same_content = records.c.content_hash == new.content_hash
    changes: dict[str, Any] = {
        column.name: new[column.name]
        for column in records.columns
        if not column.primary_key and column.name != "first_seen"
    }
    changes["attempts"] = case((same_content, records.c.attempts + 1), else_=new.attempts)
    for kept in ("remote_id", "facts", "acknowledged_at", "number", "amount", "currency"):
        changes[kept] = func.coalesce(new[kept], records.c[kept])
    still_open = func.coalesce(records.c.open_since, new.open_since)
    changes["open_since"] = case((new.open_since.is_not(None), still_open), else_=None)
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=[column.name for column in records.primary_key], set_=changes
    )
    return upsert


def _portions(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown user"
