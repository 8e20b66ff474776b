"""Exceptions: the records that wait, are rejected, or were dismissed by a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Float, Numeric, Select, and_, case, cast, func, or_, select, update
from sqlalchemy import Row as SQLRow
from sqlalchemy.types import TypeEngine

from apbridge.errors import title, urgent
from apbridge.ledger.held import HELD_CODES
from apbridge.ledger.rows import OPEN, Row, Status
from apbridge.ledger.store import Ledger
from apbridge.ledger.tables import is_row_of, records
from apbridge.redaction import redact, redact_text
from apbridge.schemas.money import decimals_of
from apbridge_operator.amounts import NO_AMOUNT, in_decimals, to_be_read
from apbridge_operator.netsuite_pages import netsuite_page

BY_HAND = "apbridge"
"""The system that a person's own decisions are written under on the audit trail."""

_AT_ONCE = 500
_IS_AMOUNT = r"^-?[0-9]+\.?[0-9]*(E\+?[0-9])?$"
_NUMBER: TypeEngine[Any] = Numeric(asdecimal=False).with_variant(Float(), "sqlite")
_KEY = (records.c.external_id, records.c.stream, records.c.system)


@dataclass(frozen=True, slots=True)
class Case:
    """One record that somebody may have to do something about."""

    system: str
    """Where it was to go: `netsuite` or `avidxchange`."""
    stream: str
    external_id: str
    source_id: str | None
    number: str | None
    """What people call it: a bill's number, a check number, a vendor's name."""
    amount: str | None
    """In the decimals of its currency, such as `10.10` or, of yen, `10`."""
    currency: str | None
    status: Status
    code: str | None
    says: str
    """What is wrong, in plain words; empty where nothing is said."""
    do: str
    """What to do about it."""
    attempts: int
    open_since: datetime | None
    last_seen: datetime
    needs_refetch: bool
    retry_asked_at: datetime | None
    dismissed_at: datetime | None
    dismissed_by: str | None
    dismissed_because: str | None
    content_hash: str

    @property
    def version(self) -> str:
        """What a person decides on: another one once its content changed, or what is said of it."""
        seen = (self.content_hash, self.status.value, self.code, self.says, self.do)
        return sha256(repr(seen).encode()).hexdigest()[:16]

    @property
    def is_urgent(self) -> bool:
        """Whether it cannot wait until tomorrow: somebody may be paid twice."""
        return self.code in urgent()

    @property
    def title(self) -> str:
        """What is wrong in a few words; empty where nothing is said, or in a code of another version."""
        return title(self.code)

    @property
    def worth(self) -> str:
        """Its amount to be read, such as `1,234.50 USD`; empty where it has none."""
        return to_be_read(self.amount, self.currency)

    @property
    def netsuite_page(self) -> str | None:
        """Where it is seen in NetSuite; None for what comes from elsewhere."""
        return netsuite_page(self.external_id)

    @property
    def is_held(self) -> bool:
        """Whether it waits for `apbridge approve`, or for the end of its stream."""
        return self.status is Status.WAITING and (self.code or "").startswith(HELD_CODES)

    @property
    def name(self) -> str:
        """What to call it in a sentence, such as `bill INV-1001`."""
        return f"{self.stream.removesuffix('s').replace('_', ' ')} {self.number or self.external_id}"


@dataclass(frozen=True, slots=True)
class Which:
    """Which exceptions are meant; what is None leaves all in.

    Args:
        statuses: Waiting and rejected ones, unless told.
        system: Where they were to go.
        stream: Their stream.
        code: The reason's code.
        since: Only those that went wrong after that.
    """

    statuses: frozenset[Status] = OPEN
    system: str | None = None
    stream: str | None = None
    code: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """How many exceptions there are for one reason, and since when."""

    system: str
    stream: str
    status: Status
    code: str | None
    count: int
    since: datetime
    amounts: Mapping[str, float]
    """What they amount to, by currency; what is no amount is left out."""

    @property
    def is_urgent(self) -> bool:
        """Whether it cannot wait until tomorrow: somebody may be paid twice."""
        return self.code in urgent()

    @property
    def title(self) -> str:
        """The reason in a few words; empty where nothing is said, or in a code of another version."""
        return title(self.code)

    @property
    def worth(self) -> str:
        """What they amount to, to be read, such as `1,234.50 USD, 800 JPY`; empty where it is no money."""
        each = sorted(self.amounts.items())
        return ", ".join(f"{sum_:,.{decimals_of(of)}f} {of}".rstrip() for of, sum_ in each)


