"""The metadata catalog: which fields an account's records have, custom ones included, and of what kind."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from apbridge.http import Call
from apbridge.netsuite.answers import as_documented
from apbridge.netsuite.client import NetSuite

_PATH = "/services/rest/record/v1/metadata-catalog"
_ONE_ANSWER = "application/swagger+json"
"""As OpenAPI one answer has several record types and their sublists; as JSON Schema it has one of them."""
_PURPOSE = "read the metadata catalog"


class FieldKind(Enum):
    """What a field holds, and so how SuiteQL has to be asked for it."""

    TEXT = "text"
    FLAG = "flag"
    WHOLE = "whole"
    NUMBER = "number"
    DAY = "day"
    INSTANT = "instant"
    REFERENCE = "reference"
    """Another record, or a value of a list or of a segment: told by its internal id."""


_KINDS: Mapping[tuple[str, str | None], FieldKind] = {
    ("boolean", None): FieldKind.FLAG,
    ("integer", None): FieldKind.WHOLE,
    ("number", None): FieldKind.NUMBER,
    ("string", "date"): FieldKind.DAY,
    ("string", "date-time"): FieldKind.INSTANT,
    ("string", None): FieldKind.TEXT,
}

Fields = Mapping[str, FieldKind]
"""The kinds of some fields, by their names in lower case."""


def record_fields(netsuite: NetSuite, *record_types: str) -> Mapping[str, Fields]:
    """Read the fields of record types and of their sublists, in one call.

    Args:
        netsuite: The account.
        record_types: NetSuite's names, such as `vendorBill`.

    Returns:
        By the name of the schema, as NetSuite spells it: `vendorBill`, `vendorBill-expenseElement`.

    Raises:
        RefusedError: The role may not see them.
        UnavailableError: The answer is not what NetSuite documents.
    """
    params = {"select": ",".join(record_types)}
    answer = netsuite.session.ask(
        Call("GET", _PATH, _PURPOSE, params=params, headers={"Accept": _ONE_ANSWER})
    )
    with as_documented(_PURPOSE, "no OpenAPI document"):
        schemas: Mapping[str, Mapping[str, Any]] = answer["components"]["schemas"]
        return {
            name: {field.lower(): _kind(described) for field, described in schema["properties"].items()}
            for name, schema in schemas.items()
            if "properties" in schema
        }


def _kind(described: Mapping[str, Any]) -> FieldKind:
    kind, form = str(described.get("type")), described.get("format")
    # A format that is not known says how precise a number is, or what a text is used for.
    return _KINDS.get((kind, form)) or _KINDS.get((kind, None), FieldKind.REFERENCE)
