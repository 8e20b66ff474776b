"""From a row of strings to a canonical record: a column's alias is its path, the JSON Schema is its type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from apbridge.netsuite.client import Row
from tap_netsuite_ap.custom import CustomColumn
from tap_netsuite_ap.values import number, whole

Record = dict[str, Any]

_BELOW = "__"
"""Between the steps of a path in a column's alias: `remit_to__city`. A name that SQL keeps for itself ends in
one `_` there: `number_`."""

_Convert = Callable[[str], Any]


class Shape:
    """Turns the rows of one query into records of one schema.

    Args:
        schema: JSON Schema of the records.
        aliases: The columns that a row may have. Those that the schema does not have are not carried over.
        custom_fields: Columns that are custom fields.
    """

    def __init__(
        self, schema: Mapping[str, Any], aliases: Iterable[str], custom_fields: Iterable[CustomColumn] = ()
    ) -> None:
        self._texts: list[tuple[str, str]] = []
        self._fields: list[tuple[str, str | None, str, _Convert, Callable[[], Any]]] = []
        properties = schema["properties"]
        for alias in dict.fromkeys(aliases):
            name, _, below = alias.rstrip("_").partition(_BELOW)
            if name not in properties:
                continue
            node = properties[name]["properties"][below] if below else properties[name]
            convert, empty = _types(node)
            if convert is str and empty is _nothing and not below:
                self._texts.append((name, alias))
            else:
                self._fields.append((alias, name if below else None, below or name, convert, empty))
        self._groups = {group for _, group, _, _, _ in self._fields if group}
        self._has_custom_fields = "custom_fields" in properties
        self._custom_fields = tuple(custom_fields)

    def record(self, row: Row) -> Record:
        """Make a record of a row. A group of which nothing is there is null."""
        get = row.get
        # Most columns are texts, and stay what they are.
        record: Record = {name: get(alias) for name, alias in self._texts}
        record.update({group: {} for group in self._groups})
        for alias, group, name, convert, empty in self._fields:
            value = get(alias)
            into = record[group] if group else record
            into[name] = empty() if value is None else convert(value)
        for group in self._groups:
            if not any(record[group].values()):
                record[group] = None
        if self._has_custom_fields:
            record["custom_fields"] = {
                one.name: None if (value := row.get(one.alias)) is None else one.convert(value)
                for one in self._custom_fields
            }
        return record


def least(schema: Mapping[str, Any]) -> Record:
    """Make the least record that a schema allows: one of which nothing is known."""
    properties = schema["properties"]
    return {name: _LEAST[_names(properties[name])[0]]() for name in schema["required"]}


def _names(node: Mapping[str, Any]) -> list[str]:
    return node["type"] if isinstance(node["type"], list) else [node["type"]]


def _types(node: Mapping[str, Any]) -> tuple[_Convert, Callable[[], Any]]:
    types = _names(node)
    convert = next(_CONVERT[one] for one in types if one != "null")
    return convert, list if "array" in types else _nothing


def _nothing() -> None:
    return None


def _flag(value: str) -> bool:
    return value == "T"


def _multi_select(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


_CONVERT: Mapping[str, _Convert] = {
    "string": str,
    "number": number,
    "integer": whole,
    "boolean": _flag,
    "array": _multi_select,
}

_LEAST: Mapping[str, Callable[[], Any]] = {"string": str, "boolean": bool, "array": list}
