"""Waits for what another thread or process does: long ones, since a busy machine is slow and not wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 300.0
"""Seconds until something that is sure to come is taken to have failed; a whole test has longer than this."""


def until(holds: Callable[[], object], *, every: float = 0.01) -> None:
    """Wait for something to come about; look for it `every` so many seconds."""
    ends = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(every)


def held(control: Callable[..., Any]) -> int:
    """Count the calls that faults hold now in the sandbox whose control API is given."""
    return sum(fault["held"] for fault in control("/control/faults", method="GET"))


def are_all_held(control: Callable[..., Any]) -> bool:
    """Return whether faults hold every call that they befell and that is not over: none is under way."""
    faults = control("/control/faults", method="GET")
    return all(fault["held"] + fault["over"] == fault["fired"] for fault in faults)
