"""What the ledger keeps of the shapes of AvidXchange's answers, operation by operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from apbridge.avidxchange.answer_drift import AnswerChange, SeenAnswers
from apbridge.avidxchange.recording import KEPT_AS
from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory


@dataclass(frozen=True)
class KeptAnswers:
    """The answers to one operation.

    Args:
        name: What the ledger remembers them by.
        profile: The profile by which they were read.
        operation: What was asked for, and the status of refusals.
        seen: What was seen of them.
    """

    name: str
    profile: str
    operation: str
    seen: SeenAnswers

    def told(self) -> Iterator[tuple[AnswerChange, APBridgeError]]:
        """Yield the changes that somebody has to hear of, each with its sentence."""
        for change in self.seen.changes:
            if change.is_told:
                yield change, change.sentence(self.profile, self.operation)


def kept_answers(ledger: Ledger) -> list[KeptAnswers]:
    """Return all that is kept, in the order of profiles and operations."""
    found = RunHistory(ledger).recall_all(KEPT_AS)
    return [
        KeptAnswers(name, one.value["profile"], one.value["operation"], SeenAnswers.of(one.value["seen"]))
        for name, one in found.items()
    ]


def accept(ledger: Ledger) -> int:
    """Take all answers for right as they are now; return how many changes were not accepted before."""
    many = 0
    now = datetime.now(timezone.utc)

    def accepted(kept: Any) -> Any:  # noqa: ANN401
        nonlocal many
        seen = SeenAnswers.of(kept["seen"])
        many += seen.accept(now)
        return {**kept, "seen": seen.kept()}

    RunHistory(ledger).revise(dict.fromkeys(RunHistory(ledger).recall_all(KEPT_AS), accepted))
    return many
