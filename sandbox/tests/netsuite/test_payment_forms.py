"""vendorPayment: what an account's form asks for and hides, its instalments, its periods, its accounts."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apbridge_sandbox.netsuite.instalments import BillPart, instalments
from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import PAYMENT, RECORDS, SeededBill, SignedInNetSuite, error_of, posted_id

pytestmark = pytest.mark.usefixtures("audited")

HIDDEN = "You do not have permissions to set a value for element"
PERIOD = "not within the date range of your accounting period."


@pytest.fixture
def parts(store: Store, bills: list[SeededBill]) -> list[BillPart]:
    """Divide the first bill into two parts, and return them."""
    with store.write() as conn:
        for number, upto in ((1, 40), (2, 100)):
            conn.execute(
                'INSERT INTO ns_installment ("transaction", seqnum, line, duedate, upto)'
                " VALUES (?, ?, ?, ?, ?)",
                (bills[0].id, number, 90 + number, f"2026-1{number}-30", upto),
            )
        return instalments(conn, int(bills[0].id))


def due(store: Store, bill: SeededBill) -> list[int]:
    with store.connection() as conn:
        return [each.due for each in instalments(conn, int(bill.id))]


def cents(bill: SeededBill) -> int:
    return int(bill.unpaid * 100)


@pytest.mark.parametrize(
    ("mandatory", "given", "asked"),
    [
        ("department", {}, "Department"),
        ("department, class", {}, "Department, Class"),
        ("class, location", {"class": {"id": "101"}}, "Location"),
        ("custbody_payment_type", {}, "Payment Type"),
        ("custbody_payment_priority", {"custbody_payment_priority": None}, "Payment Priority"),
        ("department, custbody_payment_type", {"department": 3, "custbody_payment_type": "ACH"}, None),
    ],
)
def test_every_mandatory_field_that_is_missing_is_named(
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    mandatory: str,
    given: dict[str, Any],
    asked: str | None,
):
    netsuite.switch(payment_mandatory=mandatory)
    answer = netsuite.post(PAYMENT, json=bills[0].payment(**given))
    if asked is None:
        posted_id(answer)
    else:
        error = error_of(answer)
        assert (answer.status_code, error["o:errorCode"]) == (400, "USER_ERROR")
        assert error["detail"].endswith(f"Please enter value(s) for: {asked}.")


def test_a_feature_that_is_off_has_no_mandatory_field(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    netsuite.switch(payment_mandatory="department", departments=False)
    posted_id(netsuite.post(PAYMENT, json=bills[0].payment()))


@pytest.mark.parametrize(
    ("preferred", "chosen", "asked"),
    [
        ("standard", None, None),
        ("standard", 117, "Location, Payment Type"),
        ("custom", None, "Location, Payment Type"),
        ("custom", {"id": "45"}, None),
    ],
)
def test_a_form_has_mandatory_fields_of_its_own(
    netsuite: SignedInNetSuite, bills: list[SeededBill], preferred: str, chosen: object, asked: str | None
):
    netsuite.switch(payment_form=preferred)
    named: dict[str, Any] = {} if chosen is None else {"customForm": chosen}
    answer = netsuite.post(PAYMENT, json=bills[0].payment(**named))
    if asked is None:
        posted_id(answer)
    else:
        assert error_of(answer)["detail"].endswith(f"Please enter value(s) for: {asked}.")


def test_there_are_no_other_forms(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    error = error_of(netsuite.post(PAYMENT, json=bills[0].payment(customForm=46)))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", "customForm")


@pytest.mark.parametrize(
    ("code", "status", "field", "value"),
    [("INSUFFICIENT_PERMISSION", 403, "apAcct", 138), ("USER_ERROR", 400, "toBePrinted", False)],
)
def test_a_hidden_field_is_refused(  # noqa: PLR0917
    netsuite: SignedInNetSuite, bills: list[SeededBill], code: str, status: int, field: str, value: object
):
    netsuite.switch(payment_hidden_fields=field, hidden_field_refusal=code)
    answer = netsuite.post(PAYMENT, json=bills[0].payment() | {field: value})
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"], error["o:errorPath"]) == (status, code, field)
    assert f"{HIDDEN} {field.lower()} due to" in error["detail"]
    payment = posted_id(netsuite.post(PAYMENT, json=bills[0].payment()))
    assert error_of(netsuite.patch(f"{PAYMENT}/{payment}", json={field: value}))["o:errorCode"] == code


@pytest.mark.parametrize("bare", [int, str])
def test_references_may_be_bare(netsuite: SignedInNetSuite, bills: list[SeededBill], bare: type[Any]):
    bill = bills[0]
    body = bill.payment(entity=bare(bill.vendor), account=bare(bill.bank))
    body["apply"]["items"][0]["doc"] = bare(bill.id)
    posted_id(netsuite.post(PAYMENT, json=body))
    assert netsuite.bill(bill)["status"] == "B"


def number_of(netsuite: SignedInNetSuite, payment: str) -> str | None:
    return netsuite.rows(f"SELECT tranid FROM transaction WHERE id = {payment}")[0].get("tranid")


def test_a_payment_without_a_number_takes_the_next_check(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    one = Decimal(1)
    posted_id(netsuite.post(PAYMENT, json=bills[0].payment(one, tranId="870019")))
    posted_id(netsuite.post(PAYMENT, json=bills[0].payment(one, tranId="AX-9")))
    assert number_of(netsuite, posted_id(netsuite.post(PAYMENT, json=bills[0].payment(one)))) == "870020"
    printed = posted_id(netsuite.post(PAYMENT, json=bills[0].payment(one, toBePrinted=True)))
    assert number_of(netsuite, printed) == "To Print"
    netsuite.switch(next_check_number=False)
    assert number_of(netsuite, posted_id(netsuite.post(PAYMENT, json=bills[0].payment(one)))) is None


@pytest.mark.parametrize(
    ("number", "accounts", "takes"),
    [
        ("2100", "bank_and_card", "yes"),
        ("1250", "bank_and_card", "no"),
        ("1250", "expanded", "yes"),
        ("1520", "expanded", "no"),
    ],
)
def test_money_comes_from_banks_and_cards_and_by_preference_from_others(  # noqa: PLR0917
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store, number: str, accounts: str, takes: str
):
    netsuite.switch(payment_accounts=accounts)
    with store.connection() as conn:
        account = conn.execute("SELECT id FROM ns_account WHERE acctnumber = ?", (number,)).fetchone()["id"]
    answer = netsuite.post(PAYMENT, json=bills[0].payment(account={"id": str(account)}))
    if takes == "yes":
        posted_id(answer)
    else:
        assert error_of(answer)["o:errorPath"] == "account"


@pytest.mark.parametrize(
    ("column", "switches", "locked", "shown"),
    [
        ("aplocked", {}, True, "T"),
        ("alllocked", {}, True, "T"),
        ("alllocked", {"period_override": True}, False, "T"),
        ("closed", {"period_override": True}, True, "T"),
        ("aplocked", {"period_locks": "subsidiary"}, True, "F"),
        ("closed", {"period_locks": "subsidiary"}, True, "T"),
        ("aplocked", {"period_locks": "subsidiary", "period_override": True}, False, "F"),
    ],
)
def test_a_period_is_locked_for_all_or_for_one(  # noqa: PLR0917
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    store: Store,
    column: str,
    switches: dict[str, Any],
    locked: bool,  # noqa: FBT001
    shown: str,
):
    netsuite.switch(**switches)
    with store.write() as conn:
        conn.execute(f"UPDATE ns_accountingperiod SET {column} = 'T' WHERE periodname = 'Nov 2026'")
    answer = netsuite.post(PAYMENT, json=bills[0].payment(tranDate="2026-11-02"))
    if locked:
        assert PERIOD in error_of(answer)["detail"]
    else:
        posted_id(answer)
    (row,) = netsuite.rows(f"SELECT {column} FROM accountingperiod WHERE periodname = 'Nov 2026'")
    assert row[column] == shown


def test_a_lock_of_one_subsidiary_leaves_the_others_open(netsuite: SignedInNetSuite, store: Store):
    netsuite.switch(period_locks="subsidiary")
    with store.write() as conn:
        conn.execute("UPDATE ns_accountingperiod SET aplocked = 'T' WHERE periodname = 'Nov 2026'")
        row = conn.execute(
            "SELECT * FROM ns_transaction WHERE type = 'VendBill' AND status = 'A' AND subsidiary = 2"
            ' AND id NOT IN (SELECT "transaction" FROM ns_installment)'
        ).fetchone()
        bank = conn.execute("SELECT id FROM ns_account WHERE acctnumber = '1050'").fetchone()["id"]
    bill = SeededBill(str(row["id"]), str(row["entity"]), str(bank), Decimal(row["total_cents"]) / 100)
    named = {"subsidiary": 2, "currency": row["currency"], "tranDate": "2026-11-02"}
    posted_id(netsuite.post(PAYMENT, json=bill.payment(**named)))


@pytest.mark.parametrize(("key", "place"), [("transaction_line", 91), ("seqnum", 1)])
def test_an_instalment_is_named_by_its_line(  # noqa: PLR0917
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    store: Store,
    parts: list[BillPart],
    key: str,
    place: int,
):
    netsuite.switch(instalment_key=key)
    first, second = parts
    assert first.due + second.due == cents(bills[0])
    body = bills[0].payment(Decimal(first.due) / 100)
    body["apply"]["items"][0]["line"] = place
    posted_id(netsuite.post(PAYMENT, json=body))
    assert due(store, bills[0]) == [0, second.due]
    again = netsuite.post(PAYMENT, json=body)
    assert f"key: [doc, line] and value: [{bills[0].id}, {place}]" in error_of(again)["detail"]
    body["apply"]["items"][0] |= {"line": place + 1, "amount": float(Decimal(second.due + 1) / 100)}
    assert error_of(netsuite.post(PAYMENT, json=body))["o:errorPath"] == "apply.items[0].amount"


@pytest.mark.usefixtures("parts")
def test_both_instalments_are_paid_at_once(netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store):
    body = bills[0].payment()
    (line,) = body["apply"]["items"]
    one, two = (Decimal(each) / 100 for each in due(store, bills[0]))
    items = [line | {"line": 91, "amount": float(one)}, line | {"line": 92, "amount": float(two)}]
    payment = posted_id(netsuite.post(PAYMENT, json=body | {"apply": {"items": items}}))
    assert netsuite.bill(bills[0])["status"] == "B"
    shown = netsuite.get(f"{PAYMENT}/{payment}", params={"expandSubResources": "true"}).json()
    assert [each["line"] for each in shown["apply"]["items"]] == [91, 92]
    netsuite.delete(f"{PAYMENT}/{payment}")
    assert due(store, bills[0]) == [int(one * 100), int(two * 100)]


@pytest.mark.parametrize("rule", ["refused", "first"])
def test_a_line_that_names_no_instalment(
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store, parts: list[BillPart], rule: str
):
    netsuite.switch(instalment_line=rule)
    whole = netsuite.post(PAYMENT, json=bills[0].payment())
    part = netsuite.post(PAYMENT, json=bills[0].payment(Decimal(1)))
    if rule == "refused":
        assert all("Unable to find a matching line" in error_of(each)["detail"] for each in (whole, part))
        assert due(store, bills[0]) == [each.due for each in parts]
    else:
        assert error_of(whole)["o:errorPath"] == "apply.items[0].amount"
        assert due(store, bills[0]) == [parts[0].due - 100, parts[1].due]


def test_what_a_person_pays_is_taken_off_the_first_instalments(
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store, parts: list[BillPart]
):
    amount = str(Decimal(parts[0].due + 5) / 100)
    order = {"bill": bills[0].id, "amount": amount, "check_number": "hand-1"}
    payment = netsuite.sandbox.control("/control/netsuite/pay-by-hand", order)["id"]
    assert due(store, bills[0]) == [0, parts[1].due - 5]
    assert netsuite.patch(f"{PAYMENT}/{payment}", json={"externalId": "p-1"}).ok


def test_a_transformed_bill_is_paid_in_all_its_parts(
    netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store, parts: list[BillPart]
):
    assert parts
    body = {"account": {"id": bills[0].bank}}
    posted_id(netsuite.post(f"{RECORDS}/vendorBill/{bills[0].id}/!transform/vendorPayment", json=body))
    assert due(store, bills[0]) == [0, 0]


def test_instalments_are_read_by_query_and_by_record(
    netsuite: SignedInNetSuite, bills: list[SeededBill], parts: list[BillPart]
):
    rows = netsuite.rows(
        "SELECT seqnum, amountdue, status FROM vendorbillinstallment"
        f" WHERE vendorbill = {bills[0].id} ORDER BY id ASC"
    )
    assert [(row["seqnum"], row["status"]) for row in rows] == [("1", "Unpaid"), ("2", "Unpaid")]
    assert [Decimal(row["amountdue"]) * 100 for row in rows] == [each.due for each in parts]
    path = f"{RECORDS}/vendorBill/{bills[0].id}/installment"
    items = netsuite.get(path, params={"expandSubResources": "true"}).json()["items"]
    assert [(each["seqNum"], each["transactionLine"]) for each in items] == [(1, 91), (2, 92)]


def test_without_the_feature_a_bill_is_due_at_once(
    netsuite: SignedInNetSuite, bills: list[SeededBill], parts: list[BillPart]
):
    assert parts
    netsuite.switch(instalments=False)
    refused = error_of(netsuite.ask("SELECT id FROM vendorbillinstallment"))
    assert "Record 'vendorbillinstallment' was not found" in refused["detail"]
    assert netsuite.get(f"{RECORDS}/vendorBill/{bills[0].id}/installment").status_code == 404
    posted_id(netsuite.post(PAYMENT, json=bills[0].payment()))


def test_some_bills_of_the_company_are_due_in_parts(store: Store):
    with store.connection() as conn:
        bills = [row[0] for row in conn.execute('SELECT DISTINCT "transaction" FROM ns_installment')]
        for bill in bills:
            row = conn.execute(
                "SELECT total_cents, duedate FROM ns_transaction WHERE id = ?", (bill,)
            ).fetchone()
            assert sum(each.due for each in instalments(conn, bill)) == row["total_cents"]
