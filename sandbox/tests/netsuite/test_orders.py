"""Purchase orders: what somebody receives, bills and closes, and how the order then stands."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from apbridge_sandbox.testing import Running, running


@pytest.fixture
def company() -> Iterator[Running]:
    with running(vendors=12, bills=100) as sandbox:
        yield sandbox


def order_of(company: Running, number: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Return the status of an order, and of each line what has come, was billed, and whether it is closed."""
    assert company.sandbox
    with company.sandbox.store.connection() as conn:
        status = conn.execute("SELECT status FROM ns_transaction WHERE id = ?", (number,)).fetchone()[0]
        lines = conn.execute(
            "SELECT quantityshiprecv, quantitybilled, isclosed FROM ns_transactionline"
            " WHERE \"transaction\" = ? AND mainline = 'F' ORDER BY id",
            (number,),
        )
        return status, [tuple(line) for line in lines]


def test_an_order_stands_as_its_lines_do(company: Running):
    order = company.control
    lines = [{"quantity": one, "rate": "2.50", "account": "6010", "item": 1} for one in (10, 4)]
    number = order("/control/netsuite/orders", {"vendor": "11", "tranid": "PO1", "lines": lines})["id"]
    assert order_of(company, number) == ("B", [("0", "0", "F"), ("0", "0", "F")])
    order("/control/netsuite/orders/receive", {"id": number, "quantity": 4})
    assert order_of(company, number) == ("E", [("4", "0", "F"), ("4", "0", "F")])
    bill = order("/control/netsuite/orders/bill", {"id": number, "quantity": 4, "tranid": "INV1"})["id"]
    assert order_of(company, number) == ("D", [("4", "4", "F"), ("4", "4", "F")])
    (entered,) = [one for one in company.books()["netsuite"]["bills"] if one["id"] == bill]
    assert Decimal(entered["total"]) == 20
    assert {line["purchase_order"] for line in entered["lines"]} == {"PO1"}
    order("/control/netsuite/orders/receive", {"id": number, "quantity": 100})
    assert order_of(company, number)[0] == "F"
    order("/control/netsuite/orders/close", {"id": number, "line": 1})
    assert order_of(company, number) == ("G", [("10", "4", "T"), ("4", "4", "F")])
    order("/control/netsuite/orders/close", {"id": number})
    assert order_of(company, number) == ("H", [("10", "4", "T"), ("4", "4", "T")])


def test_the_company_has_orders_of_every_kind(company: Running):
    assert company.sandbox
    with company.sandbox.store.connection() as conn:
        rows = conn.execute("SELECT DISTINCT status FROM ns_transaction WHERE type = 'PurchOrd'")
        assert {row[0] for row in rows} == {"A", "B", "D", "F", "G", "H"}
