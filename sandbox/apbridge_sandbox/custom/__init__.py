"""What the company added to NetSuite: custom fields, lists and segments, as `fields.yaml` declares them.

A row's custom values are kept as JSON in its column `custom`, in the form that the books have: flags 'T' and
'F', days `YYYY-MM-DD`, money in cents, of a list the internal id. What is empty is not there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from apbridge_sandbox.declared import declared

SEGMENT_RECORD = "customrecord_"
"""What the record type of a segment's values is called, before the segment's own name."""


class CustomKind(Enum):
    """What a custom field holds."""

    TEXT = "text"
    DATE = "date"
    FLAG = "flag"
    MONEY = "money"
    NUMBER = "number"
    LIST = "list"


class Drawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the seeded company filled a field."""

    share: float
    least: int = 0
    most: int = 0
    likely: float = 0
    shape: str = ""


class CustomField(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"values_of": "list"}):
    """A custom field."""

    kind: CustomKind
    label: str
    records: list[str]
    help: str | None = None
    values_of: str | None = None
    feature: str | None = None
    longest: int | None = None
    drawn: Drawn | None = None

    def sql(self, name: str) -> str:
        """Return its value as SuiteQL has it, over its base table, `{t}` standing for that."""
        return f"{self.kept(name)} / 100.0" if self.kind is CustomKind.MONEY else self.kept(name)

    def kept(self, name: str) -> str:
        """Return it as the books keep it: money in cents."""
        return f"json_extract({{t}}.custom, '$.{name}')"


class CustomList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A custom list, or a segment."""

    label: str
    values: list[str]


class Custom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that the company added."""

    lists: dict[str, CustomList]
    segments: dict[str, CustomList]
    fields: dict[str, dict[str, CustomField]]


class Value(NamedTuple):
    """A value of a custom list as it is first written."""

    id: int
    list: str
    name: str


def custom() -> Custom:
    """Read `fields.yaml`, once."""
    return declared(__package__, "fields.yaml", Custom)


def first_values() -> Iterator[Value]:
    """Yield the values that lists and segments start with, in the order of their internal ids."""
    number = 0
    for name, each in list_tables().items():
        for value in each.values:
            number += 1
            yield Value(number, name, value)


def list_tables() -> dict[str, CustomList]:
    """Return every list by the name of its table; a segment's is that of its record type."""
    segments = {SEGMENT_RECORD + name: each for name, each in custom().segments.items()}
    return {**custom().lists, **segments}


def of_record(table: str, record_type: str) -> dict[str, CustomField]:
    """Return the custom fields of a base table that a record type of REST has."""
    fields = custom().fields.get(table, {})
    return {name: field for name, field in fields.items() if record_type in field.records}


def kept(value: Any) -> Any:  # noqa: ANN401
    """Return a field's value as the books keep it."""
    match value:
        case bool():
            return "T" if value else "F"
        case date():
            return value.isoformat()
        case Decimal():
            return int(value)
        case _:
            return value


def write_custom(
    conn: sqlite3.Connection, table: str, key: int, values: Mapping[str, str | int | None], column: str = "id"
) -> int:
    """Write custom values of a base table's row, None emptying a field; return the number of rows."""
    # Null in a merge patch (RFC 7396) takes a name away.
    query = f"UPDATE {table} SET custom = json_patch(custom, ?) WHERE {column} = ?"  # noqa: S608
    return conn.execute(query, (json.dumps(values), key)).rowcount
