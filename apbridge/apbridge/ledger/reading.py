"""What is asked of the ledger's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timezone
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, func, or_, select

from apbridge.json import loads
from apbridge.ledger.database import Database
from apbridge.ledger.doubt import names_in_doubt
from apbridge.ledger.rows import OPEN, UNIDENTIFIED, Row, Status, TrailSnapshot
from apbridge.ledger.tables import Kept, audit, names, records
from apbridge.ledger.values import Values
from apbridge.vault import BEGINNING

IN_LIMIT = 500
"""Most names of one query."""

_COLUMNS = tuple(records.columns[field.name] for field in fields(Row) if field.name in records.columns)
# What every run asks again and again is built once: to build a statement takes as long as to carry it out.
_BY_NAME = select(*_COLUMNS).where(
    records.c.system == bindparam("system"),
    records.c.stream == bindparam("stream"),
    records.c.external_id.in_(bindparam("names", expanding=True)),
)
_NEWEST = select(func.max(audit.c.seq))
_NEWEST_OF = _NEWEST.where(
    audit.c.system == bindparam("system"), audit.c.external_id.in_(bindparam("names", expanding=True))
)
_OF_STREAM = (records.c.system == bindparam("system"), records.c.stream == bindparam("stream"))
_PAGE = (
    select(*_COLUMNS)
    .where(*_OF_STREAM, records.c.external_id > bindparam("after"))
    .order_by(records.c.external_id)
    .limit(IN_LIMIT)
)
_OF_STATUS = _PAGE.where(records.c.status.in_(bindparam("statuses", expanding=True)))
_ASKED = _OF_STATUS.where(records.c.retry_asked_at.is_not(None))
_ACKNOWLEDGED = select(records.c.facts).where(*_OF_STREAM, records.c.acknowledged_at.is_not(None))
_DUE = records.c.look_again_at <= bindparam("now", type_=records.c.look_again_at.type)
_DUE_PAGE = _PAGE.where(_DUE)
_IS_OPEN = records.c.status.in_([status.value for status in OPEN])
_OF_SYSTEM = records.c.system == bindparam("system")
_TO_TRY_AGAIN = select(records.c.stream).where(_OF_SYSTEM, or_(_IS_OPEN, _DUE)).distinct()
_IS_KEPT = or_(_IS_OPEN, records.c.look_again_at.is_not(None))
_TO_REFETCH = (
    select(records.c.stream)
    .where(
        _OF_SYSTEM,
        _IS_KEPT,
        records.c.needs_refetch,
        ~records.c.external_id.startswith(UNIDENTIFIED, autoescape=True),
    )
    .distinct()
)
_FORGOTTEN = select(records.c.stream).where(
    _OF_SYSTEM, records.c.content_hash == "", records.c.acknowledged_at.is_(None), records.c.needs_refetch
)
_BEGINNINGS = (
    select(records.c.stream, func.substr(records.c.payload, 1, BEGINNING, type_=Kept))
    .where(_OF_SYSTEM, _IS_KEPT)
    .distinct()
)
_CALLED = select(names.c.name, names.c.external_id).where(
    names.c.system == bindparam("system"),
    names.c.stream == bindparam("stream"),
    names.c.name.in_(bindparam("names", expanding=True)),
)
_T = TypeVar("_T")


class LedgerRows:
    """The rows of a ledger, read.

    Args:
        database: Where they are.
        values: Translates them.
    """

    def __init__(self, database: Database, values: Values) -> None:
        self._database = database
        self._values = values

    def rows(self, system: str, stream: str, external_ids: Iterable[str]) -> dict[str, Row]:
        """Return the rows of many records, by external id; those unknown are left out."""
        found: dict[str, Row] = {}
        with self._database.reading() as connection:
            for some in batches(external_ids, IN_LIMIT):
                answer = connection.execute(_BY_NAME, {"system": system, "stream": stream, "names": some})
                found.update((row.external_id, row) for row in map(self._values.row, answer))
                for name in names_in_doubt(connection, system, stream, some):
                    if name in found:
                        found[name] = replace(found[name], content_hash="")
        return found

    def kept_of(self, row: Any) -> Any:  # noqa: ANN401
        """Return the record that a row of the table keeps, to be shown; None where it keeps none."""
        return self._values.payloads.restore(row.payload, row.system, row.stream, row.external_id).record

    def called(self, system: str, stream: str, searched: Iterable[str]) -> dict[str, set[str]]:
        """Return the external ids of the records that were ever found by some names, by name.

        Args:
            system: Theirs.
            stream: Theirs.
            searched: The names, as `apbridge.ledger.search_keys.searched` gives them.
        """
        found: defaultdict[str, set[str]] = defaultdict(set)
        with self._database.reading() as connection:
            for some in batches(searched, IN_LIMIT):
                answer = connection.execute(_CALLED, {"system": system, "stream": stream, "names": some})
                for row in answer:
                    found[row.name].add(row.external_id)
        return dict(found)

    def in_doubt(self, system: str, stream: str, external_ids: Iterable[str]) -> set[str]:
        """Name the records that are in doubt: see `apbridge.ledger.doubt`."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for some in batches(external_ids, IN_LIMIT):
                found |= names_in_doubt(connection, system, stream, some)
        return found

    def newest_write(self, system: str, external_ids: Iterable[str]) -> int:
        """Return the place on the trail of the newest write of these records; 0 where there is none."""
        newest = 0
        with self._database.reading() as connection:
            for some in batches(external_ids, IN_LIMIT):
                found = connection.execute(_NEWEST_OF, {"system": system, "names": some}).scalar()
                newest = max(newest, found or 0)
        return newest

    def known(self) -> TrailSnapshot:
        """Return the trail as it stands now, before anything is looked up in the other system."""
        now = datetime.now(timezone.utc)
        with self._database.reading() as connection:
            return TrailSnapshot(connection.execute(_NEWEST).scalar() or 0, now)

    def all_rows(
        self, system: str, stream: str, statuses: Sequence[Status] = tuple(Status), *, asked: bool = False
    ) -> Iterator[Row]:
        """Return a stream's rows of these statuses, in order of external id; rows may change meanwhile.

        Args:
            system: Theirs.
            stream: Theirs.
            statuses: Theirs.
            asked: Only those that somebody asked to be tried again.
        """
        wanted = {"system": system, "stream": stream, "statuses": [status.value for status in statuses]}
        return self._pages(_ASKED if asked else _OF_STATUS, wanted)

    def streams_to_try_again(self, system: str) -> set[str]:
        """Name the streams of which a row is open, or due for another look."""
        with self._database.reading() as connection:
            asked = {"system": system, "now": datetime.now(timezone.utc)}
            return set(connection.execute(_TO_TRY_AGAIN, asked).scalars())

    def to_look_at_again(self, system: str, stream: str) -> Iterator[Row]:
        """Return a stream's rows that are due for another look: no write of them can still arrive."""
        wanted = {"system": system, "stream": stream, "now": datetime.now(timezone.utc)}
        return self._pages(_DUE_PAGE, wanted)

    def _pages(self, asked: Select[Any], wanted: Mapping[str, object]) -> Iterator[Row]:
        after = ""
        while True:
            with self._database.reading() as connection:
                page = connection.execute(asked, {**wanted, "after": after}).all()
            yield from map(self._values.row, page)
            if len(page) < IN_LIMIT:
                return
            after = page[-1].external_id

    def untold(self, run_id: int, began: datetime, system: str, stream: str) -> set[str]:
        """Name the acknowledged records of a stream that neither this run nor one beside it brought.

        Args:
            run_id: This run.
            began: When it began.
            system: Theirs.
            stream: Theirs.
        """
        with self._database.reading() as connection:
            return set(
                connection.execute(
                    select(records.c.external_id).where(
                        records.c.system == system,
                        records.c.stream == stream,
                        records.c.acknowledged_at.is_not(None),
                        # Delivered without a hash: found in the other system, not in the tap's records.
                        ((records.c.run_id < run_id) & (records.c.last_seen < began))
                        | ((records.c.content_hash == "") & (records.c.status == Status.DELIVERED.value)),
                    )
                ).scalars()
            )

    def facts_of_acknowledged(self, system: str, stream: str) -> Iterator[Mapping[str, Any]]:
        """Yield what is remembered of each record of a stream that the other system has acknowledged."""
        with self._database.reading() as connection:
            found = connection.execution_options(yield_per=IN_LIMIT).execute(
                _ACKNOWLEDGED, {"system": system, "stream": stream}
            )
            for facts in found.scalars():
                yield loads(facts or "{}")

    def streams_to_refetch(self, system: str) -> set[str]:
        """Name the streams of which a record must be had from the tap: see `payloads`.

        A record without a proper external id cannot be told when it comes again: those are left out.
        """
        with self._database.reading() as connection:
            return set(connection.execute(_TO_REFETCH, {"system": system}).scalars())

    def streams_forgotten(self, system: str) -> set[str]:
        """Name the streams of which a person has undone what acknowledged a record, and it came not since."""
        with self._database.reading() as connection:
            return set(connection.execute(_FORGOTTEN.distinct(), {"system": system}).scalars())

    def streams_undecryptable(self, system: str) -> set[str]:
        """Name the streams of which a kept record was sealed with a key that is lost: see `payloads`."""
        with self._database.reading() as connection:
            found = connection.execute(_BEGINNINGS, {"system": system}).all()
        return {stream for stream, first in found if self._values.payloads.is_undecryptable(first or b"")}


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield items in lists of that length at most."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
