"""Vendors and coding: what AvidXchange must know before it is sent a bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from apbridge.avidxchange import Acknowledged, Submission, fingerprint
from apbridge.errors import RefusedError
from apbridge.ledger import Row, Status
from apbridge.singer import AcknowledgingSink, Action, Outcome, Record
from target_avidxchange.present import Directory
from target_avidxchange.refusals import rejection

if TYPE_CHECKING:
    from target_avidxchange.target import TargetAvidXchange


class AvidXchangeSink(AcknowledgingSink):
    """Upserts each record of a stream by its external id."""

    target: TargetAvidXchange
    resource: ClassVar[str]
    """What the profile calls it."""
    word: ClassVar[str]
    """What people call it."""
    dimension: ClassVar[str | None] = None

    def __init__(
        self,
        target: TargetAvidXchange,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        place = {"dimension": self.dimension} if self.dimension else {}
        self.directory = Directory(target.client, self.resource, place)
        self._has_begun = False

    def completed(self, record: Record) -> Record:
        """Give the record with what a template needs beside it: codes and external ids."""
        return record

    def submission(self, record: Record) -> Submission:
        """Make ready what is sent for a record."""
        return self.target.client.upsertion(self.resource, self.completed(record))

    @override
    def content(self, record: Record) -> Any:
        return self.submission(record).call.json

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        """Without a ledger, see first what AvidXchange has: it is not sent again."""
        if not self._has_begun:
            self._has_begun = True
            ledger = self.target.ledger
            delivered = ledger.all_rows(self.target.system, self.stream_name, (Status.DELIVERED,))
            if next(delivered, None) is None:
                self.look()

    def look(self) -> None:
        """List what AvidXchange has."""
        self.directory.listed()

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        submission = self.submission(record)
        there = self.directory.get(submission.external_id)
        if there and there.fingerprint == fingerprint(submission.call.json):
            return Outcome.unchanged(there.remote_id)
        try:
            acknowledged = self.send(f"upsert {self.word}", submission)
        except RefusedError as refused:
            raise rejection(refused, self.word, record) from refused
        return Outcome.delivered(acknowledged.remote_id, action=Action.UPDATED if there else None)

    def send(self, operation: str, submission: Submission, told: Any = None) -> Acknowledged:  # noqa: ANN401
        """Send a write, on the audit trail; in a dry run go no further than here.

        Args:
            operation: What, for the trail.
            submission: The write.
            told: What the trail keeps in place of the body.
        """
        if self.target.is_dry_run:
            return Acknowledged(remote_id=None, created=None, status=0, request_id=None, answer=None)
        body = submission.call.json if told is None else told
        with self.audited(operation, submission.external_id, body) as answer:
            acknowledged = self.target.client.submit(submission)
            answer.status = acknowledged.status
            answer.request_id = acknowledged.request_id
            answer.body = acknowledged.answer
        return acknowledged


class VendorSink(AvidXchangeSink):
    """Vendors."""

    resource = "vendor"
    word = "vendor"


class GLAccountSink(AvidXchangeSink):
    """GL accounts."""

    resource = "gl_account"
    word = "GL account"

    @override
    def completed(self, record: Record) -> Record:
        return {**record, "code": self.target.coding.gl_code(record["id"], record.get("number"))}


class DimensionSink(AvidXchangeSink):
    """Values of one dimension."""

    resource = "dimension_value"
    dimension: ClassVar[str]

    @override
    def completed(self, record: Record) -> Record:
        code = self.target.coding.dimension_code(self.dimension, record["id"])
        return {**record, "code": code, "dimension": self.dimension}


class DepartmentSink(DimensionSink):
    """Departments."""

    word = dimension = "department"


class ClassSink(DimensionSink):
    """Classes."""

    word = dimension = "class"


class LocationSink(DimensionSink):
    """Locations."""

    word = dimension = "location"
