"""What bills, vendor credits and purchase orders have in common: a vendor, and coded lines."""

from __future__ import annotations

import abc
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from singer_sdk import Target
from typing_extensions import override

from apbridge.avidxchange import Acknowledged, Submission
from apbridge.errors import RefusedError, RejectedError
from apbridge.ledger import Need, Row
from apbridge.links import SENT_FOR, WAS
from apbridge.mapping import SEGMENT, Coding
from apbridge.schemas.identifiers import DIMENSIONS, VENDOR, external_id, name_of, namespace_of
from apbridge.schemas.references import references
from apbridge.singer import Record, SinkContext
from apbridge.words import WITHDRAWN
from target_avidxchange.dry_run import see_that_it_may_change
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.remote import GONE, RemoteRecord
from target_avidxchange.shared import Shared
from target_avidxchange.sinks import AvidXchangeSink
from target_avidxchange.unheard import Unheard, named

_VENDORS = "vendors"


class DocumentSink(AvidXchangeSink):
    """Documents of vendors, of which a contract may take none of a kind.

    Which of AvidXchange's records a vendor is may be put right by people after its documents were sent, and
    their bodies may be the same then.
    """

    kind: ClassVar[str]
    """The word for them in external ids."""
    standing_there: ClassVar[Collection[str]]
    """Where a document stands that must be known to be right in NetSuite."""

    _own_ids: Mapping[str, str] = {}
    _were: Mapping[str, str] = {}

    def __init__(self, target: Target, stream: str, context: SinkContext, shared: Shared) -> None:
        super().__init__(target, stream, context, shared)
        self._unproved: set[str] = set()

    @cached_property
    def is_taken(self) -> bool:
        """Whether the contract takes such documents."""
        return self.shared.client.takes(self.resource)

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        if self.is_taken:
            super().prepare(records, rows)
            self.shared.codes.refresh()
            names = {name for record in records if (name := self.vendor_of(record))}
            known = self.context.ledger.rows(self.context.system, _VENDORS, names)
            self._own_ids = {
                name: row.remote_id for name, row in known.items() if row.remote_id and row.acknowledged_at
            }
            undone = {name: row.remote_id for name, row in known.items() if not row.acknowledged_at}
            were = {name: row.facts.get(WAS) or undone.get(name) for name, row in known.items()}
            self._were = {name: own_id for name, own_id in were.items() if own_id}

    @override
    def completed(self, record: Record) -> Record:
        name = self.vendor_of(record)
        own_id = self.shared.links.own_id(_VENDORS, name) if name else None
        subsidiary = record.get("subsidiary_id")
        return {
            **record,
            "vendor_external_id": None if own_id else name,
            "vendor_remote_id": own_id,
            "lines": [_coded(line, subsidiary, self.shared.coding) for line in record["lines"]],
        }

    @override
    def sent(self, record: Record) -> Any:
        body, name = super().sent(record), self.vendor_of(record)
        link = self.shared.links.get(_VENDORS, name) if name else None
        return {"body": body, "vendor": link.remote_id} if link else body

    @override
    def send(self, operation: str, submission: Submission, told: Any = None) -> Acknowledged:
        acknowledged = super().send(operation, submission, told)
        if not acknowledged.is_proved:
            self._unproved.add(submission.external_id)
        return acknowledged

    def vendor_of(self, record: Record) -> str | None:
        """Return the external id of a document's vendor; None where it names none."""
        if not record.get("vendor_id"):
            return None
        namespace = namespace_of(record["external_id"], self.kind, record["id"])
        return external_id(namespace, VENDOR, record["vendor_id"])

    def sent_for(self, record: Record) -> Mapping[str, str]:
        """Return which record of AvidXchange a document's vendor is, by the vendor's external id."""
        name = self.vendor_of(record)
        link = self.shared.links.get(_VENDORS, name) if name else None
        own_id = (link.remote_id if link else None) or self._own_ids.get(name or "")
        return {name: own_id} if name and own_id else {}

    def was_sent_for(self, record: Record, row: Row | None) -> Mapping[str, str]:
        """Return which record of AvidXchange a document's vendor was when it was sent, as far as it is known.

        An earlier version did not keep it: what it has sent went to the record that the vendor was before.
        """
        if row is None or record["external_id"] in self._unproved:
            return {}
        name = self.vendor_of(record)
        was = self._were.get(name) if name and row.content_hash else None
        return row.facts.get(SENT_FOR) or ({name: was} if name and was else {})

    def is_with_another(self, record: Record, before: Mapping[str, str]) -> bool:
        """Return whether a document was sent when its vendor was another record of AvidXchange than now.

        Args:
            record: The document.
            before: What was kept of it: see `sent_for`.
        """
        return AcknowledgedInvoice(sent_for=before).is_with_another(self.sent_for(record))

    @override
    def _shown(self, names: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        # What is known of a document that was deleted is what is known of any other.
        return {}

    @abc.abstractmethod
    def missing(self, count: int, names: str) -> RejectedError:
        """Return that a full reading left some out that stand in AvidXchange."""

    @abc.abstractmethod
    def note(self, there: Mapping[str, RemoteRecord]) -> None:
        """Bring to the ledger what it does not know of the documents that AvidXchange has."""

    @override
    def look(self, after: int = 0) -> None:
        """List the documents, and note those that the ledger has not: a later deletion must find them."""
        self.note(self.remote_index.listed_after(after))

    def see_that_none_is_missing(self) -> None:
        """After a reading of all, look for documents in AvidXchange that it did not bring.

        A first reading leaves out what the tap's settings call too old, or what is over. Once the tap's state
        is lost, nothing else would be heard of such a document that was submitted all the same.

        Raises:
            RejectedError: Some stand in AvidXchange.
        """
        if not self.is_taken:
            return
        if self.remote_index.listed_at < 0:
            self.look()
        at = self.context
        untold = at.ledger.untold(at.run.id, at.run.began, at.system, self.stream_name)
        there = self.remote_index.listed()
        missing = {name for name in untold if name in there and there[name].status in self.standing_there}
        if missing:
            raise self.missing(len(missing), named(missing))


class WithdrawnSink(DocumentSink):
    """Documents that are withdrawn in AvidXchange where it must not pay, or pay with, them any more."""

    standing_there = frozenset({"submitted", "in_workflow", "approved", "scheduled", "unknown"})

    @abc.abstractmethod
    def reopened(self, count: int, names: str) -> RejectedError:
        """Return that some live in AvidXchange though they were withdrawn."""

    @abc.abstractmethod
    def cancelled(self, count: int, names: str) -> RejectedError:
        """Return that some are cancelled for a withdrawal that is over."""

    def known(self, record: Record, row: Row | None) -> AcknowledgedInvoice | None:
        """Return what is known of a document, by the ledger and by what AvidXchange shows."""
        known = AcknowledgedInvoice.of(row, self.remote_index.get(record["external_id"]))
        # What this run has sent is for the vendor of now, if it is shown as it was sent.
        return replace(known, sent_for=self.was_sent_for(record, row)) if known else None

    def undecided(self, record: Record, before: Mapping[str, str]) -> tuple[Need, ...]:
        """Return the vendor of a document that was sent, where it is none of AvidXchange's records now."""
        left = before.keys() & {self.vendor_of(record)} - self.sent_for(record).keys()
        return tuple(Need(_VENDORS, name) for name in left)

    def stays_with_another(
        self, refused: RefusedError, record: Record, before: Mapping[str, str]
    ) -> RejectedError:
        """Return a loud one where AvidXchange does not let a document go to the record that its vendor is."""
        facts = self._with_another(record, before)
        return self._told(RejectedError("APB-VND-008", **facts, says=refused.facts["says"]))

    def was_paid_to_another(self, record: Record, before: Mapping[str, str]) -> RejectedError:
        """Return a loud one where the wrong record of AvidXchange was paid."""
        return self._told(RejectedError("APB-VND-007", **self._with_another(record, before)))

    def _with_another(self, record: Record, before: Mapping[str, str]) -> dict[str, str]:
        ((vendor, now),) = self.sent_for(record).items()
        named = {"word": self.word, "name": name_of(record), "external_id": record["external_id"]}
        return {**named, "vendor": vendor, "before": before[vendor], "now": now}

    def _told(self, found: RejectedError) -> RejectedError:
        self.logger.error("%s", found)
        return found

    @abc.abstractmethod
    def withdrawn_because(self, record: Record) -> str | None:
        """Return why AvidXchange must not have a document; None where it may."""

    @abc.abstractmethod
    def still_there(self, record: Record, there: RemoteRecord, because: str, says: str) -> RejectedError:
        """Return, and log, that AvidXchange does not let a document be withdrawn."""

    @override
    def begin(self) -> None:
        if self.is_taken:
            self._unheard.look(whole=self.context.intake.begins_anew(self.stream_name))

    @override
    def note(self, there: Mapping[str, RemoteRecord]) -> None:
        self._unheard.note(there, self.remote_index.listed_at)

    @cached_property
    def _unheard(self) -> Unheard:
        return Unheard(self.context, self.stream_name, self.resource, self.remote_index)

    @property
    def has_looked(self) -> bool:
        """Whether this run has asked what AvidXchange has changed of such documents."""
        return "_unheard" in vars(self)

    def see_that_none_is_back(self) -> None:
        """Check that no withdrawn document lives again, and begin the next look where this one ended.

        Raises:
            RejectedError: One does, or is still withdrawn though it should not be; this run did not bring it.
        """
        if self.has_looked:
            self._unheard.settle(self.reopened, self.cancelled)

    @override
    def send(self, operation: str, submission: Submission, told: Any = None) -> Acknowledged:
        if self.context.is_dry_run:
            there = self.remote_index.listed().get(submission.external_id)
            see_that_it_may_change(there, submission.call.purpose)
        return super().send(operation, submission, told)

    def cancel(
        self, record: Record, known: AcknowledgedInvoice, because: str
    ) -> tuple[AcknowledgedInvoice, bool]:
        """Withdraw a document.

        Returns:
            What is known of it then, and whether that is proved.

        Raises:
            RejectedError: It still stands.
        """
        submission = self.shared.client.cancellation(
            record["external_id"], WITHDRAWN + because, known.remote_id, resource=self.resource
        )
        try:
            is_proved = self.send(f"cancel {self.resource}", submission).is_proved
        except RefusedError as refused:
            if there := self._not_cancelled(record["external_id"]):
                raise self.still_there(record, there, because, refused.facts["says"]) from refused
            is_proved = True
        return replace(known, body=None, is_withdrawn=True), is_proved

    def _not_cancelled(self, name: str) -> RemoteRecord | None:
        there = self.remote_index.listed().get(name)
        if there is None or there.status == "cancelled":
            # This run itself may have submitted it since it was listed.
            there = self.remote_index.listed(anew=True).get(name)
        return None if there is None or there.status == "cancelled" else there

    @override
    def not_shown(self, record: Record) -> RejectedError:
        """Return a loud one where a cancellation was answered as if all were well, and it still stands."""
        because = self.withdrawn_because(record)
        there = self.remote_index.listed().get(record["external_id"])
        if because is None or there is None or there.status in GONE:
            return super().not_shown(record)
        return self.still_there(record, there, because, "it answers as if it did, and shows it as it was")


def _coded(line: Mapping[str, Any], subsidiary: str | None, coding: Coding) -> dict[str, Any]:
    segments = {
        name: str(value)
        for name, value in line.get("custom_fields", {}).items()
        if name.startswith(SEGMENT) and value is not None
    }
    return {
        **line,
        "gl_code": coding.gl_code(line.get("account_id"), line.get("account_number"), subsidiary),
        "codes": {
            dimension: coding.dimension_code(dimension, line.get(f"{dimension}_id"), subsidiary)
            for dimension in DIMENSIONS
        },
        "segments": {
            name: coding.dimension_code(name, value, subsidiary) for name, value in segments.items()
        },
    }


def needs_of(stream: str, record: Record) -> Iterator[Need]:
    """Yield the vendor and the codes that AvidXchange must have before a document.

    Args:
        stream: The document's stream.
        record: The document.

    Raises:
        RejectedError: It names no vendor, or a line no account; or a bill has no number.
    """
    return (Need(*one) for one in references(stream, record))
