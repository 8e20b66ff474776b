"""How many bytes of pictures are in memory at once: a few large ones take more than all else together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Condition, Event, Lock

from apbridge.errors import UnavailableError
from apbridge.waits import WAKES

MOST_BYTES = 20 * 2**20
"""As much as two pictures of the largest size that most contracts take, or a hundred ordinary ones."""

_M_MMAP_THRESHOLD = -3
_LARGE = 2**20


class Room:
    """Room in memory for what is read and sent. Thread-safe.

    Who comes first goes first, so that small pictures do not keep a large one waiting. One that is larger
    than all the room goes alone.

    Args:
        most: Bytes.
        stop: When set, nothing waits any longer.
    """

    def __init__(self, most: int, stop: Event) -> None:
        self.taken = 0
        """Bytes that are taken now."""
        self._most = most
        self._stop = stop
        self._turn = Lock()
        self._changed = Condition()

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """Hold so many bytes while the block runs.

        Raises:
            UnavailableError: The run was stopped before they were free.
        """
        _give_back_what_is_freed()
        with self._turn, self._changed:
            while self.taken and self.taken + size > self._most:
                if self._stop.is_set():
                    raise UnavailableError("APB-TAX-043")
                self._changed.wait(WAKES)
            self.taken += size
        try:
            yield
        finally:
            with self._changed:
                self.taken -= size
                self._changed.notify()


@cache
def _give_back_what_is_freed() -> None:
    """Have the system get back at once what a large picture took.

    glibc keeps for each thread as much as the largest piece that was ever freed, and there are more threads
    than pictures in memory. Other systems' libraries have no such switch.
    """
    # Many a run has no picture.
    from ctypes import CDLL  # noqa: PLC0415

    with suppress(AttributeError, OSError, TypeError):
        CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)
