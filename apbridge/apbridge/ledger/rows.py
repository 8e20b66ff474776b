"""One row a record: what a target knows of it between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

UNIDENTIFIED = "unidentified-"
"""What the ledger's name for a record without a proper external id begins with."""


class Status(str, Enum):
    """What became of a record's latest content."""

    DELIVERED = "delivered"
    """The other system acknowledged it."""
    WAITING = "waiting"
    """A record that it refers to is not acknowledged yet."""
    REJECTED = "rejected"
    """It cannot be delivered as it is."""
    IGNORED = "ignored"
    """There is nothing to do for it: never submitted, and not to be."""
    DISMISSED = "dismissed"
    """A person has said that nothing is to be done about its latest content, which was not delivered."""


OPEN = frozenset({Status.WAITING, Status.REJECTED})
"""Statuses of records that are tried again at every run."""


class ChangeKind(str, Enum):
    """What a run does to a record that the other system has."""

    WITHDRAW = "withdraw"
    CHANGE = "change"
    RESEND = "resend"
    """The record is as it was when it was sent; what would be sent for it is not."""
    DEACTIVATE = "deactivate"

    @classmethod
    def of(cls, key: str) -> ChangeKind:
        """Return which one a key is about."""
        return cls(key.partition(":")[0])

    def key(self, content_hash: str) -> str:
        """Return what this very change is known by: no other content of the record has it."""
        return f"{self.value}:{content_hash}"


HELD, HELD_BECAUSE, LET_THROUGH = "held", "held_because", "let_through"
"""Facts of a row: the key of the change that is held, why it is made, and the key of one that may go."""

OF_HELD = frozenset({HELD, HELD_BECAUSE, LET_THROUGH})


class Need(NamedTuple):
    """A record that must be acknowledged before another one can go."""

    stream: str
    external_id: str


class Reasoned:
    """What became of a record may have a reason: what it says, and apart from that what to do about it."""

    __slots__ = ()
    says: str | None
    do: str | None

    @property
    def reason(self) -> str | None:
        """Both in one text, to be read."""
        return " ".join(filter(None, (self.says, self.do))) or None


@dataclass(frozen=True, slots=True)
class Row(Reasoned):
    """What the ledger holds of one record."""

    system: str
    stream: str
    external_id: str
    source_id: str | None
    content_hash: str
    """Of the content that `status` is about; empty while a write is in doubt: see `apbridge.ledger.doubt`."""
    status: Status
    remote_id: str | None
    """Its id in the other system, once known."""
    attempts: int
    """How often this content was tried."""
    code: str | None
    """Code in the error catalogue of why it is rejected or waiting."""
    says: str | None
    do: str | None
    waits_for: tuple[Need, ...]
    facts: Mapping[str, Any]
    """What the target wants to remember of it, such as the hashes of its images; never a secret."""
    payload: Any
    """The record while it is waiting or rejected; None otherwise."""
    needs_refetch: bool
    """The payload lacks secret fields, so it may be shown but never sent: see `apbridge.ledger.payloads`."""
    acknowledged_at: datetime | None
    """When the other system last acknowledged any content of it; None if it never did."""
    first_seen: datetime
    last_seen: datetime
    run_id: int
    """The run that read the content that `status` is about, or saw it last."""
    source_modified_at: str | None
    """`modified_at` of that content."""
    trail_seq: int
    """How far on the audit trail the row knows the writes of its record; with later ones it is in doubt."""
    look_again_at: datetime | None
    """When to deliver it once more, whatever `status` says: a write of it may still arrive until then.

    `payload` is kept as long as this is set.
    """
    refused: str | None = None
    """Code in the error catalogue of why what is kept must not be sent; `payload` is None then."""

    @property
    def is_sendable(self) -> bool:
        """Whether what is kept may be sent."""
        return not (self.needs_refetch or self.refused)


class Content(NamedTuple):
    """Which content of a record a run has at hand."""

    run_id: int
    """Which run has read it."""
    began: datetime
    """When the run began that has it at hand."""
    modified_at: str | None


class TrailSnapshot(NamedTuple):
    """The audit trail as it stood when a run began to look at some records."""

    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RemoteFacts:
    """What the other system shows of a record that the ledger has otherwise."""

    remote_id: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowUpdate(Reasoned):
    """What a run has found out about one record: the news for its row.

    `remote_id` and `facts` of None leave what is there.
    """

    stream: str
    external_id: str
    source_id: str | None
    content_hash: str
    status: Status
    acknowledged: bool = False
    """The other system acknowledged this content."""
    remote_id: str | None = None
    facts: Mapping[str, Any] | None = None
    code: str | None = None
    says: str | None = None
    do: str | None = None
    waits_for: tuple[Need, ...] = field(default=())
    payload: Any = None
    """The whole record, to be kept while it is waiting, rejected, or to be looked at again."""
    source_modified_at: str | None = None
    """`modified_at` of the record, where it says."""
    read_by: int | None = None
    """The run that has read it, where it was kept from an earlier one."""
    known: TrailSnapshot | None = None
    """What the run knew of other writes; None where nothing was looked up."""
    held: Mapping[str, Any] | None = None
    """Facts of the change that waits for a person, or for the end of its stream.

    The record must come again from the tap: what was read with settings that are wrong must not be sent.
    """
    in_doubt: bool = False
    """It was in doubt, and nothing that was looked at has ended that."""
