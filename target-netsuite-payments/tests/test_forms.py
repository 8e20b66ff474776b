"""What an account's forms ask of a vendor payment: fields to give, fields to leave out, a number."""

from __future__ import annotations

from typing import Any

import pytest

from apbridge.errors import SettingError

from .company import OpenBill, PostingCompany
from .program import Target
from .records import in_full


def held(company: PostingCompany, record: dict[str, Any], column: str) -> int | None:
    payment = company.payment(record)
    (row,) = company.rows(
        f'SELECT {column} AS held FROM ns_transactionline WHERE "transaction" = ? AND id = 0',  # noqa: S608
        payment.id,
    )
    found: int | None = row["held"]
    return found


def code(company: PostingCompany, bill: OpenBill, *values: int | None, column: str = "department") -> None:
    """Code the lines of a bill: to each value a line, and the others to the last one."""
    assert company.sandbox.sandbox
    lines = company.rows(
        "SELECT uniquekey FROM ns_transactionline WHERE \"transaction\" = ? AND mainline = 'F'"
        " AND taxline = 'F' ORDER BY id",
        bill.id,
    )
    with company.sandbox.sandbox.store.write() as connection:
        for place, line in enumerate(lines):
            connection.execute(
                f"UPDATE ns_transactionline SET {column} = ? WHERE uniquekey = ?",  # noqa: S608
                (values[min(place, len(values) - 1)], line["uniquekey"]),
            )


def several_lines(company: PostingCompany) -> OpenBill:
    """Take an open bill of several lines."""
    while True:
        bill = company.bill()
        (row,) = company.rows(
            'SELECT COUNT(*) AS lines FROM ns_transactionline WHERE "transaction" = ?'
            " AND mainline = 'F' AND taxline = 'F'",
            bill.id,
        )
        if row["lines"] > 1:
            return bill


@pytest.mark.parametrize(
    ("mandatory", "fields", "labels", "example"),
    [
        ("department", {"department": 3}, "Department", "{department: as_on_bill}"),
        (
            "department, class",
            {"department": "3", "class": 101},
            "Department, Class",
            "{department: as_on_bill, class: as_on_bill}",
        ),
        ("custbody_payment_type", {"custbody_payment_type": "ACH"}, "Payment Type", "{custbody_…: <value>}"),
        (
            "location, custbody_payment_priority",
            {"location": 11, "custbody_payment_priority": 2},
            "Location, Payment Priority",
            "{location: as_on_bill, custbody_…: <value>}",
        ),
    ],
)
def test_a_mandatory_field_is_named_and_the_setting_gives_it(  # noqa: PLR0917, pytest gives them by name
    company: PostingCompany,
    target: Target,
    mandatory: str,
    fields: dict[str, object],
    labels: str,
    example: str,
):
    company.switch(payment_mandatory=mandatory)
    record = in_full(company.bill())
    target.run(record)
    row = target.row(record)
    assert row.code == "APB-PAY-032"
    assert row.reason
    assert f"does not have: {labels}." in row.reason
    assert example in row.reason
    target.run(payment_fields=fields)
    assert company.payment(record).applied
    custom = {name: value for name, value in fields.items() if name.startswith("custbody")}
    assert company.custom(company.payment(record).id) == custom


@pytest.mark.parametrize(
    ("codes", "otherwise", "given"),
    [
        ([3], None, 3),
        ([3, 3], 5, 3),
        ([3, 4], None, None),
        ([3, None], None, None),
        ([None], None, None),
        ([3, 4], 5, 5),
        ([None], 5, 5),
    ],
)
def test_a_field_is_as_on_the_bill_where_all_lines_agree(
    company: PostingCompany,
    target: Target,
    codes: list[int | None],
    otherwise: int | None,
    given: int | None,
):
    bill = several_lines(company)
    code(company, bill, *codes)
    rule: object = {"as_on_bill": True, "otherwise": otherwise} if otherwise else "as_on_bill"
    record = in_full(bill)
    target.run(record, payment_fields={"department": rule})
    if given is None:
        assert target.row(record).code == "APB-PAY-035"
        assert company.writes == 0
    else:
        assert held(company, record, "department") == given


