"""Singer messages for the toy target."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

TIME = "2026-11-02T16:00:00Z"
Message = dict[str, Any]


def schema(stream: str) -> Message:
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": {"id": {"type": "string"}}},
        "key_properties": ["id"],
    }


SCHEMAS = [schema("vendors"), schema("bills")]


def vendor_name(number: int) -> str:
    return f"netsuite-1_SB1-vendor-{number}"


def bill_name(number: int) -> str:
    return f"netsuite-1_SB1-vendorbill-{number}"


def vendor(number: int, **more: Any) -> Message:  # noqa: ANN401
    record = {
        "id": str(number),
        "external_id": vendor_name(number),
        "number": f"V{number}",
        "name": "O'Brien & Söhne",
        "is_person": False,
        "subsidiary_ids": [],
        "is_active": True,
        "created_at": None,
        "modified_at": TIME,
    }
    return {"type": "RECORD", "stream": "vendors", "record": {**record, **more}}


def bill(number: int, vendor_id: int | None = 1, **more: Any) -> Message:  # noqa: ANN401
    record = {
        "id": str(number),
        "external_id": bill_name(number),
        "vendor_id": None if vendor_id is None else str(vendor_id),
        "bill_date": "2026-11-01",
        "total": Decimal("10.10"),
        "is_eligible": True,
        "applications": [],
        "purchase_orders": [],
        "lines": [{"id": "1", "kind": "expense", "amount": Decimal("10.10")}],
        "images": [],
        "is_deleted": False,
        "modified_at": TIME,
    }
    return {"type": "RECORD", "stream": "bills", "record": {**record, **more}}


def state(bookmark: Any, stream: str = "bills") -> Message:  # noqa: ANN401
    return {
        "type": "STATE",
        "value": {"bookmarks": {stream: {"replication_key_value": bookmark}}},
    }


READ: list[Message] = [
    *SCHEMAS,
    {
        "type": "STATE",
        "value": {"bookmarks": {stream: {"replication_key_value": "t"} for stream in ("vendors", "bills")}},
    },
]
"""What a tap tells that came to the end of both streams and found nothing new."""
