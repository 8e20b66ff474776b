"""What differs between two profiles, operation by operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from apbridge.avidxchange.evidence import values_of

_NOTHING = object()


@dataclass(frozen=True)
class ProfileDifference:
    """One key that is not the same in both.

    Args:
        operation: Of which operation, such as `payment.list`, or which other part, such as `sign_in`.
        key: Which of its keys, such as `read.remit_to.city`; empty where only one of both has the operation.
        only_in: The one that has it; None where both do.
        first: What it is in the first; None where it has none.
        second: What it is in the second; None where it has none.
    """

    operation: str
    key: str
    only_in: Literal["first", "second"] | None
    first: Any = None
    second: Any = None


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[ProfileDifference]:
    """Yield what differs, in the order of the first, then what only the second has."""
    one, other = _operations(first), _operations(second)
    for operation in [*one, *(name for name in other if name not in one)]:
        if operation not in other:
            yield ProfileDifference(operation, "", "first")
        elif operation not in one:
            yield ProfileDifference(operation, "", "second")
        else:
            yield from _within(operation, one[operation], other[operation])


def _within(operation: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[ProfileDifference]:
    for key in dict.fromkeys((*one, *other)):
        first, second = one.get(key, _NOTHING), other.get(key, _NOTHING)
        if second is _NOTHING:
            yield ProfileDifference(operation, key, "first", first=first)
        elif first is _NOTHING:
            yield ProfileDifference(operation, key, "second", second=second)
        elif first != second:
            yield ProfileDifference(operation, key, None, first, second)


def _operations(declared: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for part in values_of(declared):
        steps = part.steps[3:] if part.steps[0] == "resources" else part.steps[1:]
        told = [str(step) for step in steps if not (part.is_field and step == "fields")]
        found.setdefault(part.operation, {})[".".join(told)] = part.value
    return found
