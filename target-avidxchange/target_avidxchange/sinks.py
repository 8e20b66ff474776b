"""What the sinks of AvidXchange have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from singer_sdk import Target
from typing_extensions import override

from apbridge.avidxchange import Acknowledged, Submission, fingerprint
from apbridge.errors import RefusedError
from apbridge.ledger import ChangeKind, Row, Status
from apbridge.ledger.rows import HELD, LET_THROUGH
from apbridge.singer import AcknowledgingSink, Action, Outcome, Record, SinkContext
from target_avidxchange.brakes import CHANGED, held_form, held_inactive, held_upsert
from target_avidxchange.refusals import rejection
from target_avidxchange.shared import Shared


def is_tombstone(record: Record) -> bool:
    """Return whether a vendor, an account or a dimension's value was deleted: nothing else of it is known."""
    return bool(record.get("is_deleted"))


def source_of(completed: Record) -> str:
    """Return a fingerprint of a record and its codes, in whatever form it is sent."""
    return fingerprint({**completed, "modified_at": None})


class AvidXchangeSink(AcknowledgingSink):
    """Upserts each record of a stream by its external id."""

    resource: ClassVar[str]
    """What the profile calls it."""
    word: ClassVar[str]
    """What people call it."""
    dimension: ClassVar[str | None] = None

    def __init__(self, target: Target, stream: str, context: SinkContext, shared: Shared) -> None:
        super().__init__(target, stream, context)
        self.shared = shared
        self.remote_index = shared.remote_indexes.of(stream)
        self._has_begun = False
        self._deleted: Mapping[str, Mapping[str, Any]] = {}
        self._in_doubt: Collection[str] = ()
        """What was sent before, and is not known to have arrived."""

    def completed(self, record: Record) -> Record:
        """Return the record with what a template needs beside it: codes and external ids."""
        return record

    def submission(self, record: Record) -> Submission:
        """Make ready what is sent for a record, under its external id or where it is linked to.

        Raises:
            SettingError: The profile does not fit.
        """
        own_id = self.shared.links.own_id(self.stream_name, record["external_id"])
        if own_id is None:
            return self.shared.client.upsertion(self.resource, self.completed(record))
        return self.shared.client.change(self.resource, self.completed(record), own_id)

    @override
    def content(self, record: Record) -> Any:
        return {"is_deleted": True} if is_tombstone(record) else self.sent(record)

    def sent(self, record: Record) -> Any:  # noqa: ANN401
        """Return what of a record decides whether it is sent again."""
        return self.submission(record).body

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        """Check what AvidXchange has where the ledger is new, or does not know what became of a write."""
        ledger, system = self.context.ledger, self.context.system
        self._deleted = self._shown({one["external_id"] for one in records if is_tombstone(one)})
        names = [record["external_id"] for record in records]
        self._in_doubt = ledger.in_doubt(system, self.stream_name, names)
        in_doubt = self._in_doubt | {name for name, row in rows.items() if not row.content_hash}
        # Of what was held before anything was sent, the ledger does not know what AvidXchange has.
        is_held_unseen = any(HELD in row.facts and "body" not in row.facts for row in rows.values())
        if in_doubt or is_held_unseen:
            self.look(ledger.newest_write(system, in_doubt) if in_doubt else 0)
        elif not self._has_begun:
            delivered = ledger.all_rows(system, self.stream_name, (Status.DELIVERED,))
            if next(delivered, None) is None:
                self.look()
        self._has_begun = True

    def _shown(self, names: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return, of deleted records, what AvidXchange has: nothing else is known of them any more."""
        linked = {self.shared.links.own_id(self.stream_name, name): name for name in names}
        return self.remote_index.records(names, linked) if names else {}

    def look(self, after: int = 0) -> None:
        """List what AvidXchange has.

        Args:
            after: Place on the audit trail: what was listed before that is listed anew.
        """
        self.remote_index.listed_after(after)

    def facts(self, record: Record) -> Mapping[str, Any]:
        """Return what the ledger remembers of a record, beside a fingerprint of what was sent."""
        return {"is_active": record["is_active"]}

    @override
    def stands(self, facts: Mapping[str, Any]) -> bool:
        """Return whether a record is active, or an invoice neither withdrawn nor paid by payments of ours."""
        return bool(facts.get("is_active", not (facts.get("is_withdrawn") or facts.get("ours"))))

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        if is_tombstone(record):
            return self._make_inactive(record, row)
        submission = self.submission(record)
        body = fingerprint(submission.body)
        facts = {**self.facts(record), "body": body, "source": source_of(self.completed(record))}
        own_id = self.shared.links.own_id(self.stream_name, submission.external_id)
        index = self.remote_index
        there = index.by_own_id.get(own_id) if own_id else index.get(submission.external_id)
        if not self.must_be_sent(record, row):
            if there and there.fingerprint == body:
                return Outcome.unchanged(there.remote_id, facts)
            # Without a hash the row is in doubt.
            if row and row.content_hash and row.facts.get("body") == body:
                return Outcome.unchanged(None, facts)
        self.hold_upsert(record, row)
        try:
            acknowledged = self.send(f"upsert {self.word}", submission)
        except RefusedError as refused:
            raise rejection(refused, self.word, record) from refused
        action = Action.UPDATED if there else None
        return Outcome.delivered(acknowledged.remote_id, facts, action, is_proved=acknowledged.is_proved)

    def must_be_sent(self, record: Record, row: Row | None) -> bool:  # noqa: ARG002
        """Return whether a record is sent though nothing of what is sent for it has changed."""
        return False

    def hold_upsert(self, record: Record, row: Row | None) -> None:
        """Hold back what changes a record that AvidXchange has: see `hold_back`."""
        there = self.remote_index.get(record["external_id"])
        before = row.facts if row and row.acknowledged_at else {}
        if not before and self.shared.links.get(self.stream_name, record["external_id"]):
            return  # A person has said that it is this one, and so that it is to be as NetSuite has it.
        if there or before.get("body"):
            was_active = before.get("is_active", there is not None and there.is_usable)
            because = self.why_changed(record, before.get("code") or (there.code if there else None))
            change, held = held_upsert(self.word, record, was_active=was_active, because=because)
            is_same = before.get("source") == source_of(self.completed(record))
            # Where the same would be sent as last time, it is AvidXchange that has it otherwise.
            if is_same and before.get("body") not in {None, fingerprint(self.submission(record).body)}:
                change, held = held_form(self.word, record)
            self.hold_back(change, record, before.get(LET_THROUGH), held)

    def why_changed(self, record: Record, had: str | None) -> str:  # noqa: ARG002
        """Return why a record is changed that AvidXchange has, as a person can judge it.

        Args:
            record: The record.
            had: The code that AvidXchange has it under, where it is one.
        """
        return CHANGED

    def _make_inactive(self, record: Record, row: Row | None) -> Outcome:
        """Make inactive what was deleted in NetSuite, and leave it as it is otherwise."""
        there = self._deleted.get(record["external_id"])
        if there is None:
            return Outcome.ignored()
        known = row.facts if row else {}
        if "code" in known:
            known = {**known, "code": there.get("code") or there.get("number")}
        if not there["is_active"]:
            return Outcome.unchanged(None, {**known, "is_active": False})
        submission = self.submission_of_shown(record["external_id"], there, is_active=False)
        named = {**record, "name": there["name"]}
        held = held_inactive(self.word, named, "it was deleted in NetSuite")
        self.hold_back(ChangeKind.DEACTIVATE, record, known.get(LET_THROUGH), held)
        try:
            acknowledged = self.send(f"make {self.word} inactive", submission)
        except RefusedError as refused:
            raise rejection(refused, self.word, named) from refused
        facts = {**known, "is_active": False, "body": fingerprint(submission.body)}
        return Outcome.delivered(
            acknowledged.remote_id, facts, Action.UPDATED, is_proved=acknowledged.is_proved
        )

    def submission_of_shown(
        self,
        external_id: str,
        there: Mapping[str, Any],
        **changes: Any,  # noqa: ANN401
    ) -> Submission:
        """Make ready what is sent for a record that stays as AvidXchange shows it, but for some fields."""
        told = {
            **there,
            "external_id": external_id,
            "code": there.get("code") or there.get("number"),
            "full_name": there.get("full_name") or there["name"],
            "dimension": self.dimension,
            **changes,
        }
        own_id = self.shared.links.own_id(self.stream_name, external_id)
        if own_id is None:
            return self.shared.client.upsertion(self.resource, told)
        return self.shared.client.change(self.resource, told, own_id)

    def send(self, operation: str, submission: Submission, told: Any = None) -> Acknowledged:  # noqa: ANN401
        """Send a write, on the audit trail; in a dry run go no further than here.

        Args:
            operation: What, for the trail.
            submission: The write.
            told: What the trail keeps in place of the body.
        """
        if self.context.is_dry_run:
            # An image's path may need AvidXchange's own id of its invoice, which nobody knows yet.
            return Acknowledged("new", created=None, status=0, request_id=None, answer=None, is_proved=True)
        if submission.external_id in self._in_doubt:
            # One record may be why a call for many is answered by nobody's name, or by nothing at all.
            submission = submission.alone()
        body = submission.body if told is None else told
        with self.audited(operation, submission.external_id, body) as answer:
            acknowledged = self.shared.client.submit(submission)
            answer.status = acknowledged.status
            answer.request_id = acknowledged.request_id
            answer.body = acknowledged.answer
        return acknowledged
