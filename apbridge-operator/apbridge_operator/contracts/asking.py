"""What is open in a draft, and who says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

NOTHING = "none"
"""The answer that there is nothing of the kind."""


@dataclass(frozen=True)
class OpenPoint:
    """Something that the description does not settle.

    Args:
        key: Its place in the profile.
        text: What is to be said.
        candidates: What it may be, the likeliest first.
        is_needed: Whether the profile cannot do without it.
    """

    key: str
    text: str
    candidates: Sequence[str] = ()
    is_needed: bool = False


BELOW_ZERO = "below zero"
"""The answer that vendor credits are invoices below zero."""

Asker = Callable[[OpenPoint], "str | None"]
"""Returns what is said, or None where it stays open."""


@dataclass
class Asking:
    """Asks, and keeps what was asked and what was said."""

    ask: Asker
    asked: list[OpenPoint] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    def __call__(self, point: OpenPoint) -> str | None:
        """Return what is said of an open point, or None where it stays open."""
        self.asked.append(point)
        answer = self.ask(point)
        if answer is not None:
            self.said[point.key] = answer
        return answer


def from_answers(answers: Mapping[str, str]) -> Asker:
    """Return who says what is in a file of answers, and nothing else."""
    return lambda point: answers.get(point.key)
