"""The metadata catalog: which record types and fields there are, for this account and role."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

from typing import Any

import pytest

from apbridge_sandbox.custom import custom, of_record
from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import RECORDS, SignedInNetSuite, error_of

CATALOG = f"{RECORDS}/metadata-catalog"
SCHEMA = {"Accept": "application/schema+json"}
OPENAPI = {"Accept": "application/swagger+json"}


def _properties(netsuite: SignedInNetSuite, name: str) -> dict[str, Any]:
    answer = netsuite.get(f"{CATALOG}/{name}", headers=SCHEMA)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/schema+json")
    schema = answer.json()
    assert schema["type"] == "object"
    properties: dict[str, Any] = schema["properties"]
    return properties


def test_the_index_names_every_record_type_with_its_links(netsuite: SignedInNetSuite):
    items = netsuite.get(CATALOG).json()["items"]
    names = {item["name"] for item in items}
    assert names == {
        *("vendor", "vendorbill", "vendorpayment", "vendorcredit", "account"),
        *("department", "classification", "location", "subsidiary"),
    }
    for link in (link for item in items for link in item["links"] if link["rel"] != "describes"):
        answer = netsuite.get(link["href"].removeprefix(netsuite.base), headers={"Accept": link["mediaType"]})
        assert answer.status_code == 200


def test_a_bill_has_its_built_in_and_its_custom_fields(netsuite: SignedInNetSuite):
    bill = _properties(netsuite, "vendorBill")
    assert bill["tranDate"] == {"title": "Date", "type": "string", "format": "date", "nullable": True}
    assert bill["total"]["format"] == "double"
    assert bill["lastModifiedDate"]["format"] == "date-time"
    assert bill["entity"] == {"$ref": f"{CATALOG}/vendor"}
    assert bill["approvalStatus"]["properties"]["id"]["enum"] == ["1", "11", "2", "3"]
    fields = of_record("transaction", "vendorBill")
    added = {name: field for name, field in bill.items() if field.get("x-ns-custom-field")}
    assert {name: field["title"] for name, field in added.items()} == {
        name: field.label for name, field in fields.items()
    }
    assert {name: (field["type"], field.get("format")) for name, field in added.items()} == {
        "custbody_contract_number": ("string", None),
        "custbody_service_through": ("string", "date"),
        "custbody_send_to_avidxchange": ("boolean", None),
        "custbody_retainage": ("number", "double"),
        "custbody_payment_priority": ("object", None),
        "custbody_payment_type": ("string", None),
        "custbody_avidxchange_status": ("string", None),
    }


@pytest.mark.parametrize("name", ["vendorBill", "VENDORBILL", "vendorbill"])
def test_a_type_is_found_however_it_is_spelt(netsuite: SignedInNetSuite, name: str):
    assert "tranId" in _properties(netsuite, name)


def test_references_lead_on_to_lines_and_links(netsuite: SignedInNetSuite):
    bill = _properties(netsuite, "vendorBill")
    for sublist, field in (("expense", "account"), ("item", "item")):
        assert bill[sublist] == {"$ref": f"{CATALOG}/vendorBill-{sublist}Collection"}
        lines = _properties(netsuite, f"vendorBill-{sublist}Collection")
        assert lines["items"] == {
            "type": "array",
            "items": {"$ref": f"{CATALOG}/vendorBill-{sublist}Element"},
        }
        line = _properties(netsuite, f"vendorBill-{sublist}Element")
        assert field in line
        assert {name for name, each in line.items() if each.get("x-ns-custom-field")} == set(
            custom().fields["transactionline"]
        )
    payment = _properties(netsuite, "vendorPayment")
    assert {name for name, each in payment.items() if each.get("x-ns-custom-field")} == set(
        of_record("transaction", "vendorPayment")
    )
    assert _properties(netsuite, "nsLink")["href"]["type"] == "string"
    assert _properties(netsuite, "vendorPayment-applyElement")["doc"]["type"] == "object"
    assert _properties(netsuite, "vendor")["custentity_1099_reportable"]["type"] == "boolean"


def test_what_get_shows_is_what_the_catalog_says(netsuite: SignedInNetSuite):
    for name, table in (("vendorBill", "transaction WHERE type = 'VendBill'"), ("vendor", "vendor")):
        described = _properties(netsuite, name)
        for row in netsuite.rows(f"SELECT id FROM {table}"):
            shown = netsuite.get(f"{RECORDS}/{name}/{row['id']}").json()
            assert set(shown) <= set(described)


def test_features_and_permissions(netsuite: SignedInNetSuite, sandbox: Running):
    sandbox.control(
        "/control/switches",
        {
            "netsuite.missing_permissions": "Transactions -> Bills",
            "netsuite.oneworld": False,
            "netsuite.custom_segments": False,
        },
    )
    names = {item["name"] for item in netsuite.get(CATALOG).json()["items"]}
    assert names.isdisjoint({"vendorbill", "subsidiary"})
    assert netsuite.get(f"{CATALOG}/vendorBill", headers=SCHEMA).status_code == 403
    assert netsuite.get(f"{CATALOG}/vendorBill-expenseElement", headers=SCHEMA).status_code == 403
    assert netsuite.get(f"{CATALOG}/subsidiary", headers=SCHEMA).status_code == 404
    assert "subsidiary" not in _properties(netsuite, "vendor")

    sandbox.control("/control/switches", {"netsuite.missing_permissions": ""})
    line = _properties(netsuite, "vendorBill-expenseElement")
    assert "cseg_project" not in line
    assert "custcol_unit" in line


def test_openapi_names_what_was_selected(netsuite: SignedInNetSuite):
    answer = netsuite.get(CATALOG, params={"select": "vendorBill,vendor"}, headers=OPENAPI)
    assert answer.headers["Content-Type"].startswith("application/swagger+json")
    openapi = answer.json()
    assert list(openapi["paths"]) == ["/vendorBill/{id}", "/vendor/{id}"]
    schemas = openapi["components"]["schemas"]
    assert "custbody_retainage" in schemas["vendorBill"]["properties"]
    for ref in _refs(openapi):
        assert ref.removeprefix("#/components/schemas/") in schemas


def _refs(node: object) -> list[str]:
    if isinstance(node, list):
        return [ref for each in node for ref in _refs(each)]
    if not isinstance(node, dict):
        return []
    return [node["$ref"]] if "$ref" in node else _refs(list(node.values()))


def test_select_names_some(netsuite: SignedInNetSuite):
    items = netsuite.get(CATALOG, params={"select": "vendorPayment"}).json()["items"]
    assert [item["name"] for item in items] == ["vendorpayment"]
    error = error_of(netsuite.get(CATALOG, params={"select": "vendorPayment,invoice"}))
    assert (error["o:errorCode"], error["o:errorQueryParam"]) == ("INVALID_PARAMETER", "select")


def test_what_is_not_there_or_not_acceptable(netsuite: SignedInNetSuite):
    assert netsuite.get(f"{CATALOG}/transaction", headers=SCHEMA).status_code == 404
    assert netsuite.get(f"{CATALOG}/vendorBill-taxElement", headers=SCHEMA).status_code == 404
    answer = netsuite.get(f"{CATALOG}/vendor", headers={"Accept": "text/html"})
    assert (answer.status_code, error_of(answer)["o:errorHeader"]) == (406, "Accept")
