"""A firm between both systems, with one bill at a time that AvidXchange has approved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge_sandbox.testing import Running, running
from tests.in_process import InboundHalf, OutboundHalf, impatient


class FirmOfOneBill:
    """The firm; a ledger serves both ways.

    Args:
        sandbox: Both systems.
        half: From AvidXchange to NetSuite.
        out: The other way.
    """

    def __init__(self, sandbox: Running, half: InboundHalf, out: OutboundHalf) -> None:
        self.control = sandbox.control
        self.sandbox = sandbox
        self.half = half
        self._out = out
        self._entered = 0

    def enter(self, total: str = "100") -> None:
        """Enter a bill, and have it submitted and approved."""
        # Of one number and vendor a second bill is held while AvidXchange may pay the first.
        self._entered += 1
        lines = [{"account": "6010", "amount": total}]
        order = {"vendor": "11", "tranid": f"INV-{self._entered}", "lines": lines}
        (self.bill,) = self.control("/control/netsuite/bills", {"bills": [order]})["ids"]
        self.outbound()
        account = self.sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self.invoice = f"netsuite-{account}-vendorbill-{self.bill}"
        self.control("/control/invoices/approve", {"external_ids": [self.invoice]})

    def settle(self, amount: str, **used: str) -> str:
        """Let AvidXchange pay on the bill by a check, and return the payment.

        Args:
            amount: On the bill.
            used: How much of which credits, by their external ids.
        """
        orders = [
            {"external_id": self.invoice, "amount": amount},
            *({"external_id": credit, "amount": f"-{some}"} for credit, some in used.items()),
        ]
        body = {"invoices": orders, "method": "check", "one_payment_per": "all"}
        (payment,) = self.control("/control/payments/pay", body)["ids"]
        self.control("/control/payments/settle", {"ids": [payment]})
        return str(payment)

    def outbound(self) -> None:
        self.control("/control/clock", {"advance_seconds": 10})
        assert self._out.run() is None

    def inbound(self, **settings: Any) -> None:  # noqa: ANN401
        self.control("/control/clock", {"advance_seconds": 10})
        assert self.half.run(**settings) is None


Firm = TypeVar("Firm", bound=FirmOfOneBill)


@contextlib.contextmanager
def opened(kind: type[Firm], folder: Path) -> Iterator[Firm]:
    """Start both systems without bills, and yield the firm between them."""
    with running(vendors=12, bills=0) as sandbox, impatient():
        client = AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect")))
        half = InboundHalf(sandbox, folder, client, "avidconnect")
        yield kind(sandbox, half, OutboundHalf(sandbox, half.ledger_url, folder / "spool", "avidconnect"))
        client.close()
