"""One stream of an acknowledging target: what a subclass says about its records."""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from singer_sdk import Sink, Target
from typing_extensions import override

from apbridge.errors import APBridgeError, HeldError, RejectedError
from apbridge.json import canonical
from apbridge.ledger import UNIDENTIFIED, ChangeKind, Need, Row, WriteAnswer
from apbridge.schemas import validator
from apbridge.schemas.identifiers import EXTERNAL_ID, require_name
from apbridge.singer.context import SinkContext
from apbridge.singer.outcomes import Outcome
from apbridge.singer.reader import without_metadata

Record = dict[str, Any]
"""A canonical record: dates and times as strings, numbers with a fraction as `Decimal`."""


class AcknowledgingSink(Sink):
    """A stream's sink. A subclass must say `deliver`; all else that it may say has a default.

    Everything else is done for it: validation, order, concurrency, the ledger, the STATE.
    """

    def __init__(self, target: Target, stream: str, context: SinkContext) -> None:
        """Open a stream.

        Args:
            target: Whose settings and logger it has.
            stream: The canonical stream.
            context: What it knows of the run.
        """
        # Records are held to the published schema by `check_record`; the SDK would copy it for nothing.
        super().__init__(target, stream, {"properties": {}}, ["external_id"])
        self.context = context
        self.buffer: dict[str, Any] = {}

    # What a subclass says

    @abc.abstractmethod
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        """Bring one valid record to the other system. Called on several threads at once.

        Whatever it writes goes through `audited`. In a dry run (`self.context.is_dry_run`) it does everything
        but that, and gives the outcome that it expects.

        Args:
            record: The record; its needs are acknowledged.
            row: What the ledger knows of it; None if it never came before.

        Raises:
            RejectedError: It cannot be delivered as it is. So does `RefusedError`. The run goes on.
            UnavailableError: The other side is not there; so do `SettingError` and
                `OutcomeUnknownError`. The run ends, and what was not sent is sent by the next one.
            PartlyDeliveredError: As what it bears, and the ledger is told what the other system has now.
        """

    def needs(self, record: Record) -> Iterable[Need]:  # noqa: ARG002
        """Name the records that must be acknowledged before this one goes; it waits until then.

        Raises:
            RejectedError: They cannot be named.
        """
        return ()

    def begin(self) -> None:
        """Look at what the ledger may not know of. Called once, before the first record is checked."""

    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        """Look up in bulk what delivering these records takes. Called before each batch.

        It is called once more for those whose acknowledgement did not name them, with rows that are in doubt.

        Args:
            records: What is about to be delivered, at most `AcknowledgingTarget.batch`.
            rows: What the ledger knows of them, by external id.
        """

    def conclude(self) -> Mapping[str, APBridgeError]:
        """Look in bulk at what a batch has done. Called after each, also one that was broken off.

        It must not raise: what was delivered is in the ledger already.

        Returns:
            Corrections by external id: a `RejectedError` where a record is not as it was delivered; an
            `UnderWayError` where the other system has not decided about it yet; any other error where it is
            as it was delivered, and a person has to know something beside that.
        """
        return {}

    def content(self, record: Record) -> Any:  # noqa: ANN401
        """Return what decides whether a record is unchanged: by default all but when it was changed.

        Whatever else decides what is sent, such as a mapping, belongs into it.
        """
        return {name: value for name, value in record.items() if name != "modified_at"}

    def noted(self, record: Record, row: Row) -> Mapping[str, Any] | None:  # noqa: ARG002
        """Return what the ledger is to remember of a record of which nothing is to be sent or asked.

        Returns:
            The facts; None where the record must be delivered.
        """
        return None

    def not_shown(self, record: Record) -> RejectedError:
        """Return why a record is rejected that was sent and is neither named in an answer nor shown."""
        return RejectedError("APB-SNG-021", stream=self.stream_name, external_id=record["external_id"])

    # What a subclass may ask

    def audited(
        self,
        operation: str,
        external_id: str,
        body: Any,  # noqa: ANN401
    ) -> AbstractContextManager[WriteAnswer]:
        """Put one write on the audit trail: see `apbridge.ledger.Run.audited`."""
        return self.context.run.audited(
            system=self.context.system, operation=operation, external_id=external_id, body=body
        )

    def hold_back(self, change: ChangeKind, record: Record, let_through: str | None, held: HeldError) -> None:
        """Hold a change back until it may go: see `apbridge.singer.brake`. Called before it is sent.

        Args:
            change: What is done to what the other system has.
            record: The record.
            let_through: The key of the change of it that may be made: a fact of its row.
            held: Says so.

        Raises:
            HeldError: That one: it may not go yet.
        """
        if self.context.brake.is_off:
            return
        held.key = self.key_of(change, record)
        if let_through != held.key:
            raise held

    def key_of(self, change: ChangeKind, record: Record) -> str:
        """Return what a change of a record is known by."""
        return change.key(content_hash(self.content(record)))

    def stands(self, facts: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Return whether a record still counts among those of which a run may take back a share.

        Args:
            facts: What the ledger remembers of one that was acknowledged.
        """
        return True

    # What the target asks

    @property
    def standing(self) -> int:
        """How many records the other system has of the stream, as far as the ledger knows."""
        found = self.context.ledger.facts_of_acknowledged(self.context.system, self.stream_name)
        return sum(map(self.stands, found))

    def take(self, record: Any) -> bool:  # noqa: ANN401
        """Keep a record until the next drain; the last of the same external id wins.

        Returns:
            Whether it is one more.
        """
        before = len(self.buffer)
        self.buffer[_name(record)] = without_metadata(record)
        return len(self.buffer) > before

    def check_record(self, record: Any) -> str:  # noqa: ANN401
        """Validate a record and its name, and return the hash of its content.

        Raises:
            RejectedError: It is not valid.
        """
        # Made when it is needed: of a stream without records, that is never.
        validator(self.stream_name)(record)
        require_name(self.stream_name, record)
        return content_hash(self.content(record))

    @override
    def get_validator(self) -> None:
        """Leave validation to `check_record`, which rejects one record and not the run."""

    @override
    def process_record(self, record: Record, context: Any) -> None:
        self.take(record)

    @override
    def process_batch(self, context: Any) -> None:
        """Do nothing: the target drains all of its sinks together, in their order."""


def content_hash(value: Any) -> str:  # noqa: ANN401
    """Hash a JSON value: equal values give equal hashes."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _name(record: Any) -> str:  # noqa: ANN401
    """Return the external id; for a record without a proper one, a name made of what it holds."""
    found = record.get("external_id") if isinstance(record, dict) else None
    if isinstance(found, str) and EXTERNAL_ID.fullmatch(found):
        return found
    return f"{UNIDENTIFIED}{hashlib.sha256(repr(record).encode()).hexdigest()[:32]}"
