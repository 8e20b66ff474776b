"""What a bill and a vendor credit have in common: a vendor, and coded lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apbridge.errors import RejectedError
from apbridge.ledger import Need
from apbridge.mapping import DIMENSIONS, SEGMENT, Coding
from apbridge.schemas.identifiers import GL_ACCOUNT, VENDOR, external_id, namespace_of
from apbridge.singer import Record
from target_avidxchange.refusals import name_of
from target_avidxchange.shared import Shared


def with_codes(record: Record, kind: str, shared: Shared) -> Record:
    """Return a document with its vendor's external id, or AvidXchange's own, and each line with its codes.

    Args:
        record: The document.
        kind: The word for it in external ids.
        shared: What the mapping files say, and which vendors AvidXchange had before us.
    """
    namespace = namespace_of(record["external_id"], kind, record["id"])
    vendor = record.get("vendor_id")
    name = external_id(namespace, VENDOR, vendor) if vendor else None
    own_id = shared.links.own_id("vendors", name) if name else None
    subsidiary = record.get("subsidiary_id")
    return {
        **record,
        "vendor_external_id": None if own_id else name,
        "vendor_remote_id": own_id,
        "lines": [_coded(line, subsidiary, shared.coding) for line in record["lines"]],
    }


def _coded(line: Mapping[str, Any], subsidiary: str | None, coding: Coding) -> dict[str, Any]:
    segments = {
        name: str(value)
        for name, value in line.get("custom_fields", {}).items()
        if name.startswith(SEGMENT) and value is not None
    }
    return {
        **line,
        "gl_code": coding.gl_code(line.get("account_id"), line.get("account_number"), subsidiary),
        "codes": {
            dimension: coding.dimension_code(dimension, line.get(f"{dimension}_id"), subsidiary)
            for dimension in DIMENSIONS
        },
        "segments": {
            name: coding.dimension_code(name, value, subsidiary) for name, value in segments.items()
        },
    }


def needs_of(record: Record, kind: str, word: str) -> Iterator[Need]:
    """Yield the vendor and the codes that AvidXchange must have before a document.

    Args:
        record: The document.
        kind: The word for it in external ids.
        word: What people call it.

    Raises:
        RejectedError: It names no vendor, or a line no account.
    """
    namespace = namespace_of(record["external_id"], kind, record["id"])
    named = {"word": word.capitalize(), "name": name_of(record), "external_id": record["external_id"]}
    if record.get("vendor_id") is None:
        raise RejectedError("APB-TAX-002", **named)
    yield Need("vendors", external_id(namespace, VENDOR, record["vendor_id"]))
    for number, line in enumerate(record["lines"], 1):
        if line.get("account_id") is None:
            raise RejectedError("APB-TAX-003", **named, line=number)
        yield Need("gl_accounts", external_id(namespace, GL_ACCOUNT, line["account_id"]))
        for dimension, (stream, dimension_kind) in DIMENSIONS.items():
            if line.get(f"{dimension}_id") is not None:
                yield Need(stream, external_id(namespace, dimension_kind, line[f"{dimension}_id"]))
