"""What to change of a vendor payment that NetSuite refused, so that it may take it after all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from apbridge.errors import RefusedError
from target_netsuite_payments.books import Bill, NetSuiteBooks
from target_netsuite_payments.checks import BillShare, applied, memo
from target_netsuite_payments.payment import Payment
from target_netsuite_payments.periods import NEXT_OPEN, Period, next_open
from target_netsuite_payments.refusals import explained, is_line_unknown, is_period_closed

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
    """

    def __init__(  # noqa: PLR0917 - what a body was made of
        self,
        payment: Payment,
        shares: Mapping[str, BillShare],
        bills: Sequence[Bill],
        periods: Sequence[Period],
        closed_period: str,
        books: NetSuiteBooks,
    ) -> None:
        self._payment = payment
        self._shares = shares
        self._bills = bills
        self._periods = periods
        self.closed_period = closed_period
        self._later = _MOST_PERIODS if closed_period == NEXT_OPEN else 0
        self._books = books
        self._keys_left = True

    def after(self, body: Mapping[str, Any], refused: RefusedError) -> Mapping[str, Any] | None:
        """Return what to send after a body was refused; None where that was the last word."""
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
