"""A company whose invoices are in the sandbox's AvidXchange, and the tap that reads it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.settings import CREDENTIALS
from apbridge.json import loads
from apbridge_sandbox.testing import Running
from tap_avidxchange.tap import TapAvidXchange

Record = dict[str, Any]
NS = "netsuite-1234567_SB1"


@dataclass
class Read:
    """What one run of the tap wrote."""

    messages: list[Record]

    @property
    def state(self) -> Record:
        states = [one["value"] for one in self.messages if one["type"] == "STATE"]
        return states[-1] if states else {}

    def records(self, stream: str) -> list[Record]:
        return [one["record"] for one in self.messages if one["type"] == "RECORD" and one["stream"] == stream]

    def ids(self, stream: str = "payments") -> list[str]:
        return [record["id"] for record in self.records(stream)]


@dataclass
class PayingCompany:
    """AvidXchange's books, changed by the control API, and the tap that reads them."""

    sandbox: Running
    profile: str = "avidconnect"

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.sandbox.avidxchange_settings(self.profile))

    @property
    def credentials(self) -> dict[str, str]:
        """Return what the contract signs in with."""
        return {name: value for name, value in self.config.items() if name in CREDENTIALS}

    def read(self, state: Record | None = None, streams: tuple[str, ...] = (), **config: Any) -> Read:  # noqa: ANN401
        tap = TapAvidXchange(config={**self.config, **config}, state=state or {})
        for name, stream in tap.streams.items():
            if streams:
                stream.selected = name in streams
        written = io.StringIO()
        with redirect_stdout(written):
            tap.sync_all()
        return Read([loads(line) for line in written.getvalue().splitlines()])

    def submit(self, count: int) -> list[str]:
        """Submit approved invoices of 100.00 and up."""
        invoices = [f"{NS}-vendorbill-{number}" for number in range(1, count + 1)]
        with AvidXchange(AvidXchangeSettings.from_config(self.config)) as client:
            for resource, record in _masters():
                client.submit(client.upsertion(resource, record))
            for number, name in enumerate(invoices):
                client.submit(client.upsertion("invoice", _bill(name, number)))
        self.control("/control/invoices/approve", {"external_ids": "all"})
        return invoices

    def pay(self, *invoices: Record, settle: bool = True) -> list[str]:
        """Pay shares of invoices, each by a payment of its own, or all; return the payments' ids."""
        order: Record = {"invoices": invoices} if invoices else {"all": True}
        paid = self.control("/control/payments/pay", order | {"one_payment_per": "invoice"})
        if settle:
            self.control("/control/payments/settle", paid)
        ids: list[str] = paid["ids"]
        return ids

    def control(self, path: str, order: object) -> Any:  # noqa: ANN401
        return self.sandbox.control(path, order)

    def rewrite(self, payment: str, **columns: str) -> None:
        """Change a payment without AvidXchange's noticing when."""
        context = self.sandbox.sandbox
        assert context
        names = ", ".join(f"{name} = ?" for name in columns)
        with context.store.write() as connection:
            statement = f"UPDATE ax_payment SET {names} WHERE id = ?"  # noqa: S608
            connection.execute(statement, (*columns.values(), payment))

    def later(self, seconds: int) -> None:
        self.control("/control/clock", {"advance_seconds": seconds})

    def calls(self) -> Any:  # noqa: ANN401
        """Return what was asked of AvidXchange since last time."""
        counts = self.sandbox.calls()["avidxchange"]
        self.sandbox.control("/control/calls", method="DELETE")
        return counts


def _masters() -> Iterator[tuple[str, Record]]:
    yield (
        "vendor",
        {
            "external_id": f"{NS}-vendor-1",
            "number": "V1",
            "name": "Vendor",
            "is_active": True,
            "remit_to": {"line1": "1 Main St", "city": "Portland"},
        },
    )
    yield (
        "gl_account",
        {
            "external_id": f"{NS}-account-1",
            "code": "6000",
            "name": "Repairs",
            "is_active": True,
            "is_postable": True,
        },
    )
    for dimension in ("department", "location"):
        name = {"external_id": f"{NS}-{dimension}-1", "dimension": dimension}
        yield "dimension_value", {**name, "code": "1", "full_name": dimension, "is_active": True}


def _bill(name: str, number: int) -> Record:
    return {
        "external_id": name,
        "number": f"INV-{number}",
        "vendor_external_id": f"{NS}-vendor-1",
        "bill_date": "2026-10-30",
        "currency": "USD",
        "total": 100 + number,
        "purchase_orders": [],
        "lines": [
            {"id": "1", "gl_code": "6000", "amount": 100 + number, "codes": {"location": "1"}, "segments": {}}
        ],
    }
