"""What is published of AvidXchange's API in the sandbox: OpenAPI, all of it, and true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge_sandbox.testing import Running, running
from tools.openapi import FOLDER, SURFACES, described

LISTS = {
    "vendor": "VendorShown",
    "gl_account": "GlAccountShown",
    "dimension_value": "CodeShown",
    "invoice": "InvoiceShown",
    "payment": "PaymentShown",
}
RECORDS: dict[str, dict[str, Any]] = {
    "vendor": {"external_id": "v-1", "number": "V1", "name": "Vendor", "is_active": True},
    "gl_account": {
        "external_id": "a-1",
        "code": "6000",
        "name": "Rent",
        "is_active": True,
        "is_postable": True,
    },
    "dimension_value": {
        "external_id": "l-1",
        "dimension": "location",
        "code": "1",
        "full_name": "Tower",
        "is_active": True,
    },
    "invoice": {
        "external_id": "b-1",
        "number": "1",
        "vendor_external_id": "v-1",
        "bill_date": "2026-10-30",
        "currency": "USD",
        "total": 5,
        "purchase_orders": [],
        "lines": [{"id": "1", "gl_code": "6000", "amount": 5, "codes": {"location": "1"}, "segments": {}}],
    },
}


def published(surface: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{surface}.json").read_text())
    return found


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=1, bills=0) as sandbox:
        settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect"))
        with AvidXchange(settings) as client:
            for resource, record in RECORDS.items():
                client.submit(client.upsertion(resource, record))
        sandbox.control("/control/invoices/approve", {"external_ids": "all"})
        paid = sandbox.control("/control/payments/pay", {"all": True, "method": "check"})
        sandbox.control("/control/payments/settle", paid)
        sandbox.control("/control/payments/exception", {**paid, "reason": "Lost"})
        yield sandbox


@pytest.mark.parametrize("surface", SURFACES)
def test_it_is_openapi(surface: str):
    assert list(OpenAPIV31SpecValidator(published(surface)).iter_errors()) == []


@pytest.mark.parametrize("surface", SURFACES)
def test_it_is_what_the_program_writes(surface: str):
    assert described(surface) == published(surface)


@pytest.mark.parametrize("surface", SURFACES)
def test_what_the_sandbox_shows_is_what_is_described_and_nothing_else(surface: str, sandbox: Running):
    schemas = published(surface)["components"]["schemas"]
    with AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings(surface))) as client:
        for resource, name in LISTS.items():
            (shown,) = client.first_page(resource, place={"dimension": "location"})
            item = json.loads(json.dumps(shown.item, default=float))
            # Accounts and dimensions are one object in some contracts.
            schema = schemas.get(name, schemas["CodeShown"])
            assert set(item) == set(schema["properties"]), (surface, resource)
            assert list(Draft202012Validator(schema).iter_errors(item)) == [], (surface, resource)
