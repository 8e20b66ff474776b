"""What AvidXchange refuses: each refusal by its status, field and code."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from apbridge_sandbox.testing import Running
from tests.waiting import held, until

VENDOR = {"number": "V1", "name": "O'Brien & Sons", "active": True}
ACCOUNT = {"code": "6010", "name": "Plumbing", "active": True, "postable": True}
PLACE = {"code": "11", "name": "Harborview Tower", "active": True}


def _line(**changes: object) -> dict[str, Any]:
    return {"number": "1", "glCode": "6010", "amount": 10.5, "location": "11"} | changes


def _invoice(**changes: object) -> dict[str, Any]:
    invoice = {
        "number": "INV-1",
        "vendorExternalId": "v-1",
        "invoiceDate": "2026-10-30",
        "currency": "USD",
        "total": 10.5,
        "lines": [_line()],
    }
    return invoice | changes


@pytest.fixture(autouse=True)
def _masters(avidxchange: requests.Session) -> None:
    for path, body in (
        ("/v1/vendors/v-1", VENDOR),
        ("/v1/vendors/v-gone", VENDOR | {"active": False}),
        ("/v1/gl-accounts/a-1", ACCOUNT),
        ("/v1/gl-accounts/a-2", ACCOUNT | {"code": "6610", "active": False}),
        ("/v1/gl-accounts/a-3", ACCOUNT | {"code": "6000", "postable": False}),
        ("/v1/dimensions/location/values/l-1", PLACE),
        ("/v1/dimensions/location/values/l-2", PLACE | {"code": "12", "active": False}),
    ):
        assert avidxchange.put(path, json=body).status_code == 201


def _errors(answer: requests.Response) -> set[tuple[str | None, str]]:
    body = answer.json()
    assert body["message"]
    return {(error["field"], error["code"]) for error in body["errors"]}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"vendorExternalId": "v-2"}, "vendorExternalId", "unknown_vendor"),
        ({"vendorExternalId": "v-gone"}, "vendorExternalId", "inactive_vendor"),
        ({"lines": [_line(glCode="9999")]}, "lines[0].glCode", "unknown_gl_code"),
        ({"lines": [_line(glCode="6610")]}, "lines[0].glCode", "inactive_gl_code"),
        ({"lines": [_line(glCode="6000")]}, "lines[0].glCode", "unpostable_gl_code"),
        ({"lines": [_line(location="99")]}, "lines[0].location", "unknown_dimension"),
        ({"lines": [_line(department="11")]}, "lines[0].department", "unknown_dimension"),
        ({"lines": [_line(**{"class": "1"})]}, "lines[0].class", "unknown_dimension"),
        ({"lines": [_line(location="12")]}, "lines[0].location", "inactive_dimension"),
        ({"total": 10.51}, "total", "lines_do_not_sum"),
        ({"lines": [_line(), _line(amount=0)]}, "lines", "duplicate_line"),
        ({"total": -1, "lines": [_line(amount=-1)]}, "total", "negative_total"),
        ({"lines": []}, "lines", "invalid_value"),
        ({"total": "10.50"}, "total", "invalid_value"),
        ({"total": 10.505}, "total", "invalid_value"),
        ({"lines": [_line(amount=10.505)]}, "lines[0].amount", "invalid_value"),
        ({"total": True}, "total", "invalid_value"),
        ({"total": 10**14}, "total", "invalid_value"),
        ({"currency": "dollars"}, "currency", "invalid_value"),
        ({"invoiceDate": "10/30/2026"}, "invoiceDate", "invalid_value"),
        ({"number": ""}, "number", "invalid_value"),
        ({"number": "9" * 51}, "number", "too_long"),
        ({"memo": "m" * 201}, "memo", "too_long"),
        ({"lines": [_line(description="d" * 101)]}, "lines[0].description", "too_long"),
        ({"poNumber": "1"}, "poNumber", "unknown_field"),
        ({"lines": [_line(dept="1")]}, "lines[0].dept", "unknown_field"),
    ],
)
def test_invoice_refused(avidxchange: requests.Session, changes: dict[str, Any], field: str, code: str):
    answer = avidxchange.put("/v1/invoices/i-1", json=_invoice(**changes))
    assert answer.status_code == 422
    assert _errors(answer) == {(field, code)}
    assert avidxchange.get("/v1/invoices").json()["items"] == []


def test_every_reason_is_given_at_once(avidxchange: requests.Session, sandbox: Running):
    answer = avidxchange.put(
        "/v1/invoices/i-1",
        json=_invoice(vendorExternalId="x", total=1, lines=[_line(glCode="x", location="x")]),
    )
    assert _errors(answer) == {
        ("vendorExternalId", "unknown_vendor"),
        ("lines[0].glCode", "unknown_gl_code"),
        ("lines[0].location", "unknown_dimension"),
        ("total", "lines_do_not_sum"),
    }
    assert sandbox.calls()["avidxchange"]["refusals"] == {
        "unknown_vendor": 1,
        "unknown_gl_code": 1,
        "unknown_dimension": 1,
        "lines_do_not_sum": 1,
    }


@pytest.mark.parametrize("field", ["number", "vendorExternalId", "invoiceDate", "currency", "total", "lines"])
def test_required_fields(avidxchange: requests.Session, field: str):
    invoice = _invoice()
    del invoice[field]
    answer = avidxchange.put("/v1/invoices/i-1", json=invoice)
    assert answer.status_code == 422
    assert _errors(answer) == {(field, "missing_field")}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/vendors/v-2", VENDOR | {"name": "n" * 101}),
        ("/v1/gl-accounts/a-9", ACCOUNT | {"name": "n" * 51}),
        ("/v1/dimensions/location/values/l-9", PLACE | {"name": "n" * 51}),
    ],
)
def test_names_have_a_limit(avidxchange: requests.Session, path: str, body: dict[str, Any]):
    answer = avidxchange.put(path, json=body)
    assert answer.status_code == 422
    assert _errors(answer) == {("name", "too_long")}
    just_fits = (
        body | {"code": "new", "name": body["name"][:-1]} if "code" in body else body | {"name": "n" * 100}
    )
    assert avidxchange.put(path, json=just_fits).status_code == 201


def test_a_limit_counts_characters_not_bytes(avidxchange: requests.Session):
    body = PLACE | {"code": "13", "name": "É" * 49 + "\N{SPARKLES}"}
    assert avidxchange.put("/v1/dimensions/location/values/l-3", json=body).status_code == 201


def test_codes_are_not_shared(avidxchange: requests.Session):
    answer = avidxchange.put("/v1/gl-accounts/a-9", json=ACCOUNT)
    assert answer.status_code == 422
    assert _errors(answer) == {("code", "duplicate_code")}
    other = avidxchange.put("/v1/dimensions/department/values/d-1", json=PLACE)
    assert other.status_code == 201


@pytest.mark.parametrize("external_id", ["a.b", "a b", "x" * 101, "é"])
def test_external_ids(avidxchange: requests.Session, external_id: str):
    answer = avidxchange.put(f"/v1/vendors/{external_id}", json=VENDOR)
    assert answer.status_code == 422
    assert _errors(answer) == {("externalId", "invalid_external_id")}


def test_not_json(avidxchange: requests.Session):
    text = avidxchange.put("/v1/vendors/v-2", data="{}")
    assert text.status_code == 415
    headers = {"Content-Type": "application/json; charset=utf-8"}
    broken = avidxchange.put("/v1/vendors/v-2", data="{", headers=headers)
    assert broken.status_code == 422
    assert _errors(broken) == {(None, "malformed_json")}


@pytest.mark.parametrize("header", ["X-Company-Token", "X-User-Token"])
@pytest.mark.parametrize("value", ["wrong", None])
def test_bad_tokens(avidxchange: requests.Session, header: str, value: str | None):
    answer = avidxchange.get("/v1/company", headers={header: value})
    assert answer.status_code == 401
    assert _errors(answer) == {(None, "invalid_token")}


def test_token_without_the_right(avidxchange: requests.Session, sandbox: Running):
    sandbox.control("/control/switches", {"avidxchange.token_may_write": False})
    assert avidxchange.put("/v1/vendors/v-1", json=VENDOR).status_code == 403
    assert avidxchange.get("/v1/vendors").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/invoices/nowhere/cancel", 404),
        ("GET", "/v1/bills", 404),
        ("PUT", "/v1/dimensions/Cost Center/values/x", 404),
        ("DELETE", "/v1/vendors/v-1", 405),
    ],
)
def test_what_is_not_there(avidxchange: requests.Session, method: str, path: str, status: int):
    body: dict[str, Any] = {"reason": "gone"} if path.endswith("cancel") else PLACE
    assert avidxchange.request(method, path, json=body).status_code == status


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("status=open", "status"),
        ("cursor=xyz", "cursor"),
        ("modifiedSince=2026-11-02", "modifiedSince"),
        ("modifiedSince=yesterday", "modifiedSince"),
        ("since=2026-11-02T00:00:00Z", "since"),
    ],
)
def test_parameters_of_a_list(avidxchange: requests.Session, query: str, field: str):
    answer = avidxchange.get(f"/v1/invoices?{query}")
    assert answer.status_code == 422
    assert {name for name, _ in _errors(answer)} == {field}


def test_too_many_at_once_is_refused_with_a_time(sandbox: Running, avidxchange: requests.Session):
    sandbox.control("/control/switches", {"avidxchange.concurrency_limit": 1})
    sandbox.control("/control/faults", {"match": {"path": "/v1/company"}, "do": {"hold": True}})
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(avidxchange.get, "/v1/company")
        until(lambda: held(sandbox.control) == 1)
        refused = avidxchange.get("/v1/company")
        sandbox.control("/control/faults/let-go")
    assert first.result().status_code == 200
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert _errors(refused) == {(None, "too_many_requests")}
