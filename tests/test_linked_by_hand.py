"""A payment that people recorded by hand is ours once it is linked, and its bill is in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Ledger, Status
from apbridge_sandbox.testing import Running, running
from tests.in_process import InboundHalf, OutboundHalf, impatient

pytestmark = pytest.mark.long

_TIMES = (
    "UPDATE ns_link SET lastmodifieddate = :time WHERE previousdoc = :bill",
    "UPDATE ns_transaction SET lastmodifieddate = :time WHERE id = :bill",
    'UPDATE ns_transactionline SET linelastmodifieddate = :time WHERE "transaction" = :bill',
    'UPDATE ns_transactionaccountingline SET lastmodifieddate = :time WHERE "transaction" = :bill',
)


class Firm:
    """One firm between both systems, and a bill of 100 that AvidXchange has approved.

    Args:
        sandbox: Both systems.
        half: From AvidXchange to NetSuite.
        out: The other way.
    """

    def __init__(self, sandbox: Running, half: InboundHalf, out: OutboundHalf) -> None:
        self._control = sandbox.control
        self._sandbox = sandbox
        self._in = half
        self._out = out
        self._entered = 0

    def enter(self) -> None:
        """Enter the bill, and have it submitted and approved."""
        # Of one number and vendor a second bill is held while AvidXchange may pay the first.
        self._entered += 1
        lines = [{"account": "6010", "amount": "100"}]
        order = {"vendor": "11", "tranid": f"INV-{self._entered}", "lines": lines}
        (self.bill,) = self._control("/control/netsuite/bills", {"bills": [order]})["ids"]
        self.outbound()
        account = self._sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        self.invoice = f"netsuite-{account}-vendorbill-{self.bill}"
        self._control("/control/invoices/approve", {"external_ids": [self.invoice]})

    def pay(self, amount: str) -> str:
        """Let AvidXchange pay on the bill, and return the check's number."""
        order = {"external_id": self.invoice, "amount": amount}
        body = {"invoices": [order], "method": "check", "one_payment_per": "all"}
        (payment,) = self._control("/control/payments/pay", body)["ids"]
        self._control("/control/payments/settle", {"ids": [payment]})
        (found,) = (one for one in self._sandbox.books()["avidxchange"]["payments"] if one["id"] == payment)
        return str(found["checkNumber"])

    def by_hand(self, number: str, amount: str) -> None:
        order = {"bill": self.bill, "check_number": number, "amount": amount}
        self._control("/control/netsuite/pay-by-hand", order)

    def outbound(self) -> None:
        self._control("/control/clock", {"advance_seconds": 10})
        assert self._out.run() is None

    def inbound(self) -> None:
        self._control("/control/clock", {"advance_seconds": 10})
        assert self._in.run() is None

    def link_unseen(self) -> None:
        """Run inbound, in an account where an external id is no change of what it is given to."""
        before = self._control("/control/clock", method="GET")["now"]
        self.inbound()
        assert self._sandbox.sandbox
        with self._sandbox.sandbox.store.write() as connection:
            for query in _TIMES:
                connection.execute(query, {"time": before, "bill": int(self.bill)})

    def told(self) -> str | None:
        """Return the code of the exception about the bill."""
        with Ledger(self._in.ledger_url) as ledger:
            found = {
                row.external_id: row for row in ledger.all_rows("avidxchange", "bills", (Status.REJECTED,))
            }
        return found[self.invoice].code if self.invoice in found else None


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    folder = tmp_path_factory.mktemp("firm")
    with running(vendors=12, bills=0) as sandbox, impatient():
        client = AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect")))
        half = InboundHalf(sandbox, folder, client, "avidconnect")
        yield Firm(sandbox, half, OutboundHalf(sandbox, half.ledger_url, folder / "spool", "avidconnect"))
        client.close()


@pytest.fixture
def firm(begun: Firm) -> Firm:
    begun.enter()
    return begun


@pytest.mark.parametrize("amount", ["100", "40"])
def test_the_exception_that_it_had_opened_is_closed(firm: Firm, amount: str):
    firm.by_hand(firm.pay(amount), amount)
    firm.outbound()
    assert firm.told() == "APB-TAX-030"
    firm.inbound()
    firm.outbound()
    assert firm.told() is None


@pytest.mark.parametrize("amount", ["100", "40"])
def test_it_is_where_netsuite_shows_no_change_of_the_bill(firm: Firm, amount: str):
    firm.by_hand(firm.pay(amount), amount)
    firm.outbound()
    assert firm.told() == "APB-TAX-030"
    firm.link_unseen()
    firm.outbound()
    assert firm.told() is None


def test_what_is_not_linked_is_told_all_the_same(firm: Firm):
    firm.pay("40")
    firm.by_hand("7060", "40")
    firm.outbound()
    firm.link_unseen()
    firm.outbound()
    assert firm.told() == "APB-TAX-030"
