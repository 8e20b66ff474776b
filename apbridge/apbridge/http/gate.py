"""How many calls may be in flight: fewer after an overload, slowly more again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Gate:
    """Lets at most `most` calls through at once, and fewer while the other side is overloaded.

    Additive increase, multiplicative decrease: the rule by which TCP shares a line.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.peak = 0
        self._limit = float(most)
        self._in_flight = 0
        self._changed = Condition()

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Hold one place while the block runs."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < int(self._limit))
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def overloaded(self) -> None:
        """Take fewer at once from now on."""
        with self._changed:
            # Calls that were in flight together are refused together: one step down for all of them.
            self._limit = max(1.0, min(self._limit, max(self._in_flight, 1)) / 2)

    def eased(self) -> None:
        """Count one answer that was no overload; about `limit` of them make room for one call more."""
        with self._changed:
            if self._limit < self.most:
                self._limit = min(float(self.most), self._limit + 1 / self._limit)
                self._changed.notify()
