"""Purchase orders, for contracts that match invoices with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from typing_extensions import override

from apbridge.errors import APBridgeError
from apbridge.ledger import Need, Row, Status
from apbridge.singer import Outcome, Record
from target_avidxchange.documents import needs_of, with_codes
from target_avidxchange.sinks import AvidXchangeSink, is_tombstone

PURCHASE_ORDER = "purchaseorder"

_APPROVED = {
    "pending_receipt",
    "partially_received",
    "pending_billing_partially_received",
    "pending_billing",
}
"""Where an order stands that invoices may be matched with."""


class PurchaseOrderSink(AvidXchangeSink):
    """Submits approved orders, follows what comes of them and is billed, and closes them."""

    resource = "purchase_order"
    word = "purchase order"

    @cached_property
    def _is_taken(self) -> bool:
        return self.shared.client.takes(self.resource)

    @override
    def begin(self) -> None:
        if not self._is_taken:
            self.logger.warning("%s", APBridgeError("APB-TAX-091", profile=self.shared.client.profile.name))

    @override
    def completed(self, record: Record) -> Record:
        order = with_codes(record, PURCHASE_ORDER, self.shared)
        return {**order, "is_open": record.get("status") in _APPROVED}

    @override
    def content(self, record: Record) -> Any:
        return super().content(record) if self._is_taken else {"is_taken": False}

    @override
    def facts(self, record: Record) -> Mapping[str, Any]:
        # Of one that is deleted later nothing else is known.
        return {"order": record}

    @override
    def needs(self, record: Record) -> Iterator[Need]:
        if self._is_taken and record.get("status") in _APPROVED:
            yield from needs_of({**record, "lines": _coded(record["lines"])}, PURCHASE_ORDER, self.word)

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        if self._is_taken:
            super().prepare(records, rows)
            # Where no order is remembered, only AvidXchange knows whether it has one that is to be closed.
            if any("order" not in row.facts and row.status is not Status.IGNORED for row in rows.values()):
                self.look()
            self.shared.codes.refresh()

    @override
    def _shown(self, names: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        return {}

    @override
    def hold_upsert(self, record: Record, row: Row | None) -> None:
        """Hold closings back: that goods come and are billed changes many orders every day."""
        if record.get("status") not in _APPROVED:
            super().hold_upsert(record, row)

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        known = row.facts.get("order") if row else None
        if is_tombstone(record) and known:
            return super().deliver({**known, "status": "closed"}, row)
        is_there = bool(known) or self.remote_index.get(record["external_id"]) is not None
        if not self._is_taken or is_tombstone(record) or not (is_there or record.get("status") in _APPROVED):
            return Outcome.ignored()
        order = self.completed(record)
        coded = {**order, "lines": _coded(order["lines"])}
        if order["is_open"] and (missing := self.shared.codes.missing(coded, self.word, PURCHASE_ORDER)):
            return Outcome.waiting(missing)
        return super().deliver(record, row)


def _coded(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the lines that have an account: that of an item may not be shown."""
    return [line for line in lines if line.get("account_id") is not None]
