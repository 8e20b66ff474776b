"""Places in flight as locks on a file, for the processes of one machine."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, lockf
from pathlib import Path
from threading import Lock
from time import time_ns

from apbridge.files import close_to_others

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_TICKETS = 1_000
"""Bytes before it are places. Behind it, each waiting process holds that of the microsecond it came in."""


class FolderLocks:
    """Locks on single bytes of a file: the kernel frees those of a process that is gone.

    It counts them by process, not by thread, and forgets them as soon as a process closes the file anywhere:
    so a process has one of these for a file, and it knows what is held.

    Args:
        path: The file. It stays empty.
    """

    def __init__(self, path: Path) -> None:
        self.turn = Lock()
        self._path = path
        self._file: int | None = None
        self._held: set[int] = set()
        self._ticket: int | None = None
        self._passed_over = _TICKETS
        """Tickets before it are of no account."""

    def lock(self, most: int, *, in_turn: bool) -> int | None:
        """See `PlaceLocks`."""
        if self._file is None or not self._is_there(self._file):
            if self._held:
                # Whoever comes meanwhile locks another file: nothing more goes out until ours is over.
                return None
            self._open()
        if in_turn and self._is_anybody_before():
            return None
        for place in range(most, 0, -1):
            if place not in self._held and self._try(LOCK_EX, place):
                self._held.add(place)
                return place
        return None

    def queue(self) -> None:
        """See `PlaceLocks`."""
        if self._ticket is None:
            ticket = _TICKETS + _microseconds()
            # Where somebody looks at this very moment whether anybody waits, the next time will do.
            self._ticket = ticket if self._try(LOCK_SH, ticket) else None

    def leave_queue(self) -> None:
        """See `PlaceLocks`."""
        if self._ticket is not None:
            self._free(self._ticket)
            self._ticket = None

    def pass_over(self) -> None:
        """See `PlaceLocks`."""
        self._passed_over = self._ticket or _TICKETS

    def unlock(self, place: int) -> None:
        """See `PlaceLocks`."""
        self._free(place)
        self._held.discard(place)

    def close(self) -> None:
        """Do nothing: another client of this process may hold places."""

    def _open(self) -> None:
        self._close()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        close_to_others(self._path.parent)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = self._ticket = None

    def _is_there(self, file: int) -> bool:
        """Return whether the file still is the one that others lock: it may have been removed."""
        with suppress(OSError):
            return os.path.samestat(self._path.stat(), os.fstat(file))
        return False

    def _is_anybody_before(self) -> bool:
        """Return whether another process holds an earlier ticket: locking them all would fail."""
        first, tickets = self._passed_over, (self._ticket or _TICKETS + _microseconds()) - self._passed_over
        if tickets <= 0:  # the clock was set back
            return False
        if not self._try(LOCK_EX, first, tickets):
            return True
        self._free(first, tickets)
        return False

    def _try(self, kind: int, byte: int, count: int = 1) -> bool:
        assert self._file is not None  # noqa: S101 - `lock` has opened it
        try:
            lockf(self._file, kind | LOCK_NB, count, byte)
        except (BlockingIOError, PermissionError):  # either may be said of what another holds (POSIX: fcntl)
            return False
        return True

    def _free(self, byte: int, count: int = 1) -> None:
        if self._file is not None:
            with suppress(OSError):
                lockf(self._file, LOCK_UN, count, byte)


_all: dict[Path, FolderLocks] = {}
"""For good: to close a file that is opened anew at that moment would free what is locked by the new one."""
_looking_up = Lock()


def locks_in(folder: Path, account: str) -> FolderLocks:
    """Return this process's locks for an account in a folder."""
    # By whichever way it is named: two of these for one file would not see what the other holds.
    with suppress(UnicodeEncodeError):  # which says at its use what is wrong
        folder = Path(os.path.realpath(folder))
    path = folder / f"{_UNSAFE.sub('_', account)}.lock"
    with _looking_up:
        found = _all.get(path)
        if found is None:
            _all[path] = found = FolderLocks(path)
        return found


def _microseconds() -> int:
    return time_ns() // 1_000
