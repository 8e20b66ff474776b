"""Schemas of what AvidXchange's API in the sandbox takes and shows, out of what the sandbox declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from apbridge_sandbox.avidxchange import bodies, lifecycle

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
YES_OR_NO: Schema = {"type": "boolean"}
DAY: Schema = {"type": ["string", "null"], "format": "date"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
INSTANT_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}

_KINDS: Mapping[str, type[bodies.RequestBody]] = {
    "vendor": bodies.VendorBody,
    "gl_account": bodies.GlAccount,
    "code": bodies.DimensionValue,
    "invoice": bodies.InvoiceBody,
    "credit_memo": bodies.InvoiceBody,
    "purchase_order": bodies.OrderBody,
    "link": bodies.ExternalIdBody,
    "cancellation": bodies.Cancellation,
}
IMAGE: Schema = {
    "type": ["object", "null"],
    "properties": {"name": TEXT, "mediaType": TEXT, "size": WHOLE, "sha256": TEXT},
}
_PAYMENT: Mapping[str, Schema] = {
    "id": TEXT,
    "status": {"type": "string", "enum": [*lifecycle.PAYMENT_STATUSES, "cleared"]},
    "method": {"type": "string", "enum": [*lifecycle.METHODS]},
    "checkNumber": TEXT_OR_NULL,
    "avidPayCheckNumber": {"type": ["integer", "null"]},
    "achTrace": TEXT_OR_NULL,
    "cardReference": TEXT_OR_NULL,
    "vendorExternalId": TEXT_OR_NULL,
    "currency": TEXT,
    "amount": NUMBER,
    "paidOn": DAY,
    "settledAt": INSTANT_OR_NULL,
    "clearedOn": DAY,
    "exceptionReason": TEXT_OR_NULL,
    "pageUrl": {"type": "string", "format": "uri"},
    "hasClearedImage": YES_OR_NO,
    "allocations": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"invoiceExternalId": TEXT, "amount": NUMBER, "discount": NUMBER},
        },
    },
    "replacesPaymentId": TEXT_OR_NULL,
    "voidedAt": INSTANT_OR_NULL,
    "modifiedAt": INSTANT,
}
_CREDIT_STATUSES = ["open", "partly_applied", "scheduled", "applied", "cancelled"]


def shown_schema(kind: str) -> Schema:
    """Return the schema of an item of a list."""
    if kind == "payment":
        return object_of(_PAYMENT)
    sent = sent_schema(kind)["properties"]
    stands: Schema = {}
    if kind in {"invoice", "credit_memo"}:
        words = [*lifecycle.INVOICE_STATUSES] if kind == "invoice" else _CREDIT_STATUSES
        paid = ("amountPaid", "amountUnpaid") if kind == "invoice" else ("amountApplied", "amountAvailable")
        stands = {"status": {"type": "string", "enum": words}, "statusReason": TEXT_OR_NULL}
        stands |= dict.fromkeys(paid, NUMBER) | ({"image": IMAGE} if kind == "invoice" else {})
    return object_of({"id": TEXT, "externalId": TEXT_OR_NULL, **stands, **sent, "modifiedAt": INSTANT})


def sent_schema(kind: str) -> Schema:
    """Return the schema of what is sent, all of it in one."""
    _, found = msgspec.json.schema_components(
        [_KINDS[kind]], schema_hook=lambda _: dict(NUMBER), ref_template="{name}"
    )
    whole: Schema = _inlined(found[_KINDS[kind].__name__], found)
    return whole


def _inlined(value: Any, found: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_inlined(one, found) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(found[value["$ref"]], found)
    # A decimal is a number here; what a class is called says nothing to others.
    plain = {key: _inlined(one, found) for key, one in value.items() if key not in {"title", "default"}}
    return NUMBER if plain.get("format") == "decimal" else plain


def renamed(schema: Schema, words: Mapping[str, Any]) -> Schema:
    """Return a schema with the names of the other surface."""
    if "items" in schema:
        return {**schema, "items": renamed(schema["items"], words)}
    if "anyOf" in schema:
        return {**schema, "anyOf": [renamed(one, words) for one in schema["anyOf"]]}
    if "properties" not in schema:
        return schema
    fields = {}
    for name, inner in schema["properties"].items():
        word = words[name]
        told, within = (word, None) if isinstance(word, str) else word
        fields[told] = renamed(inner, within) if within else inner
    named = [
        words[name] if isinstance(words[name], str) else words[name][0] for name in schema.get("required", [])
    ]
    return {**schema, "properties": fields, **({"required": named} if named else {})}


def object_of(fields: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object."""
    return {"type": "object", "properties": dict(fields)}


def list_of(item: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": item}
