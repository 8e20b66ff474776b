"""Bills and vendors of every shape that breaks a naive sender, while changes are allowed and afterwards."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge import json
from apbridge.ledger import Status
from tests.canonical import CODING, READ, applied, bill, line, tombstone, vendor

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

FAMILY = "👩‍👩‍👧"


def content(company: ReceivingCompany, number: int = 1) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(company.invoice(number)["content"])
    return shown


def test_names_and_descriptions_over_the_limit_are_cut_visibly_and_never_inside_a_character(
    company: ReceivingCompany,
):
    name = 'O\'Brien "& Söhne" ' + FAMILY * 60
    company.send(*CODING, vendor(3, name=name), bill(1, line(1, "1", memo=name), of_vendor=3, memo=name))
    (found,) = company.rows("SELECT content FROM ax_vendor WHERE external_id LIKE '%-vendor-3'")
    for text, limit in (
        (json.loads(found["content"])["name"], 100),
        (content(company)["lines"][0]["description"], 100),
        (content(company)["memo"], 200),
    ):
        assert len(text) <= limit
        kept = text.removesuffix("…")
        assert kept != text
        assert name.startswith(kept)
        assert name[len(kept) :].startswith(FAMILY), "it was cut between two of them"


def test_lines_of_any_sign_and_kind_arrive_and_sum(company: ReceivingCompany):
    told = {
        "negative": ([line(1, "100.00"), line(2, "-30.25")], "69.75"),
        "zero": ([line(1, "10.00"), line(2, "0.00")], "10.00"),
        "nothing but zero": ([line(1, "0.00")], "0.00"),
        "only with tax": ([line(1, "100.00"), line(2, "8.25", kind="tax", memo="Sales tax")], "108.25"),
    }
    bills = (bill(number, *lines) for number, (lines, _) in enumerate(told.values(), start=1))
    assert company.send(*CODING, *bills).counts["bills"] == {"delivered": 4}
    for number, (what, (lines, total)) in enumerate(told.items(), start=1):
        shown = content(company, number)
        assert shown["total"] == Decimal(total), what
        assert [one["amount"] for one in shown["lines"]] == [one["amount"] for one in lines], what


def test_a_foreign_currency_stays_what_it_is(company: ReceivingCompany):
    company.send(*CODING, bill(1, currency="CAD", exchange_rate=Decimal("0.73")))
    assert (content(company)["currency"], content(company)["total"]) == ("CAD", Decimal("123.45"))


def test_two_bills_of_one_vendor_may_have_one_number(company: ReceivingCompany):
    both = bill(1), bill(2, line(1, "5.00"))
    for _, record in both:
        record["number"] = "77"
    result = company.send(*CODING, *both)
    assert result.counts["bills"] == {"delivered": 2}
    assert [content(company, n)["total"] for n in (1, 2)] == [Decimal("123.45"), Decimal("5.00")]


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"memo": "New"}, r"(memo|comments) \(New, was nothing\)"),
        ({"due_date": "2026-12-24"}, r"(invoice)?dueDate \(2026-12-24, was 2026-11-30\)"),
        ({"vendor_id": "2"}, r"(buyerVendor\.)?vendorExternal(System)?Id \(\S+-vendor-2, was \S+-vendor-1\)"),
        (
            {"lines": [line(1, "100.00"), line(2, "23.45", 2, memo="Shelf")]},
            r"(lines|lineItems|distributions) 2\.\S*(glCode| 1\.EnterpriseCodeValue) \(6002, was 6001\)",
        ),
    ],
)
def test_an_edit_is_sent_while_that_is_allowed_and_then_named(
    company: ReceivingCompany, change: dict[str, Any], differs: str
):
    company.given(*CODING, bill(1), bill(2))
    company.approve(2)
    assert company.send(bill(1, **change), bill(2, **change), before=READ).counts["bills"] == {
        "delivered": 1,
        "rejected": 1,
    }
    row = company.row(2)
    assert row.code == "APB-TAX-021"
    assert re.search(rf"What differs: {differs}\.", row.reason or "", re.IGNORECASE), row.reason


def test_a_vendor_made_inactive_is_told_and_its_new_bills_are_rejected(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.send(vendor(1, is_active=False), bill(2), before=READ)
    (found,) = company.rows("SELECT active FROM ax_vendor WHERE external_id LIKE '%-vendor-1'")
    assert not found["active"]
    assert company.invoice(1)["status"] == "submitted"
    assert company.row(2).code == "APB-TAX-011"


def test_a_vendor_renamed_is_the_same_vendor(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    result = company.send(vendor(1, name="Renamed"), bill(2), before=READ)
    assert result.counts["vendors"] == {"delivered": 1}
    assert len(company.rows("SELECT 1 FROM ax_vendor")) == 2
    assert len({company.invoice(n)["vendor_external_id"] for n in (1, 2)}) == 1


@pytest.mark.parametrize("is_approved", [False, True])
def test_vendors_merged_in_netsuite_move_their_bills(company: ReceivingCompany, *, is_approved: bool):
    company.given(*CODING, bill(1))
    if is_approved:
        company.approve(1)
    # NetSuite deletes the one, and its bills are the other's from then on.
    company.send(bill(1, of_vendor=2), before=READ)
    row = company.row(1)
    if is_approved:
        assert "vendor-2, was" in (row.reason or "")
        assert company.invoice(1)["vendor_external_id"].endswith("-vendor-1")
    else:
        assert row.status is Status.DELIVERED
        assert company.invoice(1)["vendor_external_id"].endswith("-vendor-2")


def test_our_own_payments_are_told_apart_from_those_of_others(company: ReceivingCompany):
    company.given(*CODING, bill(1), bill(2))
    paid: dict[str, Any] = {"amount_due": Decimal(0), "status": "paid", "is_eligible": False}
    ours = bill(1, applications=[applied(9, "123.45", ours=True)], **paid)
    others = bill(2, applications=[applied(10, "123.45")], **paid)
    assert company.send(ours, others, before=READ).counts["bills"] == {"unchanged": 1, "delivered": 1}
    assert [company.invoice(n)["status"] for n in (1, 2)] == ["submitted", "cancelled"]


def test_an_upload_is_resumed_after_a_crash_between_invoice_and_image(company: ReceivingCompany):
    picture = company.picture()
    company.send(*CODING, bill(1))
    # The invoice is there, and a run was killed before its image went and before it could write its row.
    company.lose_ledger()
    assert company.send(*CODING, bill(1, images=[picture])).counts["bills"] == {"delivered": 1}
    assert company.image(1) == picture["sha256"]
    company.calls()
    assert company.send(tombstone(9), bill(1, images=[picture]), before=READ).counts["bills"] == {
        "ignored": 1,
        "unchanged": 1,
    }
    assert company.calls()["written"] == 0
