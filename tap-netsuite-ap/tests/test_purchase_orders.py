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


@pytest.mark.usefixtures("small_pages")
def test_a_first_reading_that_ended_early_loses_nothing_that_happened_since(changing: SandboxTap):
    order = changing.sandbox.control
    order("/control/switches", {"netsuite.order_dates": "stay"})
    entered = {enter(changing, f"PO-{number}", 10, 4) for number in range(5)}
    changing.pass_time(60)

    def end(count: int) -> None:
        if count == 7:
            raise changing.Killed

    cut = changing.sync(only=STREAM, on_record=end)
    told = [one["id"] for one in cut.acknowledged if one["id"] in entered]
    order("/control/netsuite/orders/receive", {"id": told[0], "quantity": 4})
    order("/control/netsuite/delete", {"type": "purchaseorder", "id": told[1]})
    changing.pass_time(7200)
    resumed = changing.sync(cut.state, only=STREAM)
    now = {one["id"]: one for one in resumed.records(STREAM)}
    assert come(now[told[0]]) == [(4, 0, False), (4, 0, False)]
    assert now[told[1]]["is_deleted"]
    assert entered <= {*told, *now}
    changing.pass_time(7200)
    assert changing.sync(resumed.state, only=STREAM).ids(STREAM) == []


def test_orders_that_were_deleted_while_the_state_was_lost_are_told(changing: SandboxTap):
    number = enter(changing, "A", 10)
    changing.pass_time(60)
    assert number in changing.sync(only=STREAM).ids(STREAM)
    changing.sandbox.control("/control/netsuite/delete", {"type": "purchaseorder", "id": number})
    changing.pass_time(60)
    first = changing.sync(only=STREAM).records(STREAM)
    assert [one["id"] for one in first if one["is_deleted"]] == [number]


@pytest.mark.parametrize(
    "change",
    [
        "quantity = 12, amount_cents = 12000",
        "rate = '9.99', amount_cents = 9990",
        "quantityshiprecv = CASE id WHEN 1 THEN 0 ELSE 4 END",
        "isclosed = CASE id WHEN 2 THEN 'T' ELSE 'F' END",
    ],
    ids=["quantity", "price", "received of another line", "another line closed"],
)
def test_a_change_of_a_line_alone_is_told_once(changing: SandboxTap, change: str):
    order = changing.sandbox.control
    order("/control/switches", {"netsuite.order_dates": "stay"})
    number = enter(changing, "A", 10, 10)
    changing.sql(
        "UPDATE ns_transactionline SET quantityshiprecv = CASE id WHEN 1 THEN 4 ELSE 0 END,"
        " isclosed = CASE id WHEN 1 THEN 'T' ELSE 'F' END WHERE \"transaction\" = ?",
        number,
    )
    changing.pass_time(60)
    state = changing.sync(only=STREAM).state
    changing.sql(f'UPDATE ns_transactionline SET {change} WHERE "transaction" = ?', number)  # noqa: S608
    changing.pass_time(7200)
    told = changing.sync(state, only=STREAM)
    assert told.ids(STREAM) == [number]
    changing.pass_time(7200)
    assert changing.sync(told.state, only=STREAM).ids(STREAM) == []


def test_orders_that_were_closed_while_the_state_was_lost_are_told_from_the_start_date_on(
    changing: SandboxTap,
):
    numbers = {name: enter(changing, name, 10) for name in ("closed", "open", "older")}
    changing.sql("UPDATE ns_transaction SET trandate = '2026-01-31' WHERE id = ?", numbers["older"])
    changing.pass_time(60)
    assert set(numbers.values()) <= set(changing.sync(only=STREAM, start_date="2026-02-01").ids(STREAM))
    changing.sandbox.control("/control/netsuite/orders/close", {"id": numbers["closed"]})
    changing.sandbox.control("/control/netsuite/orders/close", {"id": numbers["older"]})
    changing.pass_time(60)
    again = {one["id"]: one for one in changing.sync(only=STREAM, start_date="2026-02-01").records(STREAM)}
    assert again[numbers["closed"]]["status"] == "closed"
    assert numbers["open"] in again
    assert numbers["older"] not in again


def test_an_expense_line_has_an_amount_alone_and_its_billing_is_told(changing: SandboxTap):
    control = changing.sandbox.control
    control("/control/switches", {"netsuite.order_dates": "stay"})
    lines = [{"quantity": 1, "rate": "250.00", "account": "6010"}]
    entered = {"vendor": "11", "tranid": "PO-E", "lines": lines}
    number = str(control("/control/netsuite/orders", entered)["id"])
    changing.pass_time(60)
    first = changing.sync(only=STREAM)
    (line,) = {one["id"]: one for one in first.records(STREAM)}[number]["lines"]
    assert (line["amount"], line["account_number"]) == (250, "6010")
    assert (line["quantity"], line["rate"], line["quantity_billed"]) == (None, None, None)
    control("/control/netsuite/orders/bill", {"id": number, "quantity": 1, "tranid": "INV-E"})
    changing.pass_time(7200)
    (told,) = changing.sync(first.state, only=STREAM).records(STREAM)
    assert (told["id"], told["status"]) == (number, "billed")
