"""What a bill, a vendor credit or a purchase order refers to: its vendor, and the codes on its lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from apbridge.errors import RejectedError
from apbridge.schemas.identifiers import (
    DIMENSIONS,
    GL_ACCOUNT,
    KINDS,
    VENDOR,
    external_id,
    name_of,
    namespace_of,
)

APPROVED_ORDERS = frozenset(
    {"pending_receipt", "partially_received", "pending_billing_partially_received", "pending_billing"}
)
"""Where a purchase order stands that invoices may be matched with."""


class Reference(NamedTuple):
    """A record that another one refers to."""

    stream: str
    external_id: str


def references(stream: str, record: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the vendor and the codes that must be there before a document can be sent.

    Args:
        stream: `bills`, `vendor_credits` or `purchase_orders`.
        record: The document, valid by its schema.

    Raises:
        RejectedError: It names no vendor, or a line no account; or a bill has no number.
    """
    namespace = namespace_of(record["external_id"], KINDS[stream], record["id"])
    named = {"name": name_of(record), "external_id": record["external_id"]}
    word = stream.removesuffix("s").replace("_", " ").capitalize()
    if stream == "bills" and not (record.get("number") or "").strip():
        raise RejectedError("APB-TAX-016", **named)
    if record.get("vendor_id") is None:
        raise RejectedError("APB-TAX-002", word=word, **named)
    yield Reference("vendors", external_id(namespace, VENDOR, record["vendor_id"]))
    for number, line in enumerate(record["lines"], 1):
        if line.get("account_id") is None:
            # The account of an order's item may not be shown.
            if stream == "purchase_orders":
                continue
            raise RejectedError("APB-TAX-003", word=word, **named, line=number)
        yield Reference("gl_accounts", external_id(namespace, GL_ACCOUNT, line["account_id"]))
        for dimension, (values, kind) in DIMENSIONS.items():
            if line.get(f"{dimension}_id") is not None:
                yield Reference(values, external_id(namespace, kind, line[f"{dimension}_id"]))
