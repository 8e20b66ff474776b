"""The day that a payment is posted on, and the accounting period that it falls in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from apbridge.errors import RejectedError
from apbridge.schemas.payment import Payment

REJECT, NEXT_OPEN, OVERRIDE = "reject", "next_open", "override"
"""What to do with a payment dated in a closed period."""


@dataclass(frozen=True)
class Period:
    """A posting period.

    Args:
        id: Internal id.
        name: Such as `Oct 2026`.
        start: First day.
        end: Last day.
        is_open: Whether payables may still be posted, as far as NetSuite's list of periods shows: a lock of
            one subsidiary is not in it.
    """

    id: str
    name: str
    start: date
    end: date
    is_open: bool


@dataclass(frozen=True)
class PostingDay:
    """A day, and the period that it is in."""

    day: date
    period: Period


def posting_day(payment: Payment, periods: Sequence[Period], closed_period: str) -> PostingDay:
    """Return the day to post a payment on.

    Args:
        payment: What is posted.
        periods: In order of time.
        closed_period: `reject`, `next_open` or `override`.

    Raises:
        RejectedError: There is none.
    """
    paid_on = payment.paid_on
    if paid_on is None:  # `shares_of` has refused it
        raise AssertionError
    period = next((each for each in periods if each.start <= paid_on <= each.end), None)
    if period is None:
        raise RejectedError("APB-PAY-028", payment=payment.id, paid_on=paid_on)
    if period.is_open or closed_period == OVERRIDE:
        return PostingDay(paid_on, period)
    if closed_period == REJECT:
        raise RejectedError("APB-PAY-029", payment=payment.id, paid_on=paid_on, period=period.name)
    following = next_open(periods, paid_on)
    if following is None:
        raise RejectedError("APB-PAY-031", payment=payment.id, paid_on=paid_on, period=period.name)
    return following


def next_open(periods: Sequence[Period], after: date) -> PostingDay | None:
    """Return the first day of the next open period after a day; None where there is none."""
    following = next((each for each in periods if each.start > after and each.is_open), None)
    return None if following is None else PostingDay(following.start, following)
