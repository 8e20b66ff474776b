"""A dry run against AvidXchange: everything is read, nothing is written, and refusals are predicted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge import json
from apbridge.errors import RefusedError
from target_avidxchange.dry_run import see_that_it_may_change
from target_avidxchange.remote import RemoteRecord
from tests.canonical import CODING, applied, bill, line, tombstone

if TYPE_CHECKING:
    from tests.canonical import Message
    from tests.conftest import ReceivingCompany

HELD: dict[str, Any] = {"is_eligible": False, "ineligible_because": "it is on payment hold"}


def dry_run(company: ReceivingCompany, *messages: Message) -> dict[str, Any]:
    """Run dry; return what would become of bills, by number."""
    file = company.folder / "report.json"
    company.calls()
    result = company.send(*messages, state={"bookmarks": {}}, dry_run=True, dry_run_report=str(file))
    assert company.calls()["written"] == 0
    assert result.states == []
    told = json.loads(file.read_text())["streams"]["bills"]
    return {
        what: {one["external_id"].rpartition("-")[2]: one.get("reason", "") for one in found}
        for what, found in told.items()
        if found
    }


def test_a_first_run_creates_and_a_real_one_after_it_does(company: ReceivingCompany):
    messages = [*CODING, bill(1, images=[company.picture()]), bill(2, of_vendor=9), bill(3, **HELD)]
    told = dry_run(company, *messages)
    assert {what: [*bills] for what, bills in told.items()} == {
        "created": ["1"],
        "waiting": ["2"],
        "left_alone": ["3"],
    }
    assert company.rows("SELECT 1 FROM ax_vendor") == []
    assert company.send(*messages).counts["bills"] == {"delivered": 1, "waiting": 1, "ignored": 1}
    assert company.image(1)


def test_what_is_out_is_updated_cancelled_or_left_alone(company: ReceivingCompany):
    company.given(*CODING, bill(1), bill(2), bill(3), bill(4))
    told = dry_run(company, bill(1, memo="New"), tombstone(2), bill(3), bill(4, images=[company.picture()]))
    assert {what: [*bills] for what, bills in told.items()} == {
        "updated": ["1", "4"],
        "cancelled": ["2"],
        "left_alone": ["3"],
    }
    assert company.invoice(2)["status"] == "submitted"


def test_without_a_ledger_it_sees_what_avidxchange_has(company: ReceivingCompany):
    company.given(*CODING, bill(1), bill(2))
    company.lose_ledger()
    told = dry_run(company, *CODING, bill(1), bill(2, memo="New"))
    assert {what: [*bills] for what, bills in told.items()} == {"left_alone": ["1"], "updated": ["2"]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (bill(1, line(1, "99.00")), "no longer lets its invoice change: the invoice is approved"),
        (bill(1, **HELD), "DOUBLE PAYMENT RISK"),
        (bill(1, amount_due=Decimal(0), status="paid", applications=[applied(8, "123.45")]), "DOUBLE PAY"),
    ],
)
def test_what_an_approved_invoice_forbids_is_predicted(company: ReceivingCompany, change: Message, says: str):
    company.given(*CODING, bill(1))
    company.approve(1)
    assert says in dry_run(company, change)["rejected"]["1"]


def test_what_is_wrong_with_a_bill_is_predicted(company: ReceivingCompany):
    wrong = [
        (bill(1, total=5, amount_due=5), "the lines sum to 123.45, the total is 5.00"),
        (bill(2, line(1, "1", account_id=None)), "line 1 has no account"),
        (bill(3, amount_due=Decimal("1.00")), "partly settled before it was ever submitted"),
        (bill(4, images=[{"id": 5}]), "is not valid"),
    ]
    rejected = dry_run(company, *CODING, *(message for message, _ in wrong))["rejected"]
    assert len(rejected) == 4
    for number, (_, says) in enumerate(wrong, start=1):
        assert says in rejected[str(number)]


def test_a_damaged_image_is_predicted(company: ReceivingCompany):
    picture = company.picture() | {"sha256": "0" * 64}
    assert "without its image" in dry_run(company, *CODING, bill(1, images=[picture]))["rejected"]["1"]


@pytest.mark.parametrize("status", ["approved", "scheduled", "paid"])
def test_an_invoice_that_is_to_be_paid_is_predicted_not_to_change(status: str):
    with pytest.raises(RefusedError, match=f"the invoice is {status}"):
        see_that_it_may_change(RemoteRecord(None, "", status=status), "submit bill 1")
    see_that_it_may_change(RemoteRecord(None, "", status="submitted"), "submit bill 1")
