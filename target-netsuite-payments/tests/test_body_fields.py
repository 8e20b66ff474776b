"""Custom fields that the settings name: of payments, and the one field of bills that is ever written."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.errors import SettingError
from apbridge.ledger import Status

from .company import OpenBill, PostingCompany
from .program import Target
from .records import in_full

STATUS = "custbody_avidxchange_status"


def invoice(bill: OpenBill, status: str, reason: str | None = None) -> dict[str, Any]:
    return {
        "id": f"i-{bill.id}",
        "external_id": bill.external_id,
        "status": status,
        "status_reason": reason,
        "total": bill.unpaid,
        "amount_paid": Decimal(0),
        "modified_at": "2026-11-02T15:00:00Z",
    }


def all_but_status(company: PostingCompany, bill: OpenBill) -> dict[str, Any]:
    (row,) = company.rows(
        f"SELECT t.*, json_remove(custom, '$.{STATUS}') AS others FROM ns_transaction t WHERE id = ?",  # noqa: S608
        bill.id,
    )
    return {name: value for name, value in row.items() if name not in {"custom", "lastmodifieddate"}}


@pytest.mark.parametrize(
    ("method", "reference", "field"),
    [
        ("ach", "ach_trace", "custbody_ach_trace"),
        ("virtual_card", "card_reference", "custbody_card_reference"),
    ],
)
def test_a_reference_is_in_its_field_too(
    company: PostingCompany, target: Target, method: str, reference: str, field: str
):
    record = in_full(company.bill(), method=method, check_number=None, **{reference: "R-77"})
    fields: dict[str, Any] = {
        "ach_trace_field": "custbody_ach_trace",
        "card_reference_field": "custbody_card_reference",
    }
    assert target.run(record, **fields).counts == {"delivered": 1}
    payment = company.payment(record)
    assert company.custom(payment.id) == {field: "R-77"}
    assert "R-77" in payment.memo


@pytest.mark.parametrize(
    ("status", "reason", "held"),
    [
        ("approved", None, "approved"),
        ("rejected", "Wrong building", "rejected: Wrong building"),
        ("cancelled", "it was deleted", "cancelled: it was deleted"),
    ],
)
def test_a_bill_is_told_its_status_and_nothing_else_of_it_changes(  # noqa: PLR0917, pytest gives them by name
    company: PostingCompany,
    target: Target,
    another_target: Callable[[], Target],
    status: str,
    reason: str | None,
    held: str,
):
    bill = company.bill()
    record, before = invoice(bill, status, reason), all_but_status(company, bill)
    assert target.run(record, stream="invoices", status_field=STATUS).counts == {"delivered": 1}
    assert company.custom(bill.id)[STATUS] == held
    assert all_but_status(company, bill) == before
    assert target.rows("invoices")[bill.external_id].facts == {"status": status, "reason": reason}
    company.forget_calls()
    assert target.run(record, stream="invoices", status_field=STATUS).counts == {"unchanged": 1}
    assert company.calls == 0
    assert another_target().run(record, stream="invoices", status_field=STATUS).counts == {"ignored": 1}
    assert company.writes == 0, "a lost ledger costs a look-up and no write"


def test_the_setting_is_taken_up_for_what_was_seen_without_it(company: PostingCompany, target: Target):
    bill = company.bill()
    record = invoice(bill, "approved")
    assert target.run(record, stream="invoices").counts == {"ignored": 1}
    assert (company.calls, STATUS in company.custom(bill.id)) == (0, False)
    assert target.run(record, stream="invoices", status_field=STATUS).counts == {"delivered": 1}
    assert company.custom(bill.id)[STATUS] == "approved"


def test_what_cannot_be_read_of_a_reason_is_marked(company: PostingCompany, target: Target):
    bill = company.bill()
    target.run(invoice(bill, "rejected", "No\x00 order"), stream="invoices", status_field=STATUS)
    assert company.custom(bill.id)[STATUS] == "rejected: No\ufffd order"


def test_a_locked_bill_is_told_once_it_is_unlocked(company: PostingCompany, target: Target):
    bill = company.bill()
    company.change("transaction", bill.id, locked="T")
    assert target.run(invoice(bill, "approved"), stream="invoices", status_field=STATUS).counts == {
        "rejected": 1
    }
    row = target.rows("invoices")[bill.external_id]
    assert (row.status, row.code) == (Status.REJECTED, "APB-PAY-070")
    company.change("transaction", bill.id, locked="F")
    target.run(stream="invoices", status_field=STATUS)
    assert company.custom(bill.id)[STATUS] == "approved"


def test_an_invoice_of_no_bill_of_ours_is_kept_and_nothing_written(company: PostingCompany, target: Target):
    record = {**invoice(company.bill(), "approved"), "external_id": "erp-main-invoice-9"}
    gone = {**invoice(company.bill(), "approved"), "external_id": "netsuite-1234567_SB1-vendorbill-999999"}
    assert target.run(record, gone, stream="invoices", status_field=STATUS).counts == {"ignored": 2}
    assert company.writes == 0


def test_a_dry_run_tells_no_bill(company: PostingCompany, target: Target, tmp_path: Path):
    bill = company.bill()
    target.run(
        invoice(bill, "approved"),
        stream="invoices",
        status_field=STATUS,
        dry_run=True,
        dry_run_report=str(tmp_path / "report.json"),
    )
    assert (company.writes, STATUS in company.custom(bill.id)) == (0, False)


@pytest.mark.parametrize("setting", ["status_field", "ach_trace_field", "card_reference_field"])
@pytest.mark.parametrize("name", ["memo", "tranid", "custcol_unit", "custbody", "custbody_a, memo"])
def test_what_is_no_custom_body_field_is_refused_before_any_call(
    company: PostingCompany, target: Target, setting: str, name: str
):
    settings: dict[str, Any] = {setting: name}
    with pytest.raises(SettingError, match=f"{setting}.* is no custom body field"):
        target.run(in_full(company.bill()), **settings)
    assert company.calls == 0


@pytest.mark.parametrize(
    ("setting", "name", "problem"),
    [
        ("status_field", "custbody_no_such", "vendorBill has no such field; name one that holds text"),
        ("status_field", "custbody_ach_trace", "vendorBill has no such field"),
        ("status_field", "custbody_retainage", "it holds number, not text"),
        ("ach_trace_field", "custbody_avidxchange_status", "vendorPayment has no such field"),
    ],
)
def test_a_field_that_cannot_hold_it_ends_the_run_before_any_write(
    company: PostingCompany, target: Target, setting: str, name: str, problem: str
):
    settings: dict[str, Any] = {setting: name}
    with pytest.raises(SettingError, match=f"{setting}.*{name}.*{problem}"):
        target.run(in_full(company.bill()), **settings)
    assert company.writes == 0
