"""What our taps and targets put into a STATE beside the bookmarks, for each other and for the next run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apbridge.errors import SettingError
from apbridge.origin import Origin
from apbridge.settings import COMPANY
from apbridge.singer.state import NOTE


@dataclass
class TapProgress:
    """How far a tap has come in this run. It is told to the target, and never on.

    Args:
        streams: What it reads.
        is_complete: It came to the end of all of them.
        error: The sentence that it ended with before that.
    """

    streams: list[str]
    is_complete: bool = False
    error: str | None = None


@dataclass
class Note:
    """One note.

    Args:
        source: What the bookmarks were read from.
        ledger: The mark of the ledger that holds what is before the bookmarks.
        account: What the tap found out of the account, lest each run find it out anew.
        reading: How far the tap has come.
        company: Whose bookmarks they are, where one project serves several.
    """

    source: Origin | None = None
    ledger: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)
    reading: TapProgress | None = None
    company: str | None = None

    @classmethod
    def of(cls, state: Any) -> Note | None:  # noqa: ANN401
        """Read the note in a STATE; None where there is none, as from other people's taps."""
        found = state.get(NOTE) if isinstance(state, Mapping) else None
        if not isinstance(found, Mapping):
            return None
        ledger, account, reading = found.get("ledger"), found.get("account"), found.get("reading")
        company = found.get(COMPANY)
        return cls(
            Origin.from_json(found.get("source")),
            ledger if isinstance(ledger, Mapping) else {},
            account if isinstance(account, Mapping) else {},
            _reading(reading) if isinstance(reading, Mapping) else None,
            company if isinstance(company, str) else None,
        )

    def require_company(self, company: str | None) -> None:
        """Check that the bookmarks are of a company; those of nobody are no fault.

        Raises:
            SettingError: They are of another one.
        """
        if self.company is not None and self.company != company:
            now = f"company {company}" if company else "no company"
            raise SettingError("APB-CMP-011", before=self.company, now=now)

    def as_json(self) -> dict[str, Any]:
        """Return it as a STATE has it."""
        said: dict[str, Any] = {}
        if self.source:
            said["source"] = self.source.as_json()
        if self.company:
            said[COMPANY] = self.company
        if self.ledger:
            said["ledger"] = dict(self.ledger)
        if self.account:
            said["account"] = dict(self.account)
        if self.reading:
            error = {} if self.reading.error is None else {"error": self.reading.error}
            said["reading"] = {
                "streams": self.reading.streams,
                "is_complete": self.reading.is_complete,
                **error,
            }
        return said


def _reading(found: Mapping[str, Any]) -> TapProgress:
    streams, error = found.get("streams"), found.get("error")
    return TapProgress(
        [str(one) for one in streams] if isinstance(streams, list) else [],
        found.get("is_complete") is True,
        None if error is None else str(error),
    )


def marked(state: Any, ledger: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Put the ledger's mark into a STATE that is told, and take out how far the tap has come.

    Args:
        state: The STATE. One that does not keep its bookmarks under `bookmarks` is left as it is: its tap may
            take whatever is in it for its own.
        ledger: The mark.
    """
    if not isinstance(state, Mapping) or not isinstance(state.get("bookmarks"), Mapping):
        return state
    note = Note.of(state) or Note()
    return {**state, NOTE: Note(note.source, ledger, note.account, company=note.company).as_json()}
