"""Upserts, lists and images of AvidXchange: once a record is in, what another call does to it."""

import hashlib
from typing import Any

import pytest
import requests

from apbridge_sandbox.testing import Running

VENDOR = {"number": "V1", "name": "Société Électrique", "active": True}
ACCOUNT = {"code": "6010", "name": "Plumbing", "active": True, "postable": True}
LINE = {"number": "1", "glCode": "6010", "amount": 1200.0, "quantity": 3, "rate": 400}
INVOICE = {
    "number": "INV-1",
    "vendorExternalId": "v-1",
    "invoiceDate": "2026-10-30",
    "dueDate": "2026-11-30",
    "currency": "USD",
    "total": 1200,
    "lines": [LINE],
}
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def _invoiced(avidxchange: requests.Session) -> None:
    avidxchange.put("/v1/vendors/v-1", json=VENDOR).raise_for_status()
    avidxchange.put("/v1/gl-accounts/a-1", json=ACCOUNT).raise_for_status()
    avidxchange.put("/v1/invoices/i-1", json=INVOICE).raise_for_status()


def _invoice(avidxchange: requests.Session) -> dict[str, Any]:
    (invoice,) = avidxchange.get("/v1/invoices").json()["items"]
    found: dict[str, Any] = invoice
    return found


def _image(avidxchange: requests.Session, content: bytes = PDF, **headers: str) -> requests.Response:
    usual = {"Content-Type": "application/pdf", "X-File-Name": "bill%20%C3%A9.pdf"}
    return avidxchange.put("/v1/invoices/i-1/image", data=content, headers=usual | headers)


def test_who_am_i(avidxchange: requests.Session):
    answer = avidxchange.get("/v1/company")
    assert answer.json() == {"id": "1", "name": "Harborview Property Management"}
    assert answer.headers["X-Request-Id"]


def test_an_upsert_is_created_once_then_known(avidxchange: requests.Session, sandbox: Running):
    first = avidxchange.put("/v1/vendors/v-1", json=VENDOR)
    assert first.status_code == 201
    sandbox.control("/control/clock", {"advance_seconds": 60})
    again = avidxchange.put("/v1/vendors/v-1", json=VENDOR)
    assert (again.status_code, again.json()) == (200, first.json())
    changed = avidxchange.put("/v1/vendors/v-1", json=VENDOR | {"name": "Société"})
    assert changed.status_code == 200
    assert changed.json()["id"] == first.json()["id"]
    assert changed.json()["modifiedAt"] > first.json()["modifiedAt"]
    assert len(avidxchange.get("/v1/vendors").json()["items"]) == 1


@pytest.mark.usefixtures("_invoiced")
def test_an_invoice_comes_back_as_it_was_sent(avidxchange: requests.Session):
    shown = _invoice(avidxchange)
    assert {name: shown[name] for name in INVOICE if name != "lines"} == {
        name: value for name, value in INVOICE.items() if name != "lines"
    }
    assert {name: shown["lines"][0][name] for name in LINE} == LINE
    assert shown["status"] == "submitted"
    assert (shown["amountPaid"], shown["amountUnpaid"], shown["image"]) == (0, 1200, None)


@pytest.mark.usefixtures("_invoiced")
def test_amounts_are_compared_as_money(avidxchange: requests.Session, sandbox: Running):
    before = _invoice(avidxchange)
    sandbox.control("/control/clock", {"advance_seconds": 60})
    line = LINE | {"amount": 1200.00}
    assert avidxchange.put("/v1/invoices/i-1", json=INVOICE | {"total": 1200.0, "lines": [line]}).ok
    assert _invoice(avidxchange) == before


@pytest.mark.usefixtures("_invoiced")
def test_an_invoice_in_workflow_may_change(avidxchange: requests.Session, sandbox: Running):
    sandbox.control("/control/invoices/route", {"external_ids": ["i-1"]})
    changed = avidxchange.put("/v1/invoices/i-1", json=INVOICE | {"memo": "corrected"})
    assert changed.status_code == 200
    assert (changed.json()["memo"], changed.json()["status"]) == ("corrected", "in_workflow")


@pytest.mark.usefixtures("_invoiced")
@pytest.mark.parametrize("until", ["approved", "scheduled", "paid"])
def test_a_locked_invoice_takes_the_same_and_refuses_another(
    avidxchange: requests.Session, sandbox: Running, until: str
):
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    if until != "approved":
        sandbox.control("/control/payments/pay", {"all": True})
    if until == "paid":
        sandbox.control("/control/payments/settle", {"ids": "all"})
    before = _invoice(avidxchange)
    assert before["status"] == until
    # Not even a vendor made inactive meanwhile makes the same content wrong.
    avidxchange.put("/v1/vendors/v-1", json=VENDOR | {"active": False}).raise_for_status()
    assert avidxchange.put("/v1/invoices/i-1", json=INVOICE).status_code == 200
    for answer in (
        avidxchange.put("/v1/invoices/i-1", json=INVOICE | {"memo": "other"}),
        avidxchange.post("/v1/invoices/i-1/cancel", json={"reason": "deleted"}),
        _image(avidxchange),
    ):
        assert answer.status_code == 409
        assert [error["code"] for error in answer.json()["errors"]] == ["invoice_locked"]
    assert _invoice(avidxchange) == before


@pytest.mark.usefixtures("_invoiced")
def test_a_rejected_invoice_is_submitted_again_by_a_correction(
    avidxchange: requests.Session, sandbox: Running
):
    sandbox.control("/control/invoices/reject", {"external_ids": ["i-1"], "reason": "Wrong building"})
    same = avidxchange.put("/v1/invoices/i-1", json=INVOICE).json()
    assert (same["status"], same["statusReason"]) == ("rejected", "Wrong building")
    corrected = avidxchange.put("/v1/invoices/i-1", json=INVOICE | {"memo": "Tower"}).json()
    assert (corrected["status"], corrected["statusReason"]) == ("submitted", None)


