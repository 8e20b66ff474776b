"""Custom fields and segments: which the settings ask for, and how the metadata catalog has each read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from apbridge.errors import RefusedError, SettingError
from apbridge.netsuite import NetSuite
from apbridge.netsuite.catalog import FieldKind, Fields, record_fields
from apbridge.netsuite.queries.lines import QueryLine
from apbridge.netsuite.queries.query import Query
from tap_netsuite_ap.values import number, whole

SETTING = "custom_fields"
_RECORD_TYPES = ("vendorBill", "vendor")
_NAME = re.compile(r"(custbody|custcol|custentity|cseg)[a-z0-9_]{1,80}")

_CONVERT: Mapping[FieldKind, Callable[[str], Any]] = {
    FieldKind.FLAG: lambda value: value == "T",
    FieldKind.WHOLE: whole,
    FieldKind.NUMBER: number,
}
_MACROS = {FieldKind.DAY: "day({})", FieldKind.INSTANT: "utc({})"}


@dataclass(frozen=True)
class _CustomFieldSource:
    """Where custom fields of some kinds are: in which schemas of the catalog, and in which query's table.

    Args:
        prefixes: What their names begin with.
        schemas: Where the catalog has them: a record type, or lines of one.
        table: The alias of their table in the query.
    """

    prefixes: tuple[str, ...]
    schemas: tuple[str, ...]
    table: str


_OF_TRANSACTIONS = _CustomFieldSource(("custbody", "cseg"), ("vendorBill",), "t")

_PLACES: Mapping[str, _CustomFieldSource] = {
    "bills": _OF_TRANSACTIONS,
    "vendor_credits": _OF_TRANSACTIONS,
    "bill_lines": _CustomFieldSource(
        ("custcol", "cseg"), ("vendorBill-expenseElement", "vendorBill-itemElement"), "l"
    ),
    "vendors": _CustomFieldSource(("custentity", "cseg"), ("vendor",), "v"),
}
"""By the query that they are columns of."""


@dataclass(frozen=True)
class CustomColumn:
    """A custom field as a column of a query.

    Args:
        alias: Its name there. A script id may be longer than SQL lets an alias be.
        name: Its script id.
        expression: What is selected.
        convert: Makes its value of SuiteQL's text.
    """

    alias: str
    name: str
    expression: str
    convert: Callable[[str], Any] = field(compare=False)


@dataclass(frozen=True)
class CustomFields:
    """The custom fields to read, by the query that they are columns of."""

    columns: Mapping[str, Sequence[CustomColumn]]

    def put(self, query: Query) -> Query:
        """Add the custom fields to a query."""
        lines = (
            QueryLine(f"  {one.expression} AS {one.alias},", is_required=True) for one in self.of(query.name)
        )
        return query.put("$custom_fields", lines)

    def of(self, query: str) -> Sequence[CustomColumn]:
        """Return the columns of a query."""
        return self.columns.get(query, ())


NONE = CustomFields({})


def asked_for(config: Mapping[str, Any]) -> list[str]:
    """Read the setting.

    Raises:
        SettingError: It lists what cannot be the script id of a custom field.
    """
    names = [str(name).strip().lower() for name in config.get(SETTING) or ()]
    for name in names:
        if not _NAME.fullmatch(name):
            problem = f"{name!r} is no script id such as custbody_…, custcol_…, custentity_… or cseg_…"
            raise SettingError("APB-SET-001", setting=SETTING, problem=problem)
    return list(dict.fromkeys(names))


def custom_fields(names: Iterable[str], netsuite: NetSuite) -> CustomFields:
    """Find custom fields in the metadata catalog.

    Raises:
        SettingError: The account has no such field, or the role does not see it or the catalog.
    """
    wanted = list(names)
    if not wanted:
        return NONE
    try:
        there = _there(netsuite)
    except RefusedError as refused:
        raise SettingError("APB-TNS-006", says=refused.facts["says"]) from refused
    known = {name for fields in there.values() for name in fields}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SettingError("APB-TNS-004", names=", ".join(unknown), near=_alternatives(unknown, known))
    return CustomFields(
        {
            query: [
                _column(number, name, _PLACES[query].table, fields[name])
                for number, name in enumerate(wanted)
                if name in fields
            ]
            for query, fields in there.items()
        }
    )


def near_matches(name: str, netsuite: NetSuite) -> str:
    """Name the custom fields of bills that a field that is not there may have been meant for."""
    try:
        return _alternatives([name], _there(netsuite)["bills"])
    except RefusedError:
        return ""


def _there(netsuite: NetSuite) -> dict[str, Fields]:
    """Return the account's custom fields, by the query that they are columns of."""
    found = {name.lower(): fields for name, fields in record_fields(netsuite, *_RECORD_TYPES).items()}
    return {
        query: {
            name: kind
            for schema in place.schemas
            for name, kind in found.get(schema.lower(), {}).items()
            if name.startswith(place.prefixes)
        }
        for query, place in _PLACES.items()
    }


def _column(number: int, name: str, table: str, kind: FieldKind) -> CustomColumn:
    expression = _MACROS.get(kind, "{}").format(f"{table}.{name}")
    return CustomColumn(f"custom_{number}", name, expression, _CONVERT.get(kind, str))


def _alternatives(unknown: Sequence[str], known: Iterable[str]) -> str:
    near = dict.fromkeys(match for name in unknown for match in get_close_matches(name, [*known]))
    return f" Did you mean {' or '.join(near)}?" if near else ""
