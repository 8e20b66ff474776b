"""Purchase orders in AvidXchange: taken with codes that it knows, and refused otherwise."""

from __future__ import annotations

from typing import Any

import pytest
import requests

ORDER = "/v1/purchase-orders/o-1"
LINE = {"number": "1", "glCode": "6010", "department": "D1", "quantity": 2, "rate": 1.255, "amount": 2.51}


def order(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    body = {"number": "PO1", "vendorExternalId": "v-1", "currency": "USD", "open": True, "lines": [LINE]}
    return body | changes


@pytest.fixture(autouse=True)
def _known(avidxchange: requests.Session) -> None:
    account = {"code": "6010", "name": "Plumbing", "active": True, "postable": True}
    avidxchange.put("/v1/gl-accounts/a-1", json=account).raise_for_status()
    for code, active in (("D1", True), ("D2", False)):
        value = {"code": code, "name": code, "active": active}
        avidxchange.put(f"/v1/dimensions/department/values/{code}", json=value).raise_for_status()
    vendor = {"number": "1", "name": "Vendor", "active": True}
    avidxchange.put("/v1/vendors/v-1", json=vendor).raise_for_status()


def test_an_order_is_taken_once_changed_and_closed(avidxchange: requests.Session):
    statuses = [
        avidxchange.put(ORDER, json=order(**changes)).status_code
        for changes in ({}, {}, {"memo": "x"}, {"open": False, "lines": []})
    ]
    assert statuses == [201, 200, 200, 200]
    (listed,) = avidxchange.get("/v1/purchase-orders").json()["items"]
    assert (listed["open"], listed["lines"]) == (False, [])


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"vendorExternalId": "v-9"}, "unknown_vendor", "vendorExternalId"),
        ({"vendorExternalId": None}, "missing_field", "vendorExternalId"),
        ({"vendorId": "1"}, "missing_field", "vendorExternalId"),
        ({"lines": []}, "missing_field", "lines"),
        ({"lines": [LINE, LINE]}, "duplicate_line", "lines"),
        ({"lines": [LINE | {"glCode": "9"}]}, "unknown_gl_code", "lines[0].glCode"),
        ({"lines": [LINE | {"department": "D9"}]}, "unknown_dimension", "lines[0].department"),
        ({"lines": [LINE | {"department": "D2"}]}, "inactive_dimension", "lines[0].department"),
        ({"lines": [LINE | {"class": "C9"}]}, "unknown_dimension", "lines[0].class"),
        ({"lines": [LINE | {"amount": 1.255}]}, "invalid_value", "lines[0].amount"),
        ({"lines": [LINE | {"unit": "m"}]}, "unknown_field", "lines[0].unit"),
        ({"open": "yes"}, "invalid_value", "open"),
        ({"currency": "dollars"}, "invalid_value", "currency"),
    ],
)
def test_what_is_refused(avidxchange: requests.Session, changes: dict[str, Any], code: str, field: str):
    answer = avidxchange.put(ORDER, json=order(**changes))
    assert answer.status_code == 422
    assert [(error["code"], error["field"]) for error in answer.json()["errors"]] == [(code, field)]
    assert avidxchange.get("/v1/purchase-orders").json()["items"] == []


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_write_takes_no_parameter(avidxchange: requests.Session, method: str):
    path = ORDER if method == "PUT" else "/v1/payments/1/stop"
    answer = avidxchange.request(method, path, params={"upsert": "true"}, json=order())
    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == ["unknown_parameter"]