def test_bills_of_one_payment_have_to_agree(company: PostingCompany, target: Target):
    first, second = company.bills(2)
    code(company, first, 3)
    code(company, second, 4)
    record = in_full(first, second)
    target.run(record, payment_fields={"department": "as_on_bill"})
    assert "do not agree on one: 3; 4" in (target.row(record).reason or "")
    code(company, second, 3)
    target.run(payment_fields={"department": "as_on_bill"})
    assert held(company, record, "department") == 3


def test_custom_fields_are_as_on_the_bill_too(company: PostingCompany, target: Target):
    bill = company.bill()
    company.change("transaction", bill.id, custbody_payment_type="Rent", custbody_payment_priority=2)
    fields = {"custbody_payment_type": "as_on_bill", "custbody_payment_priority": "as_on_bill"}
    record = in_full(bill)
    target.run(record, payment_fields=fields)
    payment = company.payment(record)
    assert company.custom(payment.id) == {"custbody_payment_type": "Rent", "custbody_payment_priority": 2}


def test_a_bank_account_has_fields_of_its_own(company: PostingCompany, target: Target):
    own: dict[str, Any] = {"department": 5, "memo": "omit"}
    card_account = {"account": "106", "method": "virtual_card", "payment_fields": own}
    banks = [{"account": "102"}, card_account]
    check, card = (
        in_full(company.bill()),
        in_full(company.bill(), method="virtual_card", check_number=None, card_reference="VC-1"),
    )
    target.run(check, card, bank_accounts=banks, payment_fields={"department": 3, "class": 101})
    assert [held(company, each, "department") for each in (check, card)] == [3, 5]
    assert [held(company, each, "class") for each in (check, card)] == [101, 101]
    assert company.payment(card).memo == ""


@pytest.mark.parametrize(("preferred", "chosen"), [("custom", 45), ("standard", None)])
def test_the_form_is_chosen(company: PostingCompany, target: Target, preferred: str, chosen: int | None):
    company.switch(payment_form=preferred)
    record = in_full(company.bill())
    target.run(record, payment_fields={"customForm": chosen} if chosen else {})
    assert company.payment(record).applied


def test_the_form_of_the_role_may_ask_for_more(company: PostingCompany, target: Target):
    company.switch(payment_form="custom")
    bill = company.bill()
    code(company, bill, 11, column="location")
    record = in_full(bill)
    target.run(record)
    assert "Location, Payment Type" in (target.row(record).reason or "")
    target.run(payment_fields={"location": "as_on_bill", "custbody_payment_type": "Check"})
    assert held(company, record, "location") == 11


@pytest.mark.parametrize(
    ("field", "refusal"),
    [
        ("apAcct", "INSUFFICIENT_PERMISSION"),
        ("subsidiary", "USER_ERROR"),
        ("currency", "INSUFFICIENT_PERMISSION"),
        ("postingPeriod", "USER_ERROR"),
        ("tranId", "INSUFFICIENT_PERMISSION"),
        ("memo", "USER_ERROR"),
        ("toBePrinted", "INSUFFICIENT_PERMISSION"),
    ],
)
def test_what_the_form_hides_is_named_and_can_be_left_out(
    company: PostingCompany, target: Target, field: str, refusal: str
):
    company.switch(payment_hidden_fields=field, hidden_field_refusal=refusal)
    bill = company.bill()
    record = in_full(bill)
    target.run(record)
    row = target.row(record)
    assert row.code == "APB-PAY-033"
    assert f"{{{field}: omit}}" in (row.reason or "")
    target.run(payment_fields={field: "omit"})
    assert company.payment(record).applied == {bill.id: bill.unpaid}
    assert company.unpaid(bill) == 0


