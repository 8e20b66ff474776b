"""What must no longer be paid, and what is said where that cannot be helped."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.avidxchange import Acknowledged, Submission
from apbridge.ledger import Status
from target_avidxchange.bills import BillSink
from tests.canonical import CODING, Message, applied, bill, line, tombstone, vendor

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

pytestmark = pytest.mark.long

HELD: dict[str, Any] = {"is_eligible": False, "ineligible_because": "it is on payment hold"}


def gone() -> dict[str, Message]:
    """Return all the ways in which a submitted bill of 123.45 may stop being AvidXchange's to pay.

    Each has a bill of its own, numbered from 1 on.
    """
    numbers = count(1)
    rest: dict[str, Any] = {"amount_due": Decimal("23.45")}
    closed: dict[str, Any] = {"amount_due": Decimal(0), "status": "paid", **HELD}
    cancelled: dict[str, Any] = {"is_eligible": False, "ineligible_because": "its status is cancelled"}
    pending: dict[str, Any] = {"is_eligible": False, "ineligible_because": "its approval is pending"}
    partly = [applied(9, "100.00", ours=True), applied(8, "23.45")]
    prepaid = [applied(9, "100.00", ours=True), applied(8, "23.45", kind="prepayment")]
    ours = [applied(9, "100.00", ours=True)]
    return {
        "deleted": tombstone(next(numbers)),
        "held": bill(next(numbers), **HELD),
        "cancelled": bill(next(numbers), status="cancelled", **cancelled),
        "unapproved": bill(next(numbers), **pending),
        "credited": bill(next(numbers), applications=[applied(7, "123.45", kind="credit")], **closed),
        "a part by hand": bill(next(numbers), applications=[applied(7, "100.00")], **rest),
        "paid by hand": bill(next(numbers), applications=[applied(8, "123.45")], **closed),
        "partly by hand": bill(next(numbers), applications=partly, **closed),
        "partly by a prepayment": bill(next(numbers), applications=prepaid, **closed),
        "closed by who knows what": bill(next(numbers), **closed),
        "partly by who knows what": bill(next(numbers), applications=ours, **closed),
        "lowered by who knows what": bill(next(numbers), **rest),
    }


WAYS = dict(enumerate(gone(), 1))
"""How each bill goes, by its number."""

LEAVING_A_REST = {"a part by hand", "lowered by who knows what"}
"""Ways in which somebody has settled a part, and the bill is to be paid still."""


def test_the_invoice_is_cancelled_once(company: ReceivingCompany):
    company.given(*CODING, *map(bill, WAYS))
    company.calls()
    result = company.send(*gone().values())
    # Of the rest of some somebody must hear: nobody pays it.
    ends = {"delivered": len(WAYS) - len(LEAVING_A_REST), "rejected": len(LEAVING_A_REST)}
    assert result.counts == {"bills": ends}
    for number, how in WAYS.items():
        assert company.invoice(number)["status"] == "cancelled", how
        assert company.invoice(number)["status_reason"].startswith("Withdrawn in NetSuite: "), how
    assert company.calls()["written"] == len(WAYS)
    ends["unchanged"] = ends.pop("delivered")
    assert company.send(*gone().values()).counts == {"bills": ends}
    # What was rejected is tried again, and so is the connection; nothing is written.
    tests = ("/company", "/payments/batches")
    assert [call for call in company.asked_for() if not call.endswith(tests)] == ["what changed"]


def test_where_it_cannot_be_cancelled_the_risk_is_said_with_both_figures(company: ReceivingCompany):
    company.given(*CODING, *map(bill, WAYS))
    for number in WAYS:
        company.approve(number)
    result = company.send(*gone().values())
    assert result.counts == {"bills": {"rejected": len(WAYS)}}
    for number, how in WAYS.items():
        row = company.row(number)
        assert row.code == "APB-TAX-030", how
        assert row.reason
        assert row.reason.startswith(f"DOUBLE PAYMENT RISK: of bill INV-{number} ("), how
        assert "123.45" in row.reason, how
        due = {"deleted": "0.00 USD open", "held": "123.45 USD", "a part by hand": "23.45 USD"}
        due |= {"partly by who knows what": "0.00 USD open, for it was settled otherwise: 23.45 by nothing"}
        due |= {"partly by a prepayment": "prepayment 8 of 23.45"}
        assert due.get(how, "") in row.reason, how
        assert "stop or void the payment of this invoice in AvidXchange" in row.reason, how
    # It is tried again, and goes away by itself once AvidXchange has let the invoice go.
    assert company.send().counts == {"bills": {"rejected": len(WAYS)}}
    company.run("UPDATE ax_invoice SET status = 'rejected'")
    rest = len(LEAVING_A_REST)
    assert company.send().counts == {"bills": {"delivered": len(WAYS) - rest, "rejected": rest}}
    assert {company.invoice(number)["status"] for number in WAYS} == {"cancelled"}


def test_what_was_paid_already_is_said(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.approve(1)
    company.pay(1, Decimal("50.00"))
    company.send(bill(1, applications=[applied(8, "123.45")], amount_due=Decimal(0), status="paid", **HELD))
    reason = company.row(1).reason or ""
    assert "payment 8 of 123.45 on 2026-11-01" in reason
    assert "123.45 USD to pay and 50.00 USD paid" in reason


def test_cancelled_in_avidxchange_already_is_no_risk(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.run("UPDATE ax_invoice SET status = 'cancelled', status_reason = 'Duplicate'")
    assert company.send(tombstone(1)).counts == {"bills": {"delivered": 1}}


def test_gone_from_avidxchange_is_no_risk(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.run("DELETE FROM ax_invoice_line", "DELETE FROM ax_invoice")
    assert company.send(tombstone(1)).counts == {"bills": {"delivered": 1}}


def test_what_this_run_submitted_after_it_had_looked_is_a_risk_too(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    company.given(*CODING, bill(2))
    company.approve(2)
    send = BillSink.send

    def approved_at_once(
        sink: BillSink, operation: str, submission: Submission, told: object = None
    ) -> Acknowledged:
        acknowledged = send(sink, operation, submission, told)
        if operation == "upsert invoice":
            company.approve(1)
        return acknowledged

    monkeypatch.setattr(BillSink, "send", approved_at_once)
    company.batch = 1
    result = company.send(bill(2, **HELD), bill(1), bill(1, **HELD))
    assert company.invoice(1)["status"] == "approved"
    assert company.row(1).code == "APB-TAX-030"
    assert result.counts["bills"]["rejected"] == 2


def test_released_from_hold_it_is_submitted_again(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.send(bill(1, **HELD))
    company.lose_ledger()
    assert company.send(*CODING, bill(1)).counts["bills"] == {"delivered": 1}
    assert company.invoice(1)["status"] == "submitted"


def test_a_clerks_cancellation_is_not_undone_without_a_ledger(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.run("UPDATE ax_invoice SET status = 'cancelled', status_reason = 'Duplicate'")
    company.lose_ledger()
    assert company.send(*CODING, bill(1)).counts["bills"] == {"unchanged": 1}
    assert company.invoice(1)["status"] == "cancelled"


def test_where_a_cancelled_invoice_stays_so_the_bill_is_rejected(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.send(bill(1, **HELD))
    company.switch("avidxchange.cancelled_invoice", "stays")
    assert company.send(bill(1)).counts == {"bills": {"rejected": 1}}
    assert company.row(1).code == "APB-TAX-022"


def test_never_submitted_there_is_nothing_to_cancel(company: ReceivingCompany):
    company.given(*CODING)
    company.calls()
    # One that is open and eligible, but partly settled, must be told: nobody is going to pay the rest.
    rest = len(LEAVING_A_REST)
    counts = {"bills": {"rejected": rest, "ignored": len(WAYS) - rest}}
    assert company.send(*gone().values()).counts == counts
    rejected = {how for number, how in WAYS.items() if company.row(number).status is Status.REJECTED}
    assert rejected == LEAVING_A_REST
    assert company.calls()["written"] == 0


def test_a_waiting_bill_that_is_withdrawn_waits_no_longer(company: ReceivingCompany):
    company.send(bill(1))
    assert company.row(1).status is Status.WAITING
    company.send(bill(1, **HELD))
    assert company.row(1).status is Status.IGNORED
    company.send(*CODING)
    assert company.invoice(1) is None


@pytest.mark.parametrize("changes", [{"applications": [applied(3, "10.00")]}, {}])
def test_partly_settled_before_it_was_submitted_is_rejected(
    company: ReceivingCompany, changes: dict[str, Any]
):
    partly = bill(1, amount_due=Decimal("113.45"), **changes)
    assert company.send(*CODING, partly).counts["bills"] == {"rejected": 1}
    assert company.invoice(1) is None
    row = company.row(1)
    assert row.code == "APB-TAX-020"
    assert "113.45 USD of 123.45 USD is open" in (row.reason or "")


def test_changed_after_approval_is_rejected_with_both_figures(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.approve(1)
    assert company.send(bill(1, line(1, "99.00"))).counts == {"bills": {"rejected": 1}}
    row = company.row(1)
    assert row.code == "APB-TAX-021"
    assert row.reason
    assert "NetSuite has 99.00 USD now, AvidXchange was sent 123.45 USD" in row.reason
    lines = r"(lines|lineitems|distributions) \(1, was 2\)\."
    assert re.search(rf"What differs: .*\(99.00, was 123.45\), {lines}", row.reason, re.IGNORECASE)
    assert company.send(bill(1)).counts == {"bills": {"unchanged": 1}}


@pytest.mark.parametrize("kind", ["prepayment", "journal", "payment", "other"])
def test_of_a_part_that_others_settle_somebody_hears_until_it_is_paid_or_taken_off(
    company: ReceivingCompany, kind: str
):
    company.given(*CODING, bill(1))
    partly = bill(1, applications=[applied(7, "100.00", kind=kind)], amount_due=Decimal("23.45"))
    assert company.send(partly).counts == {"bills": {"rejected": 1}}
    row = company.row(1)
    assert (row.code, company.invoice(1)["status"]) == ("APB-TAX-023", "cancelled")
    assert f"{kind} 7 of 100.00" in (row.reason or "")
    assert "23.45 USD of 123.45 USD is open, and nobody pays it" in (row.reason or "")
    assert company.send().counts == {"bills": {"rejected": 1}}
    # What others take off again is AvidXchange's to pay.
    assert company.send(bill(1)).counts == {"bills": {"delivered": 1}}
    assert company.invoice(1)["status"] == "submitted"
    # And what they settle wholly is nobody's.
    assert company.send(partly).counts == {"bills": {"rejected": 1}}
    applications = [applied(7, "100.00", kind=kind), applied(8, "23.45", kind=kind)]
    closed = bill(1, applications=applications, amount_due=Decimal(0), status="paid", **HELD)
    assert company.send(closed).counts["bills"].get("rejected") is None


def test_a_bill_lowered_after_it_was_paid_is_told_as_overpaid(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.approve(1)
    company.pay(1, Decimal("123.45"))
    closed: dict[str, Any] = {"amount_due": Decimal(0), "status": "paid", **HELD}
    ours = bill(1, applications=[applied(9, "123.45", ours=True)], **closed)
    assert company.send(ours).counts == {"bills": {"unchanged": 1}}
    lowered = bill(1, line(1, "99.00"), applications=[applied(9, "99.00", ours=True)], **closed)
    for _ in range(2):
        assert company.send(lowered).counts == {"bills": {"rejected": 1}}
    row = company.row(1)
    assert row.code == "APB-TAX-024"
    assert "99.00 USD now, AvidXchange was sent 123.45 USD, and the vendor has been paid 24.45 USD" in (
        row.reason or ""
    )
    assert company.send(ours).counts == {"bills": {"unchanged": 1}}


def test_a_bill_of_a_merged_vendor_goes_over_to_the_one_that_is_left(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    assert company.send(vendor(2), bill(1, vendor_id="2")).counts["bills"] == {"delivered": 1}
    assert company.invoice(1)["vendor_external_id"].endswith("-vendor-2")
    company.approve(1)
    assert company.send(bill(1, vendor_id="1")).counts["bills"] == {"rejected": 1}
    assert company.row(1).code == "APB-TAX-021"


def less(paid: str, due: str, **changes: Any) -> Message:  # noqa: ANN401
    """Return a bill of 123.45 whose payments' links leave out their discount."""
    return bill(1, applications=[applied(9, paid, ours=True)], amount_due=Decimal(due), **changes)


