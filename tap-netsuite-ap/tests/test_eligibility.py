"""The settings that decide which bills may be submitted."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import SettingError
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import manifest

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

BILLS = next(entry.query for entry in manifest().streams if entry.name == "bills")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("start_date", "yesterday"),
        ("start_date", "2026-13-01"),
        ("vendors", ["12", "O'Brien"]),
        ("exclude_vendors", ["1) OR (1=1"]),
        ("subsidiaries", ["Harborview"]),
        ("checkbox_field", "memo = 'x' OR custbody_ok"),
        ("approval_statuses", ["approved", "maybe"]),
        ("avidxchange_bills", "AVID*"),
        ("avidxchange_bills", "externalid="),
        ("avidxchange_bills", "externalid) OR (1=1"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_is_read(setting: str, value: object):
    with pytest.raises(SettingError, match=setting):
        Eligibility.from_config({setting: value})


def test_every_rule_marks_a_bill_and_only_start_date_keeps_one_from_a_first_reading():
    rules = Eligibility.from_config({"start_date": "2026-01-31", "bill_filter": "t.memo LIKE '$%'"})
    marked = rules.mark(BILLS).render(frozenset())
    for rule in rules.rules:
        assert f"CASE WHEN {rule.condition} THEN 'T' ELSE 'F' END" in marked
    assert rules.worth_a_first_reading == ("t.trandate >= TO_DATE('2026-01-31', 'YYYY-MM-DD')",)
    assert Eligibility.from_config({"vendors": ["7"]}).worth_a_first_reading == ()


def test_a_rule_falls_away_with_its_feature():
    rules = Eligibility.from_config({"subsidiaries": ["1"]})
    lacking = frozenset({"transaction.paymenthold"})
    # One that a setting asks for stays: rather no bill than one that may not go.
    assert "m.subsidiary IN (1)" in rules.mark(BILLS).render(lacking)
    assert "paymenthold" in rules.mark(BILLS).render(frozenset())
    assert "paymenthold" not in rules.mark(BILLS).render(lacking)


def test_the_first_rule_that_a_bill_fails_is_told():
    rules = Eligibility.from_config({"start_date": "2026-01-31"})
    bill = {"status": "paid", "approval_status": "approved", "bill_date": "2025-12-24"}
    assert rules.because({"rule_0": "T", "rule_1": "F", "rule_4": "F"}, bill) == "its status is paid"
    assert rules.because({"rule_1": "T", "rule_4": "F"}, bill) == (
        "its date, 2025-12-24, is before start_date, 2026-01-31"
    )
    assert rules.because({"rule_1": "T", "rule_4": "T"}, bill) is None


def eligible(account: SandboxTap, **settings: Any) -> set[str]:  # noqa: ANN401
    """Return the bills that a first reading marks as eligible."""
    # Without files: the spool is everybody's, and has what is fetched for one test.
    without: dict[str, Any] = {"restlet_script": None, "restlet_deploy": None}
    records = account.sync(only="bills", **without, **settings).records("bills")
    assert {record["id"] for record in records} == account.books().keys()
    for record in records:
        assert (record["ineligible_because"] is None) is record["is_eligible"]
    return {record["id"] for record in records if record["is_eligible"]}


def test_an_approval_status_decides(company: SandboxTap):
    status = {number: bill["status"] for number, bill in company.books().items()}
    assert {status[number] for number in eligible(company)} == {"open"}
    found = eligible(company, approval_statuses=["approved", "pending"])
    assert {status[number] for number in found} == {"open", "pending_approval"}
    assert {status[number] for number in eligible(company, approval_statuses=["pending"])} == {
        "pending_approval"
    }


def test_a_checkbox_decides(company: SandboxTap):
    rows = company.sql("SELECT id, custom FROM ns_transaction WHERE type = 'VendBill' AND status = 'A'")
    ticked = {
        str(row["id"])
        for row in rows
        if json.loads(row["custom"] or "{}").get("custbody_send_to_avidxchange") == "T"
    }
    assert eligible(company, checkbox_field="custbody_send_to_avidxchange") == ticked
    assert 0 < len(ticked) < len(rows)


@pytest.mark.parametrize(
    ("mark", "columns", "bystander"),
    [
        ("externalid=AVID_*", {"externalid": "AVID_77"}, {"externalid": "AVIDX77"}),
        ("externalid = AVID_77", {"externalid": "AVID_77"}, {"externalid": "AVID_777"}),
        ("externalid=*", {"externalid": "x"}, {"externalid": None}),
        ("memo=O'Brien's {x}*", {"memo": "O'Brien's {x} and more"}, {"memo": "O'Brien's x"}),
    ],
)
def test_bills_that_came_out_of_avidxchange_are_left_out(
    changing: SandboxTap, mark: str, columns: dict[str, str], bystander: dict[str, str | None]
):
    before = eligible(changing)
    avidxchanges, other = sorted(before)[:2]
    changing.set_bill(avidxchanges, **columns)
    changing.set_bill(other, **bystander)
    assert eligible(changing, avidxchange_bills=mark) == before - {avidxchanges}
    told = {record["id"]: record for record in changing.sync(avidxchange_bills=mark).records("bills")}
    assert "came out of AvidXchange" in told[avidxchanges]["ineligible_because"]


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("checkbox_field", "custbody_send_to_avidexchange", "Did you mean custbody_send_to_avidxchange"),
        ("bill_filter", "t.custbody_no_such_field = 'T'", "bill_filter asks of bills, t.custbody_no_such"),
        ("bill_filter", "t.memo LIKE", "bill_filter asks of bills, t.memo LIKE: "),
        ("bill_filter", "t.memo = 'x') OR (1 = 1", "bill_filter"),
        ("avidxchange_bills", "custbody_came_from=7", "avidxchange_bills asks of bills"),
    ],
)
@pytest.mark.parametrize("has_run", [False, True])
def test_what_netsuite_does_not_take_is_one_error_before_anything_is_read(
    company: SandboxTap, setting: str, value: str, says: str, *, has_run: bool
):
    company.sandbox.control("/control/calls", method="DELETE")
    now = {"replication_key": "modified_at", "replication_key_value": "2026-11-02T00:00:00Z"}
    state = {"bookmarks": {"bills": now}} if has_run else {}
    settings: dict[str, Any] = {setting: value}
    with pytest.raises(SettingError, match=re.escape(says)) as caught:
        company.sync(state, **settings)
    assert caught.value.code == "APB-TNS-003"
    assert company.sandbox.calls()["netsuite"]["by_operation"].keys() <= {
        "POST /services/rest/auth/oauth2/v1/token",
        "POST /services/rest/query/v1/suiteql",
        "GET /services/rest/record/v1/metadata-catalog",
    }
    assert company.sandbox.calls()["netsuite"]["total"] < 12
