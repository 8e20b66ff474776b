"""What may be told of a tap's STATE."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

UNFINISHED = "unfinished"
"""How a tap of ours marks the bookmark of a stream that it has not yet read to its end."""

PROGRESS_MARKERS = "progress_markers"
"""What the SDK leaves in a bookmark until its stream is read."""

KNOWN = "known"
"""What a tap of ours remembers of a stream's records, to find what changed without a date."""

WITHOUT = "without"
"""What a tap of ours remembers of what was refused of a stream's records when they were sent."""

NOTE = "apbridge"
"""What our taps and targets put beside the bookmarks: see `Note`."""

# Where a sync stands or where it would begin, not how far one got.
_NO_PROGRESS = {"currently_syncing", "starting_replication_value", UNFINISHED, KNOWN, WITHOUT, NOTE}
_UNFINISHED = {UNFINISHED, PROGRESS_MARKERS}


def has_bookmark(state: Any) -> bool:  # noqa: ANN401
    """Return whether a tap goes on from where an earlier run ended."""
    if isinstance(state, Mapping):
        return any(has_bookmark(item) for name, item in state.items() if name not in _NO_PROGRESS)
    if isinstance(state, list):
        return any(map(has_bookmark, state))
    return state is not None and state != ""


def held(state: Any, before: Any, streams: Collection[str]) -> Any:  # noqa: ANN401
    """Put some streams' bookmarks back to where they were, so that the tap reads from there again.

    Args:
        state: The tap's newest STATE.
        before: The STATE that it began with; empty where it began with none.
        streams: The streams to be read again.

    Returns:
        The STATE to emit; None where bookmarks cannot be told apart by stream.
    """
    if not streams:
        return state
    bookmarks = _bookmarks(state)
    if bookmarks is None:
        return None
    kept = _bookmarks(before) or {}
    moved = {name: item for name, item in bookmarks.items() if name not in streams}
    return {**state, "bookmarks": moved | {name: kept[name] for name in streams if name in kept}}


def _bookmarks(state: Any) -> Mapping[str, Any] | None:  # noqa: ANN401
    found = state.get("bookmarks") if isinstance(state, Mapping) else None
    return found if isinstance(found, Mapping) else None


def is_whole(before: Any, after: Any, stream: str) -> bool:  # noqa: ANN401
    """Return whether a tap read a stream from its beginning to its end.

    Args:
        before: The STATE that it began with; empty where it began with none.
        after: Its last STATE.
        stream: The stream.
    """
    return begins_anew(before, stream) and is_complete(after, stream)


def begins_anew(before: Any, stream: str) -> bool:  # noqa: ANN401
    """Return whether a tap has no bookmark to go on from.

    Args:
        before: The STATE that it began with; empty where it began with none.
        stream: The stream.
    """
    return not has_bookmark(_bookmark(before, stream))


def is_complete(state: Any, stream: str) -> bool:  # noqa: ANN401
    """Return whether the tap came to the end of a stream.

    Args:
        state: A STATE that it told after it had begun the stream.
        stream: The stream.
    """
    found = _bookmark(state, stream)
    return has_bookmark(found) and not _UNFINISHED & found.keys()


def _bookmark(state: Any, stream: str) -> Mapping[str, Any]:  # noqa: ANN401
    bookmarks = state.get("bookmarks") if isinstance(state, Mapping) else None
    found = bookmarks.get(stream) if isinstance(bookmarks, Mapping) else None
    return found if isinstance(found, Mapping) else {}
