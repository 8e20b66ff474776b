"""What the tap has told a target in this run: which streams it began, and its STATEs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from apbridge.singer import state as states
from apbridge.singer.note import Note
from apbridge.singer.reading import incompleteness


class Intake:
    """Remembers the SCHEMAs and STATEs that came."""

    def __init__(self) -> None:
        """Begin before the first message."""
        self.initial: Any = {}
        """The STATE that the tap begins with; empty where it begins with none."""
        self.latest: Any = None
        """The newest STATE; None before the first."""
        self.note: Note | None = None
        """The newest note in a STATE; None for other people's taps."""
        self.begun: set[str] = set()
        """The tap's streams of which a SCHEMA came."""
        self.is_over = False
        """Whether the input came to its end: what is not there now does not come in this run."""
        self._told: frozenset[str] = frozenset()

    def hears(self, state: Any) -> None:  # noqa: ANN401
        """Take a STATE."""
        if not self.begun:
            self.initial = state
        self.latest = state
        self.note = Note.of(state) or self.note
        self._told = frozenset(self.begun)

    def begins_anew(self, stream: str) -> bool:
        """Return whether the tap reads a stream from its beginning."""
        return states.begins_anew(self.initial, stream)

    def was_read_whole(self, stream: str) -> bool:
        """Return whether the tap read a stream from its beginning to its end."""
        return states.is_whole(self.initial, self.latest, stream)

    def were_read_to_their_end(self, streams: Collection[str]) -> bool:
        """Return whether the tap came to the end of all of these streams; not where there are none."""
        return bool(streams) and all(
            stream in self._told and states.is_complete(self.latest, stream) for stream in streams
        )

    @property
    def is_complete(self) -> bool:
        """Whether nothing says that the tap did not come to the end of what it reads."""
        return incompleteness(self.note, self.latest, self.begun) is None

    def require_complete(self) -> None:
        """Check that the tap came to the end of what it reads.

        Raises:
            IncompleteError: It did not.
        """
        if found := incompleteness(self.note, self.latest, self.begun):
            raise found
