"""What to change of a vendor payment that NetSuite refused, so that it may take it after all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import Any

from apbridge.errors import RefusedError, RejectedError
from apbridge.schemas.payment import Payment
from apbridge.schemas.shares import BillShare
from target_netsuite_payments.books import Bill, NetSuiteBooks
from target_netsuite_payments.checks import applied
from target_netsuite_payments.headers import memo
from target_netsuite_payments.payment_facts import not_taken
from target_netsuite_payments.periods import NEXT_OPEN, Period, next_open
from target_netsuite_payments.refusals import explained, is_line_unknown, is_period_closed, is_vendor_refused

_MOST_PERIODS = 3


class Amendments:
    """Answers refusals: by the next open period, where the settings say so, and by the lines of instalments.

    A refusal is certain, so that what was refused may be sent again with a change.

    Args:
        payment: What AvidXchange says.
        shares: What it pays on each bill.
        bills: The bills.
        periods: In order of time.
        closed_period: The setting.
        books: Reads instalments.
        facts: Fields that a payment can be posted without.
    """

    def __init__(  # noqa: PLR0917 - what a body was made of
        self,
        payment: Payment,
        shares: Mapping[str, BillShare],
        bills: Sequence[Bill],
        periods: Sequence[Period],
        closed_period: str,
        books: NetSuiteBooks,
        facts: AbstractSet[str] = frozenset(),
    ) -> None:
        self._payment = payment
        self._shares = shares
        self._bills = bills
        self._periods = periods
        self.closed_period = closed_period
        self._later = _MOST_PERIODS if closed_period == NEXT_OPEN else 0
        self._books = books
        self._keys_left = True
        self._facts = facts
        self._left_out: RefusedError | None = None

    def after(self, body: Mapping[str, Any], refused: RefusedError) -> Mapping[str, Any] | None:
        """Return what to send after a body was refused; None where that was the last word."""
        if self._may_be_about_facts(body, refused):
            self._left_out = refused
            return {name: value for name, value in body.items() if name not in self._facts}
        if is_period_closed(refused) and self._later:
            self._later -= 1
            return self._in_next_period(body)
        has_lines = any("line" in item for item in body["apply"]["items"])
        is_about_lines = is_line_unknown(refused) or (
            # Under the other kind of key there may be another instalment, with less open on it.
            has_lines and explained(self._payment, refused, self.closed_period) is None
        )
        if is_about_lines and self._keys_left:
            return self._by_other_lines(body, has_lines=has_lines)
        return None

    def not_taken(self, remote_id: str) -> RejectedError | None:
        """Return what to say of the facts that a payment was posted without; None where it has them."""
        if self._left_out is None:
            return None
        return not_taken(self._payment, remote_id, ", ".join(sorted(self._facts)), self._left_out)

    def _may_be_about_facts(self, body: Mapping[str, Any], refused: RefusedError) -> bool:
        """Return whether a refusal is about a fact, or about nothing known: no fact holds a payment up."""
        told = self._facts & body.keys()
        words = str(refused.facts["says"]).lower()
        if not told or any(name in words for name in told):
            return bool(told)
        is_about_others = (
            is_line_unknown(refused) or is_vendor_refused(refused) or refused.status == HTTPStatus.FORBIDDEN
        )
        return not is_about_others and explained(self._payment, refused, self.closed_period) is None

    def _in_next_period(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        following = next_open(self._periods, date.fromisoformat(body["tranDate"]))
        if following is None:
            return None
        changed = {
            "tranDate": following.day.isoformat(),
            "postingPeriod": {"id": following.period.id},
            "memo": memo(self._payment, following.day),
        }
        # What the settings leave out stays left out.
        return {**body, **{name: value for name, value in changed.items() if name in body}}

    def _by_other_lines(self, body: Mapping[str, Any], *, has_lines: bool) -> Mapping[str, Any] | None:
        """Name instalments by their numbers where their lines were not found, or find out which there are."""
        self._keys_left = not has_lines
        if has_lines:
            for bill in self._bills:
                bill.instalments = [replace(part, line=None) for part in bill.instalments]
        else:
            for bill in self._bills:
                bill.instalments = self._books.instalments_by_record(bill.id)
        items = applied(self._payment, self._bills, self._shares)
        return None if items == body["apply"]["items"] else {**body, "apply": {"items": items}}
