"""Purchase orders: what is open, what has come of each line, and what becomes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

STREAM = "purchase_orders"


def enter(changing: SandboxTap, tranid: str, *quantities: int) -> str:
    lines = [{"quantity": one, "rate": "10.00", "account": "6010", "item": 1} for one in quantities]
    order = {"vendor": "11", "tranid": tranid, "lines": lines}
    return str(changing.sandbox.control("/control/netsuite/orders", order)["id"])


def come(record: dict[str, Any]) -> list[tuple[Decimal, Decimal, bool]]:
    return [
        (line["quantity_received"], line["quantity_billed"], line["is_closed"]) for line in record["lines"]
    ]


def test_a_first_reading_takes_what_is_open(company: SandboxTap):
    records = company.sync(only=STREAM).records(STREAM)
    assert {one["status"] for one in records} == {
        "pending_approval",
        "pending_receipt",
        "partially_received",
        "pending_billing",
    }
    for one in records:
        assert one["external_id"].endswith(f"-purchaseorder-{one['id']}")
        assert one["number"] == f"PO{one['id']}"
        assert one["total"] == sum(line["amount"] for line in one["lines"])
        for line in one["lines"]:
            assert line["amount"] == line["quantity"] * line["rate"]
            assert line["account_number"]
            assert line["item"]
            assert line["quantity_received"] <= line["quantity"]


@pytest.mark.parametrize("dates", ["stay", "line", "order"])
def test_what_comes_is_billed_closed_or_deleted_is_told(changing: SandboxTap, dates: str):
    changing.sandbox.control("/control/switches", {"netsuite.order_dates": dates})
    order = changing.sandbox.control
    numbers = {name: enter(changing, name, 10, 4) for name in ("A", "B", "C", "D", "E")}
    changing.pass_time(60)
    first = changing.sync(only=STREAM)
    order("/control/netsuite/orders/receive", {"id": numbers["A"], "quantity": 4})
    order("/control/netsuite/orders/receive", {"id": numbers["B"], "quantity": 10})
    bill = {"id": numbers["B"], "quantity": 10, "tranid": "INV-B"}
    order("/control/netsuite/orders/bill", bill)
    order("/control/netsuite/orders/close", {"id": numbers["C"], "line": 1})
    order("/control/netsuite/orders/close", {"id": numbers["D"]})
    order("/control/netsuite/delete", {"type": "purchaseorder", "id": numbers["E"]})
    changing.pass_time(7200)
    second = changing.sync(first.state, only=STREAM)
    told = {one["id"]: one for one in second.records(STREAM)}
    assert told.keys() == set(numbers.values())
    ends = {name: (told[number]["status"], come(told[number])) for name, number in numbers.items()}
    assert ends == {
        "A": ("pending_billing_partially_received", [(4, 0, False), (4, 0, False)]),
        "B": ("billed", [(10, 10, False), (4, 4, False)]),
        "C": ("pending_receipt", [(0, 0, True), (0, 0, False)]),
        "D": ("closed", [(0, 0, True), (0, 0, True)]),
        "E": (None, []),
    }
    assert [one["id"] for one in second.records(STREAM) if one["is_deleted"]] == [numbers["E"]]
    changing.pass_time(7200)
    third = changing.sync(second.state, only=STREAM)
    assert third.ids(STREAM) == []


def test_columns_that_are_hidden_cost_their_fields_alone(changing: SandboxTap):
    hidden = "transactionline.quantityshiprecv, transactionline.quantitybilled, transactionline.isclosed"
    changing.sandbox.control("/control/switches", {"netsuite.hidden_columns": hidden})
    synced = changing.sync(only=STREAM)
    lines = [line for one in synced.records(STREAM) for line in one["lines"]]
    assert lines
    assert {(line["quantity_received"], line["quantity_billed"], line["is_closed"]) for line in lines} == {
        (None, None, None)
    }
    assert all(line["quantity"] for line in lines)
