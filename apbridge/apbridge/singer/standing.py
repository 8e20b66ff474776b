"""Where a target's run stands: what its bookmarks belong to, and what it is between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from apbridge.errors import SettingError
from apbridge.origin import Origin
from apbridge.singer.intake import Intake
from apbridge.singer.note import Note
from apbridge.singer.state import has_bookmark

if TYPE_CHECKING:
    from apbridge.ledger import Ledger


class Standing:
    """Looks at the notes in a tap's STATE, and at the ledger, before anything is delivered.

    Args:
        plugin: The target's name.
        system: The other system.
        origin: Tells which one the settings name, given which one the ledger is of.
        ledger: Opens the ledger.
        intake: What the tap has told.
        company: Whose run it is, where one project serves several.
    """

    def __init__(
        self,
        plugin: str,
        system: str,
        origin: Callable[[Origin | None], Origin | None],
        ledger: Callable[[], Ledger],
        intake: Intake,
        *,
        company: str | None = None,
    ) -> None:
        self._plugin = plugin
        self._system = system
        self._origin = origin
        self._ledger = ledger
        self._intake = intake
        self._company = company
        self._own: Origin | None = None

    def begins(self, run_id: int) -> None:
        """Look at the STATE that the tap begins with.

        Args:
            run_id: The run that begins.

        Raises:
            SettingError: Its bookmarks belong to another company or another ledger, or to a newer copy of
                this one.
        """
        state = self._intake.initial
        note = Note.of(state)
        if note:
            note.require_company(self._company)
        if not has_bookmark(state):
            return
        if self._ledger().is_new(self._plugin):
            raise SettingError("APB-SNG-006", plugin=self._plugin)
        if note and note.ledger:
            self._ledger().identity.check(note.ledger, run_id)

    def see(self) -> None:
        """Check that the ledger is of both ends of this run.

        Raises:
            SettingError: It is of another account or company.
        """
        identity = self._ledger().identity
        self._own = self._own or self._origin(identity.origin(self._system))
        identity.see(*self._ends(self._own))

    def keep(self, *, is_let_in: bool = False) -> None:
        """Store in the ledger which accounts it is between.

        Args:
            is_let_in: The target has signed in; where that is not known, its own end is left out: its
                settings may be wrong.
        """
        own = self._own
        is_known = is_let_in or (own is not None and (own.proof is not None or own.login is not None))
        self._ledger().identity.take(*self._ends(self._own if is_known else None))

    def _ends(self, own: Origin | None) -> list[Origin]:
        note = self._intake.note
        return [one for one in (note.source if note else None, own) if one]
