"""vendorPayment: posted to the cent, changed, undone by DELETE."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from decimal import Decimal

import pytest

from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import PAYMENT, RECORDS, SeededBill, SignedInNetSuite, error_of, posted_id

pytestmark = pytest.mark.usefixtures("audited")


def test_a_payment_closes_its_bill(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    answer = netsuite.post(PAYMENT, json=bill.payment(externalId="p-1", tranId="10001", memo="It's paid"))
    payment = posted_id(answer)
    assert answer.headers["Location"] == f"{netsuite.base}{PAYMENT}/{payment}"
    row = netsuite.bill(bill)
    assert (row["status"], row["unpaid"], Decimal(row["paid"]), row["closedate"]) == (
        "B",
        "0",
        bill.unpaid,
        "11/2/2026",
    )
    (head,) = netsuite.rows(
        "SELECT type, tranid, externalid, memo, foreigntotal, entity, recordtype, status, trandate"
        f" FROM transaction WHERE id = {payment}"
    )
    assert head == {
        "type": "VendPymt",
        "recordtype": "vendorpayment",
        "tranid": "10001",
        "externalid": "p-1",
        "memo": "It's paid",
        "entity": bill.vendor,
        "status": "F",
        "foreigntotal": head["foreigntotal"],
        "trandate": "11/2/2026",
    }
    assert Decimal(head["foreigntotal"]) == -bill.unpaid
    assert netsuite.accounting(payment) == [("1010", -bill.unpaid), ("2000", bill.unpaid)]
    (link,) = netsuite.rows(
        f"SELECT * FROM nexttransactionlinelink WHERE previousdoc = {bill.id} AND linktype = 'Payment'"
    )
    assert (link["nextdoc"], link["nexttype"], link["previoustype"]) == (payment, "VendPymt", "VendBill")
    assert Decimal(link["foreignamount"]) == bill.unpaid


def test_one_payment_over_several_bills_parts_and_a_discount(
    netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    first, second, third = bills
    body = first.payment()
    body["apply"]["items"] += [
        {"doc": {"id": second.id}, "apply": True, "amount": 10.01},
        {"doc": {"id": int(third.id)}, "apply": True, "amount": float(third.unpaid - 5), "disc": 5},
        {"doc": {"id": "999999"}, "apply": False},
    ]
    payment = posted_id(netsuite.post(PAYMENT, json=body))
    total = first.unpaid + Decimal("10.01") + third.unpaid - 5
    assert netsuite.accounting(payment) == [
        ("1010", -total),
        ("2000", first.unpaid),
        ("2000", Decimal("10.01")),
        ("2000", third.unpaid),
        ("7100", Decimal(-5)),
    ]
    rows = [netsuite.bill(bill) for bill in bills]
    assert [row["status"] for row in rows] == ["B", "A", "B"]
    assert Decimal(rows[1]["unpaid"]) == second.unpaid - Decimal("10.01")
    assert "closedate" not in rows[1]
    shown = netsuite.get(f"{PAYMENT}/{payment}", params={"expandSubResources": "true"}).json()
    assert (shown["id"], Decimal(str(shown["total"]))) == (payment, total)
    assert [line["doc"]["id"] for line in shown["apply"]["items"]] == [bill.id for bill in bills]
    assert shown["apply"]["items"][2]["disc"] == 5
    assert "items" not in netsuite.get(f"{PAYMENT}/{payment}").json()["apply"]


def test_what_is_not_said_is_filled_in(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    body = bill.payment()
    del body["apply"]["items"][0]["amount"]
    payment = posted_id(netsuite.post(PAYMENT, json=body))
    shown = netsuite.get(f"{PAYMENT}/{payment}").json()
    assert Decimal(str(shown["total"])) == bill.unpaid
    assert (shown["tranDate"], shown["exchangeRate"], shown["toBePrinted"]) == ("2026-11-02", 1, False)
    assert shown["currency"]["refName"] == "US Dollar"
    assert shown["postingPeriod"]["refName"] == "Nov 2026"
    assert shown["subsidiary"]["id"] == "1"
    assert "externalId" not in shown


def test_references_may_be_by_external_id(netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store):
    with store.write() as conn:
        conn.execute("UPDATE ns_vendor SET externalid = 'v-7' WHERE id = ?", (bills[0].vendor,))
    posted_id(netsuite.post(PAYMENT, json=bills[0].payment(entity={"externalId": "v-7"})))


def test_a_payment_in_another_currency(netsuite: SignedInNetSuite, store: Store):
    with store.write() as conn:
        row = conn.execute(
            "SELECT * FROM ns_transaction WHERE type = 'VendBill' AND status = 'A' AND currency <> 1 LIMIT 1"
        ).fetchone()
        assert row, "the company of this seed has an open bill in Canadian dollars"
        bank = conn.execute(
            "SELECT id FROM ns_account WHERE accttype = 'Bank' AND currency = ? AND subsidiary = ?",
            (row["currency"], str(row["subsidiary"])),
        ).fetchone()["id"]
    amount = Decimal(row["total_cents"]) / 100
    bill = SeededBill(str(row["id"]), str(row["entity"]), str(bank), amount)
    payment = posted_id(
        netsuite.post(PAYMENT, json=bill.payment(exchangeRate=0.5, currency={"id": str(row["currency"])}))
    )
    half = (amount / 2).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert [each for _, each in netsuite.accounting(payment)] == [-half, half]
    assert Decimal(netsuite.bill(bill)["paid"]) == amount


def test_an_upsert_creates_then_changes(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    first, second, _ = bills
    path = f"{PAYMENT}/eid:avidxchange-payment-9"
    created = posted_id(netsuite.put(path, json=first.payment(Decimal(5))))
    again = posted_id(netsuite.put(path, json=second.payment(Decimal(7), memo="both")))
    assert created == again
    shown = netsuite.get(path, params={"expandSubResources": "true"}).json()
    assert (shown["externalId"], shown["memo"], shown["total"]) == ("avidxchange-payment-9", "both", 12)
    replaced = posted_id(netsuite.put(path, params={"replace": "apply"}, json=second.payment(Decimal(8))))
    assert replaced == created
    assert Decimal(netsuite.bill(first)["unpaid"]) == first.unpaid
    assert Decimal(netsuite.bill(second)["unpaid"]) == second.unpaid - 8
    error = error_of(netsuite.put(path, json=first.payment(externalId="another")))
    assert error["o:errorPath"] == "externalId"


def test_an_upsert_may_replace_the_lines(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.switch(upsert_apply="replaces")
    path = f"{PAYMENT}/eid:p-1"
    posted_id(netsuite.put(path, json=bills[0].payment(Decimal(5))))
    posted_id(netsuite.put(path, json=bills[1].payment(Decimal(7))))
    assert Decimal(netsuite.bill(bills[0])["unpaid"]) == bills[0].unpaid


def test_a_change_keeps_what_it_does_not_name(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    payment = posted_id(netsuite.post(PAYMENT, json=bill.payment(Decimal(5), tranId="77", memo="before")))
    assert posted_id(netsuite.patch(f"{PAYMENT}/{payment}", json={"memo": "after"})) == payment
    shown = netsuite.get(f"{PAYMENT}/{payment}").json()
    assert (shown["memo"], shown["tranId"], shown["total"]) == ("after", "77", 5)
    refused = netsuite.patch(f"{PAYMENT}/{payment}", json=bill.payment(bill.unpaid + 1))
    assert error_of(refused)["o:errorCode"] == "USER_ERROR"
    assert netsuite.get(f"{PAYMENT}/{payment}").json()["total"] == 5, "a refused change leaves all as it was"
    gone = {"apply": {"items": [{"doc": {"id": bill.id}, "apply": False}]}}
    assert "at least one line item" in error_of(netsuite.patch(f"{PAYMENT}/{payment}", json=gone))["detail"]


def test_a_bill_becomes_its_payment(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    path = f"{RECORDS}/vendorBill/{bill.id}/!transform/vendorPayment"
    assert error_of(netsuite.post(path, json={}))["detail"].endswith("Please enter value(s) for: Account.")
    answer = netsuite.post(path, json={"account": {"id": bill.bank}, "externalId": "p-1"})
    payment = posted_id(answer)
    assert answer.headers["Location"] == f"{netsuite.base}{PAYMENT}/{payment}"
    assert netsuite.bill(bill)["status"] == "B"
    assert error_of(netsuite.post(path, json={"account": {"id": bill.bank}}))["o:errorCode"] == "USER_ERROR"
    other = f"{RECORDS}/vendorBill/{bill.id}/!transform/vendorCredit"
    assert netsuite.post(other, json={}).status_code == 404


def test_a_part_of_a_bill_becomes_its_payment(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    path = f"{RECORDS}/vendorBill/{bill.id}/!transform/vendorPayment"
    line = {"doc": {"id": bill.id}, "apply": True, "amount": 3.5}
    posted_id(netsuite.post(path, json={"account": {"id": bill.bank}, "apply": {"items": [line]}}))
    assert Decimal(netsuite.bill(bill)["unpaid"]) == bill.unpaid - Decimal("3.5")


def test_a_deleted_payment_opens_its_bills_again(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    body = bills[0].payment(externalId="p-1", tranId="10001")
    body["apply"]["items"] += bills[1].payment(Decimal(1))["apply"]["items"]
    payment = posted_id(netsuite.post(PAYMENT, json=body))
    answer = netsuite.delete(f"{PAYMENT}/eid:p-1")
    assert (answer.status_code, answer.content) == (204, b"")
    for bill in bills:
        row = netsuite.bill(bill)
        assert (row["status"], Decimal(row["unpaid"]), row["paid"]) == ("A", bill.unpaid, "0")
        assert "closedate" not in row
    (deleted,) = netsuite.rows("SELECT * FROM deletedrecord")
    assert (deleted["recordid"], deleted["type"], deleted["name"]) == (payment, "vendorpayment", "10001")
    assert deleted["context"] == "REST Web Services"
    for table in ("transactionline", "transactionaccountingline"):
        assert not netsuite.rows(f"SELECT transaction FROM {table} WHERE transaction = {payment}")
    answer = netsuite.get(f"{PAYMENT}/{payment}")
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"]) == (404, "NONEXISTENT_ID")
    another = posted_id(netsuite.post(PAYMENT, json=body))
    assert int(another) > int(payment), "an internal id is never given twice"


@pytest.mark.parametrize("touches_bill", [True, False])
@pytest.mark.parametrize("touches_line", [True, False])
def test_which_dates_a_payment_moves(
    netsuite: SignedInNetSuite, bills: list[SeededBill], *, touches_bill: bool, touches_line: bool
):
    netsuite.switch(
        accounting_line_dates="kept",
        payment_touches_bill=touches_bill,
        payment_touches_accounting_line=touches_line,
    )
    query = (
        'SELECT TO_CHAR(SYS_EXTRACT_UTC(l.lastmodifieddate), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') AS modified'
        f" FROM transactionaccountingline l WHERE l.transaction = {bills[0].id} AND l.transactionline = 0"
    )
    before, line_before = netsuite.bill(bills[0])["modified"], netsuite.rows(query)
    posted_id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1))))
    assert (netsuite.bill(bills[0])["modified"] != before) is touches_bill
    assert (netsuite.rows(query) != line_before) is touches_line


def test_the_limits_are_told(netsuite: SignedInNetSuite):
    limits = netsuite.get("/services/rest/system/v1/governanceLimits").json()
    assert (limits["accountConcurrencyLimit"], limits["integrationConcurrencyLimit"]) == (5, 5)
    netsuite.switch(missing_permissions="Setup -> Integration Management")
    assert netsuite.get("/services/rest/system/v1/governanceLimits").status_code == 403
