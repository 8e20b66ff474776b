"""What a payment of ours has applied of a vendor credit is no document of others on the way out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apbridge.ledger import Ledger, Row, Status
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.reconcile import Difference, Reconciliation, reconcile
from tests.credit_memos import credit_id, enter_credit
from tests.in_process import netsuite_config
from tests.one_bill import FirmOfOneBill, opened

pytestmark = pytest.mark.long


class CreditedFirm(FirmOfOneBill):
    """One with a credit of 30 of the bill's vendor beside."""

    def pay(self, amount: str, used: str) -> None:
        self.credit = enter_credit(self.sandbox, "11", "30")
        self.payment = self.settle(amount, **{credit_id(self.sandbox, self.credit): used})

    def row(self) -> Row:
        with Ledger(self.half.ledger_url) as ledger:
            return ledger.rows("avidxchange", "bills", [self.invoice])[self.invoice]

    def reconciled(self) -> Reconciliation:
        """Compare both systems."""
        with (
            Ledger(self.half.ledger_url) as ledger,
            NetSuite(NetSuiteSettings.from_config(netsuite_config(self.sandbox))) as netsuite,
        ):
            return reconcile(netsuite, self.half.client, ledger)

    def differences(self) -> list[Difference]:
        """Return what differs in the bill and its payments."""
        found = self.reconciled().differences
        names = {self.invoice, f"avidxchange-payment-{self.payment}"}
        return [one for one in found if one.external_id in names]

    def stands(self) -> tuple[str, str]:
        """Return what is open in NetSuite, and where AvidXchange has the invoice."""
        books = self.sandbox.books()
        (bill,) = (one for one in books["netsuite"]["bills"] if one["id"] == self.bill)
        (invoice,) = (one for one in books["avidxchange"]["invoices"] if one["externalId"] == self.invoice)
        return bill["unpaid"], invoice["status"]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CreditedFirm]:
    with opened(CreditedFirm, tmp_path_factory.mktemp("firm")) as found:
        yield found


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
    firm.control("/control/payments/void", {"ids": [firm.payment]})
    firm.inbound(on_void="delete")
    firm.outbound()
    assert firm.row().status is Status.DELIVERED
    assert firm.stands() == (f"{total}.00", "approved")
    assert firm.differences() == []


def test_a_payment_of_nothing_but_a_credit_is_no_line_of_the_totals(firm: CreditedFirm):
    firm.enter("30")
    firm.pay("30", "30")
    firm.inbound()
    paid = firm.reconciled().paid
    assert all(total.netsuite or total.avidxchange for total in paid.subsidiaries.values())
    assert "" not in {name for name, _ in paid.subsidiaries}


def test_what_people_apply_beside_it_is_not(firm: CreditedFirm):
    firm.enter()
    firm.pay("30", "20")
    firm.inbound()
    order = {"credit": firm.credit, "bill": firm.bill, "amount": "30"}
    firm.control("/control/netsuite/apply-credit", order)
    firm.outbound()
    row = firm.row()
    assert (row.status, row.code) == (Status.REJECTED, "APB-TAX-030")
    assert f"credit {firm.credit} of 10.00" in (row.says or "")
