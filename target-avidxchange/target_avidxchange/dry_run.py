"""What AvidXchange would refuse, as far as its lists and the bill itself tell: a dry run cannot ask it."""

from __future__ import annotations

from http import HTTPStatus

from apbridge.errors import RefusedError
from apbridge.schemas.money import lines_and_total
from apbridge.singer import Record
from target_avidxchange.remote import LOCKED, RemoteRecord


def see_that_it_may_change(there: RemoteRecord | None, purpose: str) -> None:
    """Check whether AvidXchange still lets an invoice change.

    Raises:
        RefusedError: It does not.
    """
    if there is not None and there.status in LOCKED:
        raise _refusal(purpose, HTTPStatus.CONFLICT, f"the invoice is {there.status}", "locked")


def see_that_its_lines_sum(bill: Record, purpose: str) -> None:
    """Check whether a bill's lines sum to its total.

    Raises:
        RefusedError: They do not.
    """
    if differing := lines_and_total(bill):
        lines, total = differing
        says = f"the lines sum to {lines:,.2f}, the total is {total:,.2f}"
        raise _refusal(purpose, HTTPStatus.UNPROCESSABLE_ENTITY, says, "lines_do_not_sum")


def _refusal(purpose: str, status: HTTPStatus, says: str, meaning: str) -> RefusedError:
    return RefusedError(
        "APB-AX-020",
        status=status.value,
        purpose=purpose,
        says=says,
        answer=f"HTTP {status.value}",
        meaning=meaning,
        errors=(),
    )
