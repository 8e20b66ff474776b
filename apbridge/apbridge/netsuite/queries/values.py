"""Values inside a SuiteQL text."""

from __future__ import annotations

from collections.abc import Iterable

MOST_IN = 1000
"""Most arguments of one IN list (NetSuite: SuiteQL)."""


def literal(value: str) -> str:
    """Quote a text: O'Brien becomes 'O''Brien'."""
    return "'" + value.replace("'", "''") + "'"


def in_list(values: Iterable[str]) -> str:
    """Write the arguments of an IN list, quoted.

    Raises:
        ValueError: There are none, or more than NetSuite takes.
    """
    listed = [literal(value) for value in values]
    if not 1 <= len(listed) <= MOST_IN:
        message = f"an IN list takes 1 to {MOST_IN} values, not {len(listed)}"
        raise ValueError(message)
    return ", ".join(listed)


def ids(values: Iterable[str]) -> str:
    """Write internal ids as numbers, as NetSuite keeps and orders them.

    Raises:
        ValueError: One is not a number.
    """
    return ", ".join(str(int(value)) for value in values)
