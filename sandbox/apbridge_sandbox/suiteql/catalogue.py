"""The tables and columns of SuiteQL, as `catalogue.yaml` declares them."""

from __future__ import annotations

from enum import Enum
from functools import cache

import msgspec

from apbridge_sandbox.custom import SEGMENT_RECORD, CustomKind, custom, list_tables
from apbridge_sandbox.declared import declared


class Kind(Enum):
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
        """Tell whether it is compared as a number."""
        return self in _NUMERIC

    @property
    def is_temporal(self) -> bool:
        """Tell whether it is a date or a time."""
        return self in _TEMPORAL


_NUMERIC = frozenset({Kind.ID, Kind.MONEY, Kind.NUMBER})
_TEMPORAL = frozenset({Kind.DATE, Kind.INSTANT, Kind.UTC, Kind.WALL})


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column: `sql` over the base table, `{t}` standing for it."""

    kind: Kind
    sql: str = ""
    shows: str | None = None
    feature: str | None = None


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"base": "from"}):
    """A table over one of the base tables."""

    base: str
    columns: dict[str, Column | Kind]
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
            field: Column(_CUSTOM_KINDS[each.kind], each.sql(field), each.values_of, each.feature)
            for field, each in fields.items()
        }
        tables[name] = msgspec.structs.replace(tables[name], columns={**tables[name].columns, **added})
    tables |= {name: _list_table(name) for name in list_tables()}
    shown = {name: Display(_values_of(name), "id", "name") for name in list_tables()}
    return Catalogue(tables, {**built_in.displays, **shown})


_CUSTOM_KINDS = {
    CustomKind.TEXT: Kind.TEXT,
    CustomKind.DATE: Kind.DATE,
    CustomKind.FLAG: Kind.FLAG,
    CustomKind.MONEY: Kind.MONEY,
    CustomKind.NUMBER: Kind.NUMBER,
    CustomKind.LIST: Kind.ID,
}


def _values_of(name: str) -> str:
    return f"(SELECT * FROM ns_customvalue WHERE list = '{name}')"  # noqa: S608 - a name out of fields.yaml


def _list_table(name: str) -> Table:
    """Give the table of a custom list or of a segment's values."""
    columns: dict[str, Column | Kind] = {"id": Kind.ID, "name": Kind.TEXT, "isinactive": Kind.FLAG}
    if not name.startswith(SEGMENT_RECORD):
        return Table(_values_of(name), columns, permission="Setup -> Custom Lists", key="id")
    changed = {
        column: Column(Kind.INSTANT, "{t}.lastmodified", feature=f"custom_record_{column}")
        for column in ("lastmodified", "lastmodifieddate")
    }
    columns |= {"externalid": Kind.TEXT, "created": Kind.INSTANT, **changed}
    permission = "Lists -> Custom Record Entries"
    return Table(_values_of(name), columns, permission=permission, key="id", feature="custom_segments")


def column_of(name: str, declared: Column | Kind) -> Column:
    """Give a column in full: one declared by its kind alone is the base column of the same name."""
    column = Column(declared) if isinstance(declared, Kind) else declared
    return column if column.sql else msgspec.structs.replace(column, sql=f'{{t}}."{name}"')
