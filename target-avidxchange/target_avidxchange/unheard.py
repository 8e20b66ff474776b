"""Invoices that AvidXchange shows otherwise than the ledger believes.

An older ledger was put back, a lost one begun anew, or a write arrived when nobody waited for it any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from apbridge.avidxchange import instant
from apbridge.errors import RejectedError
from apbridge.ledger import Found, Ledger, Run, Status
from apbridge.ledger.chronicle import Chronicle
from target_avidxchange.invoice import Invoice
from target_avidxchange.present import Directory, Present

_SEEN = "invoices seen until"
_OVERLAP = timedelta(minutes=10)
"""How late AvidXchange may show a change that it has dated before."""

_MOST_NAMED = 50

GONE = {"cancelled", "rejected"}
"""Where an invoice stands that AvidXchange does not mean to pay."""


class Unheard:
    """Brings to the ledger what it does not know of AvidXchange's invoices, run by run.

    Args:
        ledger: The ledger.
        run: The run that looks.
        system: AvidXchange's name in the ledger.
        stream: The stream of bills.
        directory: Lists the invoices.
    """

    def __init__(self, ledger: Ledger, run: Run, system: str, stream: str, directory: Directory) -> None:
        self._ledger = ledger
        self._run = run
        self._system = system
        self._stream = stream
        self._directory = directory
        self._chronicle = Chronicle(ledger)
        self._until: str | None = None
        self._reopened: set[str] = set()

    def look(self, *, whole: bool) -> None:
        """List what changed over there since the last such look, and doubt what the ledger has otherwise.

        Args:
            whole: List everything: nothing else tells what an earlier ledger has submitted.

        Raises:
            UnavailableError: AvidXchange is not there.
        """
        seen = self._chronicle.recall(_SEEN)
        since = None if whole or seen is None else datetime.fromisoformat(seen.value) - _OVERLAP
        there = self._directory.listed_after(0) if since is None else self._directory.changed(since)
        changed = [instant(one.modified_at) for one in there.values() if one.modified_at]
        self._until = max(changed).isoformat() if changed else None
        self.note(there)

    def note(self, there: Mapping[str, Present]) -> None:
        """Put in doubt what the ledger has otherwise."""
        rows = self._ledger.rows(self._system, self._stream, there)
        differing: dict[str, Found] = {}
        for name, one in there.items():
            shown, known = Invoice.shown(one), Invoice.known(rows.get(name))
            if known is not None and known.is_withdrawn and one.status not in GONE:
                self._reopened.add(name)
                differing[name] = Found(shown.remote_id, known.facts())
            elif known is None or (shown.is_withdrawn and not known.is_withdrawn):
                differing[name] = Found(shown.remote_id, shown.facts())
        self._ledger.found(self._run.id, self._system, self._stream, differing)

    def settle(self) -> None:
        """Let the next run begin where this one has looked to.

        Raises:
            RejectedError: An invoice is to be paid whose bill was withdrawn, and this run did not bring it.
        """
        rows = self._ledger.rows(self._system, self._stream, self._reopened)
        # What waits or is rejected says itself what is the matter, and is looked at again at every run.
        left = sorted(
            name for name, row in rows.items() if not row.content_hash and row.status is Status.DELIVERED
        )
        if left:
            shown = ", ".join(left[:_MOST_NAMED]) + (", …" if len(left) > _MOST_NAMED else "")
            raise RejectedError("APB-TAX-032", count=len(left), bills=shown)
        if self._until is not None:
            self._chronicle.remember(_SEEN, self._until)
