"""A payment as AvidXchange tells it: the canonical record, typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apbridge.errors import RejectedError

VOIDED = "voided"

FACTS = frozenset(
    {
        "native_status",
        "native_method",
        "avidpay_check_number",
        "cleared_on",
        "exception_reason",
        "page_url",
        "has_cleared_image",
        "cleared_image",
    }
)
"""What AvidXchange tells of a payment beside what is posted."""

UNDONE = frozenset({VOIDED, "failed"})
"""Statuses after which the money did not go, or came back: NetSuite must hold no such payment."""

SETTLED = "settled"

UNKNOWN = "unknown"
"""A status or a method that the profile does not translate."""

LONGEST_NUMBER = 45
"""Characters of `tranId` (NetSuite: vendorPayment)."""

LONGEST_TEXT = 300
"""Characters of a free-form text field (NetSuite)."""

_WITHOUT_A_SIGN = {"Cc", "Cs"}
"""Unicode's control characters and halves of characters."""

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands where a character could not be read."""


@dataclass(frozen=True)
class Allocation:
    """A share of one invoice.

    Args:
        invoice: External id of the invoice; empty where it has none.
        amount: Paid on it.
        discount: Taken beside the amount.
    """

    invoice: str
    amount: Decimal
    discount: Decimal


@dataclass(frozen=True)
class Payment:
    """One payment to one vendor.

    Args:
        id: AvidXchange's.
        external_id: Its name in NetSuite, for ever.
        status: Canonical status.
        method: `check`, `ach`, `virtual_card` or `unknown`.
        check_number: Of a check.
        ach_trace: Of an ACH payment.
        card_reference: Of a virtual card.
        vendor: External id of the vendor.
        currency: ISO 4217 code.
        amount: In its currency.
        paid_on: Date of the payment.
        allocations: What it pays.
        replaces: AvidXchange's id of the payment that this one reissues.
        left_out: What it pays on invoices that did not come from NetSuite: not in amount and allocations.
        part_of: External id of the payment that this is the part of on one payables account.
        facts: What AvidXchange tells of it beside that, by the names that `payment_facts` has.
    """

    id: str
    external_id: str
    status: str
    method: str | None
    check_number: str | None
    ach_trace: str | None
    card_reference: str | None
    vendor: str | None
    currency: str | None
    amount: Decimal
    paid_on: date | None
    allocations: tuple[Allocation, ...]
    replaces: str | None
    left_out: tuple[Allocation, ...] = ()
    part_of: str | None = None
    facts: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Payment:
        """Read a record that is valid by the canonical schema `payments`."""
        return cls(
            id=record["id"],
            external_id=record["external_id"],
            status=record["status"],
            method=record.get("method"),
            check_number=record.get("check_number") or None,
            ach_trace=record.get("ach_trace") or None,
            card_reference=record.get("card_reference") or None,
            vendor=record.get("vendor_id"),
            currency=record.get("currency"),
            amount=Decimal(record["amount"]),
            paid_on=_day(record.get("paid_on")),
            allocations=tuple(
                Allocation(
                    each["invoice_external_id"] or "", Decimal(each["amount"]), Decimal(each["discount"])
                )
                for each in record["allocations"]
            ),
            replaces=record.get("replaces_payment_id"),
            facts=_facts(record),
        )

    @property
    def record(self) -> str:
        """External id of its record."""
        return self.part_of or self.external_id

    @property
    def whole(self) -> Decimal:
        """Its amount together with what is left out."""
        return self.amount + sum((each.amount for each in self.left_out), Decimal(0))

    @property
    def numbers(self) -> frozenset[str]:
        """What a person who records this payment by hand may have typed as its number.

        What NetSuite could not hold is cut as it is there, and what cannot be read is left out: one such
        number would fail the look-up of all others.
        """
        named = (self.check_number, self.ach_trace, self.card_reference, self._own_reference)
        cut = (_cut(each) for each in named if each and readable(each) == each)
        return frozenset(each for each in cut if each)

    def number(self, reference: str) -> str | None:
        """Return the number of its vendor payment; None where it has none.

        Args:
            reference: `trace`, `id` or `none`, as the setting `payment_reference` says.
        """
        if self.check_number or reference == "none":
            return self.check_number
        told = self.ach_trace or self.card_reference if reference == "trace" else None
        return _cut(told or "") or _cut(self._own_reference)

    @property
    def _own_reference(self) -> str:
        return f"AX-{self.id}"

    @property
    def is_undone(self) -> bool:
        """Whether NetSuite must not hold it, or no longer."""
        return self.status in UNDONE


def require_status(record: Mapping[str, Any]) -> None:
    """Check that it is known where a payment stands.

    Raises:
        RejectedError: It is not.
    """
    if record["status"] == UNKNOWN:
        raise RejectedError("APB-PAY-120", payment=record["id"], word=record.get("native_status"))


def readable(text: str) -> str:
    """Put a mark in the place of each character of a text that cannot be read, such as U+0000."""
    return "".join(UNREADABLE if unicodedata.category(each) in _WITHOUT_A_SIGN else each for each in text)


def _facts(record: Mapping[str, Any]) -> dict[str, str | None]:
    cleared_on = _day(record.get("cleared_on"))
    as_told = ("avidpay_check_number", "exception_reason", "page_url")
    return {
        "method": record.get("native_method") or record.get("method"),
        "status": record.get("native_status") or record["status"],
        "cleared_on": cleared_on.isoformat() if cleared_on else None,
        **{name: record.get(name) for name in as_told},
    }


def _cut(number: str) -> str:
    return number[:LONGEST_NUMBER].strip()


def _day(value: object) -> date | None:
    # The Singer SDK turns dates at a record's root into objects; a record kept in the ledger has text.
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value if isinstance(value, date) else None
