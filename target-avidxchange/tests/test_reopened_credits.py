"""A vendor credit that lives, or is cancelled, in AvidXchange against what NetSuite says of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import RejectedError
from apbridge.ledger import Ledger
from tests.canonical import CODING, NS, READ_WITH_CREDITS, WITH_CREDITS, Message, bill, credit, line

if TYPE_CHECKING:
    from tests.conftest import ReceivingCompany, TargetResult

FIRST = f"{NS}-vendorcredit-1"


def applied_by_hand(number: int, **changes: Any) -> Message:  # noqa: ANN401
    closed: dict[str, Any] = {"is_eligible": False, "ineligible_because": "its status is applied"}
    return credit(number, status="applied", amount_available=Decimal(0), **closed, **changes)


def send(company: ReceivingCompany, *messages: Message) -> TargetResult:
    return company.send(*messages, streams=WITH_CREDITS, state=READ_WITH_CREDITS, before=READ_WITH_CREDITS)


def change(company: ReceivingCompany, number: int, status: str, reason: str = "by hand") -> None:
    """Let a person, or a write that comes late, change a credit in AvidXchange."""
    company.run(
        f"UPDATE ax_invoice SET status = '{status}', status_reason = '{reason}',"  # noqa: S608
        f" modified_at = '2030-01-01T00:00:00.000Z' WHERE external_id = '{NS}-vendorcredit-{number}'"
    )


def status(company: ReceivingCompany) -> str:
    (found,) = company.rows(f"SELECT status FROM ax_invoice WHERE external_id = '{FIRST}'")  # noqa: S608
    return str(found["status"])


def is_told_at_every_run(company: ReceivingCompany, code: str) -> None:
    for number in (3, 4):
        with pytest.raises(RejectedError, match=f"They are: {FIRST}[.]") as told:
            send(company, credit(number))
        assert told.value.code == code


@pytest.fixture
def withdrawn(company: ReceivingCompany) -> ReceivingCompany:
    """Withdraw a credit that was applied in NetSuite by hand."""
    company.send(
        *CODING,
        bill(1, line(1, "5000.00")),
        credit(1),
        credit(2),
        streams=WITH_CREDITS,
        state=READ_WITH_CREDITS,
    )
    send(company, applied_by_hand(1))
    assert status(company) == "cancelled"
    return company


def test_one_that_is_reopened_is_told_until_it_is_withdrawn(withdrawn: ReceivingCompany):
    change(withdrawn, 1, "submitted")
    is_told_at_every_run(withdrawn, "APB-TAX-065")
    assert send(withdrawn, applied_by_hand(1)).counts["vendor_credits"] == {"delivered": 1}
    assert status(withdrawn) == "cancelled"
    send(withdrawn, credit(5))


def test_one_that_is_reopened_is_told_by_runs_that_bring_bills_alone(withdrawn: ReceivingCompany):
    change(withdrawn, 1, "submitted")
    for number in (3, 4):
        with pytest.raises(RejectedError, match=f"They are: {FIRST}[.]") as told:
            send(withdrawn, bill(number))
        assert told.value.code == "APB-TAX-065"
    withdrawn.calls()
    send(withdrawn)
    assert withdrawn.asked_for() == []


def test_a_run_that_brings_it_withdraws_it_again(withdrawn: ReceivingCompany):
    change(withdrawn, 1, "submitted")
    assert send(withdrawn, applied_by_hand(1)).counts == {"vendor_credits": {"delivered": 1}}
    assert status(withdrawn) == "cancelled"


def test_one_that_is_reopened_and_used_there_is_the_loudest(withdrawn: ReceivingCompany):
    change(withdrawn, 1, "submitted")
    withdrawn.approve(1)
    shares = [
        {"external_id": f"{NS}-vendorbill-1", "amount": "100.00"},
        {"external_id": FIRST, "amount": "-100.00"},
    ]
    paid = withdrawn.sandbox.control("/control/payments/pay", {"invoices": shares})
    withdrawn.sandbox.control("/control/payments/settle", paid)
    assert status(withdrawn) == "paid"
    for _ in range(2):
        assert send(withdrawn, applied_by_hand(1)).counts == {"vendor_credits": {"rejected": 1}}
        with Ledger(withdrawn.config["ledger_url"]) as ledger:
            assert ledger.rows("avidxchange", "vendor_credits", [FIRST])[FIRST].code == "APB-TAX-060"


def test_a_cancellation_that_comes_late_is_told_until_it_is_submitted(withdrawn: ReceivingCompany):
    send(withdrawn, credit(1))
    assert status(withdrawn) == "submitted"
    change(withdrawn, 1, "cancelled", "Withdrawn in NetSuite: all of it was applied otherwise")
    is_told_at_every_run(withdrawn, "APB-TAX-066")
    send(withdrawn, credit(1))
    assert status(withdrawn) == "submitted"
    send(withdrawn, credit(5))
