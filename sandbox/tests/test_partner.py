"""AvidXchange in the partner style: the same books, as strict, in other words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from apbridge_sandbox.testing import Running
from tests.partner import Partner
from tests.waiting import PATIENCE, held, until

VENDOR = {"ExternalId": "v-1", "VendorNumber": "V1", "VendorName": "O'Brien & Sons", "IsActive": True}
ACCOUNT = {
    "ExternalId": "a-1",
    "GLCode": "6010",
    "Description": "Plumbing",
    "IsActive": True,
    "AllowPosting": True,
}
PLACE = {"ExternalId": "l-1", "CodeType": "location", "Code": "11", "Description": "Tower", "IsActive": True}
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def partner(sandbox: Running) -> Iterator[Partner]:
    with Partner(sandbox) as session:
        yield session


@pytest.fixture
def _masters(partner: Partner) -> None:
    sent = (("vendors", "Vendors", VENDOR), ("glaccounts", "GLAccounts", ACCOUNT), ("codes", "Codes", PLACE))
    for path, within, item in sent:
        assert partner.batch(path, within, item)[0]["Successful"] is True


def line(**changes: object) -> dict[str, Any]:
    return {"LineNumber": "1", "GLCode": "6010", "Amount": 10.5, "LocationCode": "11"} | changes


def invoice(**changes: object) -> dict[str, Any]:
    return {
        "ExternalId": "i-1",
        "InvoiceNumber": "INV-1",
        "VendorExternalId": "v-1",
        "InvoiceDate": "2026-10-30",
        "CurrencyCode": "USD",
        "InvoiceAmount": 10.5,
        "LineItems": [line()],
    } | changes


def errors(result: dict[str, Any]) -> set[tuple[str | None, str]]:
    assert result["Message"]
    return {(error["Field"], error["Code"]) for error in result["Errors"]}


# Sign-in


def test_client_credentials_become_a_token_by_basic_or_form(partner: Partner):
    basic = partner.sign_in()
    assert (basic.json()["token_type"], basic.json()["expires_in"]) == ("Bearer", 3600)
    given = {name: partner.given[name] for name in ("client_id", "client_secret")}
    form = {"grant_type": "client_credentials", **given}
    assert requests.post(f"{partner.url}/oauth2/token", data=form, timeout=PATIENCE).ok
    assert partner.get("/api/v2/company").json() == {
        "CompanyId": partner.given["company_id"],
        "CompanyName": "Harborview Property Management",
    }


@pytest.mark.parametrize(
    ("form", "changes", "status", "error"),
    [
        (None, {"client_secret": "wrong"}, 401, "invalid_client"),
        (None, {"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
        ({}, {}, 400, "invalid_request"),
    ],
)
def test_a_refused_sign_in(
    partner: Partner, form: dict[str, str] | None, changes: dict[str, str], status: int, error: str
):
    answer = partner.sign_in(form, **changes)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_token_that_is_wrong_or_has_ended_is_refused(partner: Partner, sandbox: Running):
    assert partner.get("/api/v2/company", headers={"Authorization": "Bearer x"}).status_code == 401
    assert partner.get("/api/v2/company", headers={"Authorization": None}).status_code == 401
    sandbox.control("/control/switches", {"avidxchange.token_seconds": 0})
    ended = partner.sign_in().json()["access_token"]
    answer = partner.get("/api/v2/company", headers={"Authorization": f"Bearer {ended}"})
    assert answer.status_code == 401
    assert errors(answer.json()) == {(None, "InvalidToken")}


def test_another_company_and_a_client_without_the_right_are_refused(partner: Partner, sandbox: Running):
    assert partner.get("/api/v2/vendors", headers={"X-Company-Id": "2"}).status_code == 403
    sandbox.control("/control/switches", {"avidxchange.token_may_write": False})
    assert partner.post("/api/v2/vendors", json={"Vendors": [VENDOR]}).status_code == 403
    assert partner.get("/api/v2/vendors").json() == {"Vendors": []}


def test_sign_ins_are_no_writes(partner: Partner, sandbox: Running):
    partner.sign_in()
    calls = sandbox.calls()["avidxchange"]
    assert (calls["sign_ins"], calls["writes"]) == (2, 0)


# Writes


@pytest.mark.usefixtures("_masters")
def test_each_item_of_a_batch_fares_by_itself(partner: Partner, sandbox: Running):
    good, bad = invoice(), invoice(ExternalId="i-2", VendorExternalId="v-9", LineItems=[line(GLCode="x")])
    results = partner.batch("invoices", "Invoices", good, bad, "nonsense")
    assert [(one["ExternalId"], one["Successful"]) for one in results] == [
        ("i-1", True),
        ("i-2", False),
        (None, False),
    ]
    assert errors(results[1]) == {
        ("VendorExternalId", "UnknownVendor"),
        ("LineItems[0].GLCode", "UnknownGlCode"),
    }
    assert [one["externalId"] for one in sandbox.books()["avidxchange"]["invoices"]] == ["i-1"]
    assert sandbox.calls()["avidxchange"]["refusals"] == {
        "unknown_vendor": 1,
        "unknown_gl_code": 1,
        "invalid_value": 1,
    }


@pytest.mark.usefixtures("_masters")
@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"LineItems": [line(LocationCode="99")]}, "LineItems[0].LocationCode", "UnknownDimension"),
        ({"InvoiceAmount": 10.51}, "InvoiceAmount", "LinesDoNotSum"),
        ({"InvoiceAmount": "10.50"}, "InvoiceAmount", "InvalidValue"),
        ({"InvoiceAmount": 10.505}, "InvoiceAmount", "InvalidValue"),
        ({"InvoiceDate": "10/30/2026"}, "InvoiceDate", "InvalidValue"),
        ({"Comments": "m" * 201}, "Comments", "TooLong"),
        ({"InvoiceNumber": ...}, "InvoiceNumber", "MissingField"),
        ({"ExternalId": ...}, "ExternalId", "MissingField"),
        ({"ExternalId": "a.b"}, "ExternalId", "InvalidExternalId"),
        ({"number": "1"}, "number", "UnknownField"),
        ({"PONumber": "1"}, "PONumber", "UnknownField"),
        ({"LineItems": [line(Dept="1")]}, "LineItems[0].Dept", "UnknownField"),
    ],
)
def test_an_item_is_refused_as_strictly(partner: Partner, changes: dict[str, Any], field: str, code: str):
    item = {name: value for name, value in invoice(**changes).items() if value is not ...}
    (result,) = partner.batch("invoices", "Invoices", item)
    assert result["Successful"] is False
    assert errors(result) == {(field, code)}
    assert partner.get("/api/v2/invoices").json() == {"Invoices": []}


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"json": {"vendors": [VENDOR]}}, 400, "UnknownField"),
        ({"json": {"Vendors": []}}, 400, "InvalidValue"),
        ({"json": {"Vendors": [VENDOR] * 101}}, 400, "InvalidValue"),
        ({"json": [VENDOR]}, 400, "MalformedJson"),
        ({"data": "{", "headers": {"Content-Type": "application/json"}}, 400, "MalformedJson"),
        ({"data": "{}"}, 415, "UnsupportedMediaType"),
    ],
)
def test_what_is_no_batch_is_refused_whole(partner: Partner, options: dict[str, Any], status: int, code: str):
    answer = partner.post("/api/v2/vendors", **options)
    assert answer.status_code == status
    assert {one for _, one in errors(answer.json())} == {code}


@pytest.mark.parametrize(
    ("results", "successful", "expected"),
    [
        ("object", "boolean", {"ExternalId": "v-1", "Successful": True}),
        ("object", "text", {"ExternalId": "v-1", "Successful": "true"}),
        ("none", "boolean", []),
    ],
)
def test_results_take_the_form_that_the_switches_say(
    partner: Partner, sandbox: Running, results: str, successful: str, expected: object
):
    sandbox.control(
        "/control/switches", {"avidxchange.results": results, "avidxchange.successful": successful}
    )
    answer = partner.post("/api/v2/vendors", json={"Vendors": [VENDOR]}).json()["Results"]
    if isinstance(answer, dict):
        assert isinstance(answer.pop("Id"), int)
    assert answer == expected
    assert len(sandbox.books()["avidxchange"]["vendors"]) == 1


@pytest.mark.usefixtures("_masters")
def test_both_surfaces_show_the_same_books(partner: Partner, avidxchange: requests.Session):
    partner.batch("invoices", "Invoices", invoice())
    (shown,) = partner.get("/api/v2/invoices").json()["Invoices"]
    (same,) = avidxchange.get("/v1/invoices").json()["items"]
    assert (shown["Id"], shown["Vendor"], shown["InvoiceStatus"]) == (
        same["id"],
        {"ExternalId": "v-1"},
        "Submitted",
    )
    assert shown["LineItems"][0]["GLCode"] == same["lines"][0]["glCode"] == "6010"
    (gone,) = partner.batch("invoices/cancel", "Invoices", {"ExternalId": "i-1", "Reason": "twice"})
    assert gone["Successful"] is True
    assert avidxchange.get("/v1/invoices").json()["items"][0]["status"] == "cancelled"


@pytest.mark.usefixtures("_masters")
def test_a_locked_invoice_is_a_failed_item(partner: Partner, sandbox: Running):
    partner.batch("invoices", "Invoices", invoice())
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    (result,) = partner.batch("invoices", "Invoices", invoice(Comments="changed"))
    assert errors(result) == {(None, "InvoiceLocked")}


# Images


@pytest.mark.usefixtures("_masters")
def test_an_image_comes_as_a_form_or_in_base64(partner: Partner):
    (made,) = partner.batch("invoices", "Invoices", invoice())
    path = f"/api/v2/invoices/{made['Id']}/image"
    form = partner.post(path, files={"File": ("bill é.pdf", PDF, "application/pdf")})
    assert form.json()["Results"] == [{"ExternalId": "i-1", "Successful": True}]
    in_json = {"FileName": "b.pdf", "ContentType": "application/pdf"}
    other = {**in_json, "Content": base64.b64encode(PDF + b"2").decode()}
    assert partner.post(path, json=other).json()["Results"][0]["Successful"] is True
    (shown,) = partner.get("/api/v2/invoices").json()["Invoices"]
    assert shown["Image"] == {
        "FileName": "b.pdf",
        "ContentType": "application/pdf",
        "Size": len(PDF) + 1,
        "Sha256": hashlib.sha256(PDF + b"2").hexdigest(),
    }
    wrong = partner.post(path, files={"File": ("b.pdf", b"no pdf", "application/pdf")})
    assert errors(wrong.json()["Results"][0]) == {(None, "NotWhatItSays")}
    for refused in (
        partner.post(path, files={"Picture": ("b.pdf", PDF, "application/pdf")}),
        partner.post(path, json=in_json),
        partner.post(path, json={**in_json, "Content": "§"}),
    ):
        assert refused.status_code == 400
    large = b"%PDF-" + b"0" * 10_485_760
    assert partner.post(path, files={"File": ("b.pdf", large, "application/pdf")}).status_code == 413
    missing = partner.post("/api/v2/invoices/1/image", files={"File": ("b.pdf", PDF, "application/pdf")})
    assert missing.status_code == 404


# Lists


def test_paging_is_there_only_where_there_are_pages(partner: Partner):
    vendors = [{**VENDOR, "ExternalId": f"v-{number}"} for number in range(5)]
    partner.batch("vendors", "Vendors", *vendors)
    assert partner.get("/api/v2/vendors").json().keys() == {"Vendors"}
    url, seen = "/api/v2/vendors?pageSize=2", []
    for _ in range(3):
        page = partner.get(url).json()
        seen += [one["ExternalId"] for one in page["Vendors"]]
        links = {link["Rel"]: link["Href"] for link in page["Paging"]["Links"]}
        url = links.get("next", "").removeprefix(partner.url)
    assert seen == [f"v-{number}" for number in range(5)]
    assert url == ""
    assert partner.get("/api/v2/vendors?pageSize=2&pageNumber=9").json()["Vendors"] == []
    assert [one["Id"] for one in partner.get("/api/v2/vendors?externalId=v-3").json()["Vendors"]] == [
        "300004"
    ]


@pytest.mark.parametrize(
    ("zone", "from_day"), [("America/Los_Angeles", 2), ("UTC", 2), ("Pacific/Kiritimati", 3)]
)
def test_a_day_begins_in_the_zone_of_the_switch(partner: Partner, sandbox: Running, zone: str, from_day: int):
    """The clock stands at 2 November 2026, 16:00 UTC: in Kiritimati it is the 3rd."""
    sandbox.control("/control/switches", {"avidxchange.day_zone": zone})
    partner.batch("vendors", "Vendors", VENDOR)
    for day in range(1, 5):
        listed = partner.get(f"/api/v2/vendors?lastModifiedFrom=2026-11-0{day}").json()["Vendors"]
        assert bool(listed) is (day <= from_day)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("vendors?pageSize=0", "pageSize"),
        ("vendors?pageSize=1001", "pageSize"),
        ("vendors?pageNumber=x", "pageNumber"),
        ("vendors?limit=5", "limit"),
        ("vendors?lastModifiedFrom=2026-11-02T00:00:00Z", "lastModifiedFrom"),
        ("glaccounts?lastModifiedFrom=2026-11-02", "lastModifiedFrom"),
        ("payments?externalId=1", "externalId"),
        ("codes", "codeType"),
    ],
)
def test_parameters_of_a_list(partner: Partner, path: str, field: str):
    answer = partner.get(f"/api/v2/{path}")
    assert answer.status_code == 400
    assert {name for name, _ in errors(answer.json())} == {field}


@pytest.mark.usefixtures("_masters")
@pytest.mark.parametrize(
    ("method", "name", "issued"),
    [
        ("check", "Check", "Sent To Printer"),
        ("ach", "AvidPay Direct", "ACH Credit Issued"),
        ("virtual_card", "Virtual Card", "Virtual Card Processing"),
    ],
)
def test_payments_in_their_own_words(partner: Partner, sandbox: Running, method: str, name: str, issued: str):
    partner.batch("invoices", "Invoices", invoice())
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    sandbox.control("/control/payments/pay", {"all": True, "method": method})
    statuses = []
    for step in (None, "issue", "settle", "void"):
        if step:
            ids = [str(one["PaymentId"]) for one in partner.get("/api/v2/payments").json()["Payments"]]
            sandbox.control(f"/control/payments/{step}", {"ids": ids})
        (shown,) = partner.get("/api/v2/payments").json()["Payments"]
        statuses.append(shown["PaymentStatus"])
    assert statuses == ["Processing", issued, "Cleared", "Void"]
    assert shown["PaymentMethod"] == name
    assert isinstance(shown["PaymentId"], int)
    assert shown["Invoices"] == [{"ExternalId": "i-1", "AmountPaid": 10.5, "DiscountTaken": 0}]


@pytest.mark.usefixtures("_masters")
def test_a_credit_is_an_invoice_below_zero(partner: Partner, sandbox: Running):
    credit = invoice(ExternalId="c-1", InvoiceAmount=-8.5, LineItems=[line(Amount=-8.5)])
    taken_back = {"ExternalId": "c-1", "Reason": "Voided"}
    assert [one["Successful"] for one in partner.batch("invoices", "Invoices", invoice(), credit)] == [
        True,
        True,
    ]
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    shares = [{"external_id": "i-1"}, {"external_id": "c-1"}]
    (payment,) = sandbox.control("/control/payments/pay", {"invoices": shares})["ids"]
    (locked,) = partner.batch("invoices/cancel", "Invoices", taken_back)
    assert errors(locked) == {(None, "InvoiceLocked")}
    (shown,) = partner.get("/api/v2/invoices", params={"externalId": "c-1"}).json()["Invoices"]
    assert (shown["InvoiceAmount"], shown["InvoiceStatus"]) == (-8.5, "Scheduled For Payment")
    (paid,) = partner.get("/api/v2/payments").json()["Payments"]
    assert (paid["PaymentAmount"], [one["AmountPaid"] for one in paid["Invoices"]]) == (2, [10.5, -8.5])
    sandbox.control("/control/payments/fail", {"ids": [payment]})
    (changed,) = partner.batch("invoices", "Invoices", invoice(ExternalId="c-1"))
    assert errors(changed) == {("ExternalId", "InvalidExternalId")}
    assert partner.batch("invoices/cancel", "Invoices", taken_back)[0]["Successful"] is True


def test_too_many_at_once_is_refused_with_a_time(sandbox: Running, partner: Partner):
    sandbox.control("/control/switches", {"avidxchange.concurrency_limit": 1})
    sandbox.control("/control/faults", {"match": {"path": "/api/v2/company"}, "do": {"hold": True}})
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(partner.get, "/api/v2/company")
        until(lambda: held(sandbox.control) == 1)
        refused = partner.get("/api/v2/company")
        sandbox.control("/control/faults/let-go")
    assert first.result().status_code == 200
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert errors(refused.json()) == {(None, "TooManyRequests")}
