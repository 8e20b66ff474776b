"""What a run may change at once of accounts, orders and credits, also where the ledger was lost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger, Status
from apbridge.ledger.held import held_changes
from tests.canonical import (
    CODING,
    MODIFIED,
    NS,
    STREAMS,
    Message,
    account,
    bill,
    credit,
    line,
    read_until,
    vendor,
)

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany, TargetResult

ALL_STREAMS = (*STREAMS, "purchase_orders", "vendor_credits")
READ = read_until(MODIFIED, ALL_STREAMS)


def send(company: ReceivingCompany, *messages: Message, **settings: Any) -> TargetResult:  # noqa: ANN401
    usual = {"streams": ALL_STREAMS, "state": READ, "before": READ, "brake_percent": 10}
    return company.send(*messages, **{**usual, **settings})


def fails(company: ReceivingCompany, *messages: Message, **settings: Any) -> str:  # noqa: ANN401
    with pytest.raises(APBridgeError) as found:
        send(company, *messages, **settings)
    assert found.value.code == "APB-BRK-010"
    return str(found.value)


def codes(company: ReceivingCompany) -> dict[str, str]:
    found = company.rows("SELECT external_id, code FROM ax_gl_account")
    return {one["external_id"].rpartition("-")[2]: one["code"] for one in found}


def renumbered_to(number: int, code: int) -> Message:
    stream, record = account(number)
    return stream, {**record, "number": str(code)}


def order(number: int, *, received: int = 0, **changes: object) -> Message:
    of_item = {name: value for name, value in line(1, "10.00").items() if name != "kind"}
    quantities = {"quantity": 4, "rate": Decimal("2.5"), "quantity_received": received, "quantity_billed": 0}
    record = {
        "id": str(number),
        "external_id": f"{NS}-purchaseorder-{number}",
        "number": f"PO-{number}",
        "vendor_id": "1",
        "order_date": "2026-10-01",
        "currency": "USD",
        "total": Decimal("10.00"),
        "status": "pending_receipt",
        "lines": [{**of_item, **quantities, "is_closed": False}],
        "is_deleted": False,
        "modified_at": MODIFIED,
    }
    return "purchase_orders", record | changes


def test_after_a_lost_ledger_what_is_held_stays_so_in_the_next_run(company: ReceivingCompany):
    company.given(*CODING, *(account(n) for n in range(1, 41)))
    company.lose_ledger()
    inactive = [account(n, is_active=n > 30) for n in range(1, 41)]
    for _ in range(2):
        said = fails(company, *inactive, before=None)
        assert "30 gl accounts would be made inactive" in said
    assert len(company.rows("SELECT 1 FROM ax_gl_account WHERE NOT active")) == 0


@pytest.mark.parametrize("loses", [False, True])
def test_no_code_is_freed_while_its_change_is_held(company: ReceivingCompany, loses: bool):  # noqa: FBT001
    company.given(*CODING, *(account(n) for n in range(1, 31)))
    if loses:
        company.lose_ledger()
    before = codes(company)
    # Four change places, and sixteen get new numbers.
    numbers = {n: 6000 + n % 4 + 1 if n < 5 else 7000 + n for n in range(1, 21)}
    renumbered = [renumbered_to(n, numbers.get(n, 6000 + n)) for n in range(1, 31)]
    for _ in range(2):
        assert "20 gl accounts would be changed" in fails(
            company, *renumbered, before=None if loses else READ
        )
        assert codes(company) == before
    send(company, *renumbered, brake_off=True)
    assert [codes(company)[n] for n in "12345"] == ["6002", "6003", "6004", "6001", "7005"]


def test_codes_that_change_places_are_counted_over_all_batches(company: ReceivingCompany):
    company.given(*CODING, *(account(n) for n in range(1, 31)))
    before = codes(company)
    company.batch = 5
    swapped = [renumbered_to(n, 6000 + (n + 1 if n % 2 else n - 1)) for n in range(1, 31)]
    assert "30 gl accounts would be changed" in fails(company, *swapped)
    assert codes(company) == before
    # Up to the limits all of them go, with the last batch.
    send(company, *swapped, brake_percent=100)
    assert {int(n): code for n, code in codes(company).items()} == {
        n: str(6000 + (n + 1 if n % 2 else n - 1)) for n in range(1, 31)
    }


@pytest.mark.parametrize("batch", [2, 3])
def test_codes_that_change_places_in_a_ring_over_several_batches_are_all_right_at_the_end(
    company: ReceivingCompany, batch: int
):
    company.given(*CODING, *map(account, range(1, 5)))
    company.batch = batch
    result = send(company, *(renumbered_to(n, 6000 + n % 4 + 1) for n in range(1, 5)), brake_off=True)
    assert result.counts == {"gl_accounts": {"delivered": 4}}
    assert codes(company) == {str(n): str(6000 + n % 4 + 1) for n in range(1, 5)}


@pytest.mark.parametrize("first", ["", "6001,,6002\n6002,,6001\n"])
def test_bills_wait_for_a_code_whose_change_is_held(company: ReceivingCompany, first: str):
    messages = [vendor(1), *(account(n) for n in range(1, 13)), bill(1, line(1, "5.00"))]
    send(company, *messages, before=None)
    mapping = company.folder / "accounts.csv"
    mapping.write_text(f"account,subsidiary,code\n{first}60*,,EXP-*\n")
    before = company.invoice(1)["content"]
    for _ in range(2):
        assert "12 gl accounts would be changed" in fails(company, *messages, gl_mapping=str(mapping))
        row = company.row(1)
        assert (row.status, row.code) == (Status.WAITING, "APB-SNG-013")
        assert "waits for gl_accounts with code" in (row.reason or "")
        assert company.invoice(1)["content"] == before
    send(company, *messages, gl_mapping=str(mapping), brake_off=True)
    assert company.row(1).status is Status.DELIVERED
    (sent,) = json.loads(company.invoice(1)["content"])["lines"]
    assert sent["glCode"] == codes(company)["1"] != "6001"


@pytest.mark.parametrize("loses", [False, True])
def test_of_a_code_that_is_to_change_the_old_and_the_new_one_are_told(company: ReceivingCompany, loses: bool):  # noqa: FBT001
    company.given(*CODING, *map(account, range(1, 31)))
    if loses:
        company.lose_ledger()
    mapping = company.folder / "accounts.csv"
    mapping.write_text("account,code\n601*,EXP-*\n6001,6002\n6002,6001\n")
    renamed = account(1, name="Rent")
    others = [account(n) for n in range(2, 30)]
    said = fails(company, renamed, *others, account(30, name="Tax"), gl_mapping=str(mapping), before=None)
    assert "such as that its code changes: 6001 becomes 6002 (12)" in said
    with Ledger(company.config["ledger_url"]) as ledger:
        (changes,) = held_changes(ledger)
    told = {one.external_id.rpartition("-")[2]: one.because for one in changes.records}
    assert told["1"] == "its code changes: 6001 becomes 6002"
    assert told["10"] == "its code changes: 6010 becomes EXP-0"
    assert told["30"] == "it changed in NetSuite or in the mapping"
    assert len(told) == 13


def test_numbers_of_deleted_accounts_are_given_to_others_however_many(company: ReceivingCompany):
    some = range(1, 13)
    company.given(*CODING, *map(account, some))
    deleted = [account(n, is_deleted=True) for n in some]
    send(company, *deleted, *(renumbered_to(n + 50, 6000 + n) for n in some), brake_percent=100)
    found = codes(company)
    assert [found[str(n + 50)] for n in some] == [str(6000 + n) for n in some]


def test_goods_that_come_go_at_once_and_closings_are_held(company: ReceivingCompany):
    some = range(1, 13)
    send(company, *CODING, *map(order, some), before=None)
    result = send(company, *(order(n, received=2) for n in some))
    assert result.counts["purchase_orders"] == {"delivered": 12}
    said = fails(company, *(order(n, received=2, status="closed") for n in some))
    assert "12 purchase orders would be changed" in said


def test_an_order_that_was_rejected_after_a_lost_ledger_is_closed(company: ReceivingCompany):
    send(company, *CODING, order(1), order(2), before=None)
    company.lose_ledger()
    send(company, vendor(1), account(1), order(1, vendor_id=None), order(2), before=None)
    send(company, order(1, status="closed"))
    (found,) = company.rows("SELECT content FROM ax_purchase_order WHERE external_id LIKE '%-1'")
    assert json.loads(found["content"])["open"] is False


def test_credits_are_held_too_but_not_what_is_applied_of_them(company: ReceivingCompany):
    some = range(1, 13)
    send(company, *CODING, *map(credit, some), before=None)
    used: dict[str, Any] = {"amount_available": Decimal("30.00")}
    assert send(company, *(credit(n, **used) for n in some)).counts["vendor_credits"] == {"delivered": 12}
    narrowed: dict[str, Any] = {
        "is_eligible": False,
        "ineligible_because": "subsidiaries leaves out its subsidiary, 3",
    }
    said = fails(company, *(credit(n, **used, **narrowed) for n in some))
    assert "12 vendor credits would be withdrawn" in said
    said = fails(company, *(credit(n, line(1, "100.00"), **used) for n in some))
    assert "12 vendor credits would be changed" in said
    found = company.rows("SELECT DISTINCT status, total_cents FROM ax_invoice")
    assert [(one["status"], one["total_cents"]) for one in found] == [("submitted", -3000)]
    applied: dict[str, Any] = {"amount_available": Decimal(0), "is_eligible": False, "status": "applied"}
    assert send(company, *(credit(n, **applied) for n in some)).counts["vendor_credits"] == {"delivered": 12}


@pytest.mark.parametrize("before", [[], [order(1, status="pending_approval")]], ids=["unheard of", "ignored"])
def test_an_order_of_which_an_older_ledger_does_not_know_that_it_was_sent_is_closed(
    company: ReceivingCompany, before: list[Message]
):
    send(company, *CODING, order(2), *before, before=None)
    older = (company.folder / "ledger.db").read_bytes()
    send(company, order(1))
    company.lose_ledger()
    (company.folder / "ledger.db").write_bytes(older)
    closed = order(1, status="closed")
    assert send(company, closed).counts == {"purchase_orders": {"delivered": 1}}
    shown = company.rows("SELECT external_id, content FROM ax_purchase_order ORDER BY external_id")
    assert [json.loads(one["content"])["open"] for one in shown] == [False, True]
