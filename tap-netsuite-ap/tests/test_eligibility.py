"""The settings that decide which bills may be submitted."""

from __future__ import annotations

import pytest

from apbridge.errors import SettingError
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import manifest

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
    lacking = frozenset({"payment_holds", "subsidiaries"})
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
