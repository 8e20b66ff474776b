"""Whether a tap read everything: believed where it says so, never because it was silent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from apbridge.errors import UnavailableError
from apbridge.redaction import redact_text
from apbridge.singer.note import Note
from apbridge.singer.state import PROGRESS_MARKERS


class IncompleteError(UnavailableError):
    """The streams were not read to their end. What was read is delivered; the run is no good one."""


def incompleteness(note: Note | None, state: Any, begun: Collection[str]) -> IncompleteError | None:  # noqa: ANN401
    """Return why a run is incomplete; None where it is not.

    Args:
        note: The tap's last; None for other people's taps.
        state: The tap's last STATE.
        begun: The streams of which a SCHEMA came.
    """
    if note and note.reading:
        reading = note.reading
        if reading.error is not None:
            return IncompleteError("APB-SNG-032", sentence=redact_text(reading.error))
        if not reading.is_complete:
            return IncompleteError("APB-SNG-033", streams=", ".join(reading.streams) or "anything")
        return None
    if not begun:
        return IncompleteError("APB-SNG-034")
    bookmarks = state.get("bookmarks") if isinstance(state, Mapping) else None
    if isinstance(bookmarks, Mapping):
        unread = [name for name in bookmarks if name in begun and _is_marked(bookmarks[name])]
        if unread:
            return IncompleteError("APB-SNG-033", streams=", ".join(unread))
    return None


def _is_marked(bookmark: Any) -> bool:  # noqa: ANN401
    if not isinstance(bookmark, Mapping):
        return False
    partitions = bookmark.get("partitions")
    parts = partitions if isinstance(partitions, list) else []
    return PROGRESS_MARKERS in bookmark or any(_is_marked(one) for one in parts)