CLOSED: dict[str, Any] = {"status": "paid", **HELD}


@pytest.mark.parametrize(
    ("changed", "discount"), [(less("120.00", "0.00", **CLOSED), "3.45"), (less("49.00", "73.45"), "1.00")]
)
def test_a_discount_that_no_link_shows_is_no_risk(company: ReceivingCompany, changed: Message, discount: str):
    company.given(*CODING, bill(1))
    company.approve(1)
    paid = changed[1]["applications"][0]["amount"]
    company.pay(1, paid, Decimal(discount))
    company.calls()
    assert company.send(changed).counts == {"bills": {"unchanged": 1}}
    assert company.calls()["written"] == 0
    # It is held against AvidXchange's list once, and not in every run.
    company.asked_for()
    assert company.send(changed).counts == {"bills": {"unchanged": 1}}
    assert company.asked_for() == ["what changed"]


def test_a_small_rest_that_avidxchange_would_still_pay_is_told_and_nothing_is_cancelled(
    company: ReceivingCompany,
):
    company.given(*CODING, bill(1))
    company.approve(1)
    company.pay(1, Decimal("120.00"))
    company.calls()
    assert company.send(less("120.00", "0.00", **CLOSED)).counts == {"bills": {"rejected": 1}}
    assert company.calls()["written"] == 0
    row = company.row(1)
    assert row.code == "APB-TAX-025"
    assert "has 0.00 USD open" in (row.reason or "")
    assert "means to pay 3.45 USD" in (row.reason or "")
    # It goes away by itself once AvidXchange has nothing left to pay.
    company.pay(1, Decimal("3.45"))
    assert company.send().counts == {"bills": {"unchanged": 1}}


