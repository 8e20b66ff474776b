"""What was sent already: how far a list was read, and which of its latest records.

AvidXchange's lists are in no promised order, may be filtered by a whole day only, and may change while
they are read. So each run reads again what changed in the last stretch before the newest change known, and
leaves out what it has sent. That stretch is the overlap (how late a change may show up) and the time that the
reading took: what changed behind the reader's back changed after it began.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Any

from apbridge.avidxchange import instant, utc_text
from apbridge.json import canonical

Digest = str


class ListBookmark:
    """Decides what is news.

    Beside the SDK's bookmark the state holds `read_from`, the instant that the next run reads from, and
    `sent`, the digests of what was sent since then, by external id.

    Args:
        state: The stream's state. It changes only when everything is read.
        overlap: How late a change may show up.
        start: Before which nothing is to be read, in the overlap neither.
    """

    def __init__(
        self, state: MutableMapping[str, Any], overlap: timedelta, start: datetime | None = None
    ) -> None:
        self._start = start
        self.bookmark: str | None = state.get("replication_key_value")
        read_from = state.get("read_from", self.bookmark)
        self.read_from = instant(read_from) if read_from else None
        self._state = state
        self._overlap = overlap
        self._sent: MutableMapping[str, Digest] = state.get("sent", {})
        self._found: dict[str, tuple[datetime | None, Digest]] = {}
        self._any_news = False

    def is_news(self, record: MutableMapping[str, Any]) -> bool:
        """Return whether a record is not what was sent last, in this run or the one before."""
        key, digest = record["external_id"], _digest(record)
        before = self._found[key][1] if key in self._found else self._sent.get(key)
        modified = record.get("modified_at")
        self._found[key] = (instant(modified) if modified else None, digest)
        if before == digest:
            return False
        self._any_news = True
        return True

    def keep(self, *, took: timedelta) -> None:
        """Put into the state what the next run must know. Nothing new leaves it as it is.

        Args:
            took: How long the reading took.
        """
        changes = [modified for modified, _ in self._found.values() if modified]
        if not self._any_news or not changes:
            return
        bookmark = max([*changes, *([instant(self.bookmark)] if self.bookmark else [])])
        read_from = bookmark - self._overlap - took
        if self._start and read_from < self._start <= bookmark:
            read_from = self._start
        self._state["read_from"] = utc_text(read_from)
        self._state["sent"] = {
            key: digest
            for key, (modified, digest) in self._found.items()
            if modified and modified >= read_from
        }


def _digest(record: MutableMapping[str, Any]) -> Digest:
    return hashlib.blake2b(canonical(record), digest_size=8).hexdigest()
