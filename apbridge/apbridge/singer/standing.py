"""Where a target's run stands: what its bookmarks belong to, what it is between, whether its tap read all."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.origin import Origin
from apbridge.singer.note import Note
from apbridge.singer.reading import incompleteness
from apbridge.singer.state import has_bookmark


class Standing:
    """Looks at the notes in a tap's STATE, and at the ledger, before anything is delivered.

    Args:
        plugin: The target's name.
        system: The other system.
        origin: Tells which one the settings name, given which one the ledger is of.
        ledger: Opens the ledger.
    """

    def __init__(
        self,
        plugin: str,
        system: str,
        origin: Callable[[Origin | None], Origin | None],
        ledger: Callable[[], Ledger],
    ) -> None:
        self._plugin = plugin
        self._system = system
        self._origin = origin
        self._ledger = ledger
        self._own: Origin | None = None
        self._note: Note | None = None
        self.initial: Any = {}
        """The STATE that the tap begins with; empty where it begins with none."""

    def begins(self, state: Any, run_id: int) -> None:  # noqa: ANN401
        """Take the STATE that the tap begins with.

        Args:
            state: The STATE.
            run_id: The run that begins.

        Raises:
            SettingError: Its bookmarks belong to another ledger, or to a newer copy of this one.
        """
        self.initial = state
        if not has_bookmark(state):
            return
        if self._ledger().is_new(self._plugin):
            raise SettingError("APB-SNG-006", plugin=self._plugin)
        note = Note.of(state)
        if note and note.ledger:
            self._ledger().identity.check(note.ledger, run_id)

    def hears(self, state: Any) -> None:  # noqa: ANN401
        """Take a STATE of the tap."""
        self._note = Note.of(state) or self._note

    def see(self) -> None:
        """See that the ledger is of both ends of this run.

        Raises:
            SettingError: It is of another account or company.
        """
        identity = self._ledger().identity
        self._own = self._own or self._origin(identity.origin(self._system))
        identity.see(*self._ends(self._own))

    def keep(self, *, is_let_in: bool = False) -> None:
        """Let the ledger remember what it is between.

        Args:
            is_let_in: The target has signed in; where that is not known, its own end is left out: its
                settings may be wrong.
        """
        is_known = is_let_in or (self._own is not None and self._own.proof is not None)
        self._ledger().identity.take(*self._ends(self._own if is_known else None))

    def require_complete(self, state: Any, begun: Collection[str]) -> None:  # noqa: ANN401
        """See that the tap came to the end of its streams.

        Args:
            state: Its last STATE.
            begun: The streams of which a SCHEMA came.

        Raises:
            IncompleteError: It did not.
        """
        if found := incompleteness(self._note, state, begun):
            raise found

    def _ends(self, own: Origin | None) -> list[Origin]:
        return [one for one in (self._note.source if self._note else None, own) if one]
