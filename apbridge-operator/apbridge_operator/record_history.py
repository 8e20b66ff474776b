"""Record history: all that the ledger knows of a bill or a payment, found by whatever number a person has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from apbridge.json import loads
from apbridge.ledger.rows import Reasoned, Status
from apbridge.ledger.search_keys import searched
from apbridge.ledger.store import Ledger
from apbridge.ledger.tables import audit, names, records

_MOST_RECORDS = 100
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class RecordSummary(Reasoned):
    """One record as the ledger has it, without its content."""

    system: str
    stream: str
    external_id: str
    source_id: str | None
    remote_id: str | None
    number: str | None
    amount: str | None
    currency: str | None
    status: Status
    code: str | None
    says: str | None
    do: str | None
    attempts: int
    facts: Any
    acknowledged_at: datetime | None
    first_seen: datetime
    last_seen: datetime
    dismissed_at: datetime | None
    dismissed_by: str | None
    dismissed_because: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the audit trail; `body` is redacted JSON as it was stored."""

    seq: int
    at: str
    run_id: int
    actor: str
    phase: str
    answers: int | None
    system: str
    operation: str
    external_id: str
    request_id: str | None
    status: int | None
    body: str | None
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One write: what was sent, and what was answered as far as is known."""

    sent: Link
    answered: Link | None

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        if self.answered is None:
            return "no answer is known"
        answer = loads(self.answered.body) if self.answered.body else None
        if isinstance(answer, dict) and "error" in answer and "says" in answer:
            return str(answer["says"])
        return f"HTTP {self.answered.status}" if self.answered.status else "done"


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """What is known by one number: records, the ones looked for first, and every write about them."""

    asked: str
    records: tuple[RecordSummary, ...]
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of the audit trail is meant; what is None leaves all in.

    Args:
        system: Where the writes went.
        run_id: Of which run.
        since: Written at or after that.
        until: Written before that.
    """

    system: str | None = None
    run_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class RecordHistories:
    """Looks things up in a ledger.

    Args:
        ledger: The ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._database = ledger.database

    def tell(self, number: str) -> RecordHistory:
        """Return all that is known by a number: a bill's or a check's, or an id of either system.

        Of a bill the payments that pay it are told too, and of a payment the bills that it pays.
        """
        found = self.named(number)
        paid_by = self._related(found, names.c.name, names.c.external_id)
        pays = self._related(found, names.c.external_id, names.c.name)
        subjects = dict.fromkeys([number.strip(), *found, *paid_by, *pays])
        known = self._known(subjects)
        order = {name: place for place, name in enumerate(subjects)}
        known.sort(key=lambda one: (order[one.external_id], one.first_seen))
        return RecordHistory(number.strip(), tuple(known), tuple(self.exchanges(subjects)))

    def exchanges(self, external_ids: Iterable[str]) -> list[Exchange]:
        """Return every write about some records, in order."""
        wanted = list(external_ids)[:_MOST_RECORDS]
        query = select(audit).where(audit.c.external_id.in_(wanted)).order_by(audit.c.seq)
        sent: dict[int, Link] = {}
        answered: dict[int, Link] = {}
        for link in self._links(query):
            if link.answers is None:
                sent[link.seq] = link
            else:
                answered[link.answers] = link
        return [Exchange(link, answered.get(seq)) for seq, link in sent.items()]

    def trail(self, cut: Cut | None = None, *, after: int = 0, limit: int | None = None) -> Iterator[Link]:
        """Yield the audit trail from after a place on, in order, a batch at a time."""
        cut = cut or Cut()
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            query = select(audit).where(*_conditions(cut), audit.c.seq > after)
            page = self._links(query.order_by(audit.c.seq).limit(size))
            yield from page
            if len(page) < size:
                return
            after = page[-1].seq
            left = None if left is None else left - len(page)

    def latest(self, cut: Cut | None = None, *, limit: int = 50) -> list[Link]:
        """Return the newest rows of the audit trail, the newest last."""
        query = select(audit).where(*_conditions(cut or Cut())).order_by(audit.c.seq.desc()).limit(limit)
        return self._links(query)[::-1]

    def named(self, number: str) -> list[str]:
        """Return the external ids of the records that are known by a number."""
        exact = number.strip()
        with self._database.reading() as connection:
            by_id = connection.execute(
                select(records.c.external_id).where(records.c.external_id == exact).limit(1)
            ).all()
            if by_id:
                return [exact]
            by_name = connection.execute(
                select(names.c.external_id)
                .where(or_(names.c.name == searched(number), names.c.name == exact))
                .distinct()
                .order_by(names.c.external_id)
                .limit(_MOST_RECORDS)
            ).scalars()
            return list(by_name)

    def _related(self, external_ids: Sequence[str], here: Any, there: Any) -> list[str]:  # noqa: ANN401
        """Return the other ends of the links between payments and bills."""
        query = (
            select(there)
            .join(records, records.c.external_id == (there if here is names.c.external_id else here))
            .where(names.c.stream == "payments", here.in_(external_ids))
            .distinct()
            .order_by(there)
            .limit(_MOST_RECORDS)
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def _known(self, external_ids: Iterable[str]) -> list[RecordSummary]:
        query = select(*_KNOWN).where(records.c.external_id.in_(list(external_ids)[:_MOST_RECORDS]))
        with self._database.reading() as connection:
            return [
                RecordSummary(
                    **{**row, "status": Status(row["status"]), "facts": loads(row["facts"] or "{}")}
                )
                for row in connection.execute(query).mappings()
            ]

    def _links(self, query: Select[Any]) -> list[Link]:
        with self._database.reading() as connection:
            return [Link(**row) for row in connection.execute(query).mappings()]


_KNOWN = tuple(records.columns[name] for name in RecordSummary.__dataclass_fields__)


def _conditions(cut: Cut) -> Iterator[Any]:
    if cut.system is not None:
        yield audit.c.system == cut.system
    if cut.run_id is not None:
        yield audit.c.run_id == cut.run_id
    # Times are kept as texts of one form in UTC: their order is that of the texts.
    if cut.since is not None:
        yield audit.c.at >= cut.since.isoformat(timespec="microseconds")
    if cut.until is not None:
        yield audit.c.at < cut.until.isoformat(timespec="microseconds")
