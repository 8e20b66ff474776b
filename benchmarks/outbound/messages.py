"""Canonical messages: a company's vendors and accounts, and bills of five lines."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from apbridge.json import dumps
from apbridge.schemas import schema

_NS = "netsuite-1234567-"
_VENDORS, _ACCOUNTS, _LINES = 250, 120, 5
_TIME = "2026-11-02T16:00:00Z"


def company() -> list[tuple[str, dict[str, Any]]]:
    """Return the vendors and accounts that bills refer to."""
    vendors = [
        {
            "id": str(n),
            "external_id": f"{_NS}vendor-{n}",
            "number": f"V{n}",
            "name": f"Vendor {n}",
            "is_person": False,
            "subsidiary_ids": ["1"],
            "is_active": True,
            "modified_at": _TIME,
        }
        for n in range(_VENDORS)
    ]
    accounts = [
        {
            "id": str(n),
            "external_id": f"{_NS}account-{n}",
            "number": str(6000 + n),
            "name": f"Account {n}",
            "full_name": f"Account {n}",
            "type": "Expense",
            "subsidiary_ids": [],
            "is_postable": True,
            "is_active": True,
        }
        for n in range(_ACCOUNTS)
    ]
    return [*(("vendors", one) for one in vendors), *(("gl_accounts", one) for one in accounts)]


def bills(count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return so many bills."""
    return [("bills", _bill(number)) for number in range(count)]


def _bill(number: int) -> dict[str, Any]:
    lines = [
        {
            "id": str(place),
            "kind": "expense",
            "account_id": str((number + place) % _ACCOUNTS),
            "account_number": str(6000 + (number + place) % _ACCOUNTS),
            "amount": Decimal("12.34"),
            "memo": f"Line {place} of bill {number}",
        }
        for place in range(_LINES)
    ]
    return {
        "id": str(number),
        "external_id": f"{_NS}vendorbill-{number}",
        "number": f"INV-{number}",
        "vendor_id": str(number % _VENDORS),
        "bill_date": "2026-10-30",
        "due_date": "2026-11-30",
        "currency": "USD",
        "total": Decimal("61.70"),
        "amount_due": Decimal("61.70"),
        "approval_status": "approved",
        "status": "open",
        "is_eligible": True,
        "applications": [],
        "purchase_orders": [],
        "lines": lines,
        "images": [],
        "is_deleted": False,
        "modified_at": _TIME,
    }


def write(file: Path, messages: Iterable[tuple[str, dict[str, Any]]]) -> Path:
    """Write messages as a tap does."""
    known: set[str] = set()
    with file.open("wb") as out:
        for stream, record in messages:
            if stream not in known:
                known.add(stream)
                told = {"type": "SCHEMA", "stream": stream, "schema": schema(stream)}
                out.write(dumps({**told, "key_properties": ["external_id"]}) + b"\n")
            out.write(dumps({"type": "RECORD", "stream": stream, "record": record}) + b"\n")
        bookmarks = {stream: {"replication_key_value": _TIME} for stream in known}
        out.write(dumps({"type": "STATE", "value": {"bookmarks": bookmarks}}) + b"\n")
    return file
