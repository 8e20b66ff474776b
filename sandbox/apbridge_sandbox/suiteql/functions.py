"""What SQLite lacks for SuiteQL, as functions of a connection."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from operator import truediv
from random import Random
from threading import local
from typing import Any

from apbridge_sandbox.preferences import DEFAULT
from apbridge_sandbox.suiteql import times
from apbridge_sandbox.suiteql.catalogue import ValueKind
from apbridge_sandbox.suiteql.values import writer

_this_thread = local()

_OF_TWO = frozenset({"ns_to_char", "ns_to_wall", "ns_add_days", "ns_text", "ns_like", "ns_mod", "ns_divide"})


def shuffle_by(seed: int) -> None:
    """Choose the order that `ns_shuffle()` gives the rows of this thread's next query."""
    _this_thread.random = Random(seed).random  # noqa: S311 - a shuffle is no secret


def register(conn: sqlite3.Connection) -> None:
    """Register on a connection the functions that compiled queries call."""
    pure: dict[str, Callable[..., Any]] = {
        "ns_local": times.local_of,
        "ns_instant": times.instant_of,
        "ns_to_char": times.to_char,
        "ns_to_wall": times.to_wall,
        "ns_add_days": times.add_days,
        "ns_text": _text,
        "ns_upper": str.upper,
        "ns_lower": str.lower,
        "ns_like": _like,
        "ns_number": _number,
        "ns_divide": truediv,
        # Not every build of SQLite has its mathematical functions.
        "ns_trunc": math.trunc,
        "ns_floor": math.floor,
        "ns_ceil": math.ceil,
        "ns_mod": math.fmod,
    }
    for name, function in pure.items():
        arity = 2 if name in _OF_TWO else 1
        conn.create_function(name, arity, _unless_null(function), deterministic=True)
    conn.create_function("ns_shuffle", 0, _shuffled)
    conn.create_aggregate("ns_only", 1, _Only)


def _shuffled() -> float:
    random: Callable[[], float] = _this_thread.random
    return random()


class _Only:
    """The one value of a subquery; Oracle refuses one that gives several."""

    def __init__(self) -> None:
        self._values: list[Any] = []

    def step(self, value: Any) -> None:  # noqa: ANN401
        self._values.append(value)
        if len(self._values) > 1:
            message = "several rows"
            raise ValueError(message)

    def finalize(self) -> Any:  # noqa: ANN401
        return self._values[0] if self._values else None


def _unless_null(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*values: Any) -> Any:  # noqa: ANN401
        return None if None in values else function(*values)

    return called


def _text(value: Any, kind: str) -> str:  # noqa: ANN401
    return writer(ValueKind(kind), DEFAULT)(value)


def _number(text: str) -> float:
    """Read a text as a number, as Oracle does when it meets one: a ValueError where it is none."""
    return float(text)


def _like(text: str, pattern: str) -> bool:
    """Return whether a text is LIKE a pattern. Case counts; SQLite's own LIKE does not look at it."""
    return _pattern(pattern).fullmatch(str(text)) is not None


@lru_cache(maxsize=256)
def _pattern(written: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(sign) or re.escape(sign) for sign in written), re.DOTALL)
