"""Custom fields, lists and the segment: read by SuiteQL, edited by hand, set by PATCH."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

import re
from urllib.error import HTTPError

import pytest

from apbridge_sandbox.custom import custom
from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import PAYMENT, RECORDS, SeededBill, SignedInNetSuite, error_of, posted_id

BODY = [name for name in custom().fields["transaction"] if name != "custbody_avidxchange_status"]

SHAPES = {
    "custbody_contract_number": r"CT-\d{3}/26",
    "custbody_service_through": r"\d{1,2}/\d{1,2}/202[56]",
    "custbody_send_to_avidxchange": "[TF]",
    "custbody_retainage": r"\d+(\.\d{1,2})?",
    "custbody_payment_priority": "[123]",
    "custcol_unit": r"Unit \d{3}",
    "custcol_meter_reading": r"\d+",
    "custcol_billable_to_tenant": "[TF]",
    "cseg_project": "[4-9]",
    "custentity_insurance_expires": r"\d{1,2}/\d{1,2}/202[67]",
    "custentity_1099_reportable": "[TF]",
    "custentity_portal_login": r"vp\d{5}",
}


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("transaction", "type = 'VendBill'"),
        ("transactionline", "mainline = 'F' AND custcol_billable_to_tenant IS NOT NULL"),
        ("vendor", "id > 0"),
    ],
)
def test_every_field_is_a_column_in_suiteqls_own_form(netsuite: SignedInNetSuite, table: str, where: str):
    names = [name for name in custom().fields[table] if name in SHAPES]
    rows = netsuite.rows(f"SELECT id, {', '.join(names)} FROM {table} WHERE {where}")
    for name in names:
        values = [row[name] for row in rows if name in row]
        assert values
        assert all(re.fullmatch(SHAPES[name], value) for value in values)
    # What is empty is left out: some field is empty somewhere.
    assert any(len(row) <= len(names) for row in rows)


def test_one_name_is_a_column_of_its_own_table_only(netsuite: SignedInNetSuite):
    for query in (
        "SELECT custcol_unit FROM transaction",
        "SELECT custbody_retainage FROM vendor",
        "SELECT t.custbody_retainag FROM transaction t",
    ):
        error = error_of(netsuite.ask(query))
        assert "Unknown identifier 'cust" in error["detail"]
        assert error["o:errorCode"] == "INVALID_PARAMETER"


def test_fields_are_compared_as_what_they_are(netsuite: SignedInNetSuite):
    (most,) = netsuite.rows("SELECT MAX(custbody_retainage) AS most FROM transaction")
    (same,) = netsuite.rows(
        f"SELECT COUNT(*) AS n FROM transaction WHERE custbody_retainage >= {most['most']}"
        " AND custbody_service_through < TO_DATE('2027-01-01', 'YYYY-MM-DD')"
        " OR custbody_send_to_avidxchange = 'T'"
    )
    assert int(same["n"]) > 1
    first = netsuite.rows(
        "SELECT TO_CHAR(custbody_service_through, 'YYYY-MM-DD') AS day FROM transaction"
        " WHERE custbody_service_through IS NOT NULL ORDER BY custbody_service_through ASC"
    )
    assert [row["day"] for row in first] == sorted(row["day"] for row in first)


def test_lists_have_tables_and_names(netsuite: SignedInNetSuite):
    (shown,) = netsuite.rows(
        "SELECT custbody_payment_priority AS id, BUILTIN.DF(custbody_payment_priority) AS name"
        " FROM transaction WHERE custbody_payment_priority = 2 AND ROWNUM <= 1"
    )
    assert shown == {"id": "2", "name": "Urgent"}
    assert netsuite.rows("SELECT id, name FROM customlist_payment_priority ORDER BY id") == [
        {"id": "1", "name": "Standard"},
        {"id": "2", "name": "Urgent"},
        {"id": "3", "name": "At Month End"},
    ]
    joined = netsuite.rows(
        "SELECT l.uniquekey, p.name, BUILTIN.DF(l.cseg_project) AS shown FROM transactionline l"
        " JOIN customrecord_cseg_project p ON p.id = l.cseg_project"
    )
    assert joined
    assert all(row["name"] == row["shown"] for row in joined)


def test_a_segments_values_change_like_records(netsuite: SignedInNetSuite, sandbox: Running):
    sandbox.control("/control/clock", {"advance_days": 1})
    edit = {"table": "customvalue", "id": "4", "set": {"isinactive": "T", "externalid": "roof"}}
    sandbox.control("/control/netsuite/edit", edit)
    since = "TO_DATE('2026-11-03', 'YYYY-MM-DD')"
    query = "SELECT id, externalid, isinactive FROM customrecord_cseg_project WHERE {} >= " + since
    changed = [{"id": "4", "externalid": "roof", "isinactive": "T"}]
    assert netsuite.rows(query.format("lastmodified")) == changed
    assert "lastmodifieddate" in error_of(netsuite.ask(query.format("lastmodifieddate")))["detail"]

    sandbox.control("/control/switches", {"netsuite.custom_record_changed": "lastmodifieddate"})
    assert netsuite.rows(query.format("lastmodifieddate")) == changed
    assert "Unknown identifier" in error_of(netsuite.ask(query.format("lastmodified")))["detail"]


def test_without_segments_or_permissions(netsuite: SignedInNetSuite, sandbox: Running):
    project = "SELECT id FROM customrecord_cseg_project"
    sandbox.control("/control/switches", {"netsuite.missing_permissions": "Lists -> Custom Record Entries"})
    assert "Record 'customrecord_cseg_project' was not found." in error_of(netsuite.ask(project))["detail"]
    assert netsuite.rows("SELECT id FROM transactionline WHERE cseg_project IS NOT NULL")

    missing = {"netsuite.missing_permissions": "Setup -> Custom Lists", "netsuite.custom_segments": False}
    sandbox.control("/control/switches", missing)
    assert "Record 'customrecord_cseg_project' was not found." in error_of(netsuite.ask(project))["detail"]
    column = error_of(netsuite.ask("SELECT cseg_project FROM transactionline"))
    assert "Unknown identifier 'cseg_project'" in column["detail"]
    assert not netsuite.ask("SELECT id FROM customlist_payment_priority").ok


def test_people_edit_custom_fields(netsuite: SignedInNetSuite, sandbox: Running, bills: list[SeededBill]):
    bill = bills[0].id
    before = netsuite.rows(f"SELECT {', '.join(BODY)} FROM transaction WHERE id = {bill}")[0]
    change = {"custbody_retainage": 12345, "custbody_contract_number": None}
    sandbox.control("/control/netsuite/edit", {"table": "transaction", "id": bill, "set": change})
    after = netsuite.rows(f"SELECT {', '.join(BODY)} FROM transaction WHERE id = {bill}")[0]
    before.pop("custbody_contract_number", None)
    assert after == {**before, "custbody_retainage": "123.45"}

    # A custom field alone, and nobody's saving: no date moves.
    moved = (
        f"SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at FROM transaction WHERE id = {bill}"
    )
    (saved,) = netsuite.rows(moved)
    sandbox.control("/control/clock", {"advance_days": 1})
    edit = {"table": "transaction", "id": bill, "set": {"custbody_retainage": 1}, "touch": False}
    assert sandbox.control("/control/netsuite/edit", edit) == {"custbody_retainage": 1}
    assert netsuite.rows(moved) == [saved]
    with pytest.raises(HTTPError, match="409"):
        sandbox.control("/control/netsuite/edit", edit | {"id": "999999"})


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("custbody_avidxchange_status", "paid by check 10234", "paid by check 10234"),
        ("custbody_send_to_avidxchange", False, "F"),
        ("custbody_service_through", "2026-12-24", "12/24/2026"),
        ("custbody_retainage", 12.5, "12.5"),
        ("custbody_payment_priority", {"id": "3"}, "3"),
        ("custbody_contract_number", None, None),
    ],
)
def test_a_field_of_a_bill_is_set(
    netsuite: SignedInNetSuite, bills: list[SeededBill], name: str, value: object, shown: str | None
):
    path = f"{RECORDS}/vendorBill/{bills[0].id}"
    others = [field for field in custom().fields["transaction"] if field != name]
    query = f"SELECT {{}} FROM transaction WHERE id = {bills[0].id}"
    before = netsuite.rows(query.format(", ".join(others)))
    assert netsuite.patch(path, json={name: value}).status_code == 204
    (row,) = netsuite.rows(query.format(name))
    assert row.get(name) == shown
    assert netsuite.rows(query.format(", ".join(others))) == before
    read = netsuite.get(path).json().get(name)
    assert (read["id"] if isinstance(read, dict) else read) == (
        value["id"] if isinstance(value, dict) else value
    )


def test_a_field_of_a_payment_is_set_and_stays(netsuite: SignedInNetSuite, bills: list[SeededBill]):
    answer = netsuite.post(PAYMENT, json=bills[0].payment(custbody_ach_trace="R-77"))
    payment = posted_id(answer)
    netsuite.patch(f"{PAYMENT}/{payment}", json={"memo": "mine"}).raise_for_status()
    query = "SELECT custbody_ach_trace, custbody_card_reference FROM transaction WHERE id = " + payment
    assert netsuite.rows(query) == [{"custbody_ach_trace": "R-77"}]
    assert netsuite.get(f"{PAYMENT}/{payment}").json()["custbody_ach_trace"] == "R-77"
    netsuite.patch(f"{PAYMENT}/{payment}", json={"custbody_ach_trace": None}).raise_for_status()
    assert netsuite.rows(query) == [{}]
    wrong = netsuite.post(PAYMENT, json=bills[1].payment(custbody_avidxchange_status="paid"))
    assert error_of(wrong)["o:errorPath"] == "custbody_avidxchange_status"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("custbody_avidxchange_status", "x" * 301),
        ("custbody_avidxchange_status", 5),
        ("custbody_send_to_avidxchange", "T"),
        ("custbody_service_through", "12/24/2026"),
        ("custbody_retainage", 12.345),
        ("custbody_payment_priority", {"id": "4"}),
        ("custbody_unknown", "x"),
        ("custcol_unit", "x"),
    ],
)
def test_a_wrong_value_is_refused(
    netsuite: SignedInNetSuite, bills: list[SeededBill], name: str, value: object
):
    error = error_of(netsuite.patch(f"{RECORDS}/vendorBill/{bills[0].id}", json={name: value}))
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", name)


def test_lines_show_theirs(netsuite: SignedInNetSuite):
    (line,) = netsuite.rows(
        "SELECT l.transaction, l.id, l.cseg_project, l.custcol_unit FROM transactionline l"
        " WHERE l.cseg_project IS NOT NULL AND l.custcol_unit IS NOT NULL AND l.taxline = 'F' AND ROWNUM <= 1"
    )
    path = f"{RECORDS}/vendorBill/{line['transaction']}"
    shown = netsuite.get(path, params={"expandSubResources": "true"}).json()
    (found,) = [
        item for item in shown["expense"]["items"] + shown["item"]["items"] if str(item["line"]) == line["id"]
    ]
    assert found["cseg_project"]["id"] == line["cseg_project"]
    assert found["custcol_unit"] == line["custcol_unit"]
