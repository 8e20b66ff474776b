"""The tables and columns of SuiteQL, as `catalogue.yaml` declares them."""

from __future__ import annotations

from enum import Enum
from functools import cache

import msgspec

from apbridge_sandbox.custom import SEGMENT_RECORD, CustomKind, custom, list_tables
from apbridge_sandbox.declared import declared


class ValueKind(Enum):
    """What a value is, and so how it compares and how it is written out.

    Columns are of the first eight kinds; the others come of functions and literals.
    """

    ID = "id"
    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    """A day, held as `YYYY-MM-DD`."""
    INSTANT = "instant"
    """An instant, held as UTC text; read bare, it is in the account's time zone."""
    MONEY = "money"
    NUMBER = "number"
    STATUS = "status"
    """One letter; a filter may also write it with its type, `VendBill:A`."""
    UTC = "utc"
    """An instant through SYS_EXTRACT_UTC: the same text, read as it stands."""
    WALL = "wall"
    """A date and time without a zone, `YYYY-MM-DDTHH:MM:SS`."""
    NULL = "null"

    @property
    def is_numeric(self) -> bool:
        """Return whether it is compared as a number."""
        return self in _NUMERIC

    @property
    def is_temporal(self) -> bool:
        """Return whether it is a date or a time."""
        return self in _TEMPORAL


_NUMERIC = frozenset({ValueKind.ID, ValueKind.MONEY, ValueKind.NUMBER})
_TEMPORAL = frozenset({ValueKind.DATE, ValueKind.INSTANT, ValueKind.UTC, ValueKind.WALL})


class CatalogueColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column: `sql` over the base table, `{t}` standing for it."""

    kind: ValueKind
    sql: str = ""
    shows: str | None = None
    feature: str | None = None


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"base": "from"}):
    """A table over one of the base tables."""

    base: str
    columns: dict[str, CatalogueColumn | ValueKind]
    permission: str | None = None
    key: str | None = None
    feature: str | None = None
    restricted: str | None = None
    removed: list[str] = []


class Display(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"base": "from"}):
    """What BUILTIN.DF gives: `name` of the row of `base` whose `key` it is, or one of the `words`."""

    base: str | None = None
    key: str | None = None
    name: str | None = None
    of: str | None = None
    words: dict[str | int, str] = {}


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be queried."""

    tables: dict[str, Table]
    displays: dict[str, Display]


@cache
def catalogue() -> Catalogue:
    """Read `catalogue.yaml` and what the company added, once."""
    built_in = declared(__package__, "catalogue.yaml", Catalogue)
    tables = dict(built_in.tables)
    for name, fields in custom().fields.items():
        added = {
            field: CatalogueColumn(_CUSTOM_KINDS[each.kind], each.sql(field), each.values_of, each.feature)
            for field, each in fields.items()
        }
        tables[name] = msgspec.structs.replace(tables[name], columns={**tables[name].columns, **added})
    tables |= {name: _list_table(name) for name in list_tables()}
    shown = {name: Display(_values_of(name), "id", "name") for name in list_tables()}
    return Catalogue(tables, {**built_in.displays, **shown})


_CUSTOM_KINDS = {
    CustomKind.TEXT: ValueKind.TEXT,
    CustomKind.DATE: ValueKind.DATE,
    CustomKind.FLAG: ValueKind.FLAG,
    CustomKind.MONEY: ValueKind.MONEY,
    CustomKind.NUMBER: ValueKind.NUMBER,
    CustomKind.LIST: ValueKind.ID,
}


def _values_of(name: str) -> str:
    return f"(SELECT * FROM ns_customvalue WHERE list = '{name}')"  # noqa: S608 - a name out of fields.yaml


def _list_table(name: str) -> Table:
    """Return the table of a custom list or of a segment's values."""
    columns: dict[str, CatalogueColumn | ValueKind] = {
        "id": ValueKind.ID,
        "name": ValueKind.TEXT,
        "isinactive": ValueKind.FLAG,
    }
    if not name.startswith(SEGMENT_RECORD):
        return Table(_values_of(name), columns, permission="Setup -> Custom Lists", key="id")
    changed = {
        column: CatalogueColumn(ValueKind.INSTANT, "{t}.lastmodified", feature=f"custom_record_{column}")
        for column in ("lastmodified", "lastmodifieddate")
    }
    columns |= {"externalid": ValueKind.TEXT, "created": ValueKind.INSTANT, **changed}
    permission = "Lists -> Custom Record Entries"
    return Table(_values_of(name), columns, permission=permission, key="id", feature="custom_segments")


def column_of(name: str, declared: CatalogueColumn | ValueKind) -> CatalogueColumn:
    """Return a column in full: one declared by its kind alone is the base column of the same name."""
    column = CatalogueColumn(declared) if isinstance(declared, ValueKind) else declared
    return column if column.sql else msgspec.structs.replace(column, sql=f'{{t}}."{name}"')
