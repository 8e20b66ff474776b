"""What a probe found, and how that is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from apbridge.errors import APBridgeError


class AnswerState(str, Enum):
    """How an account is, held against what the project expects."""

    EXPECTED = "as expected"
    HANDLED = "different, handled so"
    UNKNOWN = "not known"
    """It could not be asked, or the account has nothing that shows it."""
    FAILS = "different, will fail"

    @property
    def rank(self) -> int:
        """How bad it is; of two reports the higher rank is for the worse."""
        return {
            AnswerState.EXPECTED: 0,
            AnswerState.HANDLED: 1,
            AnswerState.UNKNOWN: 1,
            AnswerState.FAILS: 2,
        }[self]


Found = Mapping[str, Any]
"""Facts by name: True or False, a word, a small number, a list of words; None where it is not known."""


@dataclass(frozen=True)
class ProbeNote:
    """A sentence about what is different.

    Args:
        code: In the catalogue of errors.
        facts: What is filled in; they are in the report, and so may hold safe words only.
    """

    code: str
    facts: Mapping[str, str]

    @property
    def sentence(self) -> APBridgeError:
        """The sentence, with what to do."""
        return APBridgeError(self.code, **self.facts)


@dataclass(frozen=True)
class ProbeResult:
    """The end of one probe.

    Args:
        name: Of the probe.
        question: What it asked.
        state: How the answer is judged.
        found: The answer.
        notes: What to say of it.
        says: What the other side said, for the screen only: it may hold anything.
    """

    name: str
    question: str
    state: AnswerState
    found: Found
    notes: Sequence[ProbeNote] = ()
    says: str = ""
