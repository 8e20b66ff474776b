"""What becomes of invoices and payments inside AvidXchange."""

from decimal import Decimal
from typing import Any
from urllib.error import HTTPError

import msgspec
import pytest
import requests

from apbridge_sandbox.testing import Running

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@pytest.fixture(autouse=True)
def _approved(avidxchange: requests.Session, sandbox: Running) -> None:
    """Two approved invoices of one vendor, 100.00 and 50.00, one of another, 30.00, and one in CAD."""
    account = {"code": "6010", "name": "Plumbing", "active": True, "postable": True}
    avidxchange.put("/v1/gl-accounts/a-1", json=account).raise_for_status()
    for vendor in ("v-1", "v-2"):
        body = {"number": vendor, "name": vendor, "active": True}
        avidxchange.put(f"/v1/vendors/{vendor}", json=body).raise_for_status()
    for name, vendor, total, currency in (
        ("i-1", "v-1", 100, "USD"),
        ("i-2", "v-1", 50, "USD"),
        ("i-3", "v-2", 30, "USD"),
        ("i-4", "v-1", 20, "CAD"),
    ):
        invoice = {
            "number": name,
            "vendorExternalId": vendor,
            "invoiceDate": "2026-10-30",
            "currency": currency,
            "total": total,
            "lines": [{"number": "1", "glCode": "6010", "amount": total}],
        }
        avidxchange.put(f"/v1/invoices/{name}", json=invoice).raise_for_status()
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})


def _listed(avidxchange: requests.Session, what: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = _decode(avidxchange.get(f"/v1/{what}").content)["items"]
    return items


def _stands(avidxchange: requests.Session, external_id: str) -> tuple[str, Decimal]:
    (invoice,) = [one for one in _listed(avidxchange, "invoices") if one["externalId"] == external_id]
    assert invoice["amountPaid"] + invoice["amountUnpaid"] == invoice["total"]
    return invoice["status"], invoice["amountUnpaid"]


def _payment(avidxchange: requests.Session, payment_id: str) -> dict[str, Any]:
    (payment,) = [one for one in _listed(avidxchange, "payments") if one["id"] == payment_id]
    return payment


def _pay(sandbox: Running, *invoices: dict[str, Any], **options: object) -> str:
    (payment_id,) = sandbox.control("/control/payments/pay", {"invoices": invoices, **options})["ids"]
    return str(payment_id)


def _refused(sandbox: Running, path: str, body: dict[str, Any], status: int = 409) -> str:
    with pytest.raises(HTTPError) as refused:
        sandbox.control(path, body)
    with refused.value as answer:
        assert answer.code == status
        message: str = msgspec.json.decode(answer.read())["message"]
    return message


def test_workflow(sandbox: Running, avidxchange: requests.Session):
    invoice = {
        "number": "9",
        "vendorExternalId": "v-1",
        "invoiceDate": "2026-10-30",
        "currency": "USD",
        "total": 1,
        "lines": [{"number": "1", "glCode": "6010", "amount": 1}],
    }
    statuses = []
    for name in ("i-8", "i-9"):
        avidxchange.put(f"/v1/invoices/{name}", json=invoice).raise_for_status()
    statuses.append(_stands(avidxchange, "i-9")[0])
    assert sandbox.control("/control/invoices/route", {"external_ids": "all"})["external_ids"] == [
        "i-8",
        "i-9",
    ]
    statuses.append(_stands(avidxchange, "i-9")[0])
    sandbox.control("/control/invoices/approve", {"external_ids": ["i-9"]})
    statuses.append(_stands(avidxchange, "i-9")[0])
    sandbox.control("/control/invoices/reject", {"external_ids": ["i-8"], "reason": "Duplicate"})
    assert _stands(avidxchange, "i-8")[0] == "rejected"
    assert statuses == ["submitted", "in_workflow", "approved"]
    assert "is rejected and cannot be approved" in _refused(
        sandbox, "/control/invoices/approve", {"external_ids": ["i-8"]}
    )
    assert "no invoice i-99" in _refused(sandbox, "/control/invoices/approve", {"external_ids": ["i-99"]})


def test_a_payment_from_processing_to_settled(sandbox: Running, avidxchange: requests.Session):
    payment_id = _pay(sandbox, {"external_id": "i-1"}, method="check")
    assert _stands(avidxchange, "i-1") == ("scheduled", 100)
    before = _payment(avidxchange, payment_id)
    assert (before["status"], before["settledAt"], before["paidOn"]) == ("processing", None, "2026-11-02")
    assert (before["amount"], before["currency"], before["vendorExternalId"]) == (100, "USD", "v-1")
    assert before["checkNumber"]
    assert before["achTrace"] is before["cardReference"] is None

    moments = [before["modifiedAt"]]
    for step, status in (("issue", "issued"), ("settle", "settled")):
        sandbox.control("/control/clock", {"advance_days": 1})
        sandbox.control(f"/control/payments/{step}", {"ids": [payment_id]})
        payment = _payment(avidxchange, payment_id)
        assert payment["status"] == status
        moments.append(payment["modifiedAt"])
    assert moments == sorted(set(moments))
    assert payment["settledAt"] == payment["modifiedAt"]
    assert _stands(avidxchange, "i-1") == ("paid", 0)
    assert "is settled and cannot be failed" in _refused(
        sandbox, "/control/payments/fail", {"ids": [payment_id]}
    )


@pytest.mark.parametrize("method", ["check", "ach", "virtual_card"])
def test_each_method_has_its_reference(sandbox: Running, avidxchange: requests.Session, method: str):
    payment = _payment(avidxchange, _pay(sandbox, {"external_id": "i-1"}, method=method))
    given = {"check": "checkNumber", "ach": "achTrace", "virtual_card": "cardReference"}
    assert payment["method"] == method
    assert [name for name in given.values() if payment[name]] == [given[method]]


def test_one_payment_over_several_invoices(sandbox: Running, avidxchange: requests.Session):
    payment_id = _pay(sandbox, {"external_id": "i-1"}, {"external_id": "i-2"})
    payment = _payment(avidxchange, payment_id)
    assert payment["amount"] == 150
    assert payment["allocations"] == [
        {"invoiceExternalId": "i-1", "amount": 100, "discount": 0},
        {"invoiceExternalId": "i-2", "amount": 50, "discount": 0},
    ]


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [("vendor", [20, 30, 150]), ("invoice", [20, 30, 50, 100])],
)
def test_paying_all(sandbox: Running, avidxchange: requests.Session, grouping: str, expected: list[int]):
    sandbox.control("/control/payments/pay", {"all": True, "one_payment_per": grouping})
    assert sorted(payment["amount"] for payment in _listed(avidxchange, "payments")) == expected
    assert sandbox.control("/control/payments/pay", {"all": True})["ids"] == []
    assert len(sandbox.control("/control/payments/settle", {"ids": "all"})["ids"]) == len(expected)
    assert sandbox.books()["avidxchange"]["unpaid"] == {"CAD": "0.00", "USD": "0.00"}


