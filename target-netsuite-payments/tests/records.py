"""Payments as tap-avidxchange tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from apbridge.json import dumps

from .company import ACCOUNT, OpenBill, OpenCredit


def paying(
    *shares: tuple[OpenBill, str | Decimal] | tuple[OpenBill, str | Decimal, str], **changes: object
) -> dict[str, Any]:
    """Return the record of a settled check over shares of bills: bill, amount and perhaps discount."""
    number = str(next(shares[0][0].payments))
    allocations: list[dict[str, Any]] = [
        {
            "invoice_external_id": bill.external_id,
            "amount": Decimal(amount),
            "discount": Decimal(*discount or (0,)),
        }
        for bill, amount, *discount in shares
    ]
    record = {
        "id": number,
        "external_id": f"avidxchange-payment-{number}",
        "status": "settled",
        "method": "check",
        "check_number": f"9{number:0>5}",
        "ach_trace": None,
        "card_reference": None,
        "vendor_id": f"netsuite-{ACCOUNT}-vendor-{shares[0][0].vendor}",
        "currency": shares[0][0].symbol,
        "amount": sum((each["amount"] for each in allocations), Decimal(0)),
        "paid_on": "2026-11-02",
        "settled_at": "2026-11-02T15:00:00Z",
        "allocations": allocations,
        "replaces_payment_id": None,
        "voided_at": None,
        "modified_at": "2026-11-02T15:00:00Z",
    }
    return {**record, **changes}


def using(record: Mapping[str, Any], *used: tuple[OpenCredit, str | Decimal]) -> dict[str, Any]:
    """Return a payment's record that uses credits: its amount is the net."""
    allocations = [
        *record["allocations"],
        *(
            {"invoice_external_id": credit.external_id, "amount": -Decimal(amount), "discount": Decimal(0)}
            for credit, amount in used
        ),
    ]
    net = sum((each["amount"] for each in allocations), Decimal(0))
    return {**record, "allocations": allocations, "amount": net}


def nothing(bill: OpenBill, credit: OpenCredit, amount: str = "10.00", **changes: object) -> dict[str, Any]:
    """Return the record of a payment over nothing: what it pays of a bill, a credit covers."""
    return using(paying((bill, amount), **changes), (credit, amount))


def in_full(*bills: OpenBill, **changes: object) -> dict[str, Any]:
    """Return the record of a payment of whole bills."""
    return paying(*((bill, bill.unpaid) for bill in bills), **changes)


def voided(record: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    """Return a payment's record after it was voided."""
    later = {"status": "voided", "voided_at": "2026-11-02T17:00:00Z", "modified_at": "2026-11-02T17:00:00Z"}
    return {**record, **later, **changes}


def messages(records: Sequence[Mapping[str, Any]], stream: str = "payments") -> bytes:
    """Return what a tap would write."""
    lines: list[Any] = [
        {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}, "key_properties": ["external_id"]}
    ]
    lines += [{"type": "RECORD", "stream": stream, "record": record} for record in records]
    lines.append({"type": "STATE", "value": {"bookmarks": {stream: {"seen": len(records)}}}})
    return b"".join(dumps(line) + b"\n" for line in lines)
