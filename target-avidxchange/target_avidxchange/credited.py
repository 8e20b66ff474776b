"""Bills of which vendor credits have settled a part: their invoices are over what is left."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apbridge.singer import Record
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.remote import LOCKED, RemoteIndex
from target_avidxchange.withdrawal import is_credit, is_paid_by_us

_OF_ITS_LINE = ("item", "quantity", "rate", "purchase_order")
"""What a line of a bill is about, and what is taken off it is not."""


def credited(bill: Mapping[str, Any]) -> Decimal:
    """Return how much of a bill vendor credits have settled."""
    return sum((Decimal(one["amount"]) for one in bill["applications"] if is_credit(one)), Decimal(0))


def invoiced(bill: Mapping[str, Any]) -> Decimal | None:
    """Return what a bill's invoice is over: its total, less credits."""
    total = bill.get("total")
    return None if total is None else Decimal(total) - credited(bill)


def less_credits(bill: Record) -> Record:
    """Return a bill as its invoice is to have it: each credit is a line that takes its amount off.

    It is coded as the largest line of the bill: what the credit itself is coded to stays in NetSuite.
    """
    applied = [one for one in bill["applications"] if is_credit(one)]
    if not applied:
        return bill
    if not bill["lines"]:
        return {**bill, "total": invoiced(bill)}
    largest = max(bill["lines"], key=lambda line: Decimal(line["amount"]))
    coding = {name: None if name in _OF_ITS_LINE else value for name, value in largest.items()}
    taken_off = [
        {
            **coding,
            "id": f"credit-{one['id']}",
            "amount": -Decimal(one["amount"]),
            "memo": f"Vendor credit {one['id']}, applied in NetSuite",
        }
        for one in applied
    ]
    return {**bill, "total": invoiced(bill), "lines": [*bill["lines"], *taken_off]}


def without_credits(bill: Record) -> Record:
    """Return a bill as if no credit were applied to it."""
    return {**bill, "applications": [one for one in bill["applications"] if not is_credit(one)]}


def stands(bill: Record, whole: str, known: AcknowledgedInvoice, remote_index: RemoteIndex) -> bool:
    """Return whether an invoice is right as it is, though credits have settled a part of its bill.

    Args:
        bill: The bill.
        whole: Fingerprint of what would be sent for it without credits.
        known: What is known of its invoice.
        remote_index: What AvidXchange has.
    """
    is_corrected = known.total is not None and Decimal(known.total) == invoiced(bill)
    if is_corrected:
        return is_paid_by_us(bill)
    # What our payments have closed stays as it was paid, however it is changed later.
    if not is_paid_by_us(bill) and known.without_credits not in {None, whole}:
        return False
    # AvidXchange itself may have paid with these credits, or people may have corrected the invoice there.
    there = remote_index.listed().get(bill["external_id"])
    return there is not None and there.status in LOCKED and there.to_pay == Decimal(bill["amount_due"])


def is_overpaid(bill: Record, remote_index: RemoteIndex) -> bool:
    """Return whether AvidXchange means to pay more of a bill than is open."""
    there = remote_index.listed().get(bill["external_id"])
    return there is not None and there.to_pay > Decimal(bill["amount_due"])
