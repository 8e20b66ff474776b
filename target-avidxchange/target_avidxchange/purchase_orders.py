"""Purchase orders, for contracts that match invoices with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from typing_extensions import override

from apbridge import json
from apbridge.errors import APBridgeError, RefusedError, RejectedError
from apbridge.ledger import Need, RemoteFacts, Row, Status
from apbridge.links import SENT_FOR
from apbridge.schemas.identifiers import KINDS
from apbridge.schemas.references import APPROVED_ORDERS
from apbridge.singer import Action, Outcome, Record
from target_avidxchange.documents import DocumentSink, needs_of
from target_avidxchange.refusals import rejection
from target_avidxchange.remote import RemoteRecord
from target_avidxchange.sinks import is_tombstone

PURCHASE_ORDER = KINDS["purchase_orders"]

_NOT_YET = "pending_approval"
"""Where an order stands before that."""


class PurchaseOrderSink(DocumentSink):
    """Submits approved orders, follows what comes of them and is billed, and closes them."""

    resource = "purchase_order"
    word = "purchase order"
    kind = PURCHASE_ORDER
    standing_there = APPROVED_ORDERS

    @override
    def begin(self) -> None:
        if not self.is_taken:
            self.logger.warning("%s", APBridgeError("APB-TAX-091", profile=self.shared.client.profile.name))

    @override
    def missing(self, count: int, names: str) -> RejectedError:
        return RejectedError("APB-TAX-092", count=count, names=names)

    @override
    def note(self, there: Mapping[str, RemoteRecord]) -> None:
        at, index = self.context, self.remote_index
        rows = at.ledger.rows(at.system, self.stream_name, there)
        new = {name: RemoteFacts(one.remote_id, {}) for name, one in there.items() if name not in rows}
        at.ledger.found(at.run.id, at.system, self.stream_name, new, listed_at=index.listed_at)

    @override
    def completed(self, record: Record) -> Record:
        return {**super().completed(record), "is_open": record.get("status") in APPROVED_ORDERS}

    @override
    def content(self, record: Record) -> Any:
        if not self.is_taken:
            return {"is_taken": False}
        content = super().content(record)
        # What is sent is the same while it is not approved yet, and nothing may be there to be closed then.
        return {"closed": content} if _is_over(record) else content

    @override
    def facts(self, record: Record) -> Mapping[str, Any]:
        # Of one that is deleted later nothing else is known.
        return {"order": record, SENT_FOR: self.sent_for(record)}

    @override
    def needs(self, record: Record) -> Iterator[Need]:
        if self.is_taken and record.get("status") in APPROVED_ORDERS:
            yield from needs_of(self.stream_name, record)

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        super().prepare(records, rows)
        if self.is_taken and any(_is_unknown(one, rows.get(one["external_id"])) for one in records):
            self.look()

    @override
    def must_be_sent(self, record: Record, row: Row | None) -> bool:
        return self.is_with_another(record, self.was_sent_for(record, row))

    @override
    def hold_upsert(self, record: Record, row: Row | None) -> None:
        """Hold closings back: that goods come and are billed changes many orders every day."""
        if record.get("status") not in APPROVED_ORDERS:
            super().hold_upsert(record, row)

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        known = _remembered(row)
        if is_tombstone(record) and known:
            return super().deliver({**known, "status": "closed"}, row)
        if not self.is_taken or not (known or self._is_wanted(record)):
            return Outcome.ignored()
        if is_tombstone(record):
            return self._make_inactive(record, row)
        order = self.completed(record)
        coded = {**order, "lines": _coded(order["lines"])}
        if order["is_open"] and (missing := self.shared.codes.missing(coded, self.word, PURCHASE_ORDER)):
            return Outcome.waiting(missing)
        return super().deliver(record, row)

    def _is_wanted(self, record: Record) -> bool:
        """Return whether an order is to be sent, or is there to be closed."""
        is_there = self.remote_index.get(record["external_id"]) is not None
        return is_there or record.get("status") in APPROVED_ORDERS

    @override
    def _make_inactive(self, record: Record, row: Row | None) -> Outcome:
        """Close an order that was deleted, of which only AvidXchange knows what it was sent."""
        name = record["external_id"]
        there, facts = self.remote_index.get(name), {"is_active": False}
        if there is None or there.status not in self.standing_there:
            return Outcome.unchanged(None, facts)
        shown = json.loads(there.body or b"{}")
        submission = self.shared.client.resubmission(self.resource, name, shown, is_open=False)
        self.hold_upsert(record, row)
        try:
            acknowledged = self.send(f"upsert {self.word}", submission)
        except RefusedError as refused:
            raise rejection(refused, self.word, record) from refused
        return Outcome.delivered(
            acknowledged.remote_id, facts, Action.CANCELLED, is_proved=acknowledged.is_proved
        )


def _remembered(row: Row | None) -> Record | None:
    return row.facts.get("order") if row else None


def _is_unknown(record: Record, row: Row | None) -> bool:
    """Return whether only AvidXchange knows whether it has an order that is perhaps to be closed."""
    if _remembered(row) is not None:
        return False
    # An older ledger that was put back does not know what was sent after it.
    return _is_over(record) or (row is not None and row.status is not Status.IGNORED)


def _is_over(record: Record) -> bool:
    """Return whether nothing is to come of an order any more."""
    return is_tombstone(record) or record.get("status") not in {*APPROVED_ORDERS, _NOT_YET}


def _coded(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the lines that have an account: that of an item may not be shown."""
    return [line for line in lines if line.get("account_id") is not None]
