"""One SQLite file holds both systems' books."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Condition, RLock


class StoreError(Exception):
    """The file cannot be used as a sandbox's books, or not any more."""


class Store:
    """The books in one SQLite file in WAL mode: many readers at once, one writer at a time.

    Args:
        path: The file. It is made, with every table of `schema/`, when it is not there yet.

    Raises:
        StoreError: The file was made by another version of the sandbox.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._write_lock = RLock()
        self._users = 0
        self._is_closed = False
        self._changed = Condition()
        self._writer = self._open()
        self._create()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to read with: everything read inside is of one moment.

        Raises:
            StoreError: The store is closed.
        """
        with self._in_use():
            try:
                conn = self._idle.get_nowait()
            except Empty:
                conn = self._open()
            try:
                conn.execute("BEGIN")
                yield conn
            finally:
                conn.rollback()
                self._idle.put(conn)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to write with: all or nothing, and nobody else writes meanwhile.

        Who has it already, in the same thread, gets it again as a part of the same whole.

        Raises:
            StoreError: The store is closed.
        """
        with self._write_lock, self._in_use():
            if self._writer.in_transaction:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.rollback()
                raise
            self._writer.commit()

    def setting(self, name: str) -> str | None:
        """Return a remembered setting, or None."""
        with self.connection() as conn:
            row = conn.execute("SELECT value FROM sandbox_setting WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def close(self) -> None:
        """Close every connection, once nobody uses it any more; nobody new is let in.

        A call whose caller is long gone may still be under way on another thread when a server ends, and the
        library of SQLite crashes where a connection is closed that is in use.
        """
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._users)
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()
        self._writer.close()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        with self._changed:
            if self._is_closed:
                message = "the books are closed"
                raise StoreError(message)
            self._users += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def _open(self) -> sqlite3.Connection:
        conn = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        conn.row_factory = sqlite3.Row
        conn.execute("PRAGMA journal_mode = WAL")
        # A trial's books need not survive a power cut, and every write would wait for the disk.
        conn.execute("PRAGMA synchronous = OFF")
        conn.execute("PRAGMA cache_size = -65536")
        return conn

    def _create(self) -> None:
        script = _schema()
        version = zlib.crc32(script.encode()) & 0x7FFFFFFF
        # `credentials` and `serve` may both find the file new: whoever comes second waits, then looks.
        with self.write() as conn:
            (found,) = conn.execute("PRAGMA user_version").fetchone()
            if found == version:
                return
            if found:
                message = (
                    f"{self.path.name} was made by another version of the sandbox; "
                    "delete it or name another file"
                )
                raise StoreError(message)
            for statement in _statements(script):
                conn.execute(statement)
            conn.execute(f"PRAGMA user_version = {version}")


def remember(conn: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a setting for the next start."""
    conn.execute("INSERT OR REPLACE INTO sandbox_setting (name, value) VALUES (?, ?)", (name, value))


def _schema() -> str:
    folder = resources.files("apbridge_sandbox") / "schema"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return "".join(file.read_text(encoding="utf-8") for file in files)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
