"""The audit trail: every write to either system, append-only and chained by hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from queue import SimpleQueue
from threading import Lock
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, RowMapping, bindparam, select, update

from apbridge.errors import OvertakenError, SettingError, UnavailableError
from apbridge.json import dumps
from apbridge.ledger.anchor import Anchor
from apbridge.ledger.database import Database
from apbridge.ledger.doubt import ANSWERED, SENT, UNANSWERED, is_overtaken
from apbridge.ledger.head import anchor_of, read_head
from apbridge.ledger.rows import Content
from apbridge.ledger.tables import GENESIS, audit, audit_head, records
from apbridge.redaction import redact
from apbridge.vault import RecordKeys

_CHAINED = tuple(column.name for column in audit.columns if column.name != "hash")
_PAGE = 1000


@dataclass
class WriteAnswer:
    """What came back for a write; filled in by whoever sent it."""

    status: int | None = None
    """HTTP status."""
    request_id: str | None = None
    """The other system's name for the request."""
    body: Any = None
    """The answer's body; it is redacted before it is stored."""
    is_final: bool = True
    """Whether nothing of the write can be on the wire any more."""


@dataclass(frozen=True)
class TrailCheck:
    """What a walk along the chain found."""

    rows: int
    """Rows that are as they were written, as far as that can be told."""
    broken_at: int | None = None
    """Sequence number of the first row that is not; None where the trail is whole."""
    because: str = ""
    is_sealed: bool = True
    """Whether its end was sealed with the vault, where there is one."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.broken_at is None and self.is_sealed


@dataclass(frozen=True)
class Write:
    """A write to either system, as the trail names it."""

    run_id: int
    actor: str
    """Who: plugin, version, user and host."""
    system: str
    """Where to: `netsuite` or `avidxchange`."""
    operation: str
    """What, in words, such as `upsert invoice`."""
    external_id: str
    """About which record."""


@dataclass(frozen=True)
class _Waiting:
    """A row that is to be appended."""

    row: dict[str, Any]
    content: Content | None
    outcome: Future[int] | None
    """Its sequence number, for whoever waits for it."""


class AuditTrail:
    """The trail: every row holds the hash of the row before it.

    So no row can change, go or change places unseen. The newest hash is kept a second time in a
    one-row table, which also is the lock that puts the rows of several processes in one order;
    without it the last rows could be removed unseen. Rows of threads that write at the same time
    share one transaction, for each commit waits for the disk, and answers wait for the next one.

    Whoever can write to the database can make both anew. So the head is sealed with a key of the vault, and
    each new one only where the one before it was: what somebody else has made stays unsealed until a person
    seals it. An older state of it all has its own seal: only an `Anchor` that was kept elsewhere tells that.

    Args:
        database: The ledger's.
        keys: What seals the head; None where there is no vault.
    """

    def __init__(self, database: Database, keys: RecordKeys | None = None) -> None:
        self._database = database
        self._keys = keys
        self._waiting: SimpleQueue[_Waiting] = SimpleQueue()
        self._turn = Lock()
        database.holds_back(self._store)

    def sent(self, write: Write, body: Any, content: Content | None = None) -> int:  # noqa: ANN401
        """Record that a write is about to be sent. It is stored when this returns.

        Args:
            write: Who writes what, where.
            body: What is sent; it is redacted before it is stored.
            content: What it brings, where that is known.

        Returns:
            Its sequence number, for `answered`.

        Raises:
            OvertakenError: Another run has dealt with newer content of the record. Nothing may be sent.
            SettingError: The trail has lost its head. Nothing may be sent.
            UnavailableError: It cannot be stored. Nothing may be sent then.
        """
        return self._append({"phase": SENT, "body": _stored(body)}, write, content)

    def answered(self, write: Write, seq: int, answer: WriteAnswer) -> None:
        """Record what became of a write.

        An answer is stored with the next row of the trail, and before anything else of the ledger is read or
        written: each commit waits for the disk. Where no answer came, that is stored when this returns.

        Args:
            write: As given to `sent`.
            seq: What `sent` gave.
            answer: What came back, or in its body why nothing did.

        Raises:
            UnavailableError: It cannot be stored.
        """
        row = {
            "phase": ANSWERED if answer.is_final else UNANSWERED,
            "answers": seq,
            "request_id": answer.request_id,
            "status": answer.status,
            "body": _stored(answer.body),
        }
        if answer.is_final:
            self._waiting.put(_Waiting(_whole(row, write), None, None))
        else:
            self._append(row, write)

    def verify(self, expected: Anchor | None = None) -> TrailCheck:
        """Walk the whole chain and name its first broken link. Writers may go on meanwhile.

        Args:
            expected: A place that must be on it.
        """
        check = self._walk()
        if check.broken_at:
            return check
        if expected and (lack := self._lack(expected)):
            return lack
        with self._database.reading() as connection:
            head = read_head(connection, self._database.name)
        return replace(check, is_sealed=not self._keys or self._is_sealed(head))

    def anchor(self) -> Anchor:
        """Return where the trail ends now.

        Raises:
            SettingError: The trail has lost its head.
        """
        with self._database.reading() as connection:
            return anchor_of(read_head(connection, self._database.name))

    def seal(self) -> Anchor:
        """Seal the head as it is: of a trail that is older than the vault, or that a person has looked at.

        Raises:
            SettingError: The chain is broken.
        """
        with self._database.writing() as connection:
            head = read_head(connection, self._database.name, locked=True)
            check = self._walk()
            if check.broken_at:
                raise SettingError("APB-LED-016", row=check.broken_at, because=check.because)
            if self._keys and not self._is_sealed(head):
                seal = self._keys.sign(*anchor_of(head).signed)
                connection.execute(update(audit_head).values(seal=seal))
        return anchor_of(head)

    def _is_sealed(self, head: Row[Any]) -> bool:
        return bool(self._keys and self._keys.has_signed(str(head.seal), *anchor_of(head).signed))

    def _lack(self, expected: Anchor) -> TrailCheck | None:
        """Return what the trail is without, of a place that must be on it."""
        end = self.anchor()
        if expected.ledger and expected.ledger != end.ledger:
            return TrailCheck(0, expected.seq, "the trail is another ledger's")
        if expected.seq > end.seq:
            return TrailCheck(end.seq, end.seq + 1, f"it is missing, and so is all up to {expected.seq}")
        page = self._page(expected.seq, 1) if expected.seq else ()
        there = page[0]["hash"] if page else GENESIS
        if there != expected.hash:
            return TrailCheck(0, expected.seq, "it had another hash: the trail was written anew")
        return None

    def _walk(self) -> TrailCheck:
        walked, previous = 0, GENESIS
        try:
            for row in self._rows():
                fault = _fault(row, walked + 1, previous)
                if fault:
                    return TrailCheck(walked, walked + 1, fault)
                walked, previous = walked + 1, row["hash"]
        except UnavailableError:
            return TrailCheck(walked, walked + 1, "it cannot be read")
        with self._database.reading() as connection:
            head = connection.execute(select(audit_head)).one_or_none()
        if head and head.seq > walked and self._page(walked + 1, 1):
            return TrailCheck(walked)  # written since the walk came to its end
        if not head:
            return TrailCheck(
                walked, walked + 1, "the head of the trail, which says where it ends, is missing"
            )
        if (head.seq, head.hash) != (walked, previous):
            return TrailCheck(walked, walked + 1, "the trail does not end where its head says")
        return TrailCheck(walked)

    def _rows(self) -> Iterator[RowMapping]:
        first, size = 0, _PAGE
        while True:
            try:
                page = self._page(first, size)
            except UnavailableError:
                # One row that cannot be read must not hide those before it.
                if size == 1:
                    raise
                size = 1
                continue
            yield from page
            if len(page) < size:
                return
            first = page[-1]["seq"] + 1

    def _page(self, first: int, size: int) -> Sequence[RowMapping]:
        with self._database.reading() as connection:
            found = select(audit).where(audit.c.seq >= first).order_by(audit.c.seq).limit(size)
            return connection.execute(found).mappings().all()

    def _append(self, row: dict[str, Any], write: Write, content: Content | None = None) -> int:
        outcome: Future[int] = Future()
        self._waiting.put(_Waiting(_whole(row, write), content, outcome))
        with self._turn:
            # Whoever comes first writes for all who wait.
            if not outcome.done():
                self._write_waiting()
        return outcome.result()

    def _store(self) -> None:
        """Store the answers that nobody waits for."""
        # Always in turn: what does not wait any more, another thread may be about to store.
        with self._turn:
            failure = self._write_waiting()
        if failure:
            raise failure

    def _write_waiting(self) -> Exception | None:
        """Append the rows that wait. What nobody waits for stays where that fails.

        Returns:
            Why it failed.
        """
        taken = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        try:
            overtaken = self._write(taken) if taken else []
        except BaseException as found:  # whoever waits raises it, an interrupt of this thread too
            for one in taken:
                if one.outcome:
                    one.outcome.set_exception(found)
                else:
                    self._waiting.put(one)
            if isinstance(found, Exception):
                return found
            raise
        for one in taken:
            if one.outcome is None:
                continue
            if one in overtaken:
                one.outcome.set_exception(OvertakenError("APB-SNG-018", external_id=one.row["external_id"]))
            else:
                one.outcome.set_result(one.row["seq"])
        return None

    def _write(self, taken: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """Append rows, and return those of which another run has newer content: they are not."""
        with self._database.storing() as connection:
            head = read_head(connection, self._database.name, locked=True)
            seq, previous = int(head.seq), str(head.hash)
            at = datetime.now(timezone.utc).isoformat(timespec="microseconds")
            overtaken = _overtaken(connection, taken)
            appended = [one.row for one in taken if one not in overtaken]
            for row in appended:
                seq += 1
                row.update(seq=seq, at=at, previous=previous)
                row["hash"] = previous = _hash(row)
            if appended:
                connection.execute(_APPEND, appended)
                seal = None
                if self._keys and self._is_sealed(head):
                    seal = self._keys.sign(*Anchor(seq, previous, head.ledger).signed)
                connection.execute(_NEW_HEAD, {"seq": seq, "hash": previous, "seal": seal})
        return overtaken


def _whole(row: Mapping[str, Any], write: Write) -> dict[str, Any]:
    return {**dict.fromkeys(_CHAINED), **row, **vars(write)}


_NEW_HEAD = update(audit_head)
_APPEND = audit.insert()


def _overtaken(connection: Connection, waiting: Sequence[_Waiting]) -> list[_Waiting]:
    """Return the writes on behalf of content that another run has newer by now."""
    names = [one.row["external_id"] for one in waiting if one.content]
    if not names:
        return []
    found = connection.execute(_CONTENT_OF, {"names": names})
    rows = {(row.system, row.external_id): row for row in found}
    return [
        one
        for one in waiting
        if one.content
        and (row := rows.get((one.row["system"], one.row["external_id"])))
        and is_overtaken(one.content, row)
    ]


_CONTENT_OF = select(
    records.c.system,
    records.c.external_id,
    records.c.source_modified_at,
    records.c.run_id,
    records.c.last_seen,
).where(records.c.external_id.in_(bindparam("names", expanding=True)))


def _fault(row: RowMapping, seq: int, previous: str) -> str:
    """Return what is wrong with a row; nothing where it is the next link of the chain."""
    if row["seq"] != seq:
        return "it is missing"
    if row["previous"] != previous:
        return "it does not follow the row before it"
    return "" if row["hash"] == _hash(row) else "it is not as it was written"


def _hash(row: Mapping[str, Any] | RowMapping) -> str:
    """Hash every column but the hash itself, as one JSON array in the order of the columns."""
    return hashlib.sha256(msgspec.json.encode([row[name] for name in _CHAINED])).hexdigest()


def _stored(body: Any) -> str | None:  # noqa: ANN401
    return None if body is None else dumps(redact(body)).decode()
