"""The record types of SuiteTalk REST, as `record_types.yaml` declares them, and custom fields with them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache

import msgspec

from apbridge_sandbox.custom import CustomField, CustomKind, of_record
from apbridge_sandbox.declared import declared
from apbridge_sandbox.suiteql import AccountView
from apbridge_sandbox.suiteql.catalogue import Display, catalogue


class ReadFieldKind(Enum):
    """What a field holds, as GET writes it."""

    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    MONEY = "money"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"
    REFERENCE = "reference"
    CHOICE = "choice"


class RecordField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field of a record or of a line."""

    kind: ReadFieldKind
    title: str
    sql: str = ""
    shows: str | None = None
    feature: str | None = None
    help: str | None = None
    longest: int | None = None
    is_custom: bool = False

    @property
    def display(self) -> Display:
        """What names the values of a reference or a choice."""
        return catalogue().displays[self.shows or ""]


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"base": "from"}):
    base: str
    fields: dict[str, RecordField]
    where: str = "1"
    custom: str | None = None

    def fields_of(self, record_type: str, account: AccountView) -> dict[str, RecordField]:
        """Return its fields as an account has them, the custom ones last."""
        added = of_record(self.custom, record_type) if self.custom else {}
        every = {**self.fields, **{name: _custom(name, field) for name, field in added.items()}}
        return {
            name: field if field.sql else msgspec.structs.replace(field, sql=f'{{t}}."{name.lower()}"')
            for name, field in every.items()
            if field.feature not in account.features_off
        }


class Sublist(_Declared, frozen=True, kw_only=True):
    """A sublist: rows of `base` whose column `parent` names the record; `key` names a line."""

    parent: str
    key: str
    feature: str | None = None


class RecordType(_Declared, frozen=True, kw_only=True):
    """A record type. `name` is as it is spelt; a URL may write it in any case."""

    title: str
    permission: str
    feature: str | None = None
    restricted: str | None = None
    sublists: dict[str, Sublist] = {}
    name: str = ""

    def visible(self, account: AccountView) -> str:
        """Return the condition on its base table that a row is of the type and the role's to see."""
        if self.restricted is None or account.subsidiaries is None:
            return f"({self.where})"
        allowed = ", ".join(map(str, account.subsidiaries))
        # A row of no subsidiary is everybody's.
        return f"({self.where}) AND COALESCE({self.restricted} IN ({allowed}), 1)"

    def sublists_of(self, account: AccountView) -> dict[str, Sublist]:
        """Return its sublists as an account has them."""
        return {
            name: each for name, each in self.sublists.items() if each.feature not in account.features_off
        }

    def is_there(self, account: AccountView) -> bool:
        """Return whether the account has it and the role may see it."""
        return self.feature not in account.features_off and self.permission not in account.permissions_missing


@cache
def record_types() -> Mapping[str, RecordType]:
    """Read `record_types.yaml`, once: record types by their name in lower case."""
    types = declared(__package__, "record_types.yaml", dict[str, RecordType])
    return {name.lower(): msgspec.structs.replace(kind, name=name) for name, kind in types.items()}


_CUSTOM_KINDS = {
    CustomKind.TEXT: ReadFieldKind.TEXT,
    CustomKind.DATE: ReadFieldKind.DATE,
    CustomKind.FLAG: ReadFieldKind.FLAG,
    CustomKind.MONEY: ReadFieldKind.MONEY,
    CustomKind.NUMBER: ReadFieldKind.WHOLE,
    CustomKind.LIST: ReadFieldKind.REFERENCE,
}


def _custom(name: str, field: CustomField) -> RecordField:
    return RecordField(
        _CUSTOM_KINDS[field.kind],
        field.label,
        sql=field.kept(name),
        shows=field.values_of,
        feature=field.feature,
        help=field.help,
        longest=field.longest,
        is_custom=True,
    )
