"""Which records were told, and which are still to come: on disk, so that memory is flat whatever comes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from typing_extensions import Self

from apbridge.schemas.references import Reference

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE told (
  stream TEXT, external_id TEXT, line INTEGER, moment TEXT, is_deleted INTEGER, digest BLOB, code TEXT,
  PRIMARY KEY (stream, external_id)
) WITHOUT ROWID;
CREATE TABLE awaited (
  stream TEXT, external_id TEXT, line INTEGER, by_stream TEXT, by TEXT, PRIMARY KEY (stream, external_id)
) WITHOUT ROWID;
"""
_MOST_REMEMBERED = 50_000
"""References that are known to be told: most bills are of few vendors and accounts."""


class Telling(NamedTuple):
    """A record as it was told before.

    Args:
        line: Where.
        moment: When it was changed, in a form that sorts; empty where that was not said.
        is_deleted: It was a tombstone.
        digest: Of all that it says.
        code: What documents are coded by, of a GL account; empty of anything else.
    """

    line: int
    moment: str
    is_deleted: bool
    digest: bytes
    code: str = ""


class Awaited(NamedTuple):
    """A record that was referred to before it was told, if it ever was.

    Args:
        reference: The record.
        line: Of the first that refers to it.
        by_stream: Stream of that one.
        by: External id of that one.
        told_at: Line in which it was told after all; None where it was not.
    """

    reference: Reference
    line: int
    by_stream: str
    by: str
    told_at: int | None


class ToldRecords:
    """Remembers records by stream and external id, in a file that is gone when it is closed."""

    def __init__(self) -> None:
        # SQLite's own name for a temporary file of this connection; what fits is never written.
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")
        self._known: set[Reference] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._connection.close()

    def tell(self, stream: str, external_id: str, now: Telling) -> Telling | None:
        """Take a record as it is told now, and return how it was told before; None where it was not."""
        values = (stream, external_id, *now)
        done = self._connection.execute("INSERT OR IGNORE INTO told VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        if done.rowcount:
            return None
        before = self._connection.execute(
            "SELECT line, moment, is_deleted, digest, code FROM told WHERE (stream, external_id) = (?, ?)",
            values[:2],
        ).fetchone()
        self._connection.execute("REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return Telling(*before)

    def code_of(self, account: Reference) -> str:
        """Return what a GL account that was told is coded by; empty where that is not known."""
        found = self._connection.execute(
            "SELECT code FROM told WHERE (stream, external_id) = (?, ?)", account
        ).fetchone()
        return str(found[0]) if found else ""

    def refer(self, to: Reference, line: int, by_stream: str, by: str) -> None:
        """Take that a record refers to another one."""
        if to in self._known:
            return
        found = self._connection.execute("SELECT 1 FROM told WHERE (stream, external_id) = (?, ?)", to)
        if found.fetchone():
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known.add(to)
        else:
            values = (*to, line, by_stream, by)
            self._connection.execute("INSERT OR IGNORE INTO awaited VALUES (?, ?, ?, ?, ?)", values)

    def awaited(self) -> Iterator[Awaited]:
        """Yield what was referred to before it was told, in order of the lines that do so."""
        found = self._connection.execute(
            "SELECT a.stream, a.external_id, a.line, a.by_stream, a.by, t.line FROM awaited a"
            " LEFT JOIN told t USING (stream, external_id) ORDER BY a.line, a.stream, a.external_id"
        )
        for stream, external_id, line, by_stream, by, told_at in found:
            yield Awaited(Reference(stream, external_id), line, by_stream, by, told_at)
