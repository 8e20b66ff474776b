"""A draft held against the truth: what is right, what was asked, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apbridge.avidxchange.evidence import OPEN, values_of

ASK = "ask"
"""In a truth: what no description tells, so that asking is all that is right."""

Outcomes = Counter[str]


@dataclass(frozen=True)
class Told:
    """What a profile says: each operation's call, and each field's expression."""

    operations: Mapping[str, str]
    fields: Mapping[str, str]


def told_by(declared: Mapping[str, Any]) -> Told:
    """Return what a profile says of what is matched; constants and what is open say nothing."""
    operations = {
        f"{resource}.{name}": f"{one.get('method', 'GET')} {one['path']}"
        for resource, parts in declared["resources"].items()
        for name, one in parts.items()
        if isinstance(one, Mapping) and "path" in one and OPEN not in one["path"]
    }
    fields = {}
    for value in values_of(declared):
        last = value.steps[-1]
        if not value.is_field or value.steps[-2] == "values" or last == "otherwise":
            continue
        name = f"{value.operation}.{value.key}"
        if isinstance(value.value, str) and not value.value.startswith(("`", "'", OPEN)):
            fields[name] = value.value
    return Told(operations, fields)


def outcomes(truth: Mapping[str, str], found: Mapping[str, str], asked: set[str]) -> Outcomes:
    """Return how many are right, asked and wrong.

    Args:
        truth: What is right.
        found: What was drafted.
        asked: What was asked, and by that everything below it.
    """
    counts: Outcomes = Counter(right=0, asked=0, wrong=0)
    for name, right in truth.items():
        if found.get(name) == right:
            counts["right"] += 1
        elif name not in found and any(name == one or name.startswith(f"{one}.") for one in asked):
            counts["asked"] += 1
        else:
            # Taken though it is another, or though nobody can know; or passed over in silence.
            counts["right" if right == ASK and name not in found else "wrong"] += 1
    counts["wrong"] += sum(name not in truth for name in found)
    return counts