def test_a_trace_that_the_form_hides_is_left_out(company: PostingCompany, target: Target):
    company.switch(payment_hidden_fields="custbody_ach_trace")
    record = in_full(company.bill(), method="ach", check_number=None, ach_trace="T-1")
    settings: dict[str, Any] = {"ach_trace_field": "custbody_ach_trace"}
    target.run(record, **settings)
    assert "{custbody_ach_trace: omit}" in (target.row(record).reason or "")
    target.run(**settings, payment_fields={"custbody_ach_trace": "omit"})
    assert company.custom(company.payment(record).id) == {}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"department": "Operations"}, "department: it holds the internal id of a record"),
        ({"customForm": "as_on_bill"}, "a bill's form is no form of payments"),
        ({"memo": "Rent"}, "memo can be omit and nothing else"),
        ({"custbody_no_such": "x"}, "a vendorPayment has no such field"),
        ({"custbody_ach_trace": "as_on_bill"}, "a vendorBill has no such field of the same kind"),
        ({"custbody_payment_priority": "Urgent"}, "it holds the internal id of a record"),
    ],
)
def test_a_field_that_cannot_be_given_ends_the_run_before_any_write(
    company: PostingCompany, target: Target, fields: dict[str, object], problem: str
):
    with pytest.raises(SettingError, match="payment_fields") as refused:
        target.run(in_full(company.bill()), payment_fields=fields)
    assert problem in refused.value.says
    assert company.writes == 0


@pytest.mark.parametrize("field", ["apply", "entity", "account", "externalId", "tranDate", "amount"])
def test_what_makes_a_payment_one_is_never_left_out(company: PostingCompany, target: Target, field: str):
    record = in_full(company.bill())
    for value in ("omit", "as_on_bill", "5"):
        with pytest.raises(SettingError, match="payment_fields"):
            target.run(record, payment_fields={field: value})
    assert company.calls == 0


def test_a_code_of_another_subsidiary_is_named(company: PostingCompany, target: Target):
    record = in_full(company.bill())
    (row,) = company.rows("SELECT MIN(id) AS id FROM ns_location WHERE subsidiary = '2'")
    target.run(record, payment_fields={"location": row["id"]})
    found = target.row(record)
    assert found.code == "APB-PAY-081"
    assert f"the location {row['id']}" in (found.reason or "")


@pytest.mark.parametrize(
    ("reference", "facts", "number"),
    [
        ("trace", {"ach_trace": "021000021234567"}, "021000021234567"),
        ("trace", {"card_reference": "VC-1234"}, "VC-1234"),
        ("trace", {}, "AX-{id}"),
        ("id", {"ach_trace": "021000021234568"}, "AX-{id}"),
    ],
)
def test_no_check_number_is_taken_for_what_is_no_check(
    company: PostingCompany, target: Target, reference: str, facts: dict[str, str], number: str
):
    bill = company.bill()
    record = in_full(bill, method="ach", check_number=None, **facts)
    target.run(record, payment_reference=reference)
    assert company.payment(record).number == number.format(id=record["id"])


@pytest.mark.parametrize("takes", [True, False], ids=["takes a check number", "takes none"])
def test_netsuite_numbers_what_has_no_reference_as_it_does(
    company: PostingCompany, target: Target, *, takes: bool
):
    company.switch(next_check_number=takes)
    record = in_full(company.bill(), method="ach", check_number=None, ach_trace="T-9")
    target.run(record, payment_reference="none")
    assert (company.payment(record).number is not None) == takes


def test_a_payment_by_hand_is_found_by_our_reference(company: PostingCompany, target: Target):
    bill = company.bill()
    record = in_full(bill, method="ach", check_number=None)
    by_hand = company.pay_by_hand(bill, bill.unpaid, f"AX-{record['id']}")
    target.run(record)
    assert company.vendor_payment(by_hand).external_id == record["external_id"]


def test_an_inactive_vendor_is_named(company: PostingCompany, target: Target):
    bill = company.bill()
    (vendor,) = company.rows("SELECT entityid FROM ns_vendor WHERE id = ?", bill.vendor)
    company.change("vendor", bill.vendor, isinactive="T")
    record = in_full(bill)
    target.run(record)
    row = target.row(record)
    assert row.code == "APB-PAY-039"
    assert f"went to {vendor['entityid']} (internal id {bill.vendor})" in (row.reason or "")
    company.change("vendor", bill.vendor, isinactive="F")
    target.run()
    assert company.payment(record).applied
