"""What is kept of earlier runs and is tried again: not what may be out of date."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain

from apbridge.errors import RejectedError
from apbridge.ledger import OPEN, Ledger, Row
from apbridge.singer.dispatch import Dispatch
from apbridge.singer.intake import Intake
from apbridge.singer.outcomes import OutcomeKind, OutcomeTally

logger = logging.getLogger(__name__)

_MOST_NAMED = 50


class KeptRecords:
    """Reads what is kept.

    Args:
        system: The other system.
        ledger: Keeps it.
        dispatch: Rejects what must not be sent.
        intake: Knows what the tap has read.
        tally: Knows what became of the records of this run.
    """

    def __init__(
        self,
        system: str,
        ledger: Ledger,
        dispatch: Dispatch,
        intake: Intake,
        tally: OutcomeTally,
    ) -> None:
        self._system = system
        self._ledger = ledger
        self._dispatch = dispatch
        self._intake = intake
        self._tally = tally

    def current(self, stream: str, *, is_read: bool) -> Iterator[Row]:
        """Yield what is kept, but for what may be out of date, such as a bill paid by hand since.

        What came in this run is up to date. What is kept from an earlier one is so only where the tap came to
        the end of the stream and did not bring it.

        Args:
            stream: The stream.
            is_read: The tap came to its end.
        """
        is_whole = self._intake.was_read_whole(stream)
        skips, gone, refused = False, [], {}
        # First those that somebody asked for: a run may be stopped before it comes to the others.
        asked, others = (
            self._ledger.all_rows(self._system, stream, tuple(OPEN), asked=first) for first in (True, False)
        )
        for row in chain(asked, others, self._ledger.to_look_at_again(self._system, stream)):
            so_far = self._tally.so_far(stream, row.external_id)
            if not row.is_sendable and row.look_again_at and is_read and (row.needs_refetch or is_whole):
                gone.append(row.external_id)
            elif row.refused and not row.needs_refetch:
                refused[row.external_id] = row
            is_under_way = so_far is OutcomeKind.WAITING and not row.waits_for
            if not row.is_sendable or so_far is OutcomeKind.REJECTED or is_under_way:
                continue
            if so_far is None and not is_read:
                skips = True
                continue
            yield row
        if skips:
            logger.warning("%s", RejectedError("APB-SNG-016", stream=stream))
        self._dispatch.refuse(stream, refused.values())
        if gone and is_whole:
            # Nobody has them any more: there is nothing left to look at, or to hold the bookmark for.
            self._ledger.look_no_more(self._system, stream, gone)
        elif gone:
            names = ", ".join(gone[:_MOST_NAMED])
            logger.warning("%s", RejectedError("APB-SNG-022", stream=stream, names=names))
