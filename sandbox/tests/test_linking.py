"""What AvidXchange had before us: entered by hand, changed by its own id, given an external id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from apbridge_sandbox.testing import Running

from .partner import Partner

if TYPE_CHECKING:
    from tests.conftest import SignedInAvidXchange

PATHS = {
    "vendors": "vendors",
    "gl-accounts": "gl-accounts",
    "dimension-values": "dimensions/location/values",
}
BODIES: dict[str, dict[str, Any]] = {
    "vendors": {"name": "O'Brien & Sons", "active": True},
    "gl-accounts": {"code": "6010", "name": "Plumbing", "active": True, "postable": True},
    "dimension-values": {"code": "11", "name": "Tower", "active": True},
}
KINDS = tuple(PATHS)


def enter(sandbox: Running, kind: str, **more: object) -> str:
    body = {**BODIES[kind], **more}
    order = {"records": [body], "dimension": "location" if kind == "dimension-values" else None}
    (entered,) = sandbox.control(f"/control/avidxchange/enter/{kind}", order)["ids"]
    return str(entered)


def allow(sandbox: Running) -> None:
    sandbox.control("/control/switches", {"avidxchange.external_id_of_existing": True})


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_entered_has_no_external_id_and_can_be_given_one(
    sandbox: Running, avidxchange: SignedInAvidXchange, kind: str
):
    own, path = enter(sandbox, kind), f"/v1/{PATHS[kind]}"
    assert avidxchange.get(path).json()["items"][0]["externalId"] is None
    refused = avidxchange.put(f"{path}/by-id/{own}/external-id", json={"externalId": "x-1"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "external_id_is_fixed")
    allow(sandbox)
    for name in ("x-1", "x-2", None):
        given = avidxchange.put(f"{path}/by-id/{own}/external-id", json={"externalId": name})
        assert (given.json()["id"], given.json()["externalId"]) == (own, name)
    again = avidxchange.put(f"{path}/by-id/{own}/external-id", json={"externalId": "x-1"})
    assert again.ok
    assert avidxchange.put(f"{path}/x-1", json=BODIES[kind]).status_code == 200
    assert [one["id"] for one in avidxchange.get(path).json()["items"]] == [own]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_changed_by_its_own_id(sandbox: Running, avidxchange: SignedInAvidXchange, kind: str):
    own, path = enter(sandbox, kind), f"/v1/{PATHS[kind]}"
    changed = avidxchange.put(f"{path}/by-id/{own}", json={**BODIES[kind], "name": "Another"})
    assert (changed.json()["id"], changed.json()["externalId"], changed.json()["name"]) == (
        own,
        None,
        "Another",
    )
    assert avidxchange.put(f"{path}/by-id/7", json=BODIES[kind]).status_code == 404


def test_an_external_id_is_one_records_own(sandbox: Running, avidxchange: SignedInAvidXchange):
    allow(sandbox)
    own, _ = enter(sandbox, "vendors"), enter(sandbox, "vendors", externalId="theirs-1")
    refused = avidxchange.put(f"/v1/vendors/by-id/{own}/external-id", json={"externalId": "theirs-1"})
    assert refused.json()["errors"][0]["code"] == "duplicate_external_id"
    with pytest.raises(HTTPError):
        enter(sandbox, "vendors", externalId="theirs-1")


def test_an_invoice_names_its_vendor_by_one_of_both_ids(sandbox: Running, avidxchange: SignedInAvidXchange):
    own = enter(sandbox, "vendors")
    enter(sandbox, "gl-accounts")
    line = {"number": "1", "glCode": "6010", "amount": 10}
    invoice = {"number": "1", "invoiceDate": "2026-11-02", "currency": "USD", "total": 10, "lines": [line]}
    both = {**invoice, "vendorId": own, "vendorExternalId": "v-1"}
    assert avidxchange.put("/v1/invoices/i-1", json=both).status_code == 422
    shown = avidxchange.put("/v1/invoices/i-1", json={**invoice, "vendorId": own})
    assert (shown.status_code, shown.json()["vendorId"]) == (201, own)
    unknown = avidxchange.put("/v1/invoices/i-2", json={**invoice, "vendorId": "7"})
    assert unknown.json()["errors"][0]["field"] == "vendorId"
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    sandbox.control("/control/payments/pay", {"all": True})
    (payment,) = avidxchange.get("/v1/payments").json()["items"]
    assert payment["vendorExternalId"] is None
    allow(sandbox)
    assert avidxchange.put(f"/v1/vendors/by-id/{own}/external-id", json={"externalId": "v-1"}).ok
    (payment,) = avidxchange.get("/v1/payments").json()["items"]
    assert payment["vendorExternalId"] == "v-1"


def test_the_partner_style_names_them_by_their_own_ids_too(sandbox: Running):
    own = int(enter(sandbox, "vendors"))
    body = {"Id": own, "ExternalId": None, "VendorName": "Another", "IsActive": True}
    with Partner(sandbox) as partner:
        (refused,) = partner.batch("vendors/externalids", "Vendors", {"Id": own, "ExternalId": "v-1"})
        assert refused["Errors"][0]["Code"] == "ExternalIdIsFixed"
        allow(sandbox)
        (changed,) = partner.batch("vendors/byid", "Vendors", body)
        assert changed == {"ExternalId": None, "Id": own, "Successful": True}
        (linked,) = partner.batch("vendors/externalids", "Vendors", {"Id": own, "ExternalId": "v-1"})
        assert linked == {"ExternalId": "v-1", "Id": own, "Successful": True}
        (unnamed,) = partner.batch("vendors/byid", "Vendors", {"VendorName": "Another", "IsActive": True})
        assert not unnamed["Successful"]
        (shown,) = partner.get("/api/v2/vendors").json()["Vendors"]
        assert (shown["Id"], shown["ExternalId"], shown["VendorName"]) == (str(own), "v-1", "Another")
