"""What is done for each record: payments are posted, invoices are looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from singer_sdk import Target
from typing_extensions import override

from apbridge.errors import APBridgeError, RejectedError, UnderWayError
from apbridge.ledger import RemoteFacts, Row
from apbridge.ledger.credits import CREDITS, credits_of_payments, credits_sent, read_kept
from apbridge.redaction import redact_text
from apbridge.schemas.payment import FACTS, SETTLED, UNDONE, VOIDED, Payment, require_status
from apbridge.singer import AcknowledgingSink, Action, Outcome, PartlyDeliveredError, Record, SinkContext
from target_netsuite_payments import check_images
from target_netsuite_payments.batch import Batch
from target_netsuite_payments.check_images import CheckImages
from target_netsuite_payments.done import Done
from target_netsuite_payments.headers import WAY, way
from target_netsuite_payments.known import Known
from target_netsuite_payments.parts import PARTS
from target_netsuite_payments.payment_facts import PaymentFacts
from target_netsuite_payments.settings import SYSTEM
from target_netsuite_payments.statuses import BillStatuses
from target_netsuite_payments.undoing import JOURNAL

_SINCE = "under_way_since"
_UNDER_WAY = frozenset({"APB-PAY-065", "APB-PAY-066", "APB-PAY-067"})
"""Codes of a payment that NetSuite had not decided about when it was looked at last."""


class PaymentsSink(AcknowledgingSink):
    """Posts settled payments and undoes those that AvidXchange voids; for all others it is too early."""

    _batch: Batch
    _payments: Mapping[str, str]

    def __init__(
        self,
        target: Target,
        stream: str,
        context: SinkContext,
        look_up: Callable[[Sequence[Payment], Known], Batch],
        patience: timedelta,
        *,
        facts: PaymentFacts,
        images: CheckImages | None,
    ) -> None:
        """Open the stream.

        Args:
            target: See `AcknowledgingSink`; so for `stream` and `context`.
            stream: The stream.
            context: What it knows of the run.
            look_up: Looks NetSuite's books up for some payments, given what the ledger knows of them.
            patience: How long NetSuite may take to decide about a payment.
            facts: What of AvidXchange's word is kept in fields of the vendor payment.
            images: What attaches images of cleared checks; None where none are to be.
        """
        super().__init__(target, stream, context)
        self._look_up = look_up
        self._patience = patience
        self._facts = facts
        self._images = images

    @override
    def content(self, record: Record) -> Any:
        content = {name: value for name, value in super().content(record).items() if name not in FACTS}
        if self._facts.fields and record["status"] == SETTLED:
            content["payment_facts"] = self._facts.of(Payment.from_record(record))
        if self._images and record["status"] == SETTLED:
            content[check_images.FACT] = self._images.content(record)
        return content

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        payments = [
            Payment.from_record(record)
            for record in records
            if _is_final(record) and not _is_outdated(record, rows.get(record["external_id"]))
        ]
        posted = {external_id: row.remote_id for external_id, row in rows.items() if row.remote_id}
        self._payments = {payment.external_id: payment.id for payment in payments}
        journals = {name: row.facts[JOURNAL] for name, row in rows.items() if JOURNAL in row.facts}
        ways = {name: row.facts[WAY] for name, row in rows.items() if WAY in row.facts}
        credits_known = {
            name: read_kept(row.facts[CREDITS]) for name, row in rows.items() if CREDITS in row.facts
        }
        ledger = self.context.ledger
        known = Known(
            posted,
            journals,
            ways,
            credits_known,
            lambda: credits_of_payments(ledger),
            lambda names: credits_sent(ledger, names),
            self._under_way,
        )
        parts = {name: row.facts[PARTS] for name, row in rows.items() if row.facts.get(PARTS)}
        self._batch = self._look_up(payments, known.with_parts(parts))

    def _under_way(self, external_ids: Iterable[str]) -> dict[str, set[str]]:
        """Return under which external ids vendor payments were sent for payments that may still arrive."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name, body in self.context.ledger.under_way(SYSTEM, external_ids):
            if "externalId" in body:
                found[name].add(body["externalId"])
        return found

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        require_status(record)
        if not _is_final(record):
            return Outcome.ignored()
        if _is_outdated(record, row):
            self.logger.warning("%s", APBridgeError("APB-PAY-090", payment=record["id"]))
            return Outcome.ignored()
        done = self._batch.carry_out(record["external_id"])
        if done.note:
            self.logger.info("Payment %s: %s", record["id"], done.note)
        facts = _facts(record, done)
        if row and check_images.FACT in row.facts:
            facts[check_images.FACT] = row.facts[check_images.FACT]
        if done.waits_for and not done.failed:
            facts[_SINCE] = self._under_way_since(record, row, done.waits_for)
            return Outcome.under_way(done.waits_for, done.remote_id, facts)
        return self._ended(record, row, done, facts)

    def _ended(self, record: Record, row: Row | None, done: Done, facts: dict[str, Any]) -> Outcome:
        """Return how a payment ends about which nothing is left to decide.

        Raises:
            PartlyDeliveredError: It is posted, and not all that AvidXchange tells beside is.
        """
        if done.remote_id is None:
            return Outcome.ignored(facts)
        try:
            if done.not_taken:
                raise done.not_taken
            # One check has one image, though it may be several vendor payments: the first has it.
            sha256 = self._attach_image(record, row, done.remote_id.partition(", ")[0])
        except RejectedError as rest:
            raise PartlyDeliveredError(RemoteFacts(done.remote_id, facts), rest) from rest
        if sha256:
            facts[check_images.FACT] = sha256
        action = done.action or (Action.UPDATED if sha256 else None)
        if action is None:
            return Outcome.unchanged(done.remote_id, facts)
        return Outcome.delivered(done.remote_id, facts, action)

    def _attach_image(self, record: Record, row: Row | None, remote_id: str) -> str | None:
        """Attach the image of a payment's cleared check and return its hash; None where nothing is to be.

        Raises:
            RejectedError: It cannot be.
        """
        # One of nothing is an application of credits: there is no vendor payment then.
        if self._images is None or record["status"] != SETTLED or not record["amount"]:
            return None
        image = self._images.missing(record, row)
        if image is None:
            return None
        sha256: str = image["sha256"]
        if not self.context.is_dry_run:
            body = {"id": remote_id, "name": image["name"], "size": image["size"], "sha256": sha256}
            with self.audited("attach check image", record["external_id"], body) as answer:
                answer.body = {"file": self._images.attach(record, image, remote_id)}
        return sha256

    def _under_way_since(self, record: Record, row: Row | None, waits_for: UnderWayError) -> str:
        """Return since when NetSuite has not decided about a payment.

        Raises:
            RejectedError: That is too long by now.
        """
        now = datetime.now(timezone.utc)
        # Of a void the days count from its own beginning, not from the payment's.
        is_same = row and row.code in _UNDER_WAY and _is_undone(row.facts) == _is_undone(record)
        known = row.facts.get(_SINCE) if row and is_same else None
        since = datetime.fromisoformat(known) if known else now
        if now - since >= self._patience:
            says, day = waits_for.says.rstrip("."), since.date().isoformat()
            raise RejectedError("APB-PAY-065", payment=record["id"], says=says, since=day)
        return since.isoformat()

    @override
    def conclude(self) -> Mapping[str, APBridgeError]:
        if self.context.is_dry_run:
            return {}  # nothing was changed that could be compared
        try:
            differences = self._batch.read_back()
        except APBridgeError as failure:
            says = failure.says.rstrip(".")
            self.logger.warning("%s", APBridgeError("APB-PAY-091", says=says))
            return {
                payment.record: UnderWayError("APB-PAY-079", payment=payment.id, says=says)
                for payment in self._batch.carried_out
            }
        for external_id, found in differences:
            if isinstance(found, UnderWayError):
                self.logger.info("%s", found)
                continue
            said = f"{found.says} {found.do}"
            self.logger.warning("Payment %s: %s [%s]", self._payments[external_id], said, found.code)
        return dict(differences)


