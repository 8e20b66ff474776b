"""A record on its way, and what becomes of it: how it is counted, and what the ledger is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from apbridge.errors import APBridgeError, HeldError, RejectedError, UnderWayError
from apbridge.ledger import Need, Row, RowUpdate, Status
from apbridge.ledger.rows import HELD, HELD_BECAUSE
from apbridge.redaction import redact_text
from apbridge.schemas import in_order
from apbridge.singer.outcomes import Action, Outcome, OutcomeKind
from apbridge.singer.sink import AcknowledgingSink, content_hash

_STATUSES = {
    OutcomeKind.DELIVERED: Status.DELIVERED,
    OutcomeKind.UNCHANGED: Status.DELIVERED,
    OutcomeKind.IGNORED: Status.IGNORED,
    OutcomeKind.WAITING: Status.WAITING,
}
_SETTLED = {Status.DELIVERED, Status.IGNORED, Status.DISMISSED}


@dataclass(slots=True)
class Work:
    """A record on its way."""

    external_id: str
    record: Any
    row: Row | None
    content_hash: str = ""
    needs: tuple[Need, ...] = ()
    is_in_doubt: bool = False
    read_by: int | None = None
    """The run that has read it, where it was kept from an earlier one."""
    sent: Outcome | None = None
    """What was sent first in this run, of which the answer did not name the record."""

    @property
    def modified_at(self) -> str | None:
        """When the other system, or whatever the tap reads, says that it was changed."""
        return in_order(self.record.get("modified_at")) if isinstance(self.record, dict) else None

    @property
    def is_settled(self) -> bool:
        """Whether this very content was delivered, needs nothing, or was dismissed."""
        return (
            self.row is not None
            and self.row.content_hash == self.content_hash
            and self.row.status in _SETTLED
        )


class _Reason(NamedTuple):
    code: str | None = None
    says: str | None = None
    do: str | None = None

    @classmethod
    def of(cls, found: APBridgeError) -> _Reason:
        """Take a sentence apart. It may quote what a record says."""
        return cls(found.code, redact_text(found.says), redact_text(found.do))


@dataclass(frozen=True, slots=True)
class News:
    """What became of a record: how it is counted, and what the ledger is told."""

    kind: OutcomeKind
    entry: RowUpdate | None
    """None where the ledger knows more than this run."""
    external_id: str
    action: Action | None = None


def check_record(sink: AcknowledgingSink, one: Work) -> RejectedError | None:
    """Note a record's hash, and return what is wrong with it: what is not valid may be dismissed too."""
    try:
        one.content_hash = sink.check_record(one.record)
    except RejectedError as found:
        one.content_hash = content_hash(_undated(one.record))
        return found
    return None


def _undated(record: Any) -> Any:  # noqa: ANN401
    """Leave out when it was changed, which changes nothing; a record that is not valid may be anything."""
    if isinstance(record, dict):
        return {name: value for name, value in record.items() if name != "modified_at"}
    return record


def news_of(stream: str, one: Work, outcome: Outcome) -> News:
    """Return what a sink's outcome means for the ledger."""
    reason = _Reason()
    if outcome.why:
        reason = _Reason.of(outcome.why)
    elif outcome.kind is OutcomeKind.WAITING:
        missing = ", ".join(f"{need.stream} {need.external_id}" for need in outcome.waits_for)
        reason = _Reason.of(
            RejectedError("APB-SNG-013", stream=stream, external_id=one.external_id, missing=missing)
        )
    elif outcome.kind is OutcomeKind.IGNORED and isinstance(one.record, dict):
        reason = _Reason(says=one.record.get("ineligible_because"))
    entry = _entry(
        stream,
        one,
        _STATUSES[outcome.kind],
        reason,
        acknowledged=outcome.kind in {OutcomeKind.DELIVERED, OutcomeKind.UNCHANGED},
        remote_id=outcome.remote_id,
        facts=outcome.facts,
        waits_for=outcome.waits_for,
        in_doubt=one.is_in_doubt and outcome.kind is OutcomeKind.WAITING and outcome.why is None,
    )
    return News(outcome.kind, entry, one.external_id, _action(one, outcome))


def _action(one: Work, outcome: Outcome) -> Action | None:
    if outcome.kind is not OutcomeKind.DELIVERED:
        return None
    was_there = one.row is not None and one.row.acknowledged_at is not None
    return outcome.action or (Action.UPDATED if was_there else Action.CREATED)


def held_back(stream: str, one: Work, found: HeldError) -> News:
    """Return that a record waits until its change may go; what was in doubt still is."""
    entry = _entry(
        stream,
        one,
        Status.WAITING,
        _Reason.of(found),
        # What is to be changed is there, whoever has sent it.
        acknowledged=True,
        held={HELD: found.key, HELD_BECAUSE: redact_text(found.because)},
        in_doubt=one.is_in_doubt,
    )
    return News(OutcomeKind.WAITING, entry, one.external_id)


def rejection(stream: str, one: Work, found: APBridgeError) -> News:
    """Return why a record is rejected; what was in doubt still is."""
    return News(OutcomeKind.REJECTED, _rejected(stream, one, found), one.external_id)


def correction(stream: str, one: Work, found: APBridgeError) -> RowUpdate:
    """Return what a look after a record was delivered has shown.

    It is rejected or under way then, or that is noted beside it.
    """
    # Whatever was in doubt, the look has ended it.
    entry = replace(_rejected(stream, one, found), in_doubt=False)
    if isinstance(found, RejectedError):
        return entry
    if isinstance(found, UnderWayError):
        return replace(entry, status=Status.WAITING)
    return replace(entry, status=Status.DELIVERED, acknowledged=True)


def _rejected(stream: str, one: Work, found: APBridgeError) -> RowUpdate:
    return _entry(stream, one, Status.REJECTED, _Reason.of(found), in_doubt=one.is_in_doubt)


def _entry(stream: str, one: Work, status: Status, reason: _Reason, **more: Any) -> RowUpdate:  # noqa: ANN401
    return RowUpdate(
        stream,
        one.external_id,
        _source_id(one.record),
        one.content_hash,
        status,
        code=reason.code,
        says=reason.says,
        do=reason.do,
        payload=one.record,
        source_modified_at=one.modified_at,
        read_by=one.read_by,
        **more,
    )


def with_what_was_sent(outcome: Outcome, sent: Outcome | None) -> Outcome:
    """Mark in an outcome that the record was sent in this run, where a look has shown that it arrived."""
    if sent is None or outcome.kind not in {OutcomeKind.UNCHANGED, OutcomeKind.DELIVERED}:
        return outcome
    return replace(outcome, kind=OutcomeKind.DELIVERED, action=sent.action)


def _source_id(record: Any) -> str | None:  # noqa: ANN401
    found = record.get("id") if isinstance(record, dict) else None
    return found if isinstance(found, str) else None
