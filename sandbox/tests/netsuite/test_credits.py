"""Vendor credits: used by a payment, applied by themselves, voided; what becomes of them with the payment."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.posting import void_vendor_payment
from apbridge_sandbox.store import Store
from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import PAYMENT, RECORDS, SeededBill, SignedInNetSuite, error_of, posted_id

pytestmark = pytest.mark.usefixtures("audited")

CREDIT = f"{RECORDS}/vendorCredit"


def enter(sandbox: Running, vendor: str, total: str, **order: Any) -> str:  # noqa: ANN401
    """Enter a credit and return its internal id."""
    new = {"vendor": vendor, "tranid": "C-1", "lines": [{"account": "6010", "amount": total}], **order}
    (number,) = sandbox.control("/control/netsuite/credits", {"credits": [new]})["ids"]
    return str(number)


def paid(*bills: SeededBill, **used: float) -> dict[str, Any]:
    """Return the body of a payment of whole bills that uses credits, by `c` and their internal ids."""
    body = bills[0].payment()
    body["apply"]["items"] = [bill.payment()["apply"]["items"][0] for bill in bills]
    items = [{"doc": {"id": name[1:]}, "apply": True, "amount": amount} for name, amount in used.items()]
    return body | {"credit": {"items": items}}


def credit_of(sandbox: Running, number: str) -> dict[str, Any]:
    (found,) = (one for one in sandbox.books()["netsuite"]["credits"] if one["id"] == number)
    return dict(found)


def links(netsuite: SignedInNetSuite, *documents: str) -> set[tuple[str, str, Decimal]]:
    """Return what settles what: types and amounts, where one end is one of some documents."""
    rows = netsuite.rows(
        "SELECT previousdoc, nextdoc, foreignamount FROM nexttransactionlinelink WHERE linktype = 'Payment'"
        f" AND (previousdoc IN ({', '.join(documents)}) OR nextdoc IN ({', '.join(documents)}))"
    )
    return {(row["previousdoc"], row["nextdoc"], Decimal(row["foreignamount"])) for row in rows}


def test_a_payment_with_a_credit_pays_the_rest(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    bill = bills[0]
    credit = enter(sandbox, bill.vendor, "30.00")
    payment = posted_id(netsuite.post(PAYMENT, json=paid(bill, **{f"c{credit}": 10.01})))
    rest = bill.unpaid - Decimal("10.01")
    assert netsuite.bill(bill)["status"] == "B"
    assert netsuite.accounting(payment) == [("1010", -rest), ("2000", rest)]
    shown = netsuite.get(f"{PAYMENT}/{payment}", params={"expandSubResources": "true"}).json()
    assert Decimal(str(shown["total"])) == rest
    (line,) = shown["apply"]["items"]
    assert Decimal(str(line["amount"])) == bill.unpaid
    (used,) = shown["credit"]["items"]
    assert (used["doc"]["id"], used["amount"]) == (credit, 10.01)
    assert credit_of(sandbox, credit)["available"] == "19.99"
    assert links(netsuite, credit, payment) == {
        (bill.id, credit, Decimal("10.01")),
        (bill.id, payment, rest),
    }
    seen = netsuite.get(f"{CREDIT}/{credit}", params={"expandSubResources": "true"}).json()
    assert (seen["applied"], seen["unApplied"]) == (10.01, 19.99)
    assert [each["doc"]["id"] for each in seen["apply"]["items"]] == [bill.id]


def test_a_credit_may_be_linked_to_the_payment_instead(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    netsuite.switch(credit_links="payment")
    bill = bills[0]
    credit = enter(sandbox, bill.vendor, "30.00")
    payment = posted_id(netsuite.post(PAYMENT, json=paid(bill, **{f"c{credit}": 30})))
    assert links(netsuite, credit, payment) == {
        (credit, payment, Decimal(30)),
        (bill.id, payment, bill.unpaid),
    }
    assert credit_of(sandbox, credit)["status"] == "B"
    assert netsuite.delete(f"{PAYMENT}/{payment}").status_code == 204
    assert credit_of(sandbox, credit)["available"] == "30.00"


@pytest.mark.parametrize(("order", "first"), [("oldest", 1), ("newest", 2), ("given", 0)])
def test_credits_cover_bills_in_an_order(  # noqa: PLR0917 - pytest gives them by name
    sandbox: Running,
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    store: Store,
    order: str,
    first: int,
):
    netsuite.switch(credit_order=order)
    with store.write() as conn:
        for bill, due in zip(bills, ("2026-11-20", "2026-11-10", "2026-11-30"), strict=True):
            conn.execute("UPDATE ns_transaction SET duedate = ? WHERE id = ?", (due, bill.id))
    credit = enter(sandbox, bills[0].vendor, "1.00")
    posted_id(netsuite.post(PAYMENT, json=paid(*bills, **{f"c{credit}": 1})))
    assert links(netsuite, credit) == {(bills[first].id, credit, Decimal(1))}


@pytest.mark.parametrize("frees", [True, False])
@pytest.mark.parametrize("undo", ["delete", "void"])
def test_what_becomes_of_a_credit_with_its_payment(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill], undo: str, *, frees: bool
):
    netsuite.switch(undone_payment_frees_credits=frees)
    bill = bills[0]
    credit = enter(sandbox, bill.vendor, "10.00")
    payment = posted_id(netsuite.post(PAYMENT, json=paid(bill, **{f"c{credit}": 10})))
    if undo == "delete":
        assert netsuite.delete(f"{PAYMENT}/{payment}").status_code == 204
    else:
        assert sandbox.sandbox
        rules = ApplyRules.of(sandbox.sandbox.switches)
        with sandbox.sandbox.store.write() as conn:
            void_vendor_payment(conn, int(payment), now=sandbox.sandbox.clock.now(), rules=rules)
    left = Decimal(0) if frees else Decimal(10)
    assert Decimal(netsuite.bill(bill)["unpaid"]) == bill.unpaid - left
    assert Decimal(credit_of(sandbox, credit)["applied"]) == left


def test_a_payment_that_is_changed_keeps_its_credits(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    bill = bills[0]
    credit = enter(sandbox, bill.vendor, "10.00")
    payment = posted_id(netsuite.post(PAYMENT, json=paid(bill, **{f"c{credit}": 10})))
    before = links(netsuite, credit, payment)
    netsuite.patch(f"{PAYMENT}/{payment}", json={"externalId": "p-1"}).raise_for_status()
    assert links(netsuite, credit, payment) == before
    line = {"doc": {"id": credit}, "apply": False}
    netsuite.patch(f"{PAYMENT}/{payment}", json={"credit": {"items": [line]}}).raise_for_status()
    assert links(netsuite, credit, payment) == {(bill.id, payment, bill.unpaid)}


def refused(answer: requests.Response) -> str:
    assert answer.status_code == 400
    return str(error_of(answer)["detail"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"entity": 12}, "another vendor"),
        ({"currency": 2}, "another currency"),
        ({"subsidiary": 2}, "another subsidiary"),
        ({"account": 1}, "another payables account"),
        ({"status": "B"}, "paid in full"),
        ({"voided": "T"}, "not open"),
        ({"approvalstatus": 1}, "not approved"),
        ({"type": "VendBill"}, "no such credit"),
    ],
)
def test_a_credit_that_does_not_fit_is_refused(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill], change: dict[str, Any], words: str
):
    netsuite.switch(unpayable_bill="named")
    credit = enter(sandbox, bills[0].vendor, "10.00")
    assert sandbox.sandbox
    column, value = next(iter(change.items()))
    with sandbox.sandbox.store.write() as conn:
        if conn.execute("SELECT 1 FROM ns_transaction WHERE id = ? AND entity = 12", (credit,)).fetchone():
            value = 13 if column == "entity" else value
        (before,) = conn.execute(f"SELECT {column} FROM ns_transaction WHERE id = ?", (credit,)).fetchone()
        conn.execute(f"UPDATE ns_transaction SET {column} = ? WHERE id = ?", (value, credit))
    answer = netsuite.post(PAYMENT, json=paid(bills[0], **{f"c{credit}": 1}))
    with sandbox.sandbox.store.write() as conn:
        conn.execute(f"UPDATE ns_transaction SET {column} = ? WHERE id = ?", (before, credit))
    assert words in refused(answer)


def test_amounts_that_do_not_fit_are_refused(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    bill = bills[0]
    small, large = enter(sandbox, bill.vendor, "10.00"), enter(sandbox, bill.vendor, "1000000.00")
    for used, words in (
        ({f"c{small}": 10.01}, "more than the amount due"),
        ({f"c{large}": float(bill.unpaid)}, "have to be less"),
        ({f"c{small}": 0.0}, "Invalid Field Value"),
        ({"c999999": 1}, "sublist credit"),
    ):
        assert words in refused(netsuite.post(PAYMENT, json=paid(bill, **used)))
    assert netsuite.bill(bill)["status"] == "A"


def applying(*lines: tuple[SeededBill, float]) -> dict[str, Any]:
    return {
        "apply": {"items": [{"doc": {"id": bill.id}, "apply": True, "amount": each} for bill, each in lines]}
    }


@pytest.mark.parametrize("upsert", ["merges", "replaces"])
def test_a_credit_is_applied_by_itself(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill], upsert: str
):
    netsuite.switch(upsert_apply=upsert)
    first, second, _ = bills
    credit = enter(sandbox, first.vendor, "10.00")
    at = f"{CREDIT}/{credit}"
    for _ in range(2):
        assert netsuite.patch(at, json=applying((first, 4))).status_code == 204
        assert Decimal(netsuite.bill(first)["unpaid"]) == first.unpaid - 4
    assert netsuite.patch(at, json=applying((second, 5))).status_code == 204
    kept = {(first.id, credit, Decimal(4))} if upsert == "merges" else set()
    assert links(netsuite, credit) == {(second.id, credit, Decimal(5)), *kept}
    assert "more than" in refused(netsuite.patch(at, json=applying((first, 4), (second, 6.01))))
    line = {"doc": {"id": second.id}, "apply": False}
    netsuite.patch(at, json={"apply": {"items": [line]}}).raise_for_status()
    assert Decimal(netsuite.bill(second)["unpaid"]) == second.unpaid


def test_a_credit_is_voided_after_use(sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill]):
    bill = bills[0]
    credit = enter(sandbox, bill.vendor, "10.00")
    order = {"credit": credit, "bill": bill.id, "amount": "10.00"}
    sandbox.control("/control/netsuite/apply-credit", order)
    assert Decimal(netsuite.bill(bill)["unpaid"]) == bill.unpaid - 10
    assert netsuite.delete(f"{CREDIT}/{credit}").status_code == 400
    sandbox.control("/control/netsuite/void-credit", {"id": credit})
    assert Decimal(netsuite.bill(bill)["unpaid"]) == bill.unpaid
    assert "voided" in refused(netsuite.patch(f"{CREDIT}/{credit}", json={"memo": "x"}))
    sandbox.control("/control/netsuite/delete", {"type": "vendorcredit", "id": credit})
    assert sandbox.books()["netsuite"]["credits"] == []


def test_a_closed_period_may_hold_a_credit(
    sandbox: Running, netsuite: SignedInNetSuite, bills: list[SeededBill]
):
    credit = enter(sandbox, bills[0].vendor, "10.00")
    (period,) = netsuite.rows(f"SELECT postingperiod AS id FROM transaction WHERE id = {credit}")
    order = {"table": "accountingperiod", "id": period["id"], "set": {"aplocked": "T"}}
    sandbox.control("/control/netsuite/edit", order)
    body = applying((bills[0], 1))
    assert "accounting period" in refused(netsuite.patch(f"{CREDIT}/{credit}", json=body))
    netsuite.switch(credit_period="ignored")
    assert netsuite.patch(f"{CREDIT}/{credit}", json=body).status_code == 204


@pytest.mark.parametrize(
    ("shown", "paid_and_left"), [("hidden", []), ("positive", [4, 6]), ("negative", [-4, -6])]
)
def test_a_credits_balance_may_be_shown(
    sandbox: Running,
    netsuite: SignedInNetSuite,
    bills: list[SeededBill],
    shown: str,
    paid_and_left: list[int],
):
    netsuite.switch(credit_balance=shown)
    credit = enter(sandbox, bills[0].vendor, "10.00")
    netsuite.patch(f"{CREDIT}/{credit}", json=applying((bills[0], 4))).raise_for_status()
    (row,) = netsuite.rows(
        f"SELECT foreignamountpaid AS paid, foreignamountunpaid AS rest FROM transaction WHERE id = {credit}"
    )
    assert [Decimal(value) for value in row.values()] == paid_and_left
