"""What a payment of ours has applied of a vendor credit is no document of others on the way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Ledger, Row, Status
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.reconcile import Difference, reconcile
from apbridge_sandbox.testing import Running, running
from tests.credit_memos import credit_id, enter_credit
from tests.in_process import InboundHalf, OutboundHalf, impatient, netsuite_config

pytestmark = pytest.mark.long


class CreditedFirm:
    """A firm between both systems, with a bill of 100 and a credit of 30 of one vendor.

    Args:
        sandbox: Both systems.
        half: From AvidXchange to NetSuite.
        out: The other way.
    """

    def __init__(self, sandbox: Running, half: InboundHalf, out: OutboundHalf) -> None:
        self.control = sandbox.control
        self.sandbox = sandbox
        self._in = half
        self._out = out

    def enter(self, total: str = "100") -> None:
        order = {"vendor": "11", "tranid": "INV-1", "lines": [{"account": "6010", "amount": total}]}
        (self.bill,) = self.control("/control/netsuite/bills", {"bills": [order]})["ids"]
        self.outbound()
        account = self.sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self.invoice = f"netsuite-{account}-vendorbill-{self.bill}"
        self.control("/control/invoices/approve", {"external_ids": [self.invoice]})
        self.credit = enter_credit(self.sandbox, "11", "30")

    def pay(self, amount: str, used: str) -> None:
        orders = [
            {"external_id": self.invoice, "amount": amount},
            {"external_id": credit_id(self.sandbox, self.credit), "amount": f"-{used}"},
        ]
        body = {"invoices": orders, "method": "check", "one_payment_per": "all"}
        self.payments = self.control("/control/payments/pay", body)["ids"]
        self.control("/control/payments/settle", {"ids": self.payments})

    def outbound(self) -> None:
        self.control("/control/clock", {"advance_seconds": 10})
        assert self._out.run() is None

    def inbound(self, **settings: Any) -> None:  # noqa: ANN401
        self.control("/control/clock", {"advance_seconds": 10})
        assert self._in.run(**settings) is None

    def row(self) -> Row:
        with Ledger(self._in.ledger_url) as ledger:
            return ledger.rows("avidxchange", "bills", [self.invoice])[self.invoice]

    def differences(self) -> list[Difference]:
        """Compare both systems, and return what differs in the bill and its payments."""
        with (
            Ledger(self._in.ledger_url) as ledger,
            NetSuite(NetSuiteSettings.from_config(netsuite_config(self.sandbox))) as netsuite,
        ):
            found = reconcile(netsuite, self._in.client, ledger).differences
        names = {self.invoice, *(f"avidxchange-payment-{payment}" for payment in self.payments)}
        return [one for one in found if one.external_id in names]

    def stands(self) -> tuple[str, str]:
        """Return what is open in NetSuite, and where AvidXchange has the invoice."""
        books = self.sandbox.books()
        (bill,) = (one for one in books["netsuite"]["bills"] if one["id"] == self.bill)
        (invoice,) = (one for one in books["avidxchange"]["invoices"] if one["externalId"] == self.invoice)
        return bill["unpaid"], invoice["status"]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CreditedFirm]:
    folder = tmp_path_factory.mktemp("firm")
    with running(vendors=12, bills=0) as sandbox, impatient():
        client = AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect")))
        half = InboundHalf(sandbox, folder, client, "avidconnect")
        yield CreditedFirm(
            sandbox, half, OutboundHalf(sandbox, half.ledger_url, folder / "spool", "avidconnect")
        )
        client.close()


@pytest.mark.parametrize(
    ("total", "paid", "used", "stands"),
    [
        ("100", "100", "30", ("0.00", "paid")),
        ("30", "30", "30", ("0.00", "paid")),
        ("100", "40", "10", ("60.00", "approved")),
    ],
)
def test_a_credit_that_our_payment_used_is_ours(
    firm: CreditedFirm, total: str, paid: str, used: str, stands: tuple[str, str]
):
    firm.enter(total)
    firm.pay(paid, used)
    firm.inbound()
    firm.outbound()
    firm.outbound()
    row = firm.row()
    assert (row.status, row.code) == (Status.DELIVERED, None)
    assert firm.stands() == stands
    assert firm.differences() == []
    firm.control("/control/payments/void", {"ids": firm.payments})
    firm.inbound(on_void="delete")
    firm.outbound()
    assert firm.row().status is Status.DELIVERED
    assert firm.stands() == (f"{total}.00", "approved")
    assert firm.differences() == []


def test_what_people_apply_beside_it_is_not(firm: CreditedFirm):
    firm.enter()
    firm.pay("30", "20")
    firm.inbound()
    order = {"credit": firm.credit, "bill": firm.bill, "amount": "30"}
    firm.control("/control/netsuite/apply-credit", order)
    firm.outbound()
    row = firm.row()
    assert row.facts.get("credited") == "10.00" or row.status is Status.REJECTED
