"""How many calls may be in flight: fewer after an overload, more again as answers come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Event, Lock

from apbridge.http.places import SharedPlaces
from apbridge.waits import WAKES


class ConcurrencyLimiter:
    """Holds calls back so that at most `most` are in flight, and fewer while the other side is overloaded.

    Half as many after an overload, one more after each answer that was none. That climbs faster than TCP
    does: what is shared is a count of calls, not a line with a queue, so a call too many costs one quick
    refusal, while a place left empty costs a whole call.

    The call that waits longest comes first. A reading holds few pages beyond the one that is due: were that
    one overtaken, the others would soon wait for it, and places stand empty.

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
        self._waiting: deque[Event] = deque()
        self._changing = Lock()

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Hold one place while the block runs; gives what `overloaded` wants to know about it.

        Raises:
            SettingError, UnavailableError: As of `SharedPlaces.place`.
        """
        self._enter()
        try:
            with self._places.place(self.most) if self._places else nullcontext():
                yield self._steps_down
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._changing:
            turn = Event()
            self._waiting.append(turn)
            self._let_in()
        try:
            while not turn.wait(WAKES):
                pass
        except BaseException:
            # A signal ends the wait of the main thread.
            with self._changing:
                if turn.is_set():
                    self._in_flight -= 1
                else:
                    self._waiting.remove(turn)
                self._let_in()
            raise

    def _leave(self) -> None:
        with self._changing:
            self._in_flight -= 1
            self._let_in()

    def _let_in(self) -> None:
        """Begin the turn of those that wait longest, as long as there are places."""
        while self._waiting and self._in_flight < self.limit:
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
            self._waiting.popleft().set()

    def allow(self, most: int) -> None:
        """Take another number as the most, once the other side has told it."""
        with self._changing:
            self.limit = most if self.limit == self.most else min(self.limit, most)
            self.most = most
            self._let_in()

    def overloaded(self, entered: int) -> None:
        """Take fewer at once from now on.

        Args:
            entered: What `slot` gave to the call that was refused. Calls that were in flight together
                are refused together: one step down for all of them.
        """
        with self._changing:
            if entered == self._steps_down:
                self._steps_down += 1
                self.limit = max(1, self.limit // 2)

    def eased(self) -> None:
        """Count one answer that was no overload."""
        with self._changing:
            if self.limit < self.most:
                self.limit += 1
                self._let_in()
