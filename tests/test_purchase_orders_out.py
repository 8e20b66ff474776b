"""Purchase orders on their way from NetSuite to AvidXchange, under each contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, Status
from apbridge_sandbox.testing import Running, running
from tests.in_process import OutboundHalf

pytestmark = pytest.mark.long

STREAMS = ("vendors", "gl_accounts", "departments", "classes", "locations", "purchase_orders")


@dataclass
class Orders:
    """The way out, and orders of ten of one thing by name."""

    sandbox: Running
    outbound: OutboundHalf

    def order(self, path: str, **body: Any) -> Any:  # noqa: ANN401
        return self.sandbox.control(f"/control/{path}", body)

    def enter(self, tranid: str, status: str = "B") -> str:
        line = {"quantity": 10, "rate": "2.50", "account": "6010", "item": 1}
        entered = self.order("netsuite/orders", vendor="11", tranid=tranid, lines=[line], status=status)
        return str(entered["id"])

    def out(self) -> None:
        self.order("clock", advance_seconds=7200)
        ended = self.outbound.run()
        assert ended is None, ended

    def there(self) -> dict[str, tuple[bool, list[tuple[int, int, bool]]]]:
        """Return whether AvidXchange has each order open, and what it has of its lines."""
        return {
            one["number"]: (
                one["open"],
                [(each["quantityReceived"], each["quantityBilled"], each["closed"]) for each in one["lines"]],
            )
            for one in self.sandbox.books()["avidxchange"]["purchase_orders"]
        }

    def left(self) -> list[str | None]:
        with Ledger(self.outbound.ledger_url) as ledger:
            rows = ledger.all_rows("avidxchange", "purchase_orders", (Status.REJECTED, Status.WAITING))
            return [row.says for row in rows]


@pytest.fixture
def orders(profile: str, tmp_path: Path) -> Iterator[Orders]:
    with running(vendors=12, bills=0) as sandbox:
        ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
        yield Orders(sandbox, OutboundHalf(sandbox, ledger, tmp_path / "spool", profile, streams=STREAMS))


def test_what_is_open_goes_out_and_what_becomes_of_it_follows(orders: Orders):
    numbers = {name: orders.enter(name) for name in ("comes", "is billed", "closes", "is deleted")}
    orders.enter("not approved", "A")
    orders.out()
    assert orders.there() == dict.fromkeys(numbers, (True, [(0, 0, False)]))
    orders.order("netsuite/orders/receive", id=numbers["comes"], quantity=4)
    orders.order("netsuite/orders/receive", id=numbers["is billed"], quantity=10)
    orders.order("netsuite/orders/bill", id=numbers["is billed"], quantity=10, tranid="INV-1")
    orders.order("netsuite/orders/close", id=numbers["closes"])
    orders.order("netsuite/delete", type="purchaseorder", id=numbers["is deleted"])
    orders.out()
    told = {
        "comes": (True, [(4, 0, False)]),
        "is billed": (False, [(10, 10, False)]),
        "closes": (False, [(0, 0, True)]),
        "is deleted": (False, [(0, 0, False)]),
    }
    assert orders.there() == told
    assert orders.left() == []
    # Nothing new is nothing to send, nor is it without the ledger.
    orders.sandbox.control("/control/calls", method="DELETE")
    orders.out()
    orders.outbound.ledger_url += ".new"
    orders.outbound.state = {}
    orders.out()
    assert orders.there() == told
    assert orders.sandbox.calls()["avidxchange"]["writes"] == 0


def test_after_a_lost_ledger_a_deleted_one_is_closed_and_one_that_was_closed_is_told(orders: Orders):
    numbers = {name: orders.enter(name) for name in ("stays", "is deleted", "is closed")}
    orders.out()
    orders.order("netsuite/delete", type="purchaseorder", id=numbers["is deleted"])
    orders.order("netsuite/orders/close", id=numbers["is closed"])
    orders.outbound.ledger_url += ".new"
    orders.outbound.state = {}
    ended = orders.outbound.run()
    assert isinstance(ended, RejectedError)
    assert ended.code == "APB-TAX-092"
    assert re.findall(r"purchaseorder-\d+", str(ended)) == [f"purchaseorder-{numbers['is closed']}"]
    # The deleted one is closed as it is shown.
    assert orders.there() == {name: (name != "is deleted", [(0, 0, False)]) for name in numbers}
    assert orders.left() == []
    orders.out()


@pytest.mark.parametrize("profile", ["avidconnect"])
def test_an_order_waits_for_its_vendor_and_its_codes(orders: Orders):
    orders.enter("one")
    orders.outbound.streams = ("purchase_orders",)
    orders.out()
    (says,) = orders.left()
    assert "vendor-11" in str(says)
    assert orders.there() == {}
    orders.outbound.streams = STREAMS
    orders.out()
    assert (orders.left(), orders.there()) == ([], {"one": (True, [(0, 0, False)])})


@pytest.mark.parametrize("profile", ["avidconnect"])
def test_a_contract_without_orders_is_said_once_a_run(orders: Orders, tmp_path: Path):
    without = tmp_path / "without.yaml"
    without.write_text("extends: avidconnect\nname: without\nresources: {purchase_order: null}\n")
    orders.outbound.writes = {"profile": str(without)}
    for name in ("one", "other"):
        orders.enter(name)
    orders.out()
    assert orders.outbound.said.count("APB-TAX-091") == 1
    assert (orders.left(), orders.there()) == ([], {})