class Exceptions:
    """What is asked of the ledger's exceptions, and what a person decides about them.

    Args:
        ledger: Where they are.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._database = ledger.database

    def page(self, which: Which | None = None, *, limit: int = 50, offset: int = 0) -> list[Case]:
        """Return some: of those that are open the urgent ones first, then the oldest."""
        which = which or Which()
        if not which.statuses <= OPEN:
            return self._cut(which, (), limit, offset)
        # Cut in two: sorted by urgency, all would have to be read for each page.
        worst, others = _urgency(is_urgent=True), _urgency(is_urgent=False)
        first = self._cut(which, worst, limit, offset)
        before = offset and self.count(which, *worst)
        return [*first, *self._cut(which, others, limit - len(first), max(0, offset - before))]

    def _cut(
        self, which: Which, conditions: Sequence[ColumnElement[bool]], limit: int, offset: int
    ) -> list[Case]:
        wanted = select(*_KEY).where(*_conditions(which), *conditions)
        keys = _ordered(wanted, which).limit(limit).offset(offset).subquery()
        joined = and_(*(column == keys.c[column.name] for column in _KEY))
        query = _ordered(select(*_COLUMNS).join(keys, joined), which)
        with self._database.reading() as connection:
            return [_case(row) for row in connection.execute(query)]

    def every(self, which: Which | None = None) -> Iterator[Case]:
        """Yield all, in the order of `page`, in batches."""
        offset = 0
        while found := self.page(which, limit=_AT_ONCE, offset=offset):
            yield from found
            offset += len(found)

    def count(self, which: Which | None = None, *conditions: ColumnElement[bool]) -> int:
        """Count them.

        Args:
            which: Which are meant.
            conditions: Further ones.
        """
        query = select(func.count()).select_from(records).where(*_conditions(which or Which()), *conditions)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def reasons(self, which: Which | None = None) -> list[Reason]:
        """Count and add up the open ones by reason: the urgent first, then the most frequent."""
        grouped = (records.c.system, records.c.stream, records.c.status, records.c.code)
        each = (*grouped, records.c.currency)
        query = (
            select(
                *each, func.count(), func.min(records.c.open_since), _sum(self._database.engine.dialect.name)
            )
            .where(*_conditions(which or Which()), records.c.open_since.is_not(None))
            .group_by(*each)
            .order_by(*each)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        found = [_reason(key, list(some)) for key, some in groupby(rows, lambda row: tuple(row[:4]))]
        return sorted(found, key=lambda one: (not one.is_urgent, -one.count))

    def find(self, external_id: str) -> list[Case]:
        """Return what is to be said about one record, by its external id: one case a system and stream."""
        query = select(*_COLUMNS).where(records.c.external_id == external_id).order_by(*_KEY)
        with self._database.reading() as connection:
            found = [_case(row) for row in connection.execute(query)]
        return [one for one in found if one.status in OPEN or one.status is Status.DISMISSED]

    def record(self, case: Case) -> object:
        """Return the record itself as it was last seen, secrets masked; None where it is not kept."""
        rows: Mapping[str, Row] = self._ledger.rows(case.system, case.stream, [case.external_id])
        found = rows.get(case.external_id)
        return redact(found.payload) if found else None

    def ask_again(self, cases: Sequence[Case]) -> int:
        """Mark these to be tried first by the next run; a dismissed one is open again.

        Returns:
            How many there were: what was delivered or has changed since it was read is left alone.
        """
        now = _now()
        waits = or_(records.c.waits_for.is_not(None), records.c.code.startswith(HELD_CODES, autoescape=True))
        reopened = case((waits, Status.WAITING.value), else_=Status.REJECTED.value)
        changes = {
            "retry_asked_at": now,
            "status": reopened,
            "open_since": func.coalesce(records.c.open_since, now),
            "dismissed_at": None,
            "dismissed_by": None,
            "dismissed_because": None,
        }
        return sum(self._change(one, (*OPEN, Status.DISMISSED), changes) for one in cases)

    def dismiss(
        self, cases: Sequence[Case], *, because: str, by: str, version: str, signed_in: str | None = None
    ) -> int:
        """Dismiss these until they change in the system that they come from.

        Each is on the audit trail, with who and why.

        Args:
            cases: Waiting or rejected records.
            because: Why, in a person's words.
            by: Who, in that person's words.
            version: Of this program.
            signed_in: Who had signed in to the console, where it was decided there.

        Returns:
            How many there were: what was delivered or has changed since it was read is left alone.
        """
        run = self._ledger.start_run(BY_HAND, version)
        why = redact_text(because)
        done = 0
        for one in cases:
            body = {"by": by, "because": why, "stream": one.stream, "system": one.system, "code": one.code}
            body |= {} if signed_in is None else {"signed_in": signed_in}
            with run.audited(
                system=BY_HAND, operation="dismiss exception", external_id=one.external_id, body=body
            ) as answer:
                changes = {
                    "status": Status.DISMISSED.value,
                    "open_since": None,
                    "retry_asked_at": None,
                    "dismissed_at": _now(),
                    "dismissed_by": by,
                    "dismissed_because": why,
                }
                changed = self._change(one, OPEN, changes)
                answer.body = {"dismissed": bool(changed)}
            done += changed
        run.finish("finished", {BY_HAND: {"dismissed": done}} if done else {})
        return done

    def _change(self, one: Case, statuses: Iterable[Status], changes: Mapping[str, object]) -> int:
        with self._database.writing() as connection:
            changed = connection.execute(
                update(records)
                .where(
                    is_row_of(one.system, one.stream, one.external_id),
                    records.c.status.in_([status.value for status in statuses]),
                    *_as_seen(one),
                )
                .values(**changes)
            )
            return changed.rowcount


def _reason(key: tuple[str, str, str, str | None], rows: Sequence[SQLRow[Any]]) -> Reason:
    """Return the reason that some rows are of, one a currency."""
    system, stream, status, code = key
    count, since = sum(row[5] for row in rows), min(row[6] for row in rows)
    amounts = {row[4] or "": row[7] for row in rows if row[7] is not None}
    return Reason(system, stream, Status(status), code, count, since, amounts)


def _sum(dialect: str) -> ColumnElement[float]:
    """Return what adds up amounts, which are texts, in the database itself: to read all takes far longer.

    PostgreSQL adds them up as decimals, SQLite, which has none, as numbers of 64 bits. What is no amount is
    left out: PostgreSQL would refuse the whole question for it, SQLite takes it for 0.
    """
    amount = cast(records.c.amount, _NUMBER)
    is_one = func.abs(amount) < NO_AMOUNT
    if dialect == "postgresql":
        is_one = case((records.c.amount.regexp_match(_IS_AMOUNT), is_one), else_=False)
    return func.sum(amount).filter(is_one)


def _as_seen(one: Case) -> Iterator[ColumnElement[bool]]:
    """Yield what holds of a case's row as long as it is of that version."""
    yield records.c.status == one.status.value
    yield records.c.content_hash == one.content_hash
    yield records.c.code.is_not_distinct_from(one.code)
    for column, told in ((records.c.says, one.says), (records.c.do, one.do)):
        yield func.coalesce(column, "") == told


