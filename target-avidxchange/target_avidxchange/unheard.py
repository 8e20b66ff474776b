"""Invoices and credits that AvidXchange shows otherwise than the ledger believes.

An older ledger was put back, a lost one begun anew, or a write arrived when nobody waited for it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from apbridge.avidxchange import instant
from apbridge.errors import RejectedError
from apbridge.ledger import RemoteFacts, Status
from apbridge.ledger.run_history import RunHistory
from apbridge.singer import SinkContext
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.remote import GONE, RemoteIndex, RemoteRecord

_OVERLAP = timedelta(minutes=10)
"""How late AvidXchange may show a change that it has dated before."""

_MOST_NAMED = 50

_Said = Callable[[int, str], RejectedError]
"""Says of how many records something is to be told, and of which."""


class Unheard:
    """Brings to the ledger what it does not know of AvidXchange's invoices or credits, run by run.

    Args:
        context: What is known of this run.
        stream: The stream of bills, or of vendor credits.
        resource: What the profile calls them.
        remote_index: Lists them.
    """

    def __init__(self, context: SinkContext, stream: str, resource: str, remote_index: RemoteIndex) -> None:
        self._ledger = context.ledger
        self._run = context.run
        self._system = context.system
        self._stream = stream
        self._seen = f"{resource}s seen until"
        self._remote_index = remote_index
        self._run_history = RunHistory(context.ledger)
        self._until: str | None = None
        self._is_whole = False
        self._leaves_out = False
        """Whether something was listed of which a write is under way: the next run has to see it again."""
        self._reopened: set[str] = set()
        self._cancelled: set[str] = set()

    def look(self, *, whole: bool) -> None:
        """List what changed over there since the last such look, and doubt what the ledger has otherwise.

        Args:
            whole: List everything: nothing else tells what an earlier ledger has submitted.

        Raises:
            UnavailableError: AvidXchange is not there.
        """
        seen = self._run_history.recall(self._seen)
        since = None if whole or seen is None else datetime.fromisoformat(seen.value) - _OVERLAP
        at = self._ledger.known().seq
        there = self._remote_index.listed(anew=True) if since is None else self._remote_index.changed(since)
        changed = [instant(one.modified_at) for one in there.values() if one.modified_at]
        self._until = max(changed).isoformat() if changed else None
        self._is_whole = whole
        self._leaves_out = not self.note(there, at)

    def note(self, there: Mapping[str, RemoteRecord], at: int) -> bool:
        """Put in doubt what the ledger has otherwise.

        Args:
            there: Invoices or credits.
            at: Place on the audit trail when they were listed.

        Returns:
            Whether all is noted: not while a write of one is under way.
        """
        rows = self._ledger.rows(self._system, self._stream, there)
        differing: dict[str, RemoteFacts] = {}
        reopened, cancelled = set(), set()
        for name, one in there.items():
            row, shown = rows.get(name), AcknowledgedInvoice.shown(one)
            known = AcknowledgedInvoice.known(row)
            if known is None and row is not None and row.status is Status.IGNORED and one.status not in GONE:
                # Nothing of it was to be paid: as if we had withdrawn it, so that it is told until it is.
                known = replace(shown, body=None, is_withdrawn=True)
            if known is None:
                differing[name] = RemoteFacts(shown.remote_id, shown.facts())
            elif known.is_withdrawn and one.status not in GONE:
                reopened.add(name)
                differing[name] = RemoteFacts(shown.remote_id, known.facts())
            elif shown.is_withdrawn and not known.is_withdrawn:
                cancelled.add(name)
                differing[name] = RemoteFacts(shown.remote_id, known.facts())
        found = self._ledger.found(self._run.id, self._system, self._stream, differing, listed_at=at)
        self._reopened |= reopened & found
        # In a first reading every bill comes that is to be paid.
        if not self._is_whole:
            self._cancelled |= cancelled & found
        return found >= reopened | cancelled

    def settle(self, reopened: _Said, cancelled: _Said) -> None:
        """Store how far this run has looked, where the next begins.

        Args:
            reopened: Says what was withdrawn and lives.
            cancelled: Says what was cancelled on behalf of a withdrawal that is over.

        Raises:
            RejectedError: There is some, and this run did not bring it.
        """
        for said, names in ((reopened, self._reopened), (cancelled, self._cancelled)):
            if left := self._left(names):
                raise said(len(left), named(left))
        if self._until is not None and not self._leaves_out:
            self._run_history.remember(self._seen, self._until)

    def _left(self, names: Collection[str]) -> list[str]:
        # What waits or is rejected says itself what is the matter, and is looked at again at every run.
        rows = self._ledger.rows(self._system, self._stream, names)
        # Who has dismissed it did not know that it would live again.
        settled = {Status.DELIVERED, Status.IGNORED, Status.DISMISSED}
        return [name for name, row in rows.items() if not row.content_hash and row.status in settled]


def named(names: Collection[str]) -> str:
    """Return some external ids, to be read."""
    shown = sorted(names)[:_MOST_NAMED]
    return ", ".join(shown) + (", …" if len(names) > _MOST_NAMED else "")
