"""How many calls may be in flight: fewer after an overload, more again as answers come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Condition

from apbridge.http.places import SharedPlaces


class ConcurrencyLimiter:
    """Holds calls back so that at most `most` are in flight, and fewer while the other side is overloaded.

    Half as many after an overload, one more after each answer that was none. That climbs faster than TCP
    does: what is shared is a count of calls, not a line with a queue, so a call too many costs one quick
    refusal, while a place left empty costs a whole call.

    Args:
        most: Most calls of this process in flight.
        places: Those that it shares with other processes, where it does.
    """

    def __init__(self, most: int, places: SharedPlaces | None = None) -> None:
        self.most = most
        self.peak = 0
        self.limit = most
        self._places = places
        self._in_flight = 0
        self._steps_down = 0
        self._changed = Condition()

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Hold one place while the block runs; gives what `overloaded` wants to know about it.

        Raises:
            SettingError, UnavailableError: As of `SharedPlaces.place`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < self.limit)
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
        try:
            with self._places.place(self.most) if self._places else nullcontext():
                yield self._steps_down
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def allow(self, most: int) -> None:
        """Take another number as the most, once the other side has told it."""
        with self._changed:
            self.limit = most if self.limit == self.most else min(self.limit, most)
            self.most = most
            self._changed.notify_all()

    def overloaded(self, entered: int) -> None:
        """Take fewer at once from now on.

        Args:
            entered: What `slot` gave to the call that was refused. Calls that were in flight together
                are refused together: one step down for all of them.
        """
        with self._changed:
            if entered == self._steps_down:
                self._steps_down += 1
                self.limit = max(1, self.limit // 2)

    def eased(self) -> None:
        """Count one answer that was no overload."""
        with self._changed:
            if self.limit < self.most:
                self.limit += 1
                self._changed.notify()
