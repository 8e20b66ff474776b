"""The head of a vendor payment: how the money went. AvidXchange may change that after it was posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from apbridge.errors import RejectedError
from apbridge.schemas.payment import Payment
from apbridge.words import POSTED
from target_netsuite_payments.books import Bill, Recorded
from target_netsuite_payments.periods import Period, posting_day
from target_netsuite_payments.rules import PostingRules
from target_netsuite_payments.settings import METHODS

WAY = "way"
"""Name of the fact that tells how a payment went when NetSuite was last brought in line with it."""

LONGEST_MEMO = 999
"""Characters of a transaction's memo (NetSuite)."""

_SHOWN = {"tranId": "number", "account": "bank account", "tranDate": "date", "memo": "memo"}
"""What NetSuite is asked for of a vendor payment's head → what it is called."""


def way(payment: Payment) -> dict[str, str | None]:
    """Return how a payment went, for the ledger."""
    return {
        "method": payment.method,
        "check_number": payment.check_number,
        "ach_trace": payment.ach_trace,
        "card_reference": payment.card_reference,
        "paid_on": payment.paid_on.isoformat() if payment.paid_on else None,
    }


def header(payment: Payment, bill: Bill, day: date, rules: PostingRules) -> dict[str, Any]:
    """Write what a vendor payment says of how the money went; None where it says nothing.

    Args:
        payment: What AvidXchange says.
        bill: One that it pays.
        day: When it is posted.
        rules: The settings.

    Raises:
        RejectedError: No bank account fits.
    """
    bank = rules.bank_account(payment, bill.symbol or payment.currency, bill.subsidiary)
    found = {
        "account": bank.account,
        "tranDate": day.isoformat(),
        "tranId": payment.number(rules.reference),
        "memo": memo(payment, day),
    }
    if rules.ach_trace_field:
        found[rules.ach_trace_field] = payment.ach_trace
    if rules.card_reference_field:
        found[rules.card_reference_field] = payment.card_reference
    left_out = bank.fields.over(rules.fields).left_out
    return {name: value for name, value in found.items() if name not in left_out}


def changes(  # noqa: PLR0917 - both sides, and what a head is made of
    payment: Payment,
    went: Mapping[str, str | None] | None,
    recorded: Recorded,
    bill: Bill,
    periods: Sequence[Period],
    rules: PostingRules,
) -> dict[str, Any]:
    """Return what to change of the head of a vendor payment, because the payment went another way.

    What AvidXchange has not changed stays as it is, whatever somebody made of it.

    Args:
        payment: What AvidXchange says.
        went: How it went when NetSuite was last brought in line with it; None where nobody knows.
        recorded: What NetSuite holds.
        bill: One that it pays.
        periods: In order of time.
        rules: The settings.

    Raises:
        RejectedError: NetSuite holds something else than was posted, and people have to decide.
    """
    is_ours = recorded.memo.startswith(signature(payment))
    if went is None:
        if told := _went_otherwise(payment, recorded, bill, rules, is_ours=is_ours):
            raise _different(payment, recorded, told)
        return {}
    paid_on = date.fromisoformat(went["paid_on"]) if went["paid_on"] else None
    before = replace(
        payment,
        method=went["method"],
        check_number=went["check_number"],
        ach_trace=went["ach_trace"],
        card_reference=went["card_reference"],
        paid_on=paid_on,
    )
    if way(before) == way(payment):
        return {}
    moved = None if paid_on == payment.paid_on else posting_day(payment, periods, rules.closed_period)
    was = header(before, bill, recorded.day, rules)
    now = header(payment, bill, moved.day if moved else recorded.day, rules)
    held = _held(recorded)
    wanted = {
        name: now.get(name)
        for name in {**was, **now}
        if was.get(name) != now.get(name) and (name not in held or held[name] != now.get(name))
    }
    if any(name in held and (held[name] != was.get(name) or not is_ours) for name in wanted):
        # Nobody's memo but ours is to say what ours says.
        told = {name: value for name, value in wanted.items() if name in held and (is_ours or name != "memo")}
        if told:
            raise _different(payment, recorded, told)
        return {}
    if "account" in wanted:
        wanted["account"] = {"id": wanted["account"]}
    if moved and "tranDate" in wanted and "postingPeriod" not in rules.fields.left_out:
        wanted["postingPeriod"] = {"id": moved.period.id}
    return wanted


def signature(payment: Payment) -> str:
    """Return what the memo begins with of a vendor payment that this target posted, and did not only link."""
    return f"{POSTED}{payment.id}"


def memo(payment: Payment, day: date) -> str:
    """Write what a reader of NetSuite needs to find the payment in AvidXchange and at the bank."""
    parts = [signature(payment)]
    if payment.ach_trace:
        parts.append(f"ACH trace {payment.ach_trace}")
    if payment.card_reference:
        parts.append(f"card reference {payment.card_reference}")
    if payment.replaces:
        parts.append(f"replaces AvidXchange payment {payment.replaces}")
    if day != payment.paid_on:
        parts.append(f"paid on {payment.paid_on}, when the period was closed")
    return "; ".join(parts)[:LONGEST_MEMO]


def _went_otherwise(
    payment: Payment, recorded: Recorded, bill: Bill, rules: PostingRules, *, is_ours: bool
) -> dict[str, Any]:
    """Return what of a head shows that a payment went another way when it was posted.

    Another number, or bank account, alone shows nothing: somebody may have typed it, and settings change.
    """
    head = header(payment, bill, recorded.day, rules)
    found = {}
    # What was posted as a check has its number.
    known = {payment.check_number} if is_ours else payment.numbers
    if payment.check_number and "tranId" in head and recorded.number not in {None, *known}:
        found["tranId"] = head["tranId"]
    if is_ours and recorded.account not in {None, head["account"]}:
        for method in {*METHODS} - {payment.method}:
            with suppress(RejectedError):
                other = header(replace(payment, method=method), bill, recorded.day, rules)
                if other["account"] == recorded.account:
                    found["account"] = head["account"]
    return found


def _held(recorded: Recorded) -> dict[str, str]:
    """Return what NetSuite shows of a vendor payment's head."""
    found = {
        "tranId": recorded.number,
        "account": recorded.account,
        "tranDate": recorded.day.isoformat(),
        "memo": recorded.memo,
    }
    return {name: value for name, value in found.items() if value is not None}


def _different(payment: Payment, recorded: Recorded, wanted: Mapping[str, Any]) -> RejectedError:
    held = _held(recorded)
    told = (
        f"{_SHOWN[name]} {held.get(name, 'none')} in NetSuite, {wanted[name] or 'none'} in AvidXchange"
        for name in _SHOWN
        if name in wanted
    )
    return RejectedError(
        "APB-PAY-082", payment=payment.id, remote_id=recorded.id, differences="; ".join(told)
    )