def test_of_a_payment_that_avidxchange_took_back_the_void_is_awaited(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.approve(1)
    assert company.send(less("120.00", "0.00", **CLOSED)).counts == {"bills": {"unchanged": 1}}
    assert company.invoice(1)["status"] == "approved"


def test_a_hold_beside_a_discount_is_a_hold(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.approve(1)
    company.pay(1, Decimal("49.00"), Decimal("1.00"))
    assert company.send(less("49.00", "73.45", **HELD)).counts == {"bills": {"rejected": 1}}
    assert "it is on payment hold" in (company.row(1).reason or "")


OURS: dict[str, Any] = {"applications": [applied(9, "123.45", ours=True)], "amount_due": Decimal(0), **CLOSED}


def test_a_payment_that_is_gone_from_a_bill_that_avidxchange_has_paid_is_told(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.approve(1)
    company.pay(1, Decimal("123.45"))
    company.calls()
    company.asked_for()
    assert company.send(bill(1, **OURS)).counts == {"bills": {"unchanged": 1}}
    assert company.asked_for() == ["what changed"]
    for _ in range(2):
        assert company.send(bill(1)).counts == {"bills": {"rejected": 1}}
    assert company.calls()["written"] == 0
    row = company.row(1)
    assert row.code == "APB-TAX-033"
    assert "unless an exception of its vendor payment says that AvidXchange was asked to stop it" in (
        row.do or ""
    )
    assert "avidxchange-payment-9 was applied to it, and is no more" in (row.reason or "")
    assert "NetSuite has 123.45 USD of 123.45 USD open, AvidXchange has 123.45 USD of it paid" in (
        row.reason or ""
    )
    # Entered once more it is as it was.
    assert company.send(bill(1, **OURS)).counts == {"bills": {"unchanged": 1}}
    # Gone again, and taken back in AvidXchange too.
    assert company.send(bill(1)).counts == {"bills": {"rejected": 1}}
    company.run("UPDATE ax_invoice SET status = 'approved', paid_cents = 0")
    assert company.send().counts == {"bills": {"unchanged": 1}}


def test_of_two_payments_the_one_that_is_gone_is_told(company: ReceivingCompany):
    company.given(*CODING, bill(1))
    company.approve(1)
    both = [applied(8, "23.45", ours=True), applied(9, "100.00", ours=True)]
    for one in both:
        company.pay(1, one["amount"])
    company.send(bill(1, applications=both, amount_due=Decimal(0), **CLOSED))
    company.send(bill(1, applications=both[:1], amount_due=Decimal("100.00")))
    row = company.row(1)
    assert row.code == "APB-TAX-033"
    assert ": avidxchange-payment-9 was applied" in (row.reason or "")


@pytest.mark.parametrize(
    ("changes", "code"), [({}, None), ({"account_number": 2}, "APB-TAX-021"), ({"vendor": 2}, "APB-TAX-021")]
)
def test_a_credit_that_we_have_paid_with_hides_no_other_change(
    company: ReceivingCompany, changes: dict[str, int], code: str | None
):
    company.given(*CODING, bill(1, line(1, "100.00")))
    company.approve(1)
    company.pay(1, Decimal("40.00"))
    changed = bill(
        1,
        line(1, "100.00", changes.get("account_number", 1)),
        of_vendor=changes.get("vendor", 1),
        applications=[applied(901, "40.00", kind="credit")],
        amount_due=Decimal("60.00"),
    )
    company.send(changed)
    assert company.row(1).code == code
