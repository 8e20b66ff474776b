"""Bills of which credits settle a part: before they are submitted, and once our payments have closed them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.canonical import (
    CODING,
    READ,
    READ_WITH_CREDITS,
    WITH_CREDITS,
    Message,
    Record,
    applied,
    bill,
    credit,
    line,
)

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany

CLOSED: dict[str, Any] = {
    "amount_due": Decimal(0),
    "status": "paid",
    "is_eligible": False,
    "ineligible_because": "its status is paid",
}


def credited(number: int, *amounts: str, **changes: Any) -> Message:  # noqa: ANN401
    """Return a bill of 100.00, of which credits have settled some amounts."""
    applications = [applied(900 + place, amount, kind="credit") for place, amount in enumerate(amounts)]
    due = Decimal(100) - sum(map(Decimal, amounts))
    told = {"applications": applications, "amount_due": due, **changes}
    return bill(number, line(1, "30.00"), line(2, "70.00"), **told)


def lines(company: ReceivingCompany) -> list[tuple[int, str]]:
    """Return amount in cents and code of each line in AvidXchange."""
    found = company.rows("SELECT amount_cents, gl_code FROM ax_invoice_line ORDER BY place")
    return [(one["amount_cents"], one["gl_code"]) for one in found]


def test_one_that_was_credited_before_it_was_submitted_is_over_what_is_open(company: ReceivingCompany):
    send = company.send
    assert send(*CODING, credited(1, "33.33", "0.01")).counts["bills"] == {"delivered": 1}
    assert company.invoice(1)["total_cents"] == 6666
    code = lines(company)[1][1]
    assert [amount for amount, _ in lines(company)] == [3000, 7000, -3333, -1]
    assert [one for _, one in lines(company)[2:]] == [code, code]
    # The same once more is nothing new, nor is it without the ledger.
    assert send(credited(1, "33.33", "0.01")).counts == {"bills": {"unchanged": 1}}
    known = company.row(1).facts
    company.lose_ledger()
    company.calls()
    assert send(*CODING, credited(1, "33.33", "0.01")).counts["bills"] == {"unchanged": 1}
    assert company.calls()["written"] == 0
    # Nor does it forget for which credits: more of them go at once, whatever the brake holds.
    assert company.row(1).facts == known
    # What is applied or taken off after that is followed, as of any other bill.
    send(credited(1, "40.00"))
    assert company.invoice(1)["total_cents"] == 6000
    send(credited(1))
    assert (company.invoice(1)["total_cents"], lines(company)) == (10000, lines(company)[:2])


def test_what_else_settled_a_part_before_is_told_and_nothing_is_sent(company: ReceivingCompany):
    both = [applied(1, "10.00", kind="credit"), applied(2, "5.00")]
    partly = {
        "and by who knows what": credited(1, "10.00", amount_due=Decimal("85.00")),
        "less is due than is told": credited(2, "10.00", amount_due=Decimal("95.00")),
        "in full": credited(3, "100.00"),
        "and paid by hand": credited(4, applications=both, amount_due=Decimal("85.00")),
    }
    for _ in range(2):
        assert company.send(*CODING, *partly.values()).counts["bills"] == {"rejected": len(partly)}
        codes = {how: company.row(number).code for number, how in enumerate(partly, 1)}
        assert codes == dict.fromkeys(partly, "APB-TAX-020")
    assert company.rows("SELECT 1 FROM ax_invoice") == []


def test_one_of_nothing_of_which_nothing_is_settled_is_submitted(company: ReceivingCompany):
    assert company.send(*CODING, bill(1, line(1, "5.00"), line(2, "-5.00"))).counts["bills"] == {
        "delivered": 1
    }
    assert company.invoice(1)["total_cents"] == 0


def test_what_a_credit_takes_off_a_bill_is_left_of_the_credit_no_more(company: ReceivingCompany):
    """Neither both the invoice and a payment with the credit take it off, nor neither of them."""
    left = credit(1, line(1, "100.00"), amount_available=Decimal("75.00"))
    company.send(*CODING, credited(1, "25.00"), left, streams=WITH_CREDITS, state=READ_WITH_CREDITS)
    found = company.rows("SELECT total_cents FROM ax_invoice ORDER BY total_cents")
    assert [one["total_cents"] for one in found] == [-7500, 7500]


def test_what_our_payments_have_closed_stays_as_it_was_paid_but_for_what_is_paid_too_much(
    company: ReceivingCompany,
):
    took = applied(900, "40.00", kind="credit")
    done = {
        "without a credit": [applied(9, "100.00", ours=True)],
        "corrected first": [applied(9, "60.00", ours=True), took],
        "paid with the credit": [applied(9, "60.00", ours=True), took],
    }
    numbers = {how: number for number, how in enumerate(done, 1)}
    company.given(*CODING, *map(credited, numbers.values()))
    company.send(credited(numbers["corrected first"], "40.00"), before=READ)
    for how, number in numbers.items():
        company.approve(number)
        company.pay(number, Decimal("60.00" if how == "corrected first" else "100.00"))

    def told(*lines: Record) -> list[Message]:
        return [bill(numbers[how], *lines, applications=by, **CLOSED) for how, by in done.items()]

    company.send(*told(line(1, "30.00"), line(2, "70.00")), before=READ)
    company.calls()
    recoded = told(line(1, "30.00", 2), line(2, "70.00", 2))
    assert company.send(*recoded, before=READ).counts == {"bills": {"unchanged": len(done)}}
    assert company.calls()["written"] == 0
    lowered = told(line(1, "30.00", 2), line(2, "60.00", 2))
    assert company.send(*lowered, before=READ).counts == {"bills": {"rejected": len(done)}}
    assert {company.row(number).code for number in numbers.values()} == {"APB-TAX-024"}