def test_a_payment_is_to_one_vendor_in_one_currency(sandbox: Running):
    for others in ("i-3", "i-4"):
        order = {"invoices": [{"external_id": "i-1"}, {"external_id": others}], "one_payment_per": "all"}
        assert "one vendor, in one currency" in _refused(sandbox, "/control/payments/pay", order)


def test_a_part_then_the_rest_with_a_discount(sandbox: Running, avidxchange: requests.Session):
    part = _pay(sandbox, {"external_id": "i-1", "amount": "40.10"})
    assert _stands(avidxchange, "i-1") == ("scheduled", 100)
    sandbox.control("/control/payments/settle", {"ids": [part]})
    assert _stands(avidxchange, "i-1") == ("approved", Decimal("59.90"))
    rest = _pay(sandbox, {"external_id": "i-1", "discount": 2})
    assert _payment(avidxchange, rest)["amount"] == Decimal("57.90")
    sandbox.control("/control/payments/settle", {"ids": [rest]})
    assert _stands(avidxchange, "i-1") == ("paid", 0)


def test_no_more_is_paid_than_is_open(sandbox: Running):
    _pay(sandbox, {"external_id": "i-1", "amount": 60})
    too_much = {"invoices": [{"external_id": "i-1", "amount": 40, "discount": 0.01}]}
    assert "up to 40.00" in _refused(sandbox, "/control/payments/pay", too_much)
    twice = {"invoices": [{"external_id": "i-2"}, {"external_id": "i-2"}]}
    assert "once" in _refused(sandbox, "/control/payments/pay", twice)
    nobody = {"invoices": [{"external_id": "i-9"}]}
    assert "not approved" in _refused(sandbox, "/control/payments/pay", nobody)


