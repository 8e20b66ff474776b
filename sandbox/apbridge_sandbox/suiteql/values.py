"""How values are written out: always as text, empty ones not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apbridge_sandbox.preferences import DatePreference
from apbridge_sandbox.suiteql.catalogue import ValueKind
from apbridge_sandbox.suiteql.times import local_of

_DECIMALS = 8
"""More than any amount has, and few enough to hide that SQLite adds in binary."""

_NUMBERS = frozenset({ValueKind.MONEY, ValueKind.NUMBER})


def number(value: float) -> str:
    """Write a number without trailing zeros: -1234.5."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def writer(kind: ValueKind, dates: DatePreference) -> Callable[[Any], str]:
    """Return what writes a value of this kind."""
    if kind is ValueKind.INSTANT:
        return lambda value: dates.shown_day(local_of(value))
    if kind.is_temporal:
        return dates.shown_day
    return number if kind in _NUMBERS else str
