"""What the audit trail knows of a record's writes that its row does not.

A write is two rows on the trail: `sent` before it goes, then `answered` once nothing of it can be on the wire
any more, or `unanswered` where a try of it may still arrive. A process that was killed leaves `sent` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, select, update

from apbridge.json import loads
from apbridge.ledger.rows import OPEN, Content, RowUpdate, Status
from apbridge.ledger.tables import audit, audit_head, is_row_of, records

SENT, ANSWERED, UNANSWERED = "sent", "answered", "unanswered"
"""Phases of a write."""

IN_DOUBT = timedelta(minutes=30)
"""How long a write may be on its way: twice as long as NetSuite works at one request at most."""


_ANSWERS = audit.alias()

# What every run asks again and again is built once: to build a statement takes as long as to carry it out.
_NAMES_IN_DOUBT = (
    select(audit.c.external_id)
    .outerjoin(
        records,
        and_(
            records.c.system == audit.c.system,
            records.c.stream == bindparam("stream"),
            records.c.external_id == audit.c.external_id,
        ),
    )
    .where(audit.c.system == bindparam("system"), audit.c.external_id.in_(bindparam("names", expanding=True)))
    .group_by(audit.c.external_id, records.c.trail_seq)
    .having(func.max(audit.c.seq) > func.coalesce(records.c.trail_seq, 0))
)
_ON_TRAIL = select(
    audit.c.external_id, audit.c.seq, audit.c.run_id, audit.c.phase, audit.c.answers, audit.c.at
).where(audit.c.system == bindparam("system"), audit.c.external_id.in_(bindparam("names", expanding=True)))
_WRITTEN = select(audit.c.external_id).where(
    audit.c.system == bindparam("system"), audit.c.external_id.in_(bindparam("names", expanding=True))
)
_WRITTEN_AFTER = _WRITTEN.where(audit.c.seq > bindparam("seq"))
_WRITTEN_SINCE = _WRITTEN.where(audit.c.at > bindparam("moment"))
_UNDER_WAY = select(audit.c.external_id, audit.c.body).where(
    audit.c.system == bindparam("system"),
    audit.c.external_id.in_(bindparam("names", expanding=True)),
    audit.c.phase == SENT,
    audit.c.at > bindparam("moment"),
    ~exists().where(
        _ANSWERS.c.external_id == audit.c.external_id,
        _ANSWERS.c.answers == audit.c.seq,
        _ANSWERS.c.phase == ANSWERED,
    ),
)
_ALL_SENT = (
    select(audit.c.external_id, audit.c.body)
    .where(
        audit.c.system == bindparam("system"),
        audit.c.external_id.in_(bindparam("names", expanding=True)),
        audit.c.phase == SENT,
    )
    .order_by(audit.c.seq)
)
_TURN = select(audit_head.c.seq).with_for_update()


class OnTrail(NamedTuple):
    """A row of the trail, as far as it tells what may still happen."""

    seq: int
    run_id: int
    phase: str
    answers: int | None
    at: datetime


class TrailMark(NamedTuple):
    """How far a row knows the trail, and when to look at its record once more."""

    trail_seq: int
    look_again_at: datetime | None


def names_in_doubt(connection: Connection, system: str, stream: str, external_ids: Sequence[str]) -> set[str]:
    """Name the records of which the trail has a write that their row knows nothing of.

    The run that sent it was killed, or another one sent it meanwhile: what the other system has may not be
    what the ledger says.
    """
    asked = {"system": system, "stream": stream, "names": external_ids}
    return set(connection.execute(_NAMES_IN_DOUBT, asked).scalars())


def moved_on(  # noqa: PLR0917 - a record, a place and a while
    connection: Connection,
    system: str,
    stream: str,
    external_ids: Sequence[str],
    seq: int,
    window: timedelta,
) -> set[str]:
    """Name the records that were written after a place on the trail, or are being written.

    Args:
        connection: To the ledger.
        system: Theirs.
        stream: Theirs.
        external_ids: Theirs.
        seq: The place.
        window: How long a write may be on its way.
    """
    recently = (datetime.now(timezone.utc) - window).isoformat(timespec="microseconds")
    asked = {"system": system, "names": external_ids}
    after = connection.execute(_WRITTEN_AFTER, {**asked, "seq": seq}).scalars()
    recent = connection.execute(_WRITTEN_SINCE, {**asked, "moment": recently}).scalars()
    return {*after, *(set(recent) & names_in_doubt(connection, system, stream, external_ids))}


def under_way(
    connection: Connection, system: str, external_ids: Sequence[str], window: timedelta
) -> Iterator[tuple[str, Any]]:
    """Yield what was sent of some records and may still arrive, with the external id of each."""
    moment = (datetime.now(timezone.utc) - window).isoformat(timespec="microseconds")
    asked = {"system": system, "names": external_ids, "moment": moment}
    for name, body in connection.execute(_UNDER_WAY, asked):
        yield name, loads(body or "null")


def all_sent(connection: Connection, system: str, external_ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield what was ever sent of some records, in its order, with the external id of each."""
    for name, body in connection.execute(_ALL_SENT, {"system": system, "names": external_ids}):
        yield name, loads(body or "null")