@pytest.mark.parametrize("settled", [False, True])
def test_a_void_gives_the_amounts_back(sandbox: Running, avidxchange: requests.Session, *, settled: bool):
    payment_id = _pay(sandbox, {"external_id": "i-1"}, {"external_id": "i-2", "amount": 10})
    if settled:
        sandbox.control("/control/payments/settle", {"ids": [payment_id]})
    sandbox.control("/control/payments/void", {"ids": [payment_id]})
    payment = _payment(avidxchange, payment_id)
    assert payment["status"] == "voided"
    assert payment["voidedAt"]
    assert bool(payment["settledAt"]) is settled
    assert _stands(avidxchange, "i-1") == ("approved", 100)
    assert _stands(avidxchange, "i-2") == ("approved", 50)
    assert "is voided and cannot be settled" in _refused(
        sandbox, "/control/payments/settle", {"ids": [payment_id]}
    )


def test_voiding_all_leaves_what_is_settled(sandbox: Running):
    settled = _pay(sandbox, {"external_id": "i-1"})
    sandbox.control("/control/payments/settle", {"ids": [settled]})
    under_way = _pay(sandbox, {"external_id": "i-2"})
    assert sandbox.control("/control/payments/void", {"ids": "all"})["ids"] == [under_way]


def test_a_failed_payment_gives_back_too(sandbox: Running, avidxchange: requests.Session):
    payment_id = _pay(sandbox, {"external_id": "i-1"})
    sandbox.control("/control/payments/fail", {"ids": [payment_id]})
    assert _payment(avidxchange, payment_id)["status"] == "failed"
    assert _stands(avidxchange, "i-1") == ("approved", 100)


def test_a_reissue_names_what_it_replaces(sandbox: Running, avidxchange: requests.Session):
    old = _pay(sandbox, {"external_id": "i-1", "amount": 90, "discount": 10}, method="virtual_card")
    sandbox.control("/control/payments/settle", {"ids": [old]})
    new = sandbox.control("/control/payments/reissue", {"id": old, "method": "check"})["id"]
    assert _payment(avidxchange, old)["status"] == "voided"
    payment = _payment(avidxchange, new)
    assert (payment["replacesPaymentId"], payment["method"], payment["status"]) == (
        old,
        "check",
        "processing",
    )
    assert payment["allocations"] == [{"invoiceExternalId": "i-1", "amount": 90, "discount": 10}]
    assert "up to 0.00" in _refused(sandbox, "/control/payments/reissue", {"id": old})
    assert _stands(avidxchange, "i-1") == ("scheduled", 100)


def test_every_change_moves_the_invoice_too(sandbox: Running, avidxchange: requests.Session):
    def moment() -> str:
        found: str = _listed(avidxchange, "invoices?status=scheduled")[0]["modifiedAt"]
        return found

    _pay(sandbox, {"external_id": "i-1"})
    scheduled = moment()
    sandbox.control("/control/clock", {"advance_seconds": 60})
    sandbox.control("/control/payments/issue", {"ids": "all"})
    assert moment() == scheduled
    sandbox.control("/control/payments/settle", {"ids": "all"})
    (paid,) = _listed(avidxchange, "invoices?status=paid")
    assert paid["modifiedAt"] > scheduled


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"all": True, "invoices": [{"external_id": "i-1"}]},
        {"invoices": [{"external_id": "i-1", "amount": "x"}]},
    ],
)
def test_an_order_that_says_nothing(sandbox: Running, order: dict[str, Any]):
    assert _refused(sandbox, "/control/payments/pay", order, 422)


def test_a_virtual_card_turns_into_a_check_and_stays_one_payment(
    sandbox: Running, avidxchange: requests.Session
):
    card = _pay(sandbox, {"external_id": "i-1"}, method="virtual_card")
    sandbox.control("/control/payments/settle", {"ids": [card]})
    number = sandbox.control("/control/payments/turn-into-check", {"id": card})["check_number"]
    payment = _payment(avidxchange, card)
    assert (payment["method"], payment["checkNumber"], payment["cardReference"]) == ("check", number, None)
    assert (payment["status"], _stands(avidxchange, "i-1")) == ("settled", ("paid", 0))
    assert "no virtual card" in _refused(sandbox, "/control/payments/turn-into-check", {"id": card})
    failed = _pay(sandbox, {"external_id": "i-2"}, method="virtual_card")
    sandbox.control("/control/payments/fail", {"ids": [failed]})
    assert "failed" in _refused(sandbox, "/control/payments/turn-into-check", {"id": failed})
