"""vendorPayment: posted to the cent, refused where NetSuite refuses, undone by DELETE."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests

from apbridge_sandbox.store import Store
from sandbox.tests.netsuite.signed_in import RECORDS, NetSuite, OpenBill, audit, error_of

PAYMENT = f"{RECORDS}/vendorPayment"
NO_LINE = "Unable to find a matching line for sublist apply with key: [doc] and value: [{}]."


@pytest.fixture(autouse=True)
def _books_are_in_order(store: Store) -> Iterator[None]:
    yield
    with store.connection() as conn:
        audit(conn)


def _id(answer: requests.Response) -> str:
    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    return answer.headers["Location"].rpartition("/")[2]


def _bill(netsuite: NetSuite, bill: OpenBill) -> dict[str, str]:
    (row,) = netsuite.rows(
        "SELECT status, foreignamountunpaid AS unpaid, foreignamountpaid AS paid, closedate,"
        f' TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') AS modified'
        f" FROM transaction WHERE id = {bill.id}"
    )
    return row


def _accounting(netsuite: NetSuite, payment: str) -> list[tuple[str, Decimal]]:
    rows = netsuite.rows(
        "SELECT a.acctnumber AS account, l.amount FROM transactionaccountingline l"
        f" JOIN account a ON a.id = l.account WHERE l.transaction = {payment} ORDER BY l.transactionline ASC"
    )
    return [(row["account"], Decimal(row["amount"])) for row in rows]


def test_a_payment_closes_its_bill(netsuite: NetSuite, bills: list[OpenBill]):
    bill = bills[0]
    answer = netsuite.post(PAYMENT, json=bill.payment(externalId="p-1", tranId="10001", memo="It's paid"))
    payment = _id(answer)
    assert answer.headers["Location"] == f"{netsuite.base}{PAYMENT}/{payment}"
    row = _bill(netsuite, bill)
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
    assert _accounting(netsuite, payment) == [("1010", -bill.unpaid), ("2000", bill.unpaid)]
    (link,) = netsuite.rows(
        f"SELECT * FROM nexttransactionlinelink WHERE previousdoc = {bill.id} AND linktype = 'Payment'"
    )
    assert (link["nextdoc"], link["nexttype"], link["previoustype"]) == (payment, "VendPymt", "VendBill")
    assert Decimal(link["foreignamount"]) == bill.unpaid


def test_one_payment_over_several_bills_parts_and_a_discount(netsuite: NetSuite, bills: list[OpenBill]):
    first, second, third = bills
    body = first.payment()
    body["apply"]["items"] += [
        {"doc": {"id": second.id}, "apply": True, "amount": 10.01},
        {"doc": int(third.id), "apply": True, "amount": float(third.unpaid - 5), "disc": 5},
        {"doc": {"id": "999999"}, "apply": False},
    ]
    payment = _id(netsuite.post(PAYMENT, json=body))
    total = first.unpaid + Decimal("10.01") + third.unpaid - 5
    assert _accounting(netsuite, payment) == [
        ("1010", -total),
        ("2000", first.unpaid),
        ("2000", Decimal("10.01")),
        ("2000", third.unpaid),
        ("7100", Decimal(-5)),
    ]
    rows = [_bill(netsuite, bill) for bill in bills]
    assert [row["status"] for row in rows] == ["B", "A", "B"]
    assert Decimal(rows[1]["unpaid"]) == second.unpaid - Decimal("10.01")
    assert "closedate" not in rows[1]
    shown = netsuite.get(f"{PAYMENT}/{payment}", params={"expandSubResources": "true"}).json()
    assert (shown["id"], Decimal(str(shown["total"]))) == (payment, total)
    assert [line["doc"]["id"] for line in shown["apply"]["items"]] == [bill.id for bill in bills]
    assert shown["apply"]["items"][2]["disc"] == 5
    assert "items" not in netsuite.get(f"{PAYMENT}/{payment}").json()["apply"]


def test_what_is_not_said_is_filled_in(netsuite: NetSuite, bills: list[OpenBill]):
    bill = bills[0]
    body = bill.payment()
    del body["apply"]["items"][0]["amount"]
    payment = _id(netsuite.post(PAYMENT, json=body))
    shown = netsuite.get(f"{PAYMENT}/{payment}").json()
    assert Decimal(str(shown["total"])) == bill.unpaid
    assert (shown["tranDate"], shown["exchangeRate"], shown["toBePrinted"]) == ("2026-11-02", 1, False)
    assert shown["currency"]["refName"] == "US Dollar"
    assert shown["postingPeriod"]["refName"] == "Nov 2026"
    assert shown["subsidiary"]["id"] == "1"
    assert "externalId" not in shown


def test_references_may_be_by_external_id(netsuite: NetSuite, bills: list[OpenBill], store: Store):
    with store.write() as conn:
        conn.execute("UPDATE ns_vendor SET externalid = 'v-7' WHERE id = ?", (bills[0].vendor,))
    _id(netsuite.post(PAYMENT, json=bills[0].payment(entity={"externalId": "v-7"})))


def test_a_payment_in_another_currency(netsuite: NetSuite, store: Store):
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
    bill = OpenBill(str(row["id"]), str(row["entity"]), str(bank), amount)
    payment = _id(
        netsuite.post(PAYMENT, json=bill.payment(exchangeRate=0.5, currency={"id": str(row["currency"])}))
    )
    half = (amount / 2).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert [each for _, each in _accounting(netsuite, payment)] == [-half, half]
    assert Decimal(_bill(netsuite, bill)["paid"]) == amount


@pytest.mark.parametrize(
    ("change", "code", "path", "detail"),
    [
        ({"nosuch": 1}, "INVALID_CONTENT", "nosuch", "nosuch"),
        ({"entity": None}, "USER_ERROR", None, "Please enter value(s) for: Payee."),
        ({"account": None}, "USER_ERROR", None, "Please enter value(s) for: Account."),
        (
            {"entity": {"id": "999999"}},
            "INVALID_CONTENT",
            "entity",
            "Invalid Field Value 999999 for the following field: entity",
        ),
        ({"entity": {"externalId": "nobody"}}, "INVALID_CONTENT", "entity", "Invalid Field Value nobody"),
        ({"account": {"id": "x"}}, "INVALID_CONTENT", "account", "Invalid Field Value x"),
        ({"tranDate": "11/2/2026"}, "INVALID_CONTENT", "tranDate", "Invalid Field Value 11/2/2026"),
        ({"tranId": "1" * 46}, "INVALID_CONTENT", "tranId", "maximum number ( 45 ) of characters"),
        ({"tranId": 7}, "INVALID_CONTENT", "tranId", "Invalid Field Value 7"),
        ({"toBePrinted": "F"}, "INVALID_CONTENT", "toBePrinted", "Invalid Field Value F"),
        ({"exchangeRate": 0}, "INVALID_CONTENT", "exchangeRate", "Invalid Field Value 0"),
        ({"subsidiary": {"id": "2"}}, "INVALID_CONTENT", "subsidiary", "Invalid Field Value 2"),
        ({"apply": []}, "INVALID_CONTENT", "apply", "Invalid Field Value"),
        ({"apply": {"items": []}}, "USER_ERROR", None, "You must enter at least one line item"),
        (
            {"tranDate": "2026-01-15"},
            "USER_ERROR",
            "tranDate",
            "not within the date range of your accounting period.",
        ),
        (
            {"tranDate": "2031-01-15"},
            "USER_ERROR",
            "tranDate",
            "not within the date range of your accounting period.",
        ),
    ],
)
def test_wrong_fields_are_refused(
    netsuite: NetSuite,
    bills: list[OpenBill],
    *,
    change: dict[str, Any],
    code: str,
    path: str | None,
    detail: str,
):
    answer = netsuite.post(PAYMENT, json=bills[0].payment() | change)
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"], error.get("o:errorPath")) == (400, code, path)
    assert detail in error["detail"]
    assert _bill(netsuite, bills[0])["status"] == "A"


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ({"amount": 1.005}, "apply.items[0].amount"),
        ({"amount": "1.00"}, "apply.items[0].amount"),
        ({"amount": -1}, "apply.items[0].amount"),
        ({"amount": 0}, "apply.items[0].amount"),
        ({"amount": True}, "apply.items[0].amount"),
        ({"disc": -1}, "apply.items[0].amount"),
        ({"doc": {"externalId": "b"}}, "apply.items[0].doc"),
        ({"doc": "eid:b"}, "apply.items[0].doc"),
        ({"apply": "T"}, "apply.items[0].apply"),
        ({"nosuch": 1}, "apply.items[0].nosuch"),
    ],
)
def test_wrong_lines_are_refused(netsuite: NetSuite, bills: list[OpenBill], line: dict[str, Any], path: str):
    body = bills[0].payment()
    body["apply"]["items"][0] |= line
    error = error_of(netsuite.post(PAYMENT, json=body))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", path)


def test_a_bill_is_named_once(netsuite: NetSuite, bills: list[OpenBill]):
    body = bills[0].payment(Decimal(1))
    body["apply"]["items"] *= 2
    assert error_of(netsuite.post(PAYMENT, json=body))["o:errorPath"] == "apply.items[1]"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("user_error", 400, "USER_ERROR"), ("invalid_content", 400, "INVALID_CONTENT")],
)
def test_more_than_is_open_is_refused(
    netsuite: NetSuite, bills: list[OpenBill], kind: str, status: int, code: str
):
    netsuite.switch(over_application=kind)
    answer = netsuite.post(PAYMENT, json=bills[0].payment(bills[0].unpaid + Decimal("0.01")))
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"], error["o:errorPath"]) == (
        status,
        code,
        "apply.items[0].amount",
    )
    discounted = bills[0].payment()
    discounted["apply"]["items"][0]["disc"] = 0.01
    assert error_of(netsuite.post(PAYMENT, json=discounted))["o:errorCode"] == code


def test_more_than_is_open_may_be_trimmed(netsuite: NetSuite, bills: list[OpenBill]):
    netsuite.switch(over_application="trims")
    payment = _id(netsuite.post(PAYMENT, json=bills[0].payment(bills[0].unpaid + 7)))
    assert _accounting(netsuite, payment)[0][1] == -bills[0].unpaid


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("status = 'B'", "it is paid in full"),
        ("status = 'D', approvalstatus = 1", "it is not open"),
        ("approvalstatus = 1", "it is not approved"),
        ("approvalstatus = 3", "it is not approved"),
        ("paymenthold = 'T'", "it is on hold"),
        ("currency = 2", "it is in another currency"),
        ("subsidiary = 2", "it is another subsidiary's"),
        ("entity = 1 + (SELECT MAX(id) FROM ns_vendor)", "it is another vendor's"),
        ("account = 1 + account", "it is on another payables account"),
        ("type = 'VendCred'", "there is no such bill"),
    ],
)
def test_a_bill_that_cannot_be_paid_is_refused(
    netsuite: NetSuite, bills: list[OpenBill], store: Store, change: str, reason: str
):
    bill = bills[0]
    with store.write() as conn:
        ap_account = conn.execute("SELECT account FROM ns_transaction WHERE id = ?", (bill.id,)).fetchone()[0]
        before = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (bill.id,)).fetchone()
        conn.execute(f"UPDATE ns_transaction SET {change} WHERE id = ?", (bill.id,))
    body = bill.payment(apAcct={"id": str(ap_account)})
    error = error_of(netsuite.post(PAYMENT, json=body))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("USER_ERROR", "apply.items[0]")
    assert error["detail"].endswith(NO_LINE.format(bill.id))
    netsuite.switch(unpayable_bill="named")
    assert error_of(netsuite.post(PAYMENT, json=body))["detail"].endswith(
        f"Bill {bill.id} cannot be paid: {reason}."
    )
    with store.write() as conn:  # as it was, for the audit
        columns = ", ".join(f"{name} = ?" for name in before.keys())  # noqa: SIM118
        conn.execute(f"UPDATE ns_transaction SET {columns} WHERE id = ?", (*before, bill.id))


@pytest.mark.parametrize("number", ["1000", "1015", "1050", "1055", "2000", "5010"])
def test_money_comes_from_a_bank_account_that_fits(
    netsuite: NetSuite, bills: list[OpenBill], store: Store, number: str
):
    with store.connection() as conn:
        row = conn.execute("SELECT id FROM ns_account WHERE acctnumber = ?", (number,)).fetchone()
    account = str(row["id"]) if row else "999999"
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(account={"id": account})))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", "account")


@pytest.mark.parametrize("code", ["DUP_RCRD", "USER_ERROR", "INVALID_CONTENT"])
def test_an_external_id_is_given_once(netsuite: NetSuite, bills: list[OpenBill], code: str):
    netsuite.switch(duplicate_external_id=code)
    _id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1), externalId="p-1")))
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1), externalId="p-1")))
    assert error["o:errorCode"] == code
    assert error["detail"].endswith("This record already exists.")
    assert len(netsuite.rows("SELECT id FROM transaction WHERE externalid = 'p-1'")) == 1


def test_a_closed_period_has_a_code_of_its_own(netsuite: NetSuite, bills: list[OpenBill]):
    netsuite.switch(closed_period="INVALID_CONTENT")
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(tranDate="2026-01-15")))
    assert error["o:errorCode"] == "INVALID_CONTENT"


def test_an_upsert_creates_then_changes(netsuite: NetSuite, bills: list[OpenBill]):
    first, second, _ = bills
    path = f"{PAYMENT}/eid:avidxchange-payment-9"
    created = _id(netsuite.put(path, json=first.payment(Decimal(5))))
    again = _id(netsuite.put(path, json=second.payment(Decimal(7), memo="both")))
    assert created == again
    shown = netsuite.get(path, params={"expandSubResources": "true"}).json()
    assert (shown["externalId"], shown["memo"], shown["total"]) == ("avidxchange-payment-9", "both", 12)
    replaced = _id(netsuite.put(path, params={"replace": "apply"}, json=second.payment(Decimal(8))))
    assert replaced == created
    assert Decimal(_bill(netsuite, first)["unpaid"]) == first.unpaid
    assert Decimal(_bill(netsuite, second)["unpaid"]) == second.unpaid - 8
    error = error_of(netsuite.put(path, json=first.payment(externalId="another")))
    assert error["o:errorPath"] == "externalId"


def test_an_upsert_may_replace_the_lines(netsuite: NetSuite, bills: list[OpenBill]):
    netsuite.switch(upsert_apply="replaces")
    path = f"{PAYMENT}/eid:p-1"
    _id(netsuite.put(path, json=bills[0].payment(Decimal(5))))
    _id(netsuite.put(path, json=bills[1].payment(Decimal(7))))
    assert Decimal(_bill(netsuite, bills[0])["unpaid"]) == bills[0].unpaid


def test_a_change_keeps_what_it_does_not_name(netsuite: NetSuite, bills: list[OpenBill]):
    bill = bills[0]
    payment = _id(netsuite.post(PAYMENT, json=bill.payment(Decimal(5), tranId="77", memo="before")))
    assert _id(netsuite.patch(f"{PAYMENT}/{payment}", json={"memo": "after"})) == payment
    shown = netsuite.get(f"{PAYMENT}/{payment}").json()
    assert (shown["memo"], shown["tranId"], shown["total"]) == ("after", "77", 5)
    refused = netsuite.patch(f"{PAYMENT}/{payment}", json=bill.payment(bill.unpaid + 1))
    assert error_of(refused)["o:errorCode"] == "USER_ERROR"
    assert netsuite.get(f"{PAYMENT}/{payment}").json()["total"] == 5, "a refused change leaves all as it was"
    gone = {"apply": {"items": [{"doc": {"id": bill.id}, "apply": False}]}}
    assert "at least one line item" in error_of(netsuite.patch(f"{PAYMENT}/{payment}", json=gone))["detail"]


def test_a_bill_becomes_its_payment(netsuite: NetSuite, bills: list[OpenBill]):
    bill = bills[0]
    path = f"{RECORDS}/vendorBill/{bill.id}/!transform/vendorPayment"
    assert error_of(netsuite.post(path, json={}))["detail"].endswith("Please enter value(s) for: Account.")
    answer = netsuite.post(path, json={"account": {"id": bill.bank}, "externalId": "p-1"})
    payment = _id(answer)
    assert answer.headers["Location"] == f"{netsuite.base}{PAYMENT}/{payment}"
    assert _bill(netsuite, bill)["status"] == "B"
    assert error_of(netsuite.post(path, json={"account": {"id": bill.bank}}))["o:errorCode"] == "USER_ERROR"
    other = f"{RECORDS}/vendorBill/{bill.id}/!transform/vendorCredit"
    assert netsuite.post(other, json={}).status_code == 404


def test_a_part_of_a_bill_becomes_its_payment(netsuite: NetSuite, bills: list[OpenBill]):
    bill = bills[0]
    path = f"{RECORDS}/vendorBill/{bill.id}/!transform/vendorPayment"
    line = {"doc": {"id": bill.id}, "apply": True, "amount": 3.5}
    _id(netsuite.post(path, json={"account": {"id": bill.bank}, "apply": {"items": [line]}}))
    assert Decimal(_bill(netsuite, bill)["unpaid"]) == bill.unpaid - Decimal("3.5")


def test_a_deleted_payment_opens_its_bills_again(netsuite: NetSuite, bills: list[OpenBill]):
    body = bills[0].payment(externalId="p-1", tranId="10001")
    body["apply"]["items"] += bills[1].payment(Decimal(1))["apply"]["items"]
    payment = _id(netsuite.post(PAYMENT, json=body))
    answer = netsuite.delete(f"{PAYMENT}/eid:p-1")
    assert (answer.status_code, answer.content) == (204, b"")
    for bill in bills:
        row = _bill(netsuite, bill)
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
    another = _id(netsuite.post(PAYMENT, json=body))
    assert int(another) > int(payment), "an internal id is never given twice"


@pytest.mark.parametrize("touches_bill", [True, False])
@pytest.mark.parametrize("touches_line", [True, False])
def test_which_dates_a_payment_moves(
    netsuite: NetSuite, bills: list[OpenBill], *, touches_bill: bool, touches_line: bool
):
    netsuite.switch(payment_touches_bill=touches_bill, payment_touches_accounting_line=touches_line)
    query = (
        'SELECT TO_CHAR(SYS_EXTRACT_UTC(l.lastmodifieddate), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') AS modified'
        f" FROM transactionaccountingline l WHERE l.transaction = {bills[0].id} AND l.transactionline = 0"
    )
    before, line_before = _bill(netsuite, bills[0])["modified"], netsuite.rows(query)
    _id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1))))
    assert (_bill(netsuite, bills[0])["modified"] != before) is touches_bill
    assert (netsuite.rows(query) != line_before) is touches_line


def test_a_locked_record_is_not_touched(netsuite: NetSuite, bills: list[OpenBill], store: Store):
    payment = _id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1))))
    with store.write() as conn:
        conn.execute("UPDATE ns_transaction SET locked = 'T' WHERE id = ?", (payment,))
    path = f"{PAYMENT}/{payment}"
    for answer in (netsuite.get(path), netsuite.patch(path, json={"memo": "x"}), netsuite.delete(path)):
        assert error_of(answer)["detail"].endswith("locked by a user defined workflow.")


def test_a_payment_of_a_closed_period_stays(netsuite: NetSuite, bills: list[OpenBill], store: Store):
    payment = _id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1))))
    with store.write() as conn:
        conn.execute("UPDATE ns_accountingperiod SET aplocked = 'T' WHERE periodname = 'Nov 2026'")
    path = f"{PAYMENT}/{payment}"
    for answer in (netsuite.patch(path, json={"memo": "x"}), netsuite.delete(path)):
        assert "accounting period" in error_of(answer)["detail"]


def test_a_second_write_of_the_same_id_is_refused_while_the_first_commits(
    netsuite: NetSuite, bills: list[OpenBill]
):
    netsuite.switch(commit_delay_ms=400)
    body = bills[0].payment(Decimal(1), externalId="p-1")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: netsuite.post(PAYMENT, json=body), range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 400]
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert error_of(refused)["o:errorCode"] == "RCRD_HAS_BEEN_CHANGED"


def test_a_role_without_the_permission(netsuite: NetSuite, bills: list[OpenBill]):
    netsuite.switch(missing_permissions="Transactions -> Pay Bills")
    answer = netsuite.post(PAYMENT, json=bills[0].payment())
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")
    assert "'Transactions -> Pay Bills' permission" in error["detail"]


@pytest.mark.parametrize(
    ("feature", "field"),
    [
        ("oneworld", "subsidiary"),
        ("departments", "department"),
        ("classes", "class"),
        ("locations", "location"),
        ("multicurrency", "currency"),
    ],
)
def test_fields_of_features_that_are_off_are_unknown(
    netsuite: NetSuite, bills: list[OpenBill], feature: str, field: str
):
    netsuite.switch(**{feature: False})
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(**{field: {"id": "1"}})))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", field)


def test_discounts_are_a_feature(netsuite: NetSuite, bills: list[OpenBill]):
    netsuite.switch(discounts=False)
    body = bills[0].payment(Decimal(1))
    body["apply"]["items"][0]["disc"] = 1
    assert error_of(netsuite.post(PAYMENT, json=body))["o:errorPath"] == "apply.items[0].disc"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"'])
def test_a_body_is_a_json_object(netsuite: NetSuite, body: bytes):
    assert error_of(netsuite.post(PAYMENT, data=body))["o:errorCode"] == "INVALID_CONTENT"


def test_records_that_are_not_there(netsuite: NetSuite, bills: list[OpenBill]):
    for path in (f"{PAYMENT}/999999", f"{PAYMENT}/eid:nobody", f"{PAYMENT}/{bills[0].id}", f"{PAYMENT}/x"):
        for method in ("GET", "PATCH", "DELETE"):
            answer = netsuite.request(method, path, json={"memo": "x"} if method == "PATCH" else None)
            assert (answer.status_code, error_of(answer)["o:errorCode"]) == (404, "NONEXISTENT_ID")
    assert netsuite.get(f"{RECORDS}/nosuchtype/1").status_code == 404
    assert netsuite.get(PAYMENT).status_code == 405
    assert netsuite.put(f"{PAYMENT}/5", json={}).status_code == 405


def test_a_retry_after_a_lost_answer_does_not_pay_twice(netsuite: NetSuite, bills: list[OpenBill]):
    netsuite.sandbox.control(
        "/control/faults",
        {"match": {"method": "POST", "path": "vendorPayment", "times": 1}, "do": {"drop": "after"}},
    )
    body = bills[0].payment(Decimal(1), externalId="p-1")
    with pytest.raises(requests.ConnectionError):
        netsuite.post(PAYMENT, json=body)
    assert error_of(netsuite.post(PAYMENT, json=body))["o:errorCode"] == "DUP_RCRD"
    assert Decimal(_bill(netsuite, bills[0])["paid"]) == 1


def test_the_limits_are_told(netsuite: NetSuite):
    limits = netsuite.get("/services/rest/system/v1/governanceLimits").json()
    assert (limits["accountConcurrencyLimit"], limits["integrationConcurrencyLimit"]) == (5, 5)
    netsuite.switch(missing_permissions="Setup -> Integration Management")
    assert netsuite.get("/services/rest/system/v1/governanceLimits").status_code == 403
