"""Custom fields and segments: asked for by settings, typed as NetSuite's metadata catalog has them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import SettingError
from apbridge.schemas import validator

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

BODY = (
    "custbody_contract_number",
    "custbody_service_through",
    "custbody_send_to_avidxchange",
    "custbody_retainage",
    "custbody_payment_priority",
)
LINE = ("custcol_unit", "custcol_meter_reading", "custcol_billable_to_tenant", "cseg_project")
VENDOR = ("custentity_insurance_expires", "custentity_1099_reportable", "custentity_portal_login")

TYPES: dict[str, Any] = {
    "custbody_send_to_avidxchange": "T".__eq__,
    "custbody_retainage": lambda cents: Decimal(cents) / 100,
    "custbody_payment_priority": str,
    "custcol_meter_reading": lambda value: Decimal(str(value)),
    "custcol_billable_to_tenant": "T".__eq__,
    "cseg_project": str,
    "custentity_1099_reportable": "T".__eq__,
}


def kept(account: SandboxTap, table: str, key: str, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the custom fields of every row as the books keep them, in the types that a record has."""
    found = {}
    for row in account.sql(f"SELECT {key} AS key, custom FROM ns_{table}"):  # noqa: S608
        values = json.loads(row["custom"] or "{}")
        found[str(row["key"])] = {
            name: None if values.get(name) is None else TYPES.get(name, str)(values[name]) for name in names
        }
    return found


def test_they_come_on_bills_lines_and_vendors_in_their_own_types(company: SandboxTap):
    company.sandbox.control("/control/calls", method="DELETE")
    synced = company.sync(custom_fields=[*BODY, *LINE, *VENDOR])
    bills = kept(company, "transaction", "id", BODY)
    lines = kept(company, "transactionline", "uniquekey", LINE)
    vendors = kept(company, "vendor", "id", VENDOR)
    for bill in synced.records("bills"):
        validator("bills")(bill)
        assert bill["custom_fields"] == bills[bill["id"]]
        for line in bill["lines"]:
            assert line["custom_fields"] == lines[line["id"]]
    for vendor in synced.records("vendors"):
        validator("vendors")(vendor)
        assert vendor["custom_fields"] == vendors[vendor["id"]]
    told = [bill["custom_fields"] for bill in synced.records("bills")]
    told += [line["custom_fields"] for bill in synced.records("bills") for line in bill["lines"]]
    told += [vendor["custom_fields"] for vendor in synced.records("vendors")]
    for name in (*BODY, *LINE, *VENDOR):
        assert any(values.get(name) is not None for values in told), name
    catalog = [
        call for call in company.sandbox.calls()["netsuite"]["by_operation"] if "metadata-catalog" in call
    ]
    assert len(catalog) == 1


def test_without_the_setting_there_are_none_and_no_call_for_them(company: SandboxTap):
    company.sandbox.control("/control/calls", method="DELETE")
    synced = company.sync(only="vendors")
    assert all(vendor["custom_fields"] == {} for vendor in synced.records("vendors"))
    assert not any("metadata" in call for call in company.sandbox.calls()["netsuite"]["by_operation"])


def test_a_segment_comes_wherever_it_is(company: SandboxTap):
    synced = company.sync(only="bills", custom_fields=["cseg_project"])
    bills = synced.records("bills")
    assert {tuple(line["custom_fields"]) for bill in bills for line in bill["lines"]} == {("cseg_project",)}
    assert all(bill["custom_fields"] == {} for bill in bills)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["custbody_contract_numbr"], "Did you mean custbody_contract_number?"),
        (["custcol_unit", "cseg_projekt"], "custom field cseg_projekt of .* Did you mean cseg_project?"),
        (["custentity_nothing_of_the_kind"], "custentity_nothing_of_the_kind"),
    ],
)
def test_an_unknown_name_is_an_error_before_anything_is_read(
    company: SandboxTap, names: list[str], says: str
):
    company.sandbox.control("/control/calls", method="DELETE")
    with pytest.raises(SettingError, match=says) as caught:
        company.sync(custom_fields=names)
    assert caught.value.code == "APB-TNS-004"
    assert company.sandbox.calls()["netsuite"]["total"] == 2  # the sign-in and the catalog


@pytest.mark.parametrize("name", ["memo", "custbody_x FROM vendor --", "custbody", "CUSTBODY_É"])
def test_what_is_no_script_id_never_reaches_netsuite(company: SandboxTap, name: str):
    company.sandbox.control("/control/calls", method="DELETE")
    with pytest.raises(SettingError, match="is no script id"):
        company.sync(custom_fields=[name])
    assert company.sandbox.calls()["netsuite"]["total"] == 0


def test_a_segment_that_is_switched_off_is_an_unknown_name(changing: SandboxTap):
    changing.sandbox.control("/control/switches", {"netsuite.custom_segments": False})
    with pytest.raises(SettingError, match="cseg_project"):
        changing.sync(custom_fields=["cseg_project"])


def test_a_catalog_that_the_role_may_not_see_is_said(changing: SandboxTap):
    changing.sandbox.control("/control/switches", {"netsuite.missing_permissions": "Lists -> Vendors"})
    with pytest.raises(SettingError, match="metadata catalog") as caught:
        changing.sync(custom_fields=["custbody_contract_number"])
    assert caught.value.code == "APB-TNS-006"
    with pytest.raises(SettingError, match="checkbox_field asks of bills"):
        changing.sync(checkbox_field="custbody_contract_numbr")


def test_an_edit_of_a_custom_field_alone_is_an_edit(changing: SandboxTap):
    names = ["custbody_contract_number", "custcol_unit"]
    state = changing.sync(only="bills", custom_fields=names).state
    changing.pass_time(600)
    state = changing.sync(state, only="bills", custom_fields=names).state
    header, by_line = [bill for bill, book in changing.books().items() if len(book["lines"]) > 1][:2]
    line = changing.books()[by_line]["lines"][1]["id"]
    for table, number, column in (
        ("transaction", header, "custbody_contract_number"),
        ("transactionline", line, "custcol_unit"),
    ):
        edit = {"table": table, "id": number, "set": {column: "O'Brien"}}
        changing.sandbox.control("/control/netsuite/edit", edit)
    changing.pass_time(60)
    records = {record["id"]: record for record in changing.sync(state, custom_fields=names).records("bills")}
    assert records.keys() == {header, by_line}
    assert records[header]["custom_fields"] == {"custbody_contract_number": "O'Brien"}
    assert [
        one["custom_fields"]["custcol_unit"] for one in records[by_line]["lines"] if one["id"] == line
    ] == ["O'Brien"]
