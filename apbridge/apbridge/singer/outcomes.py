"""How a record ends, and how many ended so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from logging import Logger
from typing import Any

from typing_extensions import Self

from apbridge.errors import APBridgeError
from apbridge.ledger import Need, RemoteFacts
from apbridge.ledger.anchor import Anchor


class OutcomeKind(str, Enum):
    """How a record ends in a run, in the order in which they are told."""

    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    IGNORED = "ignored"
    WAITING = "waiting"
    REJECTED = "rejected"
    FAILED = "failed"


class Action(str, Enum):
    """What delivering a record does in the other system."""

    CREATED = "created"
    UPDATED = "updated"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sink says of one record. Rejections are raised: `RejectedError` or `RefusedError`."""

    kind: OutcomeKind
    remote_id: str | None = None
    facts: Mapping[str, Any] | None = None
    waits_for: tuple[Need, ...] = ()
    action: Action | None = None
    is_proved: bool = True
    """Whether the other system has named the record in its answer, or shows it."""
    why: APBridgeError | None = None
    """What the other system, or a person, has not decided yet; None where the record waits for others."""

    @classmethod
    def delivered(
        cls,
        remote_id: str | None = None,
        facts: Mapping[str, Any] | None = None,
        action: Action | None = None,
        *,
        is_proved: bool = True,
    ) -> Self:
        """Sent and acknowledged; in a dry run, what would be.

        Args:
            remote_id: Its id in the other system; None leaves what the ledger has.
            facts: What to remember of it in the ledger; None leaves what is there.
            action: What that does there; None where the ledger tells whether it was there before.
            is_proved: False where the answer does not name the record: it is prepared and delivered once more
                then, until the other system shows it or has been sent it often enough.
        """
        return cls(OutcomeKind.DELIVERED, remote_id, facts, action=action, is_proved=is_proved)

    @classmethod
    def unchanged(cls, remote_id: str | None = None, facts: Mapping[str, Any] | None = None) -> Self:
        """Found there as it should be, though the ledger did not know; nothing was sent."""
        return cls(OutcomeKind.UNCHANGED, remote_id, facts)

    @classmethod
    def ignored(cls, facts: Mapping[str, Any] | None = None) -> Self:
        """Nothing is to be done for it: never submitted, and not to be."""
        return cls(OutcomeKind.IGNORED, None, facts)

    @classmethod
    def waiting(cls, *needs: Need) -> Self:
        """These records must be acknowledged first; it goes by itself then."""
        return cls(OutcomeKind.WAITING, waits_for=needs)

    @classmethod
    def under_way(
        cls, why: APBridgeError, remote_id: str | None = None, facts: Mapping[str, Any] | None = None
    ) -> Self:
        """The other system has it and has not decided about it: it is delivered once more at every run."""
        return cls(OutcomeKind.WAITING, remote_id, facts, why=why)

    @classmethod
    def held(cls, why: APBridgeError) -> Self:
        """A person must decide about it first: nothing is sent, and the next run delivers it once more."""
        return cls(OutcomeKind.WAITING, why=why)


class PartlyDeliveredError(Exception):
    """A part of a record arrived, and the rest did not.

    Args:
        there: What the other system has of it now.
        because: What became of the rest; the record ends as if that had been raised.
    """

    def __init__(self, there: RemoteFacts, because: APBridgeError) -> None:
        super().__init__(str(because))
        self.there = there
        self.because = because


class OutcomeTally:
    """Counts records by stream and by how they end; one that is tried twice in a run counts once."""

    def __init__(self, streams: Iterable[str]) -> None:
        """Count these streams, and tell them in this order."""
        self.counts: dict[str, Counter[OutcomeKind]] = {stream: Counter() for stream in streams}
        self.first_rejection = ""
        self.bugs = 0
        """Records that were rejected because of an unexpected exception."""
        self._unsettled: dict[tuple[str, str], OutcomeKind] = {}

    def add(
        self,
        stream: str,
        external_id: str,
        kind: OutcomeKind,
        reason: str | None = None,
        action: Action | None = None,  # noqa: ARG002, for a dry run's report
        *,
        instead_of: OutcomeKind | None = None,
    ) -> None:
        """Count a record; that it waited or was rejected before no longer counts.

        Args:
            stream: The record's stream.
            external_id: Its external id.
            kind: How it ends.
            reason: Why, where it is rejected.
            action: What was done for it.
            instead_of: What it was counted as in this run, where it had seemed to be done.
        """
        if kind is OutcomeKind.REJECTED:
            self.first_rejection = self.first_rejection or reason or ""
        before = self._unsettled.pop((stream, external_id), instead_of)
        if before:
            self.counts[stream][before] -= 1
        self.counts[stream][kind] += 1
        if kind in {OutcomeKind.WAITING, OutcomeKind.REJECTED}:
            self._unsettled[stream, external_id] = kind

    def fail(self, stream: str, count: int) -> None:
        """Count records that were not sent, or of which it is not known whether they arrived."""
        self.counts[stream][OutcomeKind.FAILED] += count

    def so_far(self, stream: str, external_id: str) -> OutcomeKind | None:
        """Return whether a record waits or was rejected in this run; None if neither."""
        return self._unsettled.get((stream, external_id))

    def total(self, kind: OutcomeKind) -> int:
        """Count what ended so, over all streams."""
        return sum(counts[kind] for counts in self.counts.values())

    def as_counts(self) -> dict[str, dict[str, int]]:
        """Return the counts for the ledger, by stream and outcome."""
        told = {
            # Another thread may add a kind meanwhile: what is gone through here is not what it adds to.
            stream: {kind.value: counts[kind] for kind in OutcomeKind if counts[kind]}
            for stream, counts in self.counts.items()
        }
        return {stream: by_kind for stream, by_kind in told.items() if by_kind}

    def tell(
        self,
        plugin: str,
        file: str | None,  # noqa: ARG002, for a dry run
        logger: Logger,
        trail: Anchor | None,
    ) -> None:
        """Log what became of the records, and where the audit trail ends as far as that is known."""
        end = f"; the audit trail ends with {trail}" if trail else ""
        logger.info("%s: %s%s", plugin, self.sentence(), end)

    def sentence(self) -> str:
        """Return the counts: `vendors 250 delivered; bills 930 delivered, 1 rejected (first: …)`."""
        told = [
            f"{stream} " + ", ".join(f"{count} {kind}" for kind, count in counts.items())
            for stream, counts in self.as_counts().items()
        ]
        first = f" (first rejection: {self.first_rejection})" if self.first_rejection else ""
        return ("; ".join(told) or "nothing to do") + first
