"""Credit memos in AvidXchange: submitted, corrected, cancelled, and used by payments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.error import HTTPError

import msgspec
import pytest
import requests

from apbridge_sandbox.testing import Running

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def _document(name: str, total: float, vendor: str = "v-1", currency: str = "USD") -> dict[str, Any]:
    return {
        "number": name,
        "vendorExternalId": vendor,
        "invoiceDate": "2026-10-30",
        "currency": currency,
        "total": total,
        "lines": [{"number": "1", "glCode": "6010", "amount": total}],
    }


@pytest.fixture(autouse=True)
def _company(avidxchange: requests.Session, sandbox: Running) -> None:
    """An approved invoice of 100.00, and credits: 30.00 of the same vendor, of another one, and in CAD."""
    account = {"code": "6010", "name": "Plumbing", "active": True, "postable": True}
    avidxchange.put("/v1/gl-accounts/a-1", json=account).raise_for_status()
    for vendor in ("v-1", "v-2"):
        body = {"number": vendor, "name": vendor, "active": True}
        avidxchange.put(f"/v1/vendors/{vendor}", json=body).raise_for_status()
    avidxchange.put("/v1/invoices/i-1", json=_document("i-1", 100)).raise_for_status()
    for name, vendor, currency in (("c-1", "v-1", "USD"), ("c-2", "v-2", "USD"), ("c-3", "v-1", "CAD")):
        answer = avidxchange.put(f"/v1/credit-memos/{name}", json=_document(name, 30, vendor, currency))
        assert answer.status_code == 201
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})


def _credit(avidxchange: requests.Session, name: str = "c-1") -> dict[str, Any]:
    items: list[dict[str, Any]] = _decode(avidxchange.get("/v1/credit-memos").content)["items"]
    (found,) = [one for one in items if one["externalId"] == name]
    assert found["amountApplied"] + found["amountAvailable"] == found["total"]
    return found


def _stands(avidxchange: requests.Session, name: str = "c-1") -> tuple[str, Decimal]:
    credit = _credit(avidxchange, name)
    return credit["status"], credit["amountApplied"]


def _pay(sandbox: Running, *shares: dict[str, Any]) -> str:
    (payment_id,) = sandbox.control("/control/payments/pay", {"invoices": shares})["ids"]
    return str(payment_id)


def _refused(sandbox: Running, *shares: dict[str, Any]) -> str:
    body = {"invoices": shares, "one_payment_per": "all"}
    with pytest.raises(HTTPError) as refused:
        sandbox.control("/control/payments/pay", body)
    with refused.value as answer:
        assert answer.code == 409
        message: str = msgspec.json.decode(answer.read())["message"]
    return message


def test_a_credit_memo_is_one_by_its_external_id_and_no_invoice(
    avidxchange: requests.Session, sandbox: Running
):
    again = avidxchange.put("/v1/credit-memos/c-1", json=_document("c-1", 30))
    assert again.status_code == 200
    shown = _credit(avidxchange)
    assert (shown["status"], shown["total"], shown["lines"][0]["amount"]) == ("open", 30, 30)
    assert [one["externalId"] for one in avidxchange.get("/v1/invoices").json()["items"]] == ["i-1"]
    books = sandbox.books()["avidxchange"]
    assert [one["externalId"] for one in books["invoices"]] == ["i-1"]
    assert [one["externalId"] for one in books["credits"]] == ["c-1", "c-2", "c-3"]
    assert books["unpaid"] == {"USD": "100.00"}
    assert avidxchange.put("/v1/invoices/c-1", json=_document("c-1", 30)).status_code == 422
    assert avidxchange.post("/v1/invoices/c-1/cancel", json={"reason": "x"}).status_code == 404
    assert avidxchange.post("/v1/credit-memos/i-1/cancel", json={"reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total": 0, "lines": [{"number": "1", "glCode": "6010", "amount": 0}]}, "negative_total"),
        ({"total": 31}, "lines_do_not_sum"),
        ({"vendorExternalId": "v-9"}, "unknown_vendor"),
        ({"lines": [{"number": "1", "glCode": "9", "amount": 30}]}, "unknown_gl_code"),
    ],
)
def test_what_is_refused(avidxchange: requests.Session, changes: dict[str, Any], code: str):
    answer = avidxchange.put("/v1/credit-memos/c-9", json=_document("c-9", 30) | changes)
    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == [code]


def test_a_payment_of_the_net_uses_a_credit_and_locks_it_until_it_is_voided(
    avidxchange: requests.Session, sandbox: Running
):
    payment = _pay(sandbox, {"external_id": "i-1"}, {"external_id": "c-1", "amount": -20})
    (shown,) = _decode(avidxchange.get("/v1/payments").content)["items"]
    assert shown["amount"] == 80
    assert {one["invoiceExternalId"]: one["amount"] for one in shown["allocations"]} == {
        "i-1": 100,
        "c-1": -20,
    }
    assert _stands(avidxchange) == ("scheduled", 0)

    changed = avidxchange.put("/v1/credit-memos/c-1", json=_document("c-1", 25))
    assert (changed.status_code, changed.json()["errors"][0]["code"]) == (409, "invoice_locked")
    assert avidxchange.post("/v1/credit-memos/c-1/cancel", json={"reason": "x"}).status_code == 409

    sandbox.control("/control/payments/settle", {"ids": [payment]})
    assert _stands(avidxchange) == ("partly_applied", 20)
    assert avidxchange.put("/v1/credit-memos/c-1", json=_document("c-1", 25)).status_code == 409

    sandbox.control("/control/payments/void", {"ids": [payment]})
    assert _stands(avidxchange) == ("open", 0)
    assert avidxchange.put("/v1/credit-memos/c-1", json=_document("c-1", 25)).status_code == 200
    assert (
        avidxchange.post("/v1/credit-memos/c-1/cancel", json={"reason": "x"}).json()["status"] == "cancelled"
    )
    assert "c-1 is not approved" in _refused(sandbox, {"external_id": "i-1"}, {"external_id": "c-1"})


def test_a_payment_of_nothing(avidxchange: requests.Session, sandbox: Running):
    payment = _pay(sandbox, {"external_id": "i-1", "amount": 30}, {"external_id": "c-1"})
    sandbox.control("/control/payments/settle", {"ids": [payment]})
    (shown,) = _decode(avidxchange.get("/v1/payments").content)["items"]
    assert (shown["amount"], shown["status"]) == (0, "settled")
    assert _stands(avidxchange) == ("applied", 30)
    assert "nothing is open on it" in _refused(sandbox, {"external_id": "i-1"}, {"external_id": "c-1"})


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ([{"external_id": "i-1"}, {"external_id": "c-2"}], "one vendor, in one currency"),
        ([{"external_id": "i-1"}, {"external_id": "c-3"}], "one vendor, in one currency"),
        ([{"external_id": "i-1"}, {"external_id": "c-1", "amount": -30.01}], "30.00 is left"),
        ([{"external_id": "i-1"}, {"external_id": "c-1", "amount": 5}], "30.00 is left"),
        (
            [{"external_id": "i-1", "amount": 20}, {"external_id": "c-1"}],
            "not more than its invoices, by 10.00",
        ),
        ([{"external_id": "c-1"}], "not more than its invoices"),
    ],
)
def test_what_a_payment_cannot_use(sandbox: Running, shares: list[dict[str, Any]], says: str):
    assert says in _refused(sandbox, *shares)


def test_paying_all_uses_no_credit(avidxchange: requests.Session, sandbox: Running):
    sandbox.control("/control/payments/pay", {"all": True})
    (shown,) = avidxchange.get("/v1/payments").json()["items"]
    assert [one["invoiceExternalId"] for one in shown["allocations"]] == ["i-1"]
