"""Invoices that AvidXchange shows otherwise than the ledger believes.

An older ledger was put back, a lost one begun anew, or a write arrived when nobody waited for it any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from apbridge.avidxchange import instant
from apbridge.errors import RejectedError
from apbridge.ledger import Ledger, RemoteFacts, Run, Status
from apbridge.ledger.run_history import RunHistory
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.remote import GONE, RemoteIndex, RemoteRecord

_SEEN = "invoices seen until"
_OVERLAP = timedelta(minutes=10)
"""How late AvidXchange may show a change that it has dated before."""

_MOST_NAMED = 50


class Unheard:
    """Brings to the ledger what it does not know of AvidXchange's invoices, run by run.

    Args:
        ledger: The ledger.
        run: The run that looks.
        system: AvidXchange's name in the ledger.
        stream: The stream of bills.
        remote_index: Lists the invoices.
    """

    def __init__(self, ledger: Ledger, run: Run, system: str, stream: str, remote_index: RemoteIndex) -> None:
        self._ledger = ledger
        self._run = run
        self._system = system
        self._stream = stream
        self._remote_index = remote_index
        self._run_history = RunHistory(ledger)
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
        seen = self._run_history.recall(_SEEN)
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
            there: Invoices.
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

    def settle(self) -> None:
        """Store how far this run has looked, where the next begins.

        Raises:
            RejectedError: An invoice is to be paid whose bill was withdrawn, or was cancelled on behalf of a
                withdrawal that is over, and this run did not bring it.
        """
        if left := self._left(self._reopened):
            raise RejectedError("APB-TAX-032", count=len(left), bills=_named(left))
        if left := self._left(self._cancelled):
            raise RejectedError("APB-TAX-070", count=len(left), bills=_named(left))
        if self._until is not None and not self._leaves_out:
            self._run_history.remember(_SEEN, self._until)

    def _left(self, names: set[str]) -> list[str]:
        # What waits or is rejected says itself what is the matter, and is looked at again at every run.
        rows = self._ledger.rows(self._system, self._stream, names)
        settled = {Status.DELIVERED, Status.IGNORED}
        return sorted(name for name, row in rows.items() if not row.content_hash and row.status in settled)


def _named(names: list[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