@pytest.mark.usefixtures("_invoiced")
def test_cancelling(avidxchange: requests.Session, sandbox: Running):
    cancelled = avidxchange.post("/v1/invoices/i-1/cancel", json={"reason": "Deleted in NetSuite"})
    assert cancelled.status_code == 200
    assert (cancelled.json()["status"], cancelled.json()["statusReason"]) == (
        "cancelled",
        "Deleted in NetSuite",
    )
    sandbox.control("/control/clock", {"advance_seconds": 60})
    again = avidxchange.post("/v1/invoices/i-1/cancel", json={"reason": "Once more"})
    assert (again.status_code, again.json()) == (200, cancelled.json())
    assert _image(avidxchange).status_code == 409

    sandbox.control("/control/switches", {"avidxchange.cancelled_invoice": "stays"})
    refused = avidxchange.put("/v1/invoices/i-1", json=INVOICE)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "invoice_cancelled")
    sandbox.control("/control/switches", {"avidxchange.cancelled_invoice": "reopens"})
    assert avidxchange.put("/v1/invoices/i-1", json=INVOICE).json()["status"] == "submitted"


@pytest.mark.usefixtures("_invoiced")
def test_images(avidxchange: requests.Session, sandbox: Running):
    assert _image(avidxchange).status_code == 201
    shown = _invoice(avidxchange)
    assert shown["image"] == {
        "name": "bill é.pdf",
        "mediaType": "application/pdf",
        "size": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
    }
    sandbox.control("/control/clock", {"advance_seconds": 60})
    assert _image(avidxchange).status_code == 200
    assert _invoice(avidxchange) == shown
    other = _image(avidxchange, b"\x89PNG\r\n\x1a\n...", **{"Content-Type": "image/png"})
    assert other.status_code == 200
    assert _invoice(avidxchange)["image"]["mediaType"] == "image/png"
    assert _invoice(avidxchange)["modifiedAt"] > shown["modifiedAt"]


@pytest.mark.usefixtures("_invoiced")
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"\xff\xd8\xff\xe0", {"Content-Type": "image/jpeg"}, 201),
        (b"II*\x00", {"Content-Type": "image/tiff"}, 201),
        (b"MM\x00*", {"Content-Type": "image/tiff"}, 201),
        (PDF, {"Content-Type": "image/png"}, 415),
        (b"<html></html>", {}, 415),
        (b"", {}, 415),
        (PDF, {"Content-Type": "application/octet-stream"}, 415),
        (PDF, {"X-File-Name": ""}, 422),
        (PDF, {"X-File-Name": "n" * 256}, 422),
        (PDF + b"0" * (10 * 1024 * 1024 - len(PDF)), {}, 201),
        (PDF + b"0" * (10 * 1024 * 1024), {}, 413),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_an_image_may_be(
    avidxchange: requests.Session, content: bytes, headers: dict[str, str], status: int
):
    assert _image(avidxchange, content, **headers).status_code == status


def test_an_image_needs_its_invoice(avidxchange: requests.Session):
    assert _image(avidxchange).status_code == 404


def test_pages_show_each_once_even_within_one_second(avidxchange: requests.Session):
    for number in range(25):
        body = ACCOUNT | {"code": str(number)}
        avidxchange.put(f"/v1/gl-accounts/a-{number}", json=body).raise_for_status()
    codes, cursor, pages = [], "", 0
    while True:
        page = avidxchange.get(f"/v1/gl-accounts?limit=10{cursor and '&cursor=' + cursor}").json()
        codes += [int(item["code"]) for item in page["items"]]
        pages += 1
        if page["nextCursor"] is None:
            break
        cursor = page["nextCursor"]
    assert (codes, pages) == ([*range(25)], 3)


@pytest.mark.usefixtures("_invoiced")
def test_modified_since_is_inclusive_and_knows_zones(avidxchange: requests.Session, sandbox: Running):
    sandbox.control("/control/clock", {"advance_days": 1})
    avidxchange.put("/v1/invoices/i-2", json=INVOICE | {"number": "INV-2"}).raise_for_status()
    moment = avidxchange.get("/v1/invoices").json()["items"][1]["modifiedAt"]
    for since, expected in (
        (moment, ["i-2"]),
        (moment.replace("Z", "+00:00"), ["i-2"]),
        (moment.replace("Z", "-08:00"), []),
        ("2026-11-02T16:00:00Z", ["i-1", "i-2"]),
    ):
        answer = avidxchange.get("/v1/invoices", params={"modifiedSince": since})
        assert [item["externalId"] for item in answer.json()["items"]] == expected


@pytest.mark.usefixtures("_invoiced")
def test_lists_by_status(avidxchange: requests.Session, sandbox: Running):
    sandbox.control("/control/invoices/approve", {"external_ids": ["i-1"]})
    assert len(avidxchange.get("/v1/invoices?status=approved").json()["items"]) == 1
    assert avidxchange.get("/v1/invoices?status=submitted").json()["items"] == []


def test_dimensions_are_listed_apart(avidxchange: requests.Session):
    body = {"code": "1", "name": "One", "active": True}
    avidxchange.put("/v1/dimensions/department/values/d-1", json=body).raise_for_status()
    avidxchange.put("/v1/dimensions/cseg_project/values/p-1", json=body).raise_for_status()
    for dimension, expected in (("department", ["d-1"]), ("cseg_project", ["p-1"]), ("class", [])):
        items = avidxchange.get(f"/v1/dimensions/{dimension}/values").json()["items"]
        assert [item["externalId"] for item in items] == expected
