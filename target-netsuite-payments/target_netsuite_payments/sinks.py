"""What is done for each record: payments are posted, invoices are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from apbridge.errors import APBridgeError, RejectedError
from apbridge.ledger import Entry, Row, Status
from apbridge.redaction import redact_text
from apbridge.singer import AcknowledgingSink, Action, Kind, Outcome, Record
from target_netsuite_payments.payment import SETTLED, UNDONE, VOIDED, Payment
from target_netsuite_payments.portion import Portion

if TYPE_CHECKING:
    from target_netsuite_payments.target import TargetNetSuitePayments


class PaymentsSink(AcknowledgingSink):
    """Posts settled payments and undoes those that AvidXchange voids; for all others it is too early."""

    target: TargetNetSuitePayments
    _portion: Portion
    _records: dict[str, Record]
    _delivered: set[str]

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        payments = [
            Payment.from_record(record)
            for record in records
            if _is_final(record) and not _is_outdated(record, rows.get(record["external_id"]))
        ]
        posted = {external_id: row.remote_id for external_id, row in rows.items() if row.remote_id}
        self._records = {record["external_id"]: record for record in records}
        self._delivered = set()
        self._portion = self.target.portion(payments, posted)

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        if not _is_final(record):
            return Outcome.ignored()
        if _is_outdated(record, row):
            self.logger.warning("%s", APBridgeError("APB-PAY-090", payment=record["id"]))
            return Outcome.ignored()
        done = self._portion.carry_out(record["external_id"])
        if done.note:
            self.logger.info("Payment %s: %s", record["id"], done.note)
        # An empty one takes back what an earlier run noted.
        facts = {"note": done.note} if done.note else {}
        if record["status"] == VOIDED:
            facts["status"] = VOIDED
        if done.remote_id is None:
            return Outcome.ignored(facts)
        if done.action is None:
            return Outcome.unchanged(done.remote_id, facts)
        self._delivered.add(record["external_id"])
        return Outcome.delivered(done.remote_id, facts, done.action)

    @override
    def conclude(self) -> None:
        if self.target.is_dry_run:
            return  # nothing was changed that could be compared
        try:
            differences = self._portion.read_back()
        except APBridgeError as failure:
            self.logger.warning("%s", APBridgeError("APB-PAY-091", says=failure.says.rstrip(".")))
            return
        entries = [self._entry(*found) for found in differences.items()]
        self.target.ledger.write(self.target.run.id, self.target.system, entries)
        for entry in entries:
            self.logger.warning("Payment %s: %s [%s]", entry.source_id, entry.reason, entry.code)
            if entry.status is Status.REJECTED:
                self.target.tally.add(
                    self.stream_name,
                    entry.external_id,
                    Kind.REJECTED,
                    entry.reason,
                    instead_of=Kind.DELIVERED if entry.external_id in self._delivered else None,
                )

    def _entry(self, external_id: str, difference: APBridgeError) -> Entry:
        record = self._records[external_id]
        is_rejected = isinstance(difference, RejectedError)
        return Entry(
            self.stream_name,
            external_id,
            record["id"],
            self.judge(record),
            Status.REJECTED if is_rejected else Status.DELIVERED,
            acknowledged=not is_rejected,
            code=difference.code,
            reason=f"{difference.says} {difference.do}",
            payload=record,
        )


class InvoicesSink(AcknowledgingSink):
    """Keeps in the ledger where AvidXchange's invoices stand; and in a field of the bill, if one is set."""

    target: TargetNetSuitePayments

    @override
    def content(self, record: Record) -> Any:
        statuses = self.target.bill_statuses
        content = super().content(record)
        # Once the setting is there, what was seen before without it is news.
        return {**content, "status_field": statuses.field} if statuses else content

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        if statuses := self.target.bill_statuses:
            statuses.look_up(records)

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        status, typed = record["status"], record.get("status_reason")
        reason = redact_text(typed) if typed else None
        if status in {"rejected", "cancelled"}:
            self.logger.info(
                "Invoice %s is %s in AvidXchange: %s",
                record["external_id"],
                status,
                reason or "no reason given",
            )
        facts = {"status": status, "reason": reason}
        statuses = self.target.bill_statuses
        change = statuses.needed(record) if statuses else None
        if statuses is None or change is None:
            return Outcome.ignored(facts)
        if self.target.is_dry_run:
            return Outcome.delivered(None, facts, Action.UPDATED)
        with self.audited("write status", record["external_id"], change) as answer:
            answer.body = {"id": statuses.write(record, change)}
        return Outcome.delivered(None, facts, Action.UPDATED)


def _is_final(record: Record) -> bool:
    return record["status"] == SETTLED or record["status"] in UNDONE


def _is_outdated(record: Record, row: Row | None) -> bool:
    """Tell whether another run has dealt with the payment's void since this one read it: a void is final."""
    return record["status"] == SETTLED and row is not None and row.facts.get("status") == VOIDED
