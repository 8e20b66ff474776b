"""By which codes and for which vendors documents were sent: once these are others, all are read anew."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from apbridge.ledger.run_history import RunHistory
from apbridge.singer import SinkContext

_DOCUMENTS = ("bills", "vendor_credits", "purchase_orders")
_SENT = "mapping that all {} were sent by"
_MOVED = "run that moved codes last"


class SentCodes:
    """What documents were sent by: the mapping tables, the code of each account, the record of each vendor.

    Args:
        context: Whose ledger keeps it.
        digest: What tells the mapping tables from others.
    """

    def __init__(self, context: SinkContext, digest: str) -> None:
        self._context = context
        self._history = RunHistory(context.ledger)
        self._digest = digest
        self._moved = self._recall(_MOVED)

    def note_moved(self) -> None:
        """Note that an account or a value gets another code, or that a vendor is another record there."""
        # Before the ledger has the code itself: a run that is broken off between must not lose this.
        if self._moved != (run := str(self._context.run.id)):
            self._history.remember(_MOVED, run)
            self._moved = run

    def to_read_anew(self) -> frozenset[str]:
        """Name the streams whose documents were sent by other codes, but those that this run read whole."""
        intake = self._context.intake
        return frozenset(
            stream
            for stream, sent in self._sent.items()
            if sent not in {None, self._now} and stream in intake.begun and not intake.was_read_whole(stream)
        )

    def settle(self) -> None:
        """Note of all other streams that have begun that they are sent by the codes of now."""
        for stream in self._context.intake.begun.intersection(_DOCUMENTS) - self.to_read_anew():
            if self._sent[stream] != self._now:
                self._history.remember(_SENT.format(stream), self._now)

    @property
    def _now(self) -> str:
        return self._digest if self._moved is None else f"{self._digest} {self._moved}"

    @cached_property
    def _sent(self) -> Mapping[str, str | None]:
        return {stream: self._recall(_SENT.format(stream)) for stream in _DOCUMENTS}

    def _recall(self, name: str) -> str | None:
        noted = self._history.recall(name)
        return None if noted is None else str(noted.value)
