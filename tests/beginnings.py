"""Companies whose first outbound run is over: made once by a real run, and copied for each test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from apbridge_sandbox.testing import Running, running
from tests.pipeline import Pipe

# Most records of a small company would be accounts that nothing is booked on, and every run would tell them.
UNUSED_ACCOUNTS = """
DELETE FROM ns_account WHERE issummary = 'F' AND accttype NOT IN ('Bank', 'AcctPay')
    AND accountsearchdisplayname NOT LIKE '%discount%' AND id NOT IN (
        SELECT account FROM ns_transactionaccountingline WHERE account IS NOT NULL
        UNION SELECT expenseaccount FROM ns_transactionline WHERE expenseaccount IS NOT NULL
        UNION SELECT expenseaccount FROM ns_item WHERE expenseaccount IS NOT NULL
        UNION SELECT expenseaccount FROM ns_vendor WHERE expenseaccount IS NOT NULL
        UNION SELECT parent FROM ns_account WHERE parent IS NOT NULL
    )
"""
_BOOKS = "books"
_RUN = "run"


class Beginnings:
    """What a first run leaves in both systems, in its ledger, its STATE and its spool.

    Args:
        place: Where what is copied is kept.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._hosts: dict[Path, str] = {}

    @contextmanager
    def company(
        self, folder: Path, *, vendors: int, bills: int, profile: str = "avidconnect"
    ) -> Iterator[Running]:
        """Run a company of the caller's own, as it is after its first run.

        Args:
            folder: Where the ledger, the STATE and the spool of that run are put.
            vendors: Number of vendors.
            bills: Number of bills.
            profile: Under which contract with AvidXchange the run was.
        """
        made = self._place / f"{vendors}-{bills}-{profile}"
        if made not in self._hosts:
            self._hosts[made] = _make(made, vendors, bills, profile)
        shutil.copytree(made / _RUN, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.log"))
        shutil.copytree(made / _BOOKS, folder / _BOOKS)
        with running(folder=folder / _BOOKS) as sandbox:
            _move(Pipe(sandbox, folder), self._hosts[made])
            yield sandbox


def _make(place: Path, vendors: int, bills: int, profile: str) -> str:
    """Make one; return the address that it had."""
    for folder in (_BOOKS, _RUN):
        (place / folder).mkdir(parents=True)
    with running(vendors=vendors, bills=bills, folder=place / _BOOKS) as sandbox:
        assert sandbox.sandbox
        with sandbox.sandbox.store.write() as books:
            books.execute(UNUSED_ACCOUNTS)
        contract = sandbox.avidxchange_settings(profile)
        ended = Pipe(sandbox, place / _RUN).run(profile=profile, base_url=contract["base_url"])
        assert (ended.tap, ended.target) == (0, 0), ended.said
        return _host(sandbox)


def _move(pipe: Pipe, old: str) -> None:
    """Let both systems have been at the address that the sandbox has now."""
    pipe.state.write_text(pipe.state.read_text("utf-8").replace(old, _host(pipe.sandbox)), "utf-8")
    with closing(sqlite3.connect(pipe.ledger)) as connection, connection:
        moved = connection.execute(
            "UPDATE apbridge_identity SET value = replace(value, ?, ?)", (old, _host(pipe.sandbox))
        )
        assert moved.rowcount


def _host(sandbox: Running) -> str:
    return urlsplit(sandbox.netsuite_url).netloc
