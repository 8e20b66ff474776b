"""What a draft is made of: its values, why each is what it is, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apbridge.avidxchange.evidence import ASSUMED, OPEN, WORDS
from apbridge_operator.contracts.asking import NOTHING, Asking, OpenPoint

YOURS = WORDS[-1]


@dataclass
class ProfileDraft:
    """A profile that is being drafted.

    Attributes:
        asking: Asks what is open.
        whys: Why what stands at a place is what it is.
        evidence: How sure it is, where that is not what the description is.
        left_open: Places of which nobody has said what they are.
    """

    asking: Asking
    whys: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    left_open: list[str] = field(default_factory=list)

    def ask(self, point: OpenPoint, usual: str = OPEN) -> str | None:
        """Return what is said of an open point.

        Args:
            point: The point.
            usual: What stands there until somebody says, where it is needed.

        Returns:
            None where there is nothing of the kind, or where nobody says and it is not needed.
        """
        answer = self.asking(point)
        if answer == NOTHING and not point.is_needed:
            self.evidence[point.key] = YOURS
            return None
        if answer is not None and answer != NOTHING:
            self.whys[point.key], self.evidence[point.key] = "you said so", YOURS
            return answer
        if not point.is_needed:
            return None
        self.left_open.append(point.key)
        self.whys[point.key] = "OPEN: " + (
            f"perhaps {', '.join(point.candidates)}" if point.candidates else point.text
        )
        self.evidence[point.key] = ASSUMED
        return usual

    def assume(self, key: str, value: Any, why: str) -> Any:  # noqa: ANN401
        """Note that a value is nobody's word."""
        self.whys[key], self.evidence[key] = why, ASSUMED
        return value

    def because(self, key: str, value: Any, why: str) -> Any:  # noqa: ANN401
        """Note why a value is what it is."""
        self.whys[key] = why
        return value
