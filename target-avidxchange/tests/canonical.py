"""Canonical records, and the messages that carry them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from apbridge.json import dumps
from apbridge.schemas import schema

NS = "netsuite-1234567_SB1"
MODIFIED = "2026-11-02T16:00:00Z"
Record = dict[str, Any]
Message = tuple[str, Record]


def vendor(number: int, **changes: object) -> Message:
    record = {
        "id": str(number),
        "external_id": f"{NS}-vendor-{number}",
        "number": f"V{number}",
        "name": f"Vendor {number}",
        "is_person": False,
        "subsidiary_ids": ["1"],
        "is_active": True,
        "modified_at": MODIFIED,
    }
    return "vendors", record | changes


def account(number: int, **changes: object) -> Message:
    record = {
        "id": str(number),
        "external_id": f"{NS}-account-{number}",
        "number": str(6000 + number),
        "name": f"Account {number}",
        "full_name": f"Account {number}",
        "type": "Expense",
        "subsidiary_ids": [],
        "is_postable": True,
        "is_active": True,
    }
    return "gl_accounts", record | changes


def dimension(stream: str, kind: str, number: int, **changes: object) -> Message:
    record = {
        "id": str(number),
        "external_id": f"{NS}-{kind}-{number}",
        "name": f"{kind} {number}",
        "full_name": f"{kind} {number}",
        "subsidiary_ids": [],
        "is_active": True,
    }
    return stream, record | changes


def department(number: int, **changes: object) -> Message:
    return dimension("departments", "department", number, **changes)


def class_(number: int, **changes: object) -> Message:
    return dimension("classes", "classification", number, **changes)


def location(number: int, **changes: object) -> Message:
    return dimension("locations", "location", number, **changes)


def line(number: int, amount: str, account_number: int = 1, **changes: Any) -> Record:  # noqa: ANN401
    record = {
        "id": str(number),
        "kind": "expense",
        "account_id": str(account_number),
        "account_number": str(6000 + account_number),
        "amount": Decimal(amount),
    }
    return record | changes


def bill(number: int, *lines: Record, of_vendor: int = 1, **changes: object) -> Message:
    coded = lines or (line(1, "100.00"), line(2, "23.45", memo="Shelf"))
    total, record = _document("vendorbill", f"INV-{number}", number, coded, of_vendor)
    record |= {
        "bill_date": "2026-10-30",
        "due_date": "2026-11-30",
        "amount_due": total,
        "approval_status": "approved",
        "purchase_orders": [],
        "images": [],
    }
    return "bills", record | changes


def credit(number: int, *lines: Record, of_vendor: int = 1, **changes: object) -> Message:
    coded = lines or (line(1, "60.00"), line(2, "40.00", memo="Returned"))
    total, record = _document("vendorcredit", f"CR-{number}", number, coded, of_vendor)
    record |= {"credit_date": "2026-10-30", "amount_available": total}
    return "vendor_credits", record | changes


def _document(
    kind: str, named: str, number: int, lines: Sequence[Record], of_vendor: int
) -> tuple[Decimal, Record]:
    total = sum((one["amount"] for one in lines), Decimal(0))
    return total, {
        "id": str(number),
        "external_id": f"{NS}-{kind}-{number}",
        "number": named,
        "vendor_id": str(of_vendor),
        "currency": "USD",
        "total": total,
        "status": "open",
        "is_eligible": True,
        "applications": [],
        "lines": list(lines),
        "is_deleted": False,
        "modified_at": MODIFIED,
    }


def tombstone(number: int) -> Message:
    return "bills", _tombstone("vendorbill", number) | {"purchase_orders": [], "images": []}


def credit_tombstone(number: int) -> Message:
    return "vendor_credits", _tombstone("vendorcredit", number)


def _tombstone(kind: str, number: int) -> Record:
    return {
        "id": str(number),
        "external_id": f"{NS}-{kind}-{number}",
        "is_eligible": False,
        "ineligible_because": "it was deleted",
        "applications": [],
        "lines": [],
        "is_deleted": True,
        "modified_at": MODIFIED,
    }


def applied(number: int, amount: str, *, ours: bool = False, kind: str = "payment") -> Record:
    name = f"avidxchange-payment-{number}" if ours else None
    return {
        "id": str(number),
        "kind": kind,
        "external_id": name,
        "amount": Decimal(amount),
        "date": "2026-11-01",
    }


CODING = (vendor(1), vendor(2), account(1), account(2), department(1), class_(1), location(1))


STREAMS = ("vendors", "gl_accounts", "departments", "classes", "locations", "bills")
WITH_CREDITS = (*STREAMS, "vendor_credits")


def read_until(moment: str, streams: Iterable[str] = STREAMS) -> Record:
    """Return the STATE of a tap that came to the end of every stream."""
    return {"bookmarks": {stream: {"replication_key_value": moment} for stream in streams}}


READ = read_until(MODIFIED)
READ_WITH_CREDITS = read_until(MODIFIED, WITH_CREDITS)


def singer(
    messages: Iterable[Message],
    state: object = None,
    before: object = None,
    streams: Iterable[str] = STREAMS,
) -> bytes:
    """Return messages as a tap writes them that reads every stream to its end.

    Args:
        messages: Its records.
        state: Another STATE than `READ`.
        before: The STATE that it goes on from.
        streams: Its streams, in the order in which it begins them.
    """
    begins = [{"type": "STATE", "value": before}] if before else []
    schemas = [
        {"type": "SCHEMA", "stream": stream, "schema": schema(stream), "key_properties": ["external_id"]}
        for stream in streams
    ]
    records = [{"type": "RECORD", "stream": stream, "record": record} for stream, record in messages]
    lines = [*begins, *schemas, *records, {"type": "STATE", "value": state or READ}]
    return b"".join(dumps(one) + b"\n" for one in lines)


def shuffled(messages: Iterable[Message], seed: int) -> list[Message]:
    mixed = list(messages)
    random.Random(seed).shuffle(mixed)  # noqa: S311
    return mixed
