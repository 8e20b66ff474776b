"""How often Python looks for cycles in what a run holds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 100_000
"""New objects between two looks, in place of 700: those of a thousand records or so."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles seldom inside: records have none, and each look walks through all that are held."""
    before = gc.get_threshold()
    # What was imported stays; whoever has frozen it already may want that to last.
    is_ours = not gc.get_freeze_count()
    if is_ours:
        gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if is_ours:
            gc.unfreeze()
