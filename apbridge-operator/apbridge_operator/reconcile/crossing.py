"""How the bridge is built: bills one by one, then each system's own totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import NamedTuple, TypeVar

from apbridge.errors import APBridgeError, RefusedError
from apbridge_operator.reconcile.books import AvidXchangeInvoice
from apbridge_operator.reconcile.bridge import (
    AGES,
    Bridge,
    BridgeRow,
    BridgeStep,
    Counted,
    Place,
    age,
    step_of,
)
from apbridge_operator.reconcile.difference import ZERO, Cause, Difference
from apbridge_operator.reconcile.netsuite import NetSuiteBill

Starts = Mapping[Place, Decimal] | RefusedError
_Key = TypeVar("_Key")


class _Side(NamedTuple):
    """One bill's part of the bridge, in one currency."""

    bill: NetSuiteBill | None
    is_dated_apart: bool
    external_id: str
    number: str
    vendor: str
    subsidiary: str
    currency: str
    netsuite: Decimal
    avidxchange: Decimal


class Crossing:
    """Adds bills to a bridge.

    Args:
        bridge: It.
        as_of: The day at whose end; None for now.
        starts: What NetSuite itself says is open in its ledger, or how it refuses to say it.
        ends: What AvidXchange shows as unpaid in all, by currency.
    """

    def __init__(
        self,
        bridge: Bridge,
        as_of: date | None,
        starts: Starts,
        ends: Mapping[str, Decimal],
    ) -> None:
        self._bridge = bridge
        self._as_of = as_of
        self._today = as_of or datetime.now(timezone.utc).date()
        self._different: list[_Side] = []
        self._starts = {} if isinstance(starts, RefusedError) else starts
        self._refused = starts if isinstance(starts, RefusedError) else None
        self._ends = ends
        # An account with one currency does not name it.
        self._usual = max(ends, key=lambda currency: ends[currency], default="")
        self._here: dict[Place, Decimal] = {}
        self._there: dict[str, Decimal] = {}

    def add(
        self,
        bill: NetSuiteBill | None,
        invoice: AvidXchangeInvoice | None,
        about: tuple[str, str, str],
        there: Decimal,
    ) -> tuple[Decimal, Decimal]:
        """Add a bill and its invoice.

        Args:
            bill: None where NetSuite has none.
            invoice: None where AvidXchange has none.
            about: Vendor, subsidiary and currency.
            there: Unpaid on the invoice.

        Returns:
            What is open of it in the ledger, and what is unpaid.
        """
        vendor, subsidiary, _ = about
        shown = invoice.currency if invoice else ""
        currency = (bill.currency or shown or self._usual) if bill else shown
        here = bill.open if bill and not self._is_later(bill.day) else ZERO
        if invoice is None or self._is_later(invoice.day):
            there = ZERO
        is_apart = bool(bill and invoice and self._is_later(bill.day) != self._is_later(invoice.day))
        if bill and here and not bill.posts:
            key = (bill.because, subsidiary, currency)
            self._bridge.beside.setdefault(key, Counted()).add(here)
            here = ZERO
        if bill and here:
            ages = self._bridge.aging.setdefault((vendor, subsidiary, currency), [ZERO] * len(AGES))
            ages[age(bill.due or bill.day, self._today)] += here
        one = bill or invoice
        assert one  # noqa: S101 - one of both is there
        name = (bill, is_apart, one.external_id, one.number, vendor, subsidiary)
        _count(self._here, (subsidiary, bill.currency if bill else ""), here)
        _count(self._there, shown, there)
        parts = [_Side(*name, currency, here, there)]
        if shown and shown != currency:
            parts = [_Side(*name, currency, here, ZERO), _Side(*name, shown, ZERO, there)]
        for part in parts:
            place = (subsidiary, part.currency)
            if part.netsuite:
                _count(self._bridge.starts, place, part.netsuite)
            if part.avidxchange:
                _count(self._bridge.ends, place, part.avidxchange)
            if part.netsuite != part.avidxchange:
                self._different.append(part)
        return here, there

    def close(self, differences: Mapping[str, Difference]) -> Iterator[Difference]:
        """Lead with what was added from one end to the other.

        Args:
            differences: Those on bills, by external id.

        Yields:
            What the bridge lacks: a bill that differs and that nobody has explained, and what one system has
            in all beside the bills that were read.
        """
        for side in self._different:
            yield from self._row(side, differences.get(side.external_id))
        if self._refused:
            about = ("NetSuite's total", "total", "", "", "", ZERO, ZERO)
            yield _unexplained("total", about, APBridgeError("APB-REC-072", problem=self._refused))
        for subsidiary, currency in sorted({*self._starts, *(() if self._refused else self._here)}):
            asked = (subsidiary, currency)
            if left := self._starts.get(asked, ZERO) - self._here.get(asked, ZERO):
                place = (subsidiary, currency or self._usual)
                _count(self._bridge.starts, place, left)
                yield self._off("NetSuite", place, left, ZERO)
        for currency in sorted({*self._ends, *self._there}):
            if left := self._ends.get(currency, ZERO) - self._there.get(currency, ZERO):
                _count(self._bridge.ends, ("", currency), left)
                yield self._off("AvidXchange", ("", currency), ZERO, left)

    def _row(self, side: _Side, difference: Difference | None) -> Iterator[Difference]:
        is_of_dates = difference is None and side.is_dated_apart
        step = BridgeStep.DATES if is_of_dates else step_of(side.bill, difference)
        self._bridge.rows.append(BridgeRow(step, *side[2:]))
        if step is BridgeStep.UNEXPLAINED and difference is None:
            why = APBridgeError("APB-REC-070", here=_money(side.netsuite), there=_money(side.avidxchange))
            yield _unexplained("bill", side[2:], why)

    def _off(self, system: str, place: Place, here: Decimal, there: Decimal) -> Difference:
        """Add the row of what a system has beside the bills, and return the difference that it is."""
        about = (f"{system}'s total", f"total of {place[1]}", "", *place, here, there)
        self._bridge.rows.append(BridgeRow(BridgeStep.UNEXPLAINED, *about))
        why = APBridgeError("APB-REC-071", system=system, left=_money(here + there))
        return _unexplained("total", about, why)

    def _is_later(self, day: date | None) -> bool:
        return bool(self._as_of and day and day > self._as_of)


def _unexplained(
    kind: str, about: tuple[str, str, str, str, str, Decimal, Decimal], why: APBridgeError
) -> Difference:
    words = why.says, why.do, why.code, None
    return Difference(kind, *about, Cause.UNEXPLAINED, *words, has_passed=False)


def _count(sums: dict[_Key, Decimal], key: _Key, amount: Decimal) -> None:
    sums[key] = sums.get(key, ZERO) + amount


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
