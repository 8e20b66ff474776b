"""Recordings as a browser and Postman write them, with secrets in every place where they may stand."""

from __future__ import annotations

import json
from typing import Any

SECRETS = (
    "s3cret-bearer-value",
    "company-token-value",
    "cookie-value-1",
    "api-key-in-query",
    "hunter2-password",
    "client-secret-value",
    "12-3456789",
    "session-in-answer",
    "kept@private.example",
)


def vendor(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "vendorKey": 300001,
        "externalId": "netsuite-1-vendor-7",
        "vendorNumber": "V7",
        "vendorName": "Acme",
        "taxId": "12-3456789",
        "emailAddress": "kept@private.example",
        "isActive": True,
        "lastModified": "2026-11-02T10:00:00Z",
        **more,
    }


def payment() -> dict[str, Any]:
    return {
        "paymentId": 900001,
        "paymentStatus": "Cleared",
        "paymentMethod": "Check",
        "checkNumber": "10017",
        "paymentAmount": 12.5,
        "paymentDate": "2026-11-02",
        "invoices": [{"externalId": "netsuite-1-vendorbill-9", "amountPaid": 12.5, "discountTaken": 0}],
        "lastModified": "2026-11-03T10:00:00Z",
        "sessionToken": "session-in-answer",
    }


def _entry(method: str, url: str, answer: Any, sent: Any = None) -> dict[str, Any]:  # noqa: ANN401
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "headers": [
            {"name": "Authorization", "value": "Bearer s3cret-bearer-value"},
            {"name": "X-Company-Token", "value": "company-token-value"},
            {"name": "Cookie", "value": "sid=cookie-value-1"},
            {"name": "User-Agent", "value": "a browser"},
        ],
        "cookies": [{"name": "sid", "value": "cookie-value-1"}],
    }
    if sent is not None:
        request["postData"] = {"mimeType": "application/json", "text": json.dumps(sent)}
    content = {"mimeType": "application/json", "text": json.dumps(answer)}
    return {"request": request, "response": {"status": 200, "headers": [], "cookies": [], "content": content}}


def har() -> str:
    form = "grant_type=password&username=me&password=hunter2-password&client_secret=client-secret-value"
    sign_in = _entry("POST", "https://x.example/oauth/token", {"access_token": "s3cret-bearer-value"})
    sign_in["request"]["postData"] = {"mimeType": "application/x-www-form-urlencoded", "text": form}
    vendors = "https://x.example/api/vendors"
    entries = [
        sign_in,
        _entry(
            "GET",
            f"{vendors}?pageSize=50&api_key=api-key-in-query&modifiedSince=2026-11-01",
            {"vendors": [vendor()]},
        ),
        _entry(
            "PUT", f"{vendors}/netsuite-1-vendor-7", vendor(), {"vendorName": "Acme", "taxId": "12-3456789"}
        ),
        _entry("GET", "https://x.example/api/payments?pageSize=50", {"payments": [payment()]}),
        _entry(
            "POST", "https://x.example/api/payments/900001/void", {"paymentId": 900001}, {"reason": "Lost"}
        ),
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def postman() -> str:
    def item(name: str, method: str, url: str, answer: Any, sent: Any = None) -> dict[str, Any]:  # noqa: ANN401
        request: dict[str, Any] = {
            "method": method,
            "url": {"raw": f"{{{{baseUrl}}}}{url}"},
            "header": [{"key": "X-Company-Token", "value": "company-token-value"}],
            "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "s3cret-bearer-value"}]},
        }
        if sent is not None:
            request["body"] = {"mode": "raw", "raw": json.dumps(sent)}
        return {"name": name, "request": request, "response": [{"code": 200, "body": json.dumps(answer)}]}

    vendors = {
        "name": "Vendors",
        "item": [
            item("List vendors", "GET", "/api/vendors?pageSize=50", {"vendors": [vendor()]}),
            item("Upsert", "PUT", "/api/vendors/:externalId", vendor(), {"vendorName": "Acme"}),
        ],
    }
    payments = item("List payments", "GET", "/api/payments", {"payments": [payment()]})
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    return json.dumps({"info": {"name": "AP", "schema": schema}, "item": [vendors, payments]})


def har_of(calls: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a recording of calls, each an address and what it answers."""
    return {"log": {"entries": [_entry("GET", url, answer) for url, answer in calls]}}


def postman_of(calls: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a collection of the same."""
    return {
        "info": {},
        "item": [
            {
                "name": "a call",
                "request": {"method": "GET", "url": {"raw": url}},
                "response": [{"code": 200, "body": json.dumps(answer)}],
            }
            for url, answer in calls
        ],
    }
