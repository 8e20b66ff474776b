"""Whether AvidXchange is still to pay a bill, by what NetSuite says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apbridge.schemas.identifiers import is_our_payment
from apbridge.words import SETTLED_OTHERWISE

_MOST_DISCOUNT = Decimal("0.1")
"""Of what is settled: terms of more than 10 % for early payment are not in use."""


@dataclass(frozen=True)
class Withdrawal:
    """Why AvidXchange must not pay a bill, or must no longer."""

    because: str


def withdrawal(bill: Mapping[str, Any]) -> Withdrawal | None:
    """Return why AvidXchange must not pay a bill; None where it may, or where it has.

    A bill that our own posted payments have paid is closed, and so no longer eligible: that is how it should
    end, and changes nothing.
    """
    if bill["is_deleted"]:
        return Withdrawal("it was deleted")
    hidden = Decimal(0) if possible_discount(bill) else unexplained(bill)
    is_to_pay = bill["is_eligible"] or is_paid_by_us(bill)
    # What credits leave of a bill is AvidXchange's to pay: its invoice is corrected to that.
    others = [one for one in bill["applications"] if not is_ours(one)]
    is_by_credits = all(map(is_credit, others)) and (is_to_pay or is_open(bill))
    if hidden > 0 or (others and not is_by_credits):
        return settled_otherwise(bill)
    if is_to_pay:
        return None
    return Withdrawal(bill.get("ineligible_because") or "the settings do not allow its submission")


def settled_otherwise(bill: Mapping[str, Any]) -> Withdrawal:
    """Return what but our own payments has settled a part of a bill, or all of it."""
    by_whom = [_told(one) for one in bill["applications"] if not is_ours(one)]
    if (amount := unexplained(bill)) > 0 and not possible_discount(bill):
        by_whom.append(f"{amount:,.2f} by nothing that NetSuite shows applied to it")
    return Withdrawal(f"{SETTLED_OTHERWISE}: {', '.join(by_whom)}")


def unexplained(bill: Mapping[str, Any]) -> Decimal:
    """Return how much less is due on a bill than what is shown applied to it leaves."""
    total, due = bill.get("total"), bill.get("amount_due")
    if total is None or due is None:
        return Decimal(0)
    return Decimal(total) - Decimal(due) - sum(Decimal(one["amount"]) for one in bill["applications"])


def is_open(bill: Mapping[str, Any]) -> bool:
    """Return whether something of a bill is due."""
    return Decimal(bill.get("amount_due") or 0) > 0


def settled(bill: Mapping[str, Any]) -> Decimal:
    """Return how much of a bill NetSuite has settled, by whatever."""
    return sum((Decimal(one["amount"]) for one in bill["applications"]), unexplained(bill))


def our_payments(bill: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the external ids of the payments posted from AvidXchange that are applied to a bill."""
    return tuple(sorted({one["external_id"] for one in bill["applications"] if is_ours(one)}))


def applied_by_us(bill: Mapping[str, Any]) -> Decimal:
    """Return what payments posted from AvidXchange are shown to take off a bill."""
    return sum((Decimal(one["amount"]) for one in bill["applications"] if is_ours(one)), Decimal(0))


def possible_discount(bill: Mapping[str, Any]) -> Decimal:
    """Return what nothing explains on a bill, where it may be the discount of our own payments; else 0.

    In some accounts a link carries its payment without the discount. What is more than the usual terms
    allow was settled by somebody else, and so was what stands beside a payment that is not ours.
    """
    rest, ours = unexplained(bill), applied_by_us(bill)
    is_small = 0 < rest <= _MOST_DISCOUNT * (ours + rest)
    others = (one for one in bill["applications"] if not is_ours(one))
    return rest if is_small and all(map(is_credit, others)) else Decimal(0)


def is_ours(application: Mapping[str, Any]) -> bool:
    """Return whether a payment was posted from AvidXchange."""
    return is_our_payment(application.get("external_id"))


def is_credit(application: Mapping[str, Any]) -> bool:
    """Return whether it is a vendor credit, and not what a payment posted from AvidXchange uses of one."""
    return bool(application["kind"] == "credit") and not is_ours(application)


def is_paid_by_us(bill: Mapping[str, Any]) -> bool:
    """Return whether payments posted from AvidXchange, and nothing else but credits, have closed a bill."""
    applications: Sequence[Mapping[str, Any]] = bill["applications"]
    others = (one for one in applications if not is_ours(one))
    return bill.get("status") == "paid" and any(map(is_ours, applications)) and all(map(is_credit, others))


def _told(application: Mapping[str, Any]) -> str:
    when = f" on {application['date']}" if application.get("date") else ""
    return f"{application['kind']} {application['id']} of {Decimal(application['amount']):,.2f}{when}"
