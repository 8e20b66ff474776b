"""An account in which nothing that others do moves a date."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.conftest import Record, SandboxTap, Synced

UNDATED = {
    "netsuite.link_dates": "null",
    "netsuite.payment_touches_bill": False,
    "netsuite.payment_touches_accounting_line": False,
    "netsuite.merge_dates": "stay",
}
"""Nothing that others do moves a date."""

HOUR = 3600


class UndatedAccount:
    """The tap on an account in which no date moves, and its STATE from run to run."""

    _first_state: ClassVar[Record] = {}
    """What a first run leaves, made once: every test begins with the same company."""

    def __init__(self, tap: SandboxTap) -> None:
        self.tap = tap
        tap.sandbox.control("/control/switches", UNDATED)
        self.state: Record = {}
        self.do = tap.sandbox.control
        if self._first_state:
            # A moment later than where it was made.
            tap.pass_time(2 * HOUR + 60)
        else:
            self._first_state.update(self.run().state)
        self.state = deepcopy(self._first_state)
        self.state["apbridge"]["source"]["host"] = urlsplit(tap.sandbox.netsuite_url).netloc

    def run(self, after: float = 2 * HOUR, **settings: Any) -> Synced:  # noqa: ANN401
        self.tap.pass_time(after)
        synced = self.tap.sync(self.state, **settings)
        self.state = synced.state
        return synced

    @property
    def bill(self) -> str:
        """An open bill."""
        return next(number for number, one in self.tap.books().items() if one["status"] == "open")

    def kept(self, stream: str = "bills") -> Record:
        known: Record = self.state["bookmarks"][stream]["known"]
        return known


def enter(account: UndatedAccount, table: str) -> str:
    """Enter a master record that nothing refers to, and return its id."""
    row = dict(account.tap.sql(f"SELECT * FROM {table} ORDER BY id DESC")[0])  # noqa: S608
    row |= {"id": row["id"] + 100, "externalid": None, "lastmodifieddate": account.tap.clock.stamp()}
    marks = ", ".join("?" * len(row))
    account.tap.sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608
    return str(row["id"])