class InvoicesSink(AcknowledgingSink):
    """Keeps in the ledger where AvidXchange's invoices stand; and in a field of the bill, if one is set."""

    def __init__(
        self, target: Target, stream: str, context: SinkContext, statuses: BillStatuses | None
    ) -> None:
        """Open the stream.

        Args:
            target: See `AcknowledgingSink`; so for `stream` and `context`.
            stream: The stream.
            context: What it knows of the run.
            statuses: What keeps the custom field of bills that the settings name; None where they name none.
        """
        super().__init__(target, stream, context)
        self._statuses = statuses

    @override
    def content(self, record: Record) -> Any:
        statuses = self._statuses
        content = super().content(record)
        # Once the setting is there, what was seen before without it is news.
        return {**content, "status_field": statuses.field} if statuses else content

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        if statuses := self._statuses:
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
        statuses = self._statuses
        change = statuses.needed(record) if statuses else None
        if statuses is None or change is None:
            return Outcome.ignored(facts)
        if self.context.is_dry_run:
            return Outcome.delivered(None, facts, Action.UPDATED)
        with self.audited("write status", record["external_id"], change) as answer:
            answer.body = {"id": statuses.write(record, change)}
        return Outcome.delivered(None, facts, Action.UPDATED)


def _is_final(record: Record) -> bool:
    return record["status"] == SETTLED or _is_undone(record)


def _is_undone(told: Mapping[str, Any]) -> bool:
    return told.get("status") in UNDONE


def _facts(record: Record, done: Done) -> dict[str, Any]:
    # An empty note takes back what an earlier run noted.
    facts: dict[str, Any] = {**done.facts, **({"note": done.note} if done.note else {})}
    if _is_undone(record):
        return {**facts, "status": record["status"]}
    return facts if done.remote_id is None else {**facts, WAY: way(Payment.from_record(record))}


def _is_outdated(record: Record, row: Row | None) -> bool:
    """Return whether another run has dealt with the payment's void meanwhile: a void is final."""
    return record["status"] == SETTLED and row is not None and row.facts.get("status") == VOIDED
