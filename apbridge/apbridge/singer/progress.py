"""How far a run is, said from time to time: an hour without a line looks like one that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from logging import Logger
from threading import Event, Thread
from typing import Protocol

FIRST = 10.0
"""Seconds before each line of the first minute, in which somebody may be looking; a short run says none."""
EVERY = 30.0
"""Seconds before each of the others."""

_OF_ITS_END = 1.0
_MINUTE, _HOUR = 60, 3600


@contextmanager
def progress(
    sentence: Callable[[], str], logger: Logger, wait: Callable[[float], bool] | None = None
) -> Iterator[None]:
    """Log now and then how far what is done inside has come.

    A thread of its own does: nothing is looked at for each record, and it speaks too while an answer is
    waited for.

    Args:
        sentence: Returns how far it is. Called in another thread; empty where nothing is to be said.
        logger: Where it is logged.
        wait: Waits so many seconds and returns whether all is over; as the clock goes, unless told.
    """
    over = Event()
    teller = Thread(
        target=_tell, args=(sentence, logger, wait or over.wait), name="apbridge-progress", daemon=True
    )
    teller.start()
    try:
        yield
    finally:
        over.set()
        # So that no such line comes after the run's last one, unless the log is held up.
        teller.join(_OF_ITS_END)


def _tell(sentence: Callable[[], str], logger: Logger, wait: Callable[[float], bool]) -> None:
    for seconds in _pace():
        if wait(seconds):
            return
        if said := sentence():
            logger.info("So far: %s", said)


def _pace() -> Iterator[float]:
    yield from repeat(FIRST, round(_MINUTE / FIRST))
    yield from repeat(EVERY)


def of_reading(stream: str, read: int, expected: int | None, seconds: float, calls: int) -> str:
    """Return how far a tap is with a stream: `bills 3,200 of about 12,000 read, 53 a second, …`.

    Args:
        stream: The stream at hand.
        read: Records of it that were told.
        expected: How many there are about; None where the other side did not say.
        seconds: How long it has been read.
        calls: Calls made in this run so far.
    """
    left = max(0, expected - read) if expected is not None else 0
    of = f" of about {expected:,}" if left else ""
    said = f"{stream} {read:,}{of} read"
    if read and seconds > 0:
        rate = read / seconds
        said += f", {_rate(rate)}"
        said += f", {_time(left / rate)} left" if left else ""
    return f"{said}; {calls:,} calls" if calls else said


class Buffer(Protocol):
    """Holds records that have come and are not dealt with."""

    @property
    def buffer(self) -> Collection[str]:
        """The records, by external id."""


class Delivering:
    """Counts how far a target is: `bills 3,200 delivered, 4 unchanged; 812 at hand, 21 a second`.

    Args:
        counts: Returns the records that are dealt with, by stream and outcome.
        buffers: The streams' other records; more may come.
        clock: Returns seconds that only grow.
    """

    def __init__(
        self,
        counts: Callable[[], Mapping[str, Mapping[str, int]]],
        buffers: Mapping[str, Buffer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counts = counts
        self._buffers = buffers
        self._clock = clock
        self._last = clock(), 0

    def __call__(self) -> str:
        """Return it; the rate is the one since it was last asked for."""
        counts, now = self._counts(), self._clock()
        done = sum(count for by_kind in counts.values() for count in by_kind.values())
        (at, before), self._last = self._last, (now, done)
        told = [
            f"{stream} " + ", ".join(f"{count:,} {kind}" for kind, count in by_kind.items())
            for stream, by_kind in counts.items()
        ]
        last = [f"{sum(len(one.buffer) for one in list(self._buffers.values())):,} at hand"]
        if done > before and now > at:
            last.append(_rate((done - before) / (now - at)))
        return "; ".join([*told, ", ".join(last)])


def _rate(each_second: float) -> str:
    if each_second >= 1:
        return f"{each_second:,.0f} a second"
    return f"{each_second * _MINUTE:,.0f} a minute"


def _time(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"about {max(10, round(seconds, -1)):.0f} seconds"
    if seconds < 2 * _HOUR:
        return f"about {seconds / _MINUTE:.0f} minutes"
    return f"about {seconds / _HOUR:.0f} hours"
