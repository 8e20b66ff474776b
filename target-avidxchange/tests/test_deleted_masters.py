"""Vendors, accounts and dimension values that were deleted in NetSuite become inactive in AvidXchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.canonical import CODING, MODIFIED, NS, Message, account, bill, department, vendor

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

KINDS = {
    "vendors": ("vendor", "ax_vendor"),
    "gl_accounts": ("account", "ax_gl_account"),
    "departments": ("department", "ax_dimension_value"),
    "classes": ("classification", "ax_dimension_value"),
    "locations": ("location", "ax_dimension_value"),
}
"""What external ids call the records of each stream, and where AvidXchange has them."""

LEAST: dict[str, dict[str, Any]] = {
    "vendors": {"number": "", "name": "", "is_person": False, "subsidiary_ids": [], "modified_at": MODIFIED},
    "gl_accounts": {"name": "", "full_name": "", "type": "", "subsidiary_ids": [], "is_postable": False},
    "departments": {"name": "", "full_name": "", "subsidiary_ids": []},
    "classes": {"name": "", "full_name": "", "subsidiary_ids": []},
    "locations": {"name": "", "full_name": "", "subsidiary_ids": []},
}


def deleted(stream: str, number: int) -> Message:
    """Return a tombstone, as the tap makes it."""
    name = f"{NS}-{KINDS[stream][0]}-{number}"
    told = {"id": str(number), "external_id": name, "is_active": False, "is_deleted": True}
    return stream, {**LEAST[stream], **told}


def shown(company: ReceivingCompany, stream: str, number: int) -> dict[str, Any]:
    kind, table = KINDS[stream]
    (row,) = company.rows(f"SELECT * FROM {table} WHERE external_id = '{NS}-{kind}-{number}'")  # noqa: S608
    return {name: row[name] for name in row.keys() if "modified" not in name}  # noqa: SIM118 - a row of SQLite


@pytest.mark.parametrize("has_ledger", [True, False])
def test_it_becomes_inactive_and_stays_as_it_is_otherwise(company: ReceivingCompany, *, has_ledger: bool):
    company.given(*CODING)
    if not has_ledger:
        company.lose_ledger()
    before = {stream: shown(company, stream, 1) for stream in KINDS}
    company.calls()
    tombstones = [deleted(stream, 1) for stream in KINDS]
    assert company.send(*tombstones).counts == {stream: {"delivered": 1} for stream in KINDS}
    assert company.calls()["written"] == len(KINDS)
    for stream, was in before.items():
        now = shown(company, stream, 1)
        changed = {name for name in was if now[name] != was[name]}
        assert changed <= {"active", "is_active", "content"}, (stream, was, now)
        assert changed, stream
    assert company.send(*tombstones).counts == {stream: {"unchanged": 1} for stream in KINDS}
    assert company.calls()["written"] == 0


def test_what_avidxchange_never_had_is_ignored(company: ReceivingCompany):
    company.given(*CODING)
    company.calls()
    assert company.send(deleted("vendors", 77)).counts == {"vendors": {"ignored": 1}}
    assert company.calls()["written"] == 0


def test_a_bill_on_a_deleted_account_is_not_submitted(company: ReceivingCompany):
    company.given(*CODING)
    assert company.send(deleted("gl_accounts", 1), bill(1)).counts["bills"] == {"rejected": 1}
    assert company.row(1).code == "APB-TAX-051"


def test_one_that_is_there_again_becomes_active(company: ReceivingCompany):
    company.given(*CODING)
    company.send(deleted("vendors", 1), deleted("departments", 1), deleted("gl_accounts", 1))
    back = company.send(vendor(1), department(1), account(1)).counts
    assert back == {
        "vendors": {"delivered": 1},
        "departments": {"delivered": 1},
        "gl_accounts": {"delivered": 1},
    }
    assert company.send(bill(1)).counts["bills"] == {"delivered": 1}
