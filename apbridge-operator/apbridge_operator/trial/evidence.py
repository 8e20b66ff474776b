"""What of a profile is assumed, and what of that a trial has shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from apbridge.avidxchange.evidence import ASSUMED, EVIDENCE, Sureness, values_of

_SEEN = "seen"


@dataclass(frozen=True)
class AssumedPart:
    """An operation or a field that a profile only assumes.

    Args:
        name: Such as `payment.list` or `payment.list.read.amount`.
        is_field: Whether it is a field.
        is_shown: Whether a check has shown all of it.
    """

    name: str
    is_field: bool
    is_shown: bool


def assumed(declared: Mapping[str, Any], sure: Sureness, shows: Collection[str]) -> list[AssumedPart]:
    """Return what is assumed.

    Args:
        declared: What the profile says.
        sure: How sure it is of that.
        shows: What the checks that passed have shown: see `TrialResult.shows`.
    """
    shown: dict[tuple[str, bool], bool] = {}
    for part in values_of(declared):
        dotted = _dotted(part.operation, part.key)
        name = dotted if part.is_field else part.operation
        word = (sure.fields if part.is_field else sure.operations)[name]
        if word == ASSUMED:
            place = (name, part.is_field)
            shown[place] = shown.get(place, True) and _is_shown(dotted, shows)
    return [AssumedPart(name, is_field, is_shown) for (name, is_field), is_shown in shown.items()]


def overlay(
    declared: Mapping[str, Any], sure: Sureness, shows: Collection[str], extends: str
) -> dict[str, Any]:
    """Return a profile that says by another, and of what was shown that it was seen.

    Args:
        declared: What the profile says.
        sure: How sure it is of that.
        shows: As of `assumed`.
        extends: The profile.
    """
    made: dict[str, Any] = {"extends": extends, "name": declared["name"]}
    for part in values_of(declared):
        dotted = _dotted(part.operation, part.key)
        word = sure.fields[dotted] if part.is_field else sure.operations[part.operation]
        if word == ASSUMED and _is_shown(dotted, shows):
            inner, is_of_a_resource = made, part.steps[0] == "resources"
            for step in part.steps[:3] if is_of_a_resource else ():
                inner = inner.setdefault(str(step), {})
            inner.setdefault(EVIDENCE, {})[part.key if is_of_a_resource else dotted] = _SEEN
    return made


def _dotted(operation: str, key: str) -> str:
    return ".".join(filter(None, [operation, key]))


def _is_shown(dotted: str, shows: Collection[str]) -> bool:
    return any(dotted == one or dotted.startswith(f"{one}.") for one in shows)
