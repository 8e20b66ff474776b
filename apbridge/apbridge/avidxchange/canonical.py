"""Whether what a profile reads are fields of the canonical records, and words that they know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apbridge.schemas import schema

STREAMS = {
    "vendor": "vendors",
    "gl_account": "gl_accounts",
    "dimension_value": "dimension_values",
    "invoice": "invoices",
    "credit": "invoices",
    "payment": "payments",
    "purchase_order": "purchase_orders",
}
"""The canonical stream of each resource."""

_FROM_ITS_PLACE = {"dimension"}
"""Given by where a list is, not by its items."""

Path = tuple[str, ...]


def misread(declared: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield each place of a profile that reads what is no field, with what is wrong there."""
    for resource, stream in STREAMS.items():
        if resource not in declared["resources"]:
            continue
        path = ("resources", resource, "list", "read")
        yield from _misread(declared["resources"][resource]["list"]["read"], schema(stream), path)


def _misread(
    template: Mapping[str, Any], fields: Mapping[str, Any], path: Path
) -> Iterator[tuple[Path, str]]:
    known = fields["properties"]
    for name, value in template.items():
        if name not in known:
            yield (*path, name), f"there is no such field; there are {', '.join(known)}"
        elif isinstance(value, Mapping):
            yield from _within(value, known[name], (*path, name))
    for name in fields.get("required", ()):
        if name not in template and name not in _FROM_ITS_PLACE:
            yield path, f"it does not say where {name} is"


def _within(value: Mapping[str, Any], field: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    words = [word for word in field.get("enum", ()) if word is not None]
    translated: dict[Path, str] = {
        ("values", native): word for native, word in value.get("values", {}).items()
    }
    if "otherwise" in value:
        translated["otherwise",] = value["otherwise"]
    for place, word in translated.items():
        if words and word not in words:
            yield (*path, *place), f"{word!r} is none of {', '.join(words)}"
    inner = field.get("items", field)
    if "fields" in value and "properties" in inner:
        yield from _misread(value["fields"], inner, (*path, "fields"))
