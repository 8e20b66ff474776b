"""Accounts and dimensions as one object, *enterprise codes*, by the names of their groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ACCOUNTS = "gl_account"


@dataclass(frozen=True)
class Groups:
    """What AvidXchange calls each group; empty where the contract has none.

    Args:
        names: By dimension, and of the GL accounts.
    """

    names: Mapping[str, str]

    def of(self, place: Mapping[str, Any]) -> str:
        """Return the name of the group that a dimension's values are in, or else GL accounts."""
        return self._named(place.get("dimension") or _ACCOUNTS)

    def within(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a record with its `group`, and with the `group_codes` of its lines."""
        if not self.names:
            return record
        lines = {"lines": [self._line(one) for one in record["lines"]]} if "lines" in record else {}
        return {**record, **lines, "group": self.of(record)}

    def _line(self, line: Mapping[str, Any]) -> Mapping[str, Any]:
        codes = {_ACCOUNTS: line.get("gl_code"), **line.get("codes", {}), **line.get("segments", {})}
        told = {self._named(name): code for name, code in codes.items() if code is not None}
        return {**line, "group_codes": [{"group": group, "code": code} for group, code in told.items()]}

    def _named(self, name: str) -> str:
        return self.names.get(name, name)
