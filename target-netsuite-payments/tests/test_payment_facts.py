"""What AvidXchange tells of a payment beside what is posted, in fields of the vendor payment."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from apbridge.errors import SettingError
from apbridge.ledger import Status
from apbridge.schemas.payment import Payment
from target_netsuite_payments.payment_facts import PaymentFacts

from .company import PostingCompany
from .program import Target
from .records import in_full, voided

FIELDS = {
    "method": "custbody_payment_type",
    "status": "custbody_avidxchange_payment",
    "avidpay_check_number": "custbody_avidpay_check",
    "cleared_on": "custbody_cleared_on",
    "exception_reason": "custbody_payment_exception",
    "page_url": "custbody_payment_page",
}
PAGE = "https://avidxchange.example/payments/7"
SETTLED: dict[str, Any] = {
    "native_status": "Issued To Supplier",
    "native_method": "Check",
    "avidpay_check_number": "7000123",
    "page_url": PAGE,
}
CLEARED: dict[str, Any] = {**SETTLED, "native_status": "Cleared", "cleared_on": "2026-11-09"}
FIRST = {
    "custbody_payment_type": "Check",
    "custbody_avidxchange_payment": "Issued To Supplier",
    "custbody_avidpay_check": "7000123",
    "custbody_payment_page": PAGE,
}
LATER = {**FIRST, "custbody_avidxchange_payment": "Cleared", "custbody_cleared_on": "2026-11-09"}


def refusal(status: int, code: str, detail: str) -> dict[str, Any]:
    return {"status": status, "body": {"o:errorDetails": [{"detail": detail, "o:errorCode": code}]}}


def test_the_readmes_example_names_fields_that_the_sandbox_has():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(payment_facts:\n.*?)```", text, re.DOTALL)
    assert yaml.safe_load(example) == {"payment_facts": FIELDS}


def test_they_come_with_the_payment_and_a_change_of_them_alone_is_one_write(
    company: PostingCompany, target: Target, another_target: Callable[[], Target]
):
    bill = company.bill()
    record = in_full(bill)
    company.forget_calls()
    assert target.run({**record, **SETTLED}, payment_facts=FIELDS).counts == {"delivered": 1}
    posted = company.payment(record)
    assert (company.writes, company.custom(posted.id)) == (1, FIRST)
    company.forget_calls()
    assert target.run({**record, **CLEARED}, payment_facts=FIELDS).counts == {"delivered": 1}
    assert (company.writes, company.custom(posted.id)) == (1, LATER)
    assert (company.payment(record), company.unpaid(bill)) == (posted, 0)
    assert target.trail(record)[-2]["operation"] == f"tell of payment {record['id']}"
    company.forget_calls()
    assert target.run({**record, **CLEARED}, payment_facts=FIELDS).counts == {"unchanged": 1}
    assert company.calls == 0
    assert another_target().run({**record, **CLEARED}, payment_facts=FIELDS).counts == {"unchanged": 1}
    assert company.writes == 0, "a lost ledger costs look-ups and no write"


def test_what_is_over_is_emptied(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run({**record, "exception_reason": "Returned\x00 by mail"}, payment_facts=FIELDS)
    number = company.payment(record).id
    assert company.custom(number)["custbody_payment_exception"] == "Returned\ufffd by mail"
    target.run({**record, "exception_reason": ""}, payment_facts=FIELDS)
    assert "custbody_payment_exception" not in company.custom(number)


def test_without_the_word_of_avidxchange_itself_ours_is_told(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run(
        record, payment_facts={"status": "custbody_avidxchange_payment", "method": "custbody_ach_trace"}
    )
    assert company.custom(company.payment(record).id) == {
        "custbody_avidxchange_payment": "settled",
        "custbody_ach_trace": "check",
    }


def test_the_setting_is_taken_up_for_what_was_seen_without_it(company: PostingCompany, target: Target):
    record = {**in_full(company.bill()), **CLEARED}
    target.run(record)
    number = company.payment(record).id
    assert company.custom(number) == {}
    company.forget_calls()
    assert target.run(record, payment_facts=FIELDS).counts == {"delivered": 1}
    assert (company.writes, company.custom(number)) == (1, LATER)


def test_a_field_that_suiteql_does_not_show_is_written_with_each_change(company: PostingCompany):
    payment = Payment.from_record({**in_full(company.bill()), **SETTLED})
    status = FIELDS["status"]
    facts = PaymentFacts({"status": status, "cleared_on": FIELDS["cleared_on"]})
    assert facts.changed(payment, {status: "Issued To Supplier", FIELDS["cleared_on"]: ""}) == {}
    assert facts.changed(payment, {}) == {status: "Issued To Supplier", FIELDS["cleared_on"]: None}


@pytest.mark.parametrize(
    "refused",
    [
        refusal(400, "INVALID_CONTENT", "Invalid content: custbody_avidpay_check cannot hold that."),
        refusal(403, "INSUFFICIENT_PERMISSION", "You may not set custbody_avidpay_check."),
        refusal(400, "USER_ERROR", "A script of the company's did not like it."),
    ],
)
def test_what_is_not_taken_holds_no_payment_up_and_is_told(
    company: PostingCompany, target: Target, refused: dict[str, Any]
):
    bill = company.bill()
    record = {**in_full(bill), **SETTLED}
    company.fault(refused, times=1)
    assert target.run(record, payment_facts=FIELDS).counts == {"rejected": 1}
    posted, row = company.payment(record), target.row(record)
    assert (company.unpaid(bill), company.custom(posted.id)) == (0, {})
    assert (row.status, row.code, row.remote_id) == (Status.REJECTED, "APB-PAY-122", posted.id)
    assert f"posted as vendor payment {posted.id}" in str(row.says)
    company.forget_calls()
    company.fault(refused, method="PATCH", path="/vendorPayment", times=1)
    target.run(payment_facts=FIELDS)
    assert target.row(record).code == "APB-PAY-122"
    target.run(payment_facts=FIELDS)
    row = target.row(record)
    assert (row.status, row.remote_id) == (Status.DELIVERED, posted.id)
    assert (company.payment(record), company.custom(posted.id)) == (posted, FIRST)


@pytest.mark.parametrize("code", ["INSUFFICIENT_PERMISSION", "USER_ERROR"])
def test_a_field_that_the_form_hides_is_told_until_it_is_shown(
    company: PostingCompany, target: Target, code: str
):
    company.switch(payment_hidden_fields="custbody_ach_trace", hidden_field_refusal=code)
    bill = company.bill()
    record = {**in_full(bill), **SETTLED}
    fields = {"status": "custbody_ach_trace"}
    for _ in range(2):
        target.run(record, payment_facts=fields)
        assert target.row(record).code == "APB-PAY-122"
        assert (company.unpaid(bill), len(company.payments(record["external_id"]))) == (0, 1)
    company.calm()
    target.run(payment_facts=fields)
    assert company.custom(company.payment(record).id) == {"custbody_ach_trace": "Issued To Supplier"}


def test_what_a_field_cannot_hold_is_told_and_written_once_it_can(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run({**record, "avidpay_check_number": "7" * 60}, payment_facts=FIELDS)
    assert (target.row(record).code, len(company.payments(record["external_id"]))) == ("APB-PAY-122", 1)
    target.run({**record, "avidpay_check_number": "77"}, payment_facts=FIELDS)
    assert company.custom(company.payment(record).id)["custbody_avidpay_check"] == "77"
    assert target.row(record).status is Status.DELIVERED


def test_what_refuses_the_payment_itself_refuses_it_once(company: PostingCompany, target: Target):
    company.switch(payment_mandatory="department")
    record = {**in_full(company.bill()), **SETTLED}
    company.forget_calls()
    target.run(record, payment_facts=FIELDS)
    assert (target.row(record).code, company.writes) == ("APB-PAY-032", 1)
    assert company.payments(record["external_id"]) == []


def test_in_a_closed_period_it_is_told_and_written_once_that_is_open(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run({**record, **SETTLED}, payment_facts=FIELDS)
    number = company.payment(record).id
    with company.closed_period("2026-11"):
        target.run({**record, **CLEARED}, payment_facts=FIELDS)
        assert (target.row(record).code, company.custom(number)) == ("APB-PAY-123", FIRST)
    target.run(payment_facts=FIELDS)
    assert (target.row(record).status, company.custom(number)) == (Status.DELIVERED, LATER)


def test_a_lost_answer_is_a_write_that_may_be_repeated(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run({**record, **SETTLED}, payment_facts=FIELDS)
    posted = company.payment(record)
    company.fault({"drop": "after"}, method="PATCH", path="/vendorPayment", times=1)
    assert target.run({**record, **CLEARED}, payment_facts=FIELDS).counts == {"delivered": 1}
    assert (company.payment(record), company.custom(posted.id)) == (posted, LATER)


def test_one_that_was_recorded_by_hand_is_linked_and_told(company: PostingCompany, target: Target):
    bill = company.bill()
    record = {**in_full(bill), **SETTLED}
    number = company.pay_by_hand(bill, bill.unpaid, record["check_number"])
    target.run(record, payment_facts=FIELDS)
    assert (company.payment(record).id, company.custom(number)) == (number, FIRST)


def test_one_that_waits_for_approval_is_told_what_has_changed_once_it_is_approved(
    company: PostingCompany, target: Target
):
    company.switch(payment_approval="routing")
    record = in_full(company.bill())
    target.run({**record, **SETTLED}, payment_facts=FIELDS)
    number = company.payment(record).id
    company.forget_calls()
    assert target.run({**record, **CLEARED}, payment_facts=FIELDS).counts == {"waiting": 1}
    assert company.writes == 0
    company.decide(number, "approve")
    target.run(payment_facts=FIELDS)
    assert company.custom(number) == LATER


def test_one_that_is_voided_is_undone_and_told_nothing_more(company: PostingCompany, target: Target):
    bill = company.bill()
    record = {**in_full(bill), **SETTLED}
    target.run(record, payment_facts=FIELDS)
    number = company.payment(record).id
    target.run(voided(record, native_status="Void", exception_reason="Stopped"), payment_facts=FIELDS)
    assert (company.unpaid(bill), target.row(record).status) == (bill.unpaid, Status.DELIVERED)
    assert (company.payment(record).is_voided, company.custom(number)) == (True, FIRST)


def test_a_dry_run_tells_nothing(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    target.run({**record, **SETTLED}, payment_facts=FIELDS)
    company.forget_calls()
    ran = target.run({**record, **CLEARED}, payment_facts=FIELDS, dry_run=True)
    assert (company.writes, ran.counts) == (0, {"delivered": 1})
    assert company.custom(company.payment(record).id) == FIRST


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"status": "memo"}, "status.*'memo' is no custom body field"),
        ({"status": "custbody_ach_trace", "method": "CUSTBODY_ACH_TRACE"}, "method.*is named twice"),
        ({"status": "custbody_card_reference"}, "status.*custbody_card_reference is named twice"),
        (
            {"status": "custbody_no_such"},
            "status.*a vendorPayment has no such field; name one that holds text",
        ),
        ({"status": "custbody_avidxchange_status"}, "status.*a vendorPayment has no such field"),
        ({"status": "custbody_cleared_on"}, "status.*it holds day, not text"),
        ({"cleared_on": "custbody_payment_priority"}, "cleared_on.*it holds reference, not day or text"),
    ],
)
def test_a_field_that_cannot_hold_it_ends_the_run_before_any_write(
    company: PostingCompany, target: Target, fields: dict[str, str], problem: str
):
    with pytest.raises(SettingError, match=f"payment_facts.{problem}"):
        target.run(
            in_full(company.bill()), payment_facts=fields, card_reference_field="custbody_card_reference"
        )
    assert company.writes == 0
