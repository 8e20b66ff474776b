"""How values are written out: always as text, empty ones not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apbridge_sandbox.suiteql.catalogue import ValueKind
from apbridge_sandbox.suiteql.times import local_of, shown_day

_DECIMALS = 8
"""More than any amount has, and few enough to hide that SQLite adds in binary."""


def number(value: float) -> str:
    """Write a number without trailing zeros: -1234.5."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _instant(value: str) -> str:
    return shown_day(local_of(value))


_WRITERS: dict[ValueKind, Callable[[Any], str]] = {
    ValueKind.DATE: shown_day,
    ValueKind.INSTANT: _instant,
    ValueKind.UTC: shown_day,
    ValueKind.WALL: shown_day,
    ValueKind.MONEY: number,
    ValueKind.NUMBER: number,
}


def writer(kind: ValueKind) -> Callable[[Any], str]:
    """Return what writes a value of this kind."""
    return _WRITERS.get(kind, str)
