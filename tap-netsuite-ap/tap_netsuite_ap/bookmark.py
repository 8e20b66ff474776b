"""How far an incremental stream has come: nothing tied to a second is lost, nothing is sent twice.

A stream reads what changed from its bookmark up to the moment the run began (by NetSuite's own
clock), in order of (modified_at, id). Reading stops short of that second, so no second is read while
it can still gain rows; what changes meanwhile is the next run's.

A change can become visible a little after the time it bears, when its transaction took a while. So
each run reads again what the last one read within the overlap before it ended, and skips what the
state remembers as sent.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apbridge.singer.state import UNFINISHED, WITHOUT

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_FILES_FROM = "files_from"


@dataclass(frozen=True)
class Window:
    """A stretch of time to read: from `start` (None: from the beginning) up to, not including, `end`."""

    start: str | None
    end: str

    @property
    def last(self) -> str:
        """The last second of it."""
        return (datetime.strptime(self.end, _FORMAT) - timedelta(seconds=1)).strftime(_FORMAT)  # noqa: DTZ007


class Bookmark:
    """Reads and writes one stream's state.

    The state holds `replication_key_value` (the greatest `modified_at` sent, or the end of the last
    complete reading), `read_from` (where the next run begins), `sent` (by second, the ids sent at or
    after `read_from`), `files_from` (since when files of bills were not listed, where they were not),
    `without` (what NetSuite refused when they were sent) and, until the reading is complete, `unfinished`.

    Args:
        state: The stream's state, changed in place.
        now: NetSuite's present second.
        overlap: How late a change may become visible.
    """

    def __init__(self, state: MutableMapping[str, Any], *, now: str, overlap: timedelta) -> None:
        self._state = state
        self._now = now
        self._safe = (datetime.strptime(now, _FORMAT) - overlap).strftime(_FORMAT)  # noqa: DTZ007
        self._start: str | None = state.get("read_from", state.get("replication_key_value"))
        self._sent: dict[str, list[str]] = state.setdefault("sent", {})
        state[UNFINISHED] = True

    @property
    def window(self) -> Window:
        """What to read."""
        return Window(self._start, self._now)

    def was_sent(self, modified_at: str, record_id: str) -> bool:
        """Return whether this state of a record was sent already."""
        return record_id in self._sent.get(modified_at, ())

    @property
    def files_from(self) -> str | None:
        """Since when files of bills were not listed, where they were not; all of them where it is empty."""
        since: str | None = self._state.get(_FILES_FROM)
        return since

    def files_missed(self) -> None:
        """Note that this run lists no files: a later one asks for those of its time too."""
        self._state.setdefault(_FILES_FROM, self._start or "")

    def files_told(self) -> None:
        """Note that every file was listed."""
        self._state.pop(_FILES_FROM, None)

    @property
    def without(self) -> frozenset[str] | None:
        """What NetSuite refused of records that were not sent with it since; None where none was sent."""
        names = self._state.get(WITHOUT)
        return None if names is None else frozenset(names)

    def sent_without(self, names: frozenset[str]) -> None:
        """Note what NetSuite refuses of a record that is sent."""
        if self.without is None or not names <= self.without:
            self._state[WITHOUT] = sorted(names.union(self.without or ()))

    def restart(self) -> None:
        """Read everything once more, whatever was sent."""
        self._start = None
        self._sent.clear()

    def sent(self, modified_at: str, record_id: str) -> None:
        """Note that a record was sent. One of this very second no date told of: see `known`."""
        if modified_at >= self._now:
            return
        self._advance(modified_at, min(modified_at, self._safe))
        self._sent.setdefault(modified_at, []).append(record_id)

    def finished(self, without: frozenset[str]) -> None:
        """Note that everything up to the moment the run began was sent.

        Args:
            without: What NetSuite refuses of it still.
        """
        self._advance(self._now, self._safe)
        self._state.pop(UNFINISHED, None)
        if WITHOUT in self._state:
            self._state[WITHOUT] = sorted(without)

    def _advance(self, reached: str, read_from: str) -> None:
        value = self._state.get("replication_key_value") or reached
        self._state["replication_key"] = "modified_at"
        self._state["replication_key_value"] = max(value, reached)
        if read_from == self._state.get("read_from"):
            return
        self._state["read_from"] = read_from
        for second in [one for one in self._sent if one < read_from]:
            del self._sent[second]
