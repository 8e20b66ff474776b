"""vendorBill: read, changed a little, deleted where nothing is applied to it."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import RECORDS, SeededBill, SignedInNetSuite, audit, error_of

BILL = f"{RECORDS}/vendorBill"


def test_a_bill_is_read_with_its_lines(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    shown = netsuite.get(f"{BILL}/{bill.id}", params={"expandSubResources": "true"}).json()
    assert (shown["id"], shown["entity"]["id"], shown["paymentHold"]) == (bill.id, bill.vendor, False)
    assert Decimal(str(shown["total"])) == bill.unpaid
    lines = shown["expense"]["items"] + shown["item"]["items"]
    counted = netsuite.rows(
        f"SELECT id FROM transactionline WHERE transaction = {bill.id} AND mainline = 'F' AND taxline = 'F'"
    )
    assert sorted(line["line"] for line in lines) == sorted(int(row["id"]) for row in counted)


@pytest.mark.parametrize(
    ("change", "column", "value"),
    [
        ({"memo": "held back"}, "memo", "held back"),
        ({"paymentHold": True}, "paymenthold", "T"),
        ({"dueDate": "2026-12-24"}, "duedate", "12/24/2026"),
        ({"externalId": "b-1"}, "externalid", "b-1"),
        ({"approvalStatus": {"id": "1"}}, "status", "D"),
        ({"approvalStatus": {"id": "3"}}, "status", "E"),
    ],
)
def test_a_change_moves_the_bills_date(
    netsuite: SignedInNetSuite, bills: list[SeededBill], change: dict[str, Any], column: str, value: str
):
    bill = bills[0]
    answer = netsuite.patch(f"{BILL}/{bill.id}", json=change)
    assert (answer.status_code, answer.headers["Location"]) == (204, f"{netsuite.base}{BILL}/{bill.id}")
    (row,) = netsuite.rows(
        f"SELECT {column} AS value, lastmodifieddate FROM transaction WHERE id = {bill.id}"
    )
    assert row == {"value": value, "lastmodifieddate": "11/2/2026"}


def test_wrong_changes_are_refused(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    path = f"{BILL}/{bills[0].id}"
    assert error_of(netsuite.patch(path, json={"entity": {"id": "1"}}))["o:errorPath"] == "entity"
    assert (
        error_of(netsuite.patch(path, json={"approvalStatus": {"id": "9"}}))["o:errorPath"]
        == "approvalStatus"
    )
    assert netsuite.post(f"{RECORDS}/vendorPayment", json=bills[0].payment(Decimal(1))).ok
    assert error_of(netsuite.patch(path, json={"approvalStatus": {"id": "1"}}))["o:errorCode"] == "USER_ERROR"
    assert netsuite.post(BILL, json={}).status_code == 405


def test_a_deleted_bill_leaves_its_trace(netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store):
    paid, bill, _ = bills
    assert netsuite.delete(f"{BILL}/{bill.id}").status_code == 204
    (deleted,) = netsuite.rows("SELECT recordid, type FROM deletedrecord")
    assert deleted == {"recordid": bill.id, "type": "vendorbill"}
    assert netsuite.get(f"{BILL}/{bill.id}").status_code == 404
    assert netsuite.post(f"{RECORDS}/vendorPayment", json=paid.payment(Decimal(1))).ok
    assert "linked to" in error_of(netsuite.delete(f"{BILL}/{paid.id}"))["detail"]
    with store.connection() as conn:
        audit(conn)
