"""One line of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from apbridge.errors import APBridgeError


class State(str, Enum):
    """How it is."""

    OK = "ok"
    NOTE = "note"
    """As it may well be: nothing to do unless the note says otherwise of this account."""
    WARNING = "warning"
    """Somebody should act before long."""
    WRONG = "wrong"
    """A run will fail, or leave something out."""


@dataclass(frozen=True)
class CheckResult:
    """What was found.

    Args:
        subject: What was looked at, such as `NetSuite sign-in`.
        state: How it is.
        says: What was found.
        do: What to do about it.
        code: Of the sentence in the catalogue of errors; None where all is well.
    """

    subject: str
    state: State
    says: str
    do: str = ""
    code: str | None = None

    @classmethod
    def ok(cls, subject: str, says: str) -> CheckResult:
        """Return a result that is as it should be."""
        return cls(subject, State.OK, says)

    @classmethod
    def of(cls, subject: str, error: APBridgeError, state: State = State.WRONG) -> CheckResult:
        """Return a result that is not as it should be."""
        says, do = (" ".join(text.split()) for text in (error.says, error.do))
        return cls(subject, state, says, do, error.code)
