"""The outbound half under one contract, what is done in either system beside it, and what came of it."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.books import BothBooks
from tests.pipeline import Ended, Pipe
from tests.waiting import held

PATHS = {
    "avidconnect": {
        "upsert": r"/v1/invoices/[^/]+$",
        "cancel": "/cancel$",
        "image": "/image$",
        "write": "PUT",
    },
    "partner": {
        "upsert": r"/api/v2/invoices$",
        "cancel": "/cancel$",
        "image": "/image$",
        "write": "POST",
    },
    "avidsuite": {
        "upsert": r"/v1/invoices$",
        "cancel": "/cancel$",
        "image": "/image$",
        "write": "POST",
    },
}


@dataclass(frozen=True)
class DoubtLoop:
    """The outbound half under one contract."""

    pipe: Pipe
    profile: str

    def run(self, pipe: Pipe | None = None, **settings: str) -> Ended:
        return (pipe or self.pipe).run(**self.settings, **settings)

    def run_well(self, pipe: Pipe | None = None, **settings: str) -> str:
        ended = self.run(pipe, **settings)
        assert (ended.tap, ended.target) == (0, 0), ended.said
        return ended.said

    @property
    def settings(self) -> dict[str, str]:
        return {"profile": self.profile, "base_url": self.sandbox_url}

    @property
    def sandbox_url(self) -> str:
        return self.pipe.sandbox.url_of(self.profile)

    @property
    def other(self) -> Pipe:
        """The same pipe, for a second run at once."""
        return Pipe(self.pipe.sandbox, self.pipe.folder, "other")

    # What is done in either system

    def control(self, path: str, **body: Any) -> Any:  # noqa: ANN401
        return self.pipe.sandbox.control(f"/control/{path}", body)

    def in_netsuite(self, path: str, **body: Any) -> Any:  # noqa: ANN401
        """Do something in NetSuite, minutes after what was last read and before what is read next."""
        self.control("clock", advance_seconds=600)
        done = self.control(f"netsuite/{path}", **body)
        self.control("clock", advance_seconds=600)
        return done

    def edit(self, bill: str, **columns: Any) -> None:  # noqa: ANN401
        self.in_netsuite("edit", table="transaction", id=bill, set=columns)

    def enter_bill(self, number: str = "NEW-1", **more: Any) -> str:  # noqa: ANN401
        like = next(iter(self.books.bills.values()))
        lines = [{"account": like["lines"][0]["account_number"], "amount": "120.50"}]
        bill = {"vendor": like["vendor"], "tranid": number, "lines": lines, **more}
        made: str = self.in_netsuite("bills", bills=[bill])["ids"][0]
        return made

    def fault(self, what: str, **do: Any) -> None:  # noqa: ANN401
        paths = PATHS[self.profile]
        match = {"path": paths[what], "times": 1}
        if what == "upsert":
            match["method"] = paths["write"]
        self.control("faults", match=match, do=do)

    def held(self) -> int:
        return held(self.pipe.sandbox.control)

    # What came of it

    @property
    def books(self) -> BothBooks:
        return BothBooks(self.pipe.sandbox.books(), self.pipe.sandbox.credentials["NETSUITE_ACCOUNT_ID"])

    def invoice(self, bill: str) -> Any:  # noqa: ANN401
        invoices = self.pipe.sandbox.books()["avidxchange"]["invoices"]
        found = [one for one in invoices if one["externalId"].endswith(f"-vendorbill-{bill}")]
        assert len(found) <= 1
        return found[0] if found else None

    def status(self, bill: str) -> str | None:
        found = self.invoice(bill)
        return found["status"] if found else None

    def disagreements(self) -> list[Any]:
        return [line for line in self.books.compare() if not line.agree]

    # The ledger and the STATE

    def keep(self) -> Path:
        """Copy the ledger and the STATE aside."""
        kept = self.pipe.folder / "kept"
        kept.mkdir()
        for file in (*self.pipe.folder.glob("ledger.db*"), self.pipe.state):
            shutil.copy(file, kept)
        return kept

    def put_back(self, kept: Path, *, state: bool) -> None:
        for file in (*self.pipe.folder.glob("ledger.db*"), self.pipe.state):
            file.unlink()
        for file in kept.iterdir():
            if state or file.name != self.pipe.state.name:
                shutil.copy(file, self.pipe.folder)

    def let_the_while_pass(self) -> None:
        """Let what may still be on the wire be due for another look."""
        with sqlite3.connect(self.pipe.ledger) as connection:
            changed = connection.execute(
                "UPDATE apbridge_records SET look_again_at = '2000-01-01 00:00:00.000000'"
                " WHERE look_again_at IS NOT NULL"
            ).rowcount
        assert changed, "nothing is to be looked at again"