_COLUMNS = tuple(records.columns[field.name] for field in fields(Case))


def _conditions(which: Which) -> Iterator[ColumnElement[bool]]:
    if which.statuses <= OPEN:
        yield records.c.open_since.is_not(None)
    yield records.c.status.in_([status.value for status in sorted(which.statuses)])
    if which.system is not None:
        yield records.c.system == which.system
    if which.stream is not None:
        yield records.c.stream == which.stream
    if which.code is not None:
        yield records.c.code == which.code
    if which.since is not None:
        yield records.c.open_since > which.since


def _urgency(*, is_urgent: bool) -> tuple[ColumnElement[bool]]:
    those = records.c.code.in_(sorted(urgent()))
    return (those if is_urgent else or_(records.c.code.is_(None), ~those),)


def _ordered(query: Select[tuple[object, ...]], which: Which) -> Select[tuple[object, ...]]:
    first = records.c.open_since if which.statuses <= OPEN else records.c.dismissed_at
    return query.order_by(first, *_KEY)


def _case(row: object) -> Case:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001
    told = {name: values[name] or "" for name in ("says", "do")}
    told["amount"] = in_decimals(values["amount"], values["currency"])
    return Case(**{**values, **told, "status": Status(values["status"])})


def _now() -> datetime:
    return datetime.now(timezone.utc)
