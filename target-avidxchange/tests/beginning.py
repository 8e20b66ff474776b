"""What one run left in a company's books and ledger, for every other test that begins with the same run."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from apbridge_sandbox.clock import Clock
from apbridge_sandbox.testing import Running


@dataclass(frozen=True)
class Beginning:
    """A copy of the books, of the ledger, and of what signs in to them."""

    books: sqlite3.Connection
    ledger: bytes
    credentials: Mapping[str, str]
    host: str

    @classmethod
    def of(cls, sandbox: Running, ledger: Path) -> Beginning:
        """Copy what a run left."""
        # Nobody has the ledger open any more, so that all of it is in the one file.
        assert not ledger.with_name(f"{ledger.name}-wal").exists()
        books = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(_file(sandbox))) as there:
            there.backup(books)
        return cls(books, ledger.read_bytes(), sandbox.credentials, _host(sandbox))

    def put(self, sandbox: Running, ledger: Path) -> Running:
        """Put the copy into a new sandbox and a new ledger.

        Returns:
            The sandbox with the credentials that the books know, and the addresses that it has itself.
        """
        assert sandbox.sandbox
        assert not ledger.exists()
        with closing(sqlite3.connect(_file(sandbox))) as there:
            self.books.backup(there)
        # The books' time goes on from where it was.
        sandbox.sandbox.clock = Clock(sandbox.sandbox.store)
        ledger.write_bytes(self.ledger)
        with closing(sqlite3.connect(ledger)) as there, there:
            there.execute(
                "UPDATE apbridge_identity SET value = replace(value, ?, ?)", (self.host, _host(sandbox))
            )
        own = {name: value for name, value in sandbox.credentials.items() if name.endswith(("_URL", "_PATH"))}
        return replace(sandbox, credentials={**self.credentials, **own})


def _file(sandbox: Running) -> Path:
    assert sandbox.sandbox
    return sandbox.sandbox.store.path


def _host(sandbox: Running) -> str:
    return sandbox.netsuite_url.partition("://")[2]
