"""A company in the sandbox's AvidXchange, and the target that writes into its books."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from apbridge import spool
from apbridge.avidxchange.profile_files import shipped
from apbridge.avidxchange.settings import CREDENTIALS
from apbridge.errors import UnavailableError
from apbridge.json import loads
from apbridge.ledger import Ledger, Row, RowUpdate, Status
from apbridge_sandbox.testing import Running, running
from target_avidxchange.target import TargetAvidXchange
from tests.canonical import NS, STREAMS, Message, Record, singer

from .beginning import Beginning

BEGINNINGS: dict[tuple[str, bytes], Beginning] = {}


@dataclass
class TargetResult:
    """What one run of the target came to."""

    counts: dict[str, dict[str, int]]
    states: list[Any] = field(default_factory=list)


@dataclass
class ReceivingCompany:
    """AvidXchange's books, and the target that writes into them."""

    sandbox: Running
    folder: Path
    said: Callable[[], str]
    profile: str = "avidconnect"
    batch: int = TargetAvidXchange.batch

    @property
    def config(self) -> dict[str, Any]:
        settings = self.sandbox.avidxchange_settings(self.profile)
        return {
            **settings,
            "ledger_url": f"sqlite:///{self.folder}/ledger.db",
            "spool_url": str(self.folder / "spool"),
            # Of a handful of bills most tests withdraw or change more than half.
            "brake_percent": 100,
        }

    @property
    def credentials(self) -> dict[str, str]:
        """Return what the contract signs in with."""
        return {name: value for name, value in self.config.items() if name in CREDENTIALS}

    def send(
        self,
        *messages: Message,
        state: object = None,
        before: object = None,
        streams: Sequence[str] = STREAMS,
        **config: object,
    ) -> TargetResult:
        self.said()
        target = TargetAvidXchange(config={**self.config, **config})
        target.batch = self.batch
        told = BytesIO(singer(messages, state, before, streams))
        target.listen(told)  # type: ignore[arg-type]  # the SDK reads bytes, whatever it says
        states = [loads(told) for told in self.said().splitlines()]
        return TargetResult(target.tally.as_counts(), states)

    @contextmanager
    def cut_off(self, stream: str = "bills") -> Iterator[None]:
        """Lose the ledger just when it is to be told of a delivery."""
        write = Ledger.write

        def lost(ledger: Ledger, run_id: int, system: str, entries: Sequence[RowUpdate]) -> Any:  # noqa: ANN401
            if any(one.stream == stream and one.status is Status.DELIVERED for one in entries):
                raise UnavailableError("APB-LED-002", ledger="it", problem="gone")
            return write(ledger, run_id, system, entries)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Ledger, "write", lost)
            with pytest.raises(UnavailableError):
                yield

    def given(self, *messages: Message) -> None:
        """Send, as the first thing that happens; run once for all tests that begin with the same."""
        known, ledger = (self.profile, singer(messages)), self.folder / "ledger.db"
        if known in BEGINNINGS:
            self.sandbox = BEGINNINGS[known].put(self.sandbox, ledger)
        else:
            self.send(*messages)
            BEGINNINGS[known] = Beginning.of(self.sandbox, ledger)

    def rows(self, query: str) -> list[Any]:
        context = self.sandbox.sandbox
        assert context
        with context.store.connection() as connection:
            return list(connection.execute(query))

    def run(self, *statements: str) -> None:
        context = self.sandbox.sandbox
        assert context
        with context.store.write() as connection:
            for statement in statements:
                connection.execute(statement)

    def switch(self, name: str, value: str | bool) -> None:  # noqa: FBT001
        self.sandbox.control("/control/switches", {name: value})

    def invoice(self, number: int) -> Any:  # noqa: ANN401
        found = self.rows(f"SELECT * FROM ax_invoice WHERE external_id = '{NS}-vendorbill-{number}'")  # noqa: S608
        return found[0] if found else None

    def image(self, number: int) -> str | None:
        found = self.rows(
            "SELECT i.sha256 FROM ax_image i JOIN ax_invoice v ON v.id = i.invoice_id"  # noqa: S608
            f" WHERE v.external_id = '{NS}-vendorbill-{number}'"
        )
        return found[0]["sha256"] if found else None

    def approve(self, number: int) -> None:
        name = f"{NS}-vendorbill-{number}"
        self.sandbox.control("/control/invoices/approve", {"external_ids": [name]})

    def pay(self, number: int, amount: Decimal, discount: Decimal = Decimal(0)) -> None:
        share = {"external_id": f"{NS}-vendorbill-{number}", "amount": amount, "discount": discount}
        paid = self.sandbox.control("/control/payments/pay", {"invoices": [share]})
        self.sandbox.control("/control/payments/settle", paid)

    def calls(self) -> Any:  # noqa: ANN401
        """Return what was asked of AvidXchange since last time."""
        counts = self.sandbox.calls()["avidxchange"]
        self.sandbox.control("/control/calls", method="DELETE")
        return counts

    def asked_for(self) -> list[str]:
        """Return what was asked of AvidXchange since last time, but for signing in.

        Each run that brings bills asks once which invoices changed.
        """
        asked = self.calls()["by_operation"]
        lists = [call for call in asked if call.startswith("GET ") and call.endswith("/invoices")]
        found = ["what changed"] * sum(asked.pop(call) for call in lists)
        return found + [call for call in asked if not call.endswith(("/token", "/authorizations"))]

    def row(self, number: int) -> Row:
        with Ledger(self.config["ledger_url"]) as ledger:
            return ledger.rows("avidxchange", "bills", [f"{NS}-vendorbill-{number}"])[
                f"{NS}-vendorbill-{number}"
            ]

    def lose_ledger(self) -> None:
        for file in self.folder.glob("ledger.db*"):
            file.unlink()

    def begin_anew(self) -> None:
        """Empty the books, and lose the ledger."""
        self.lose_ledger()
        tables = ("image", "invoice_line", "invoice", "vendor", "gl_account", "dimension_value")
        self.run(*(f"DELETE FROM ax_{table}" for table in tables))  # noqa: S608
        self.calls()

    def picture(self, name: str = "bill.pdf", text: bytes = b"one", kind: str = "application/pdf") -> Record:
        """Put a picture into the spool, as the tap does."""
        content = b"%PDF-" + text
        put = spool.put(str(self.folder / "spool"), content)
        return {
            "id": hashlib.sha256(text).hexdigest()[:6],
            "name": name,
            "media_type": kind,
            "size": put.size,
            "sha256": put.sha256,
            "uri": put.uri,
        }


@pytest.fixture(params=shipped())
def company(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[ReceivingCompany]:
    """A company, under every contract that ships: what holds under one must hold under the other."""
    with running(vendors=1, bills=0) as sandbox:
        yield ReceivingCompany(sandbox, tmp_path, lambda: capsys.readouterr().out, request.param)
