"""The STATE that a target tells: nothing of it is ahead of what the ledger has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from apbridge.json import dumps
from apbridge.singer import state as states
from apbridge.singer.intake import Intake
from apbridge.singer.note import marked
from apbridge.singer.stdout import write_line

if TYPE_CHECKING:
    from apbridge.ledger import Ledger, Run


class AcknowledgedState:
    """Writes the tap's newest STATE, and each one once.

    Args:
        intake: Has it.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._told: Any = None
        self._mark: Mapping[str, Any] = {}

    def tell(
        self,
        ledger: Ledger,
        run: Callable[[], Run],
        *,
        again: Collection[str],
        anew: Collection[str],
        is_last: bool,
    ) -> None:
        """Write it. Everything that came before it is in the ledger.

        Args:
            ledger: The ledger.
            run: Returns this run; it is on record before the first STATE is told.
            again: The streams that the next run is to read from where this one began.
            anew: Those that it is to read from their beginning.
            is_last: Tell it once more where only the ledger moved on: what waited may have been delivered.
        """
        told = states.held(self._intake.latest, self._intake.initial, again)
        if told is None:
            return
        told = states.held(told, {}, anew) or told
        mark = ledger.identity.mark()
        if told != self._told or (is_last and mark != self._mark):
            if self._told is None:
                # A ledger that knows of no such run means that no bookmark was ever told.
                run().tells_state()
            write_line(dumps(marked(told, mark)))
            self._told, self._mark = told, mark
