"""Waits that a signal ends.

Python runs a signal's handler in the main thread alone. A signal that comes just before that thread blocks,
or that the system hands to another thread, does not wake it: a wait without an end would put the handler off
until something else happens (CPython, `Modules/signalmodule.c`). So the main thread wakes from time to time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, TimeoutError, as_completed, wait  # noqa: A004 - Python 3.10 has two of them
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")

WAKES = 0.5
"""Seconds after which a wait looks whether a signal came."""


def result(future: Future[_T]) -> _T:
    """Return what a call in another thread came to, or raise what it raised."""
    while not future.done():
        wait([future], WAKES)
    return future.result()


def completed(futures: Iterable[Future[_T]]) -> Iterator[Future[_T]]:
    """Yield calls in other threads as each ends."""
    left = set(futures)
    while left:
        with suppress(TimeoutError):
            for future in as_completed(left, WAKES):
                left.discard(future)
                yield future


def in_order(pool: Executor, calls: Iterable[Callable[[], _T]]) -> Iterator[_T]:
    """Make calls in other threads, and yield what each comes to, in their order.

    Those that have not begun when nobody asks for more are left out.
    """
    futures = [pool.submit(call) for call in calls]
    try:
        for one in futures:
            yield result(one)
    finally:
        for one in futures:
            one.cancel()
