"""How often Python looks for cycles in what a run holds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_ALLOCATIONS = 100_000
"""New objects between two looks, in place of 700: those of a thousand records or so."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles seldom inside: records have none, and each look walks through all that are held."""
    before = gc.get_threshold()
    _leave_out_what_is_imported()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@cache
def _leave_out_what_is_imported() -> None:
    """Walk through what is there at the first run never again: it stays until the process ends.

    Once in a process. To ask Python whether it was done is a walk through all of it.
    """
    gc.freeze()
