"""vendorPayment: what NetSuite refuses, and that a refusal changes nothing."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
import requests

from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import PAYMENT, RECORDS, SeededBill, SignedInNetSuite, error_of, posted_id
from tests.waiting import PATIENCE

JSON = {"Content-Type": "application/json"}
NO_LINE = "Unable to find a matching line for sublist apply with key: [doc] and value: [{}]."


pytestmark = pytest.mark.usefixtures("audited")


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
        ({"exchangeRate": 1e300}, "INVALID_CONTENT", "exchangeRate", "Invalid Field Value"),
        ({"entity": {"id": "9" * 40}}, "INVALID_CONTENT", "entity", "Invalid Field Value"),
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
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
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
    assert netsuite.bill(bills[0])["status"] == "A"


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
def test_wrong_lines_are_refused(
    netsuite: SignedInNetSuite, bills: list[SeededBill], line: dict[str, Any], path: str
):
    body = bills[0].payment()
    body["apply"]["items"][0] |= line
    error = error_of(netsuite.post(PAYMENT, json=body))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", path)


def test_a_bill_is_named_once(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    body = bills[0].payment(Decimal(1))
    body["apply"]["items"] *= 2
    assert error_of(netsuite.post(PAYMENT, json=body))["o:errorPath"] == "apply.items[1]"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("user_error", 400, "USER_ERROR"), ("invalid_content", 400, "INVALID_CONTENT")],
)
def test_more_than_is_open_is_refused(
    netsuite: SignedInNetSuite, bills: list[SeededBill], kind: str, status: int, code: str
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


def test_more_than_is_open_may_be_trimmed(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.switch(over_application="trims")
    payment = posted_id(netsuite.post(PAYMENT, json=bills[0].payment(bills[0].unpaid + 7)))
    assert netsuite.accounting(payment)[0][1] == -bills[0].unpaid


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
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store, change: str, reason: str
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
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store, number: str
):
    with store.connection() as conn:
        row = conn.execute("SELECT id FROM ns_account WHERE acctnumber = ?", (number,)).fetchone()
    account = str(row["id"]) if row else "999999"
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(account={"id": account})))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", "account")


@pytest.mark.parametrize("code", ["DUP_RCRD", "USER_ERROR", "INVALID_CONTENT"])
def test_an_external_id_is_given_once(netsuite: SignedInNetSuite, bills: list[SeededBill], code: str):
    netsuite.switch(duplicate_external_id=code)
    posted_id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1), externalId="p-1")))
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1), externalId="p-1")))
    assert error["o:errorCode"] == code
    assert error["detail"].endswith("This record already exists.")
    assert len(netsuite.rows("SELECT id FROM transaction WHERE externalid = 'p-1'")) == 1


def test_a_closed_period_has_a_code_of_its_own(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.switch(closed_period="INVALID_CONTENT")
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(tranDate="2026-01-15")))
    assert error["o:errorCode"] == "INVALID_CONTENT"


def test_a_locked_record_is_not_touched(netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store):
    payment = posted_id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1))))
    with store.write() as conn:
        conn.execute("UPDATE ns_transaction SET locked = 'T' WHERE id = ?", (payment,))
    path = f"{PAYMENT}/{payment}"
    for answer in (netsuite.get(path), netsuite.patch(path, json={"memo": "x"}), netsuite.delete(path)):
        assert error_of(answer)["detail"].endswith("locked by a user defined workflow.")


def test_a_payment_of_a_closed_period_stays(
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store
):
    payment = posted_id(netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1))))
    with store.write() as conn:
        conn.execute("UPDATE ns_accountingperiod SET aplocked = 'T' WHERE periodname = 'Nov 2026'")
    path = f"{PAYMENT}/{payment}"
    for answer in (netsuite.patch(path, json={"memo": "x"}), netsuite.delete(path)):
        assert "accounting period" in error_of(answer)["detail"]


def test_a_second_write_of_the_same_id_is_refused_while_the_first_commits(
    netsuite: SignedInNetSuite, bills: list[SeededBill], monkeypatch: pytest.MonkeyPatch
):
    committing, go_on = Event(), Event()

    def commit_for_as_long_as_told(seconds: float) -> None:
        assert seconds == 0.4
        committing.set()
        go_on.wait(PATIENCE)

    monkeypatch.setattr("apbridge_sandbox.netsuite.records.sleep", commit_for_as_long_as_told)
    netsuite.switch(commit_delay_ms=400)
    body = bills[0].payment(Decimal(1), externalId="p-1")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(netsuite.post, PAYMENT, json=body)
        assert committing.wait(PATIENCE)
        refused = netsuite.post(PAYMENT, json=body)
        go_on.set()
    assert first.result().status_code == 204
    assert refused.status_code == 400
    assert error_of(refused)["o:errorCode"] == "RCRD_HAS_BEEN_CHANGED"


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
    netsuite: SignedInNetSuite, bills: list[SeededBill], feature: str, field: str
):
    netsuite.switch(**{feature: False})
    named: dict[str, Any] = {field: {"id": "1"}}
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(**named)))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", field)


def test_discounts_are_a_feature(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.switch(discounts=False)
    body = bills[0].payment(Decimal(1))
    body["apply"]["items"][0]["disc"] = 1
    assert error_of(netsuite.post(PAYMENT, json=body))["o:errorPath"] == "apply.items[0].disc"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"'])
def test_a_body_is_a_json_object(netsuite: SignedInNetSuite, body: bytes):
    assert error_of(netsuite.post(PAYMENT, data=body, headers=JSON))["o:errorCode"] == "INVALID_CONTENT"


def test_a_body_has_to_be_said_to_be_json(netsuite: SignedInNetSuite):
    for kind in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/xml"}):
        answer = netsuite.post(PAYMENT, data=b"{}", headers=kind)
        assert (answer.status_code, error_of(answer)["o:errorHeader"]) == (415, "Content-Type")


def test_what_would_be_done_later_is_not_done_at_once(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    answer = netsuite.post(PAYMENT, json=bills[0].payment(), headers={"Prefer": "respond-async"})
    assert (answer.status_code, error_of(answer)["o:errorCode"]) == (501, "NOT_IN_THE_SANDBOX")
    assert not netsuite.rows(f"SELECT nextdoc FROM nexttransactionlinelink WHERE previousdoc = {bills[0].id}")


def test_a_dimension_has_to_be_active_and_the_subsidiarys(
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store
):
    with store.write() as conn:
        conn.execute("UPDATE ns_department SET isinactive = 'T' WHERE id = 2")
        foreign = conn.execute("SELECT id FROM ns_location WHERE subsidiary = '2'").fetchone()["id"]
    for field, value in (("department", 2), ("location", foreign)):
        named: dict[str, Any] = {field: {"id": str(value)}}
        error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(**named)))
        assert f"Invalid {field} reference key {value} for subsidiary 1." in error["detail"]
    assert netsuite.post(PAYMENT, json=bills[0].payment(department={"id": "3"})).ok


def test_an_inactive_vendor_is_paid_or_not(netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store):
    with store.write() as conn:
        conn.execute("UPDATE ns_vendor SET isinactive = 'T' WHERE id = ?", (bills[0].vendor,))
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment()))
    assert error["o:errorPath"] == "entity"
    netsuite.switch(inactive_vendor="pays")
    assert netsuite.post(PAYMENT, json=bills[0].payment()).ok


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tranDate", "20261102"),
        ("tranDate", "2026-W45-1"),
        ("tranDate", "11/2/2026"),
        ("entity", "nineteen"),
        ("entity", 1.5),
        ("entity", True),
        ("account", {"id": "102", "name": "Checking"}),
        ("tranId", "1" * 46),
        ("memo", "m" * 1000),
        ("externalId", "e" * 256),
    ],
    ids=repr,
)
def test_values_in_another_form_are_refused(
    netsuite: SignedInNetSuite, bills: list[SeededBill], field: str, value: object
):
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment() | {field: value}))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", field)


@pytest.mark.parametrize("external_id", ["a b", "é", "a.b", "a:b"])
def test_an_external_id_in_a_url_has_safe_characters(
    netsuite: SignedInNetSuite, bills: list[SeededBill], external_id: str
):
    error = error_of(netsuite.put(f"{PAYMENT}/eid:{quote(external_id)}", json=bills[0].payment()))
    assert error["o:errorPath"] == "externalId"


def test_records_that_are_not_there(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    for path in (f"{PAYMENT}/999999", f"{PAYMENT}/eid:nobody", f"{PAYMENT}/{bills[0].id}", f"{PAYMENT}/x"):
        for method in ("GET", "PATCH", "DELETE"):
            answer = netsuite.request(method, path, json={"memo": "x"} if method == "PATCH" else None)
            assert (answer.status_code, error_of(answer)["o:errorCode"]) == (404, "NONEXISTENT_ID")
    assert netsuite.get(f"{RECORDS}/nosuchtype/1").status_code == 404
    assert netsuite.post(f"{RECORDS}/account", json={}).status_code == 405
    assert netsuite.put(f"{PAYMENT}/5", json={}).status_code == 405


def test_a_retry_after_a_lost_answer_does_not_pay_twice(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.sandbox.control(
        "/control/faults",
        {"match": {"method": "POST", "path": "vendorPayment", "times": 1}, "do": {"drop": "after"}},
    )
    body = bills[0].payment(Decimal(1), externalId="p-1")
    with pytest.raises(requests.ConnectionError):
        netsuite.post(PAYMENT, json=body)
    assert error_of(netsuite.post(PAYMENT, json=body))["o:errorCode"] == "DUP_RCRD"
    assert Decimal(netsuite.bill(bills[0])["paid"]) == 1
