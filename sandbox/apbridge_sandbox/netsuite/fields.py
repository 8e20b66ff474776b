"""Reading a record's body, strictly, by what `fields.yaml` declares."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import msgspec

from apbridge_sandbox.custom import CustomKind, of_record
from apbridge_sandbox.declared import declared
from apbridge_sandbox.money import cents
from apbridge_sandbox.netsuite.errors import invalid_content, invalid_value, please_enter

_NAMES_EXTERNAL_IDS = frozenset(
    {"ns_vendor", "ns_account", "ns_department", "ns_classification", "ns_location"}
)
_REFERENCE_KEYS = frozenset({"id", "externalId", "refName", "links"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTERNAL_ID = re.compile(r"[0-9]{1,15}")


class WrittenFieldKind(Enum):
    """What a field holds."""

    REFERENCE = "reference"
    TEXT = "text"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"
    SUBLIST = "sublist"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field of a body."""

    kind: WrittenFieldKind
    refers: str | None = None
    label: str | None = None
    longest: int | None = None
    feature: str | None = None
    lines: dict[str, Field] = {}


class FieldValues:
    """The fields that a body gave, by name: internal ids, cents, dates and lines; None for null.

    Args:
        conn: The books, where references are looked up.
        record_type: Whose body it is.
        given: As it was sent.
        features_off: Features that the account does not have.

    Raises:
        NetSuiteError: A field is not there, or its value is not of its kind.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        record_type: str,
        given: Mapping[str, Any],
        features_off: AbstractSet[str],
    ) -> None:
        self._conn = conn
        self._features_off = features_off
        self.declared = {**_declared()[record_type], **_added(record_type)}
        self.values = self._read(given, self.declared, "")

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        """Return a field's value, or the default where it was not given."""
        return self.values.get(name, default)

    def _read(self, given: Mapping[str, Any], declared: Mapping[str, Field], at: str) -> dict[str, Any]:
        values = {}
        for name, value in given.items():
            field = declared.get(name)
            if name == "links":  # a record that was read may be sent back
                continue
            if field is None or field.feature in self._features_off:
                detail = f"Unknown reference or field '{name}'."
                raise invalid_content(detail, at + name)
            values[name] = None if value is None else self._value(value, field, at + name)
        return values

    def _value(self, value: Any, field: Field, path: str) -> Any:  # noqa: ANN401
        if field.kind is WrittenFieldKind.SUBLIST:
            return self._lines(value, field, path)
        if field.kind is WrittenFieldKind.REFERENCE:
            return self._reference(value, field, path)
        kinds, read = _PLAIN[field.kind]
        # JSON's true is no number, though Python's is.
        if not isinstance(value, kinds) or (
            isinstance(value, bool) and field.kind is not WrittenFieldKind.FLAG
        ):
            raise invalid_value(value, path)
        try:
            read_value = read(value)
        except ValueError as error:
            raise invalid_value(value, path) from error
        if field.longest and len(str(read_value)) > field.longest:
            most = f"the maximum number ( {field.longest} ) of characters allowed"
            detail = f"The field {path} contained more than {most}."
            raise invalid_content(detail, path)
        return read_value

    def _lines(self, value: Any, field: Field, path: str) -> list[dict[str, Any]]:  # noqa: ANN401
        items = value.get("items") if isinstance(value, dict) else None
        if not isinstance(items, list) or set(value) - {"items", "links"}:
            raise invalid_value(value, path)
        lines = []
        for place, item in enumerate(items):
            at = f"{path}.items[{place}]"
            if not isinstance(item, dict):
                raise invalid_value(item, at)
            lines.append(self._read(item, field.lines, f"{at}."))
        return lines

    def _reference(self, value: Any, field: Field, path: str) -> int:  # noqa: ANN401
        if isinstance(value, str | int) and not isinstance(value, bool):
            # Oracle's samples and live clients send the internal id bare too.
            value = {"id": value}
        if not isinstance(value, dict) or set(value) - _REFERENCE_KEYS:
            raise invalid_value(value, path)
        named = value
        by_external_id = "externalId" in named and field.refers in _NAMES_EXTERNAL_IDS
        wanted = str(named.get("externalId" if by_external_id else "id"))
        if not by_external_id and not _INTERNAL_ID.fullmatch(wanted):
            raise invalid_value(wanted, path)
        if field.refers is None:
            return int(wanted)
        column = "externalid" if by_external_id else "id"
        found = self._conn.execute(
            f"SELECT id FROM {field.refers} WHERE {column} = ?",  # noqa: S608 - names out of fields.yaml
            (wanted,),
        ).fetchone()
        if found is None:
            raise invalid_value(wanted, path)
        return int(found["id"])


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        # Python reads other forms of ISO 8601 too; NetSuite is not known to.
        raise ValueError(text)
    return date.fromisoformat(text)


_PLAIN: dict[WrittenFieldKind, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    WrittenFieldKind.TEXT: ((str,), str),
    WrittenFieldKind.FLAG: ((bool,), bool),
    WrittenFieldKind.NUMBER: ((int, Decimal), Decimal),
    WrittenFieldKind.WHOLE: ((int,), int),
    WrittenFieldKind.DATE: ((str,), _day),
    WrittenFieldKind.MONEY: ((int, Decimal), cents),
}
"""What JSON gives for a kind, and what reads it."""


def _declared() -> dict[str, dict[str, Field]]:
    return declared(__package__, "fields.yaml", dict[str, dict[str, Field]])


_CUSTOM_KINDS = {
    CustomKind.TEXT: WrittenFieldKind.TEXT,
    CustomKind.DATE: WrittenFieldKind.DATE,
    CustomKind.FLAG: WrittenFieldKind.FLAG,
    CustomKind.MONEY: WrittenFieldKind.MONEY,
    CustomKind.NUMBER: WrittenFieldKind.NUMBER,
    CustomKind.LIST: WrittenFieldKind.REFERENCE,
}


@cache
def _added(record_type: str) -> dict[str, Field]:
    """Return the custom fields that a record type's header may be given."""
    return {
        name: Field(
            _CUSTOM_KINDS[field.kind],
            refers=f"(SELECT * FROM ns_customvalue WHERE list = '{field.values_of}')",  # noqa: S608
            longest=field.longest,
            feature=field.feature,
        )
        for name, field in of_record("transaction", record_type).items()
    }


def check_required(body: FieldValues) -> None:
    """Make sure that every required field is there.

    Raises:
        NetSuiteError: It names those that are not.
    """
    labels = [field.label for name, field in body.declared.items() if field.label and body.get(name) is None]
    if labels:
        raise please_enter(", ".join(labels))
