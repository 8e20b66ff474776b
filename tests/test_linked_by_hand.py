"""A payment that people recorded by hand is ours once it is linked, and its bill is in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apbridge.ledger import Ledger, Status
from tests.one_bill import FirmOfOneBill, opened

pytestmark = pytest.mark.long

_TIMES = (
    "UPDATE ns_link SET lastmodifieddate = :time WHERE previousdoc = :bill",
    "UPDATE ns_transaction SET lastmodifieddate = :time WHERE id = :bill",
    'UPDATE ns_transactionline SET linelastmodifieddate = :time WHERE "transaction" = :bill',
    'UPDATE ns_transactionaccountingline SET lastmodifieddate = :time WHERE "transaction" = :bill',
)


class Firm(FirmOfOneBill):
    """One in which people record payments by hand."""

    def pay(self, amount: str) -> str:
        """Let AvidXchange pay on the bill, and return the check's number."""
        payment = self.settle(amount)
        (found,) = (one for one in self.sandbox.books()["avidxchange"]["payments"] if one["id"] == payment)
        return str(found["checkNumber"])

    def by_hand(self, number: str, amount: str) -> None:
        order = {"bill": self.bill, "check_number": number, "amount": amount}
        self.control("/control/netsuite/pay-by-hand", order)

    def link_unseen(self) -> None:
        """Run inbound, in an account where an external id is no change of what it is given to."""
        before = self.control("/control/clock", method="GET")["now"]
        self.inbound()
        assert self.sandbox.sandbox
        with self.sandbox.sandbox.store.write() as connection:
            for query in _TIMES:
                connection.execute(query, {"time": before, "bill": int(self.bill)})

    def told(self) -> str | None:
        """Return the code of the exception about the bill."""
        with Ledger(self.half.ledger_url) as ledger:
            found = {
                row.external_id: row for row in ledger.all_rows("avidxchange", "bills", (Status.REJECTED,))
            }
        return found[self.invoice].code if self.invoice in found else None


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with opened(Firm, tmp_path_factory.mktemp("firm")) as found:
        yield found


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
