"""The ledger itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    exists,
    func,
    select,
    update,
)
from sqlalchemy import Row as SQLRow
from typing_extensions import Self

from apbridge.errors import APBridgeError, RejectedError
from apbridge.json import loads
from apbridge.ledger.anchor import Anchor
from apbridge.ledger.audit import AuditTrail, TrailCheck
from apbridge.ledger.claims import Claims
from apbridge.ledger.database import Database
from apbridge.ledger.doubt import (
    IN_DOUBT,
    OnTrail,
    TrailMark,
    all_sent,
    is_overtaken,
    moved_on,
    on_trail,
    place,
    put_in_doubt,
    take_turn,
    under_way,
)
from apbridge.ledger.identity import Identity
from apbridge.ledger.payloads import Payloads
from apbridge.ledger.reading import IN_LIMIT, LedgerRows, batches
from apbridge.ledger.rows import HELD, OF_HELD, Content, RemoteFacts, Row, RowUpdate, Status
from apbridge.ledger.run import Run
from apbridge.ledger.search_keys import names_of
from apbridge.ledger.tables import is_row_of, records, runs
from apbridge.ledger.upserts import add_search_keys, upsert, upsert_found
from apbridge.ledger.values import Values
from apbridge.vault import record_keys

# What every run asks again and again is built once: to build a statement takes as long as to carry it out.
_HAS_TOLD_STATE = select(
    exists().where(runs.c.plugin == bindparam("plugin"), runs.c.state_told_at.is_not(None))
)
_BEGAN = select(runs.c.started_at).where(runs.c.id == bindparam("run"))
_THERE = select(records).where(
    records.c.system == bindparam("system"), records.c.external_id.in_(bindparam("names", expanding=True))
)
_SEEN = (
    update(records)
    .where(
        records.c.system == bindparam("of"),
        records.c.stream == bindparam("in"),
        records.c.external_id == bindparam("name"),
    )
    .values(
        last_seen=bindparam("now"),
        run_id=bindparam("run"),
        source_modified_at=func.coalesce(bindparam("moment"), records.c.source_modified_at),
    )
)


class Ledger(LedgerRows):
    """What became of every record, every run, and every write to either system.

    Safe for several threads and several processes. Records that wait or are rejected are sealed with the
    project's vault, where there is one.

    Args:
        url: `sqlite:///<file>`, `postgresql://…` or `postgresql+psycopg://…`.
        in_doubt: How long a write without an answer may be on its way.
        company: Whose it is, where one project serves several.

    Raises:
        SettingError: The URL is not usable, a newer version of this program made the ledger, it is another
            company's, or the vault cannot be opened.
        UnavailableError: The database cannot be reached or used; every method may raise it.
    """

    def __init__(self, url: str, *, in_doubt: timedelta = IN_DOUBT, company: str | None = None) -> None:
        self._while = in_doubt
        # The vault first: a database that is open already would stay so where the vault does not open.
        keys = record_keys()
        super().__init__(Database(url, keys), Values(Payloads(keys)))
        self.audit = AuditTrail(self._database, keys)
        self.identity = Identity(self._database, company)
        try:
            self.identity.see_company()
        except BaseException:
            self.close()
            raise
        self.claims = Claims(self._database)
        self._dialect = self._database.engine.dialect.name

    def __enter__(self) -> Self:
        """Return the open ledger."""
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
        """What it is kept in, for those who ask questions of it: see `exceptions` and `run_history`."""
        return self._database

    def is_new(self, plugin: str) -> bool:
        """Return whether no run of this plugin ever told a STATE, so that no bookmark can be of this ledger.

        A run that failed before it told one has left the ledger as ignorant as it was.
        """
        with self._database.reading() as connection:
            return not connection.execute(_HAS_TOLD_STATE, {"plugin": plugin}).scalar()

    def start_run(self, plugin: str, version: str) -> Run:
        """Record that a run begins. It stays `running` if it crashes."""
        return Run.begin(self._database, self.audit, plugin, version)

    def write(self, run_id: int, system: str, entries: Sequence[RowUpdate]) -> dict[str, datetime]:
        """Write the news of many records, in one transaction.

        A row about newer content than the run has is left as it is. Where the run has written to the other
        system all the same, the row is in doubt then.

        Returns:
            When to look at which of them again, by external id.
        """
        if not entries:
            return {}
        now = _now()
        # Two processes that lock the same rows in different orders may wait for each other for ever.
        in_order = sorted(entries, key=lambda entry: (entry.stream, entry.external_id))
        again: dict[str, datetime] = {}
        with self._database.writing() as connection:
            take_turn(connection)
            began = connection.execute(_BEGAN, {"run": run_id}).scalar() or now
            there, trails = self._there(connection, system, in_order)
            values, found_by = [], []
            for entry in in_order:
                name, row = entry.external_id, there.get((entry.stream, entry.external_id))
                trail = trails.get(name, [])
                ours = Content(max(run_id, entry.read_by or 0), began, entry.source_modified_at)
                if row and is_overtaken(ours, row):
                    put_in_doubt(connection, run_id, row, entry, trail)
                    continue
                if entry.held is not None:
                    before = loads(row.facts or "{}") if row else {}
                    entry = replace(entry, facts={**before, **entry.held})  # noqa: PLW2901
                elif entry.facts and HELD in entry.facts:
                    # A sink may have taken over what was there; what was let through was so once.
                    kept = {key: fact for key, fact in entry.facts.items() if key not in OF_HELD}
                    entry = replace(entry, facts=kept)  # noqa: PLW2901
                known = place(entry, run_id, trail, row.trail_seq if row else 0, self._while)
                if known.look_again_at:
                    again[name] = known.look_again_at
                values.append(self._values.of(run_id, system, entry, known, now))
                found_by += [
                    {"name": each, "external_id": name, "stream": entry.stream, "system": system}
                    for each in sorted(names_of(entry))
                ]
            if values:
                connection.execute(upsert(self._dialect), values)
            if found_by:
                connection.execute(add_search_keys(self._dialect), found_by)
        return again

    def _there(
        self, connection: Connection, system: str, entries: Sequence[RowUpdate]
    ) -> tuple[dict[tuple[str, str], SQLRow[Any]], dict[str, list[OnTrail]]]:
        """Read what is there of some records: their rows by stream and external id, and their trails."""
        rows: dict[tuple[str, str], SQLRow[Any]] = {}
        trails: dict[str, list[OnTrail]] = {}
        for some in batches({entry.external_id: None for entry in entries}, IN_LIMIT):
            found = connection.execute(_THERE, {"system": system, "names": some})
            rows |= {(row.stream, row.external_id): row for row in found}
            trails |= on_trail(connection, system, some)
        return rows, trails

    def found(
        self,
        run_id: int,
        system: str,
        stream: str,
        there: Mapping[str, RemoteFacts],
        *,
        listed_at: int | None = None,
    ) -> set[str]:
        """Record that the other system has records of which the ledger did not know it.

        Whatever became of them here stays, their reasons and contents too, but each is in doubt.

        Args:
            run_id: The run.
            system: The other system.
            stream: Theirs.
            there: What it has, by external id.
            listed_at: Place on the audit trail when that was listed. It says nothing of a record that was
                written since, or of which a write is under way: that one is left as it is.

        Returns:
            Which were recorded.
        """
        now = _now()
        recorded: set[str] = set()
        with self._database.writing() as connection:
            take_turn(connection)
            for some in batches(sorted(there), IN_LIMIT):
                moved: set[str] = set()
                if listed_at is not None:
                    moved = moved_on(connection, system, stream, some, listed_at, self._while)
                left = [name for name in some if name not in moved]
                known = {name: there[name] for name in left}
                # What is held there stays held, and what was let through may go.
                for row in connection.execute(_THERE, {"system": system, "names": left}):
                    if row.stream == stream:
                        facts = {**known[row.external_id].facts, **_of_held(row)}
                        known[row.external_id] = replace(known[row.external_id], facts=facts)
                values = self._found_values(run_id, system, stream, known, now)
                if values:
                    connection.execute(upsert_found(self._dialect), values)
                recorded.update(left)
        return recorded

    def _found_values(
        self, run_id: int, system: str, stream: str, there: Mapping[str, RemoteFacts], now: datetime
    ) -> list[dict[str, Any]]:
        return [
            self._values.of(
                run_id,
                system,
                RowUpdate(
                    stream,
                    name,
                    None,
                    "",
                    Status.DELIVERED,
                    acknowledged=True,
                    remote_id=one.remote_id,
                    facts=one.facts,
                ),
                TrailMark(0, None),
                now,
            )
            for name, one in there.items()
        ]

    def refuse(self, rows: Iterable[Row]) -> dict[str, RejectedError]:
        """Reject the records of which what is kept must not be sent. It stays, for whoever looks into it.

        Args:
            rows: Theirs.

        Returns:
            Why, by external id. What another run has dealt with since it was read is left out.
        """
        now = _now()
        refused: dict[str, RejectedError] = {}
        with self._database.writing() as connection:
            take_turn(connection)
            for row in rows:
                why = RejectedError(str(row.refused), stream=row.stream, external_id=row.external_id)
                changed = connection.execute(
                    update(records)
                    .where(
                        is_row_of(row.system, row.stream, row.external_id),
                        records.c.run_id == row.run_id,
                        records.c.last_seen == row.last_seen,
                    )
                    .values(
                        status=Status.REJECTED.value,
                        code=why.code,
                        says=why.says,
                        do=why.do,
                        # An open row is tried again anyway; it must not be dropped as one that nobody brings.
                        look_again_at=None,
                        open_since=func.coalesce(records.c.open_since, now),
                    )
                )
                if changed.rowcount:
                    refused[row.external_id] = why
        return refused

    def under_way(self, system: str, external_ids: Iterable[str]) -> list[tuple[str, Any]]:
        """Return what was sent of some records and may still arrive, with the external id of each."""
        with self._database.reading() as connection:
            return [
                one
                for some in batches(external_ids, IN_LIMIT)
                for one in under_way(connection, system, some, self._while)
            ]

    def all_sent(self, system: str, external_ids: Iterable[str]) -> list[tuple[str, Any]]:
        """Return what was ever sent of some records, in its order, with the external id of each."""
        with self._database.reading() as connection:
            return [
                one for some in batches(external_ids, IN_LIMIT) for one in all_sent(connection, system, some)
            ]

    def forget(self, system: str, stream: str, external_id: str, why: APBridgeError) -> None:
        """Record that a person has undone what acknowledged a record: what refers to it waits from now on.

        Its id in the other system stays, until it is known under another.

        Args:
            system: Its other system.
            stream: Its stream.
            external_id: Its external id.
            why: What is to be said of it until it comes again.
        """
        values = {
            "status": Status.WAITING.value,
            "content_hash": "",
            "acknowledged_at": None,
            "facts": None,
            "payload": None,
            "needs_refetch": True,
            "look_again_at": None,
            "code": why.code,
            "says": why.says,
            "do": why.do,
        }
        opened = func.coalesce(records.c.open_since, _now())
        with self._database.writing() as connection:
            take_turn(connection)
            connection.execute(
                update(records)
                .where(is_row_of(system, stream, external_id))
                .values(**values, open_since=opened)
            )

    def look_no_more(self, system: str, stream: str, external_ids: Iterable[str]) -> None:
        """Drop records that were to be looked at again, and that a whole reading did not bring."""
        with self._database.writing() as connection:
            take_turn(connection)
            for some in batches(external_ids, IN_LIMIT):
                connection.execute(
                    update(records)
                    .where(
                        records.c.system == system,
                        records.c.stream == stream,
                        records.c.external_id.in_(some),
                        records.c.look_again_at.is_not(None),
                    )
                    .values(look_again_at=None, needs_refetch=False, payload=None)
                )

    def seen(self, run_id: int, system: str, stream: str, modified_at: Mapping[str, str | None]) -> None:
        """Record that unchanged records were seen again.

        Args:
            run_id: The run.
            system: Theirs.
            stream: Theirs.
            modified_at: When each was changed, by external id.
        """
        if not modified_at:
            return
        now = _now()
        all_of = {"of": system, "in": stream, "now": now, "run": run_id}
        each = [{**all_of, "name": name, "moment": moment} for name, moment in sorted(modified_at.items())]
        with self._database.writing() as connection:
            take_turn(connection)
            connection.execute(_SEEN, each)

    def verify(self, expected: Anchor | None = None) -> TrailCheck:
        """Walk the audit trail and name its first broken link: see `AuditTrail.verify`."""
        return self.audit.verify(expected)


def _of_held(row: SQLRow[Any]) -> dict[str, Any]:
    return {name: fact for name, fact in loads(row.facts or "{}").items() if name in OF_HELD}


def _now() -> datetime:
    return datetime.now(timezone.utc)
