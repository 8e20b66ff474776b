"""Vendor credits: which changed, and what each is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from typing_extensions import override

from apbridge.netsuite.client import Row
from tap_netsuite_ap.bills import Bills, Change
from tap_netsuite_ap.parts import CREDIT_QUERIES, PartQueries
from tap_netsuite_ap.records import Record

_OF_BILLS = ("purchase_orders", "images", "images_left_out")
_SIGNED = ("amount", "quantity")
"""Of a line, below zero in NetSuite where it gives back."""


class VendorCredits(Bills):
    """Reads vendor credits with their lines and applications, as bills are read."""

    parts: ClassVar[PartQueries] = CREDIT_QUERIES

    @override
    def _record(
        self,
        change: Change,
        header: Row,
        lines: Sequence[Row],
        orders: Sequence[Row],
        applications: Sequence[Row],
    ) -> Record:
        credit = _only_of_credits(super()._record(change, header, lines, orders, applications))
        credit["amount_available"] = _available(credit)
        return credit

    @override
    def _coded(self, row: Row, order_of: Mapping[str | None, str | None]) -> Record:
        line = super()._coded(row, order_of)
        return line | {name: -line[name] for name in _SIGNED if line[name] is not None}

    @override
    def _tombstone(self, change: Change) -> Record:
        return _only_of_credits(super()._tombstone(change))


def _only_of_credits(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in _OF_BILLS}


def _available(credit: Record) -> Decimal:
    """Return what is left of a credit by what is shown applied, or less where NetSuite says so.

    What is applied stands between the credit and the bill, or the payment, or both: it is one amount.
    """
    total = Decimal(credit["total"])
    by_kind = {True: Decimal(0), False: Decimal(0)}
    for one in credit["applications"]:
        by_kind[one["kind"] == "payment"] += Decimal(one["amount"])
    told = credit["amount_available"]
    left = total - max(by_kind.values())
    return max(Decimal(0), left if told is None else min(Decimal(told), left))
