"""The fewest switches with which an account still fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

_Value = TypeVar("_Value")


def fewest(switches: Mapping[str, _Value], fails: Callable[[dict[str, _Value]], bool]) -> dict[str, _Value]:
    """Leave out switches, many at a time and then one by one, as long as it still fails."""
    kept = dict(switches)
    size = len(kept) // 2
    while size:
        names = list(kept)
        for start in range(0, len(names), size):
            without = {name: kept[name] for name in kept if name not in names[start : start + size]}
            if len(without) < len(kept) and fails(without):
                kept = without
        size //= 2
    return kept