def on_trail(connection: Connection, system: str, external_ids: Iterable[str]) -> dict[str, list[OnTrail]]:
    """Read the trail of some records, by external id."""
    found: defaultdict[str, list[OnTrail]] = defaultdict(list)
    for name, seq, run_id, phase, answers, at in connection.execute(
        _ON_TRAIL, {"system": system, "names": list(external_ids)}
    ):
        found[name].append(OnTrail(seq, run_id, phase, answers, datetime.fromisoformat(at)))
    return found


def place(
    entry: RowUpdate, run_id: int, trail: Sequence[OnTrail], before: int, window: timedelta
) -> TrailMark:
    """Return how far a row knows the trail after a run has dealt with its record.

    Args:
        entry: What the run has found out.
        run_id: The run.
        trail: The record's.
        before: How far its row knew the trail.
        window: How long a write may be on its way.
    """
    last = max((row.seq for row in trail), default=0)
    if entry.known is None:
        return TrailMark(before if entry.in_doubt else last, None)
    meanwhile = [row for row in trail if row.seq > entry.known.seq and row.run_id != run_id]
    answered = {row.answers for row in trail if row.phase == ANSWERED}
    on_the_wire = [
        row
        for row in trail
        if row.phase == SENT
        and row.seq <= entry.known.seq
        and row.seq not in answered
        and row.at > entry.known.at - window
    ]
    unknown = [row.answers or row.seq for row in meanwhile] + [row.seq for row in on_the_wire]
    known = min([last, *(seq - 1 for seq in unknown), *([before] if entry.in_doubt else [])])
    if entry.status in {*OPEN, Status.DISMISSED} or not unknown:
        return TrailMark(known, None)
    # Of two writes that were under way at once, only a look shows which one came last.
    until = max((row.at + window for row in on_the_wire), default=datetime.now(timezone.utc))
    return TrailMark(known, until)


def is_overtaken(ours: Content, row: Any) -> bool:  # noqa: ANN401
    """Return whether, since a run began, another one has dealt with newer content, or read the same later."""
    if ours.modified_at is None or row.source_modified_at is None:
        return False
    # That a run began after ours is known without the clocks of two machines, which may differ.
    if row.run_id <= ours.run_id and row.last_seen < ours.began:
        return False
    return bool((row.source_modified_at, row.run_id) > (ours.modified_at, ours.run_id))


def take_turn(connection: Connection) -> None:
    """Lock the trail and every other row until this transaction is over."""
    connection.execute(_TURN)


def put_in_doubt(
    connection: Connection, run_id: int, row: Row[Any], entry: RowUpdate, trail: Sequence[OnTrail]
) -> None:
    """Put a row in doubt that a later run has written, where this one has sent older content all the same."""
    if not any(one.run_id == run_id and one.seq > row.trail_seq for one in trail):
        return
    now = datetime.now(timezone.utc)
    connection.execute(
        update(records)
        .where(is_row_of(row.system, row.stream, row.external_id))
        .values(
            remote_id=row.remote_id or entry.remote_id,
            acknowledged_at=row.acknowledged_at or (now if entry.acknowledged else None),
            look_again_at=None if Status(row.status) in OPEN else now,
            # What is not kept is asked from the tap again.
            needs_refetch=row.needs_refetch or row.payload is None,
        )
    )
