"""Bills: each is one invoice in AvidXchange, for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from typing_extensions import override

from apbridge.avidxchange import Acknowledged, Submission, fingerprint
from apbridge.errors import APBridgeError, OvertakenError, RefusedError, RejectedError
from apbridge.ledger import Need, RemoteFacts, Row, Status
from apbridge.schemas.identifiers import BILL, name_of
from apbridge.singer import Action, Outcome, PartlyDeliveredError, Record
from apbridge.singer.sink import content_hash
from apbridge.words import SUBMISSION
from target_avidxchange.brakes import hold_correction, hold_withdrawal
from target_avidxchange.credited import credited, is_overpaid, less_credits, stands, without_credits
from target_avidxchange.documents import WithdrawnSink, needs_of
from target_avidxchange.dry_run import see_that_its_lines_sum
from target_avidxchange.forerunners import Forerunners
from target_avidxchange.images import Choice, Image, check, choose, content
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.ours import OurApplications
from target_avidxchange.refusals import differences, facts_of, image_not_taken, rejection
from target_avidxchange.remote import GONE, RemoteRecord
from target_avidxchange.settled import (
    rest_is_unpaid,
    see_that_it_was_not_lowered,
    see_that_only_credits_have_settled,
    see_that_our_payments_stand,
    see_that_the_rest_is_a_discount,
    was_lowered,
)
from target_avidxchange.sinks import source_of
from target_avidxchange.withdrawal import (
    Withdrawal,
    is_paid_by_us,
    our_payments,
    possible_discount,
    settled_otherwise,
    withdrawal,
)


class BillSink(WithdrawnSink):
    """Submits bills, corrects what changed, and takes back what AvidXchange must no longer pay."""

    resource = "invoice"
    word = "bill"
    kind = BILL

    # What a record is

    @override
    def completed(self, record: Record) -> Record:
        return super().completed(less_credits(record))

    @override
    def content(self, record: Record) -> Any:
        """Leave out what our own payments change: what is open, whether it is paid; not which they are."""
        return self._content(record, our_payments(record))

    def _content(self, record: Record, ours: Sequence[str]) -> Mapping[str, Any]:
        gone = withdrawal(record)
        choice = choose(record["images"], self.shared.client.image_rules)
        rest = possible_discount(record)
        return {
            "invoice": self.sent(record),
            "withdrawn": gone.because if gone else None,
            "images": [image["sha256"] for image in choice.sent],
            "unfit": [image["sha256"] for image in choice.unfit],
            **({"rest": str(rest)} if rest else {}),
            **({"ours": list(ours)} if ours else {}),
        }

    @override
    def noted(self, record: Record, row: Row) -> Mapping[str, Any] | None:
        """Remember which payments of ours there are, where nothing else of the bill has changed."""
        known, ours = AcknowledgedInvoice.known(row), our_payments(record)
        if known is None or row.status is not Status.DELIVERED or {*known.ours} - {*ours}:
            return None
        is_all = content_hash(self._content(record, known.ours)) == row.content_hash
        return replace(known, ours=ours).facts() if is_all else None

    @override
    def needs(self, record: Record) -> Iterator[Need]:
        if withdrawal(record) or is_paid_by_us(record):
            return
        yield from needs_of(self.stream_name, record)

    # What the ledger knows

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        self._ours.name_in(records)
        super().prepare(records, rows)
        self._forerunners.prepare(records, rows)

    @cached_property
    def _forerunners(self) -> Forerunners:
        return Forerunners(self.context.ledger, self.context.system, self.stream_name, self.remote_index)

    @cached_property
    def _ours(self) -> OurApplications:
        return OurApplications(self.context.ledger)

    @override
    def missing(self, count: int, names: str) -> RejectedError:
        return RejectedError("APB-TAX-031", count=count, names=names)

    @override
    def reopened(self, count: int, names: str) -> RejectedError:
        return RejectedError("APB-TAX-032", count=count, names=names)

    @override
    def cancelled(self, count: int, names: str) -> RejectedError:
        return RejectedError("APB-TAX-070", count=count, names=names)

    # What is done

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        there = self.remote_index.get(record["external_id"])
        known = self.known(record, row)
        gone = withdrawal(record)
        if known and gone:
            # That a withdrawn one lives again may have been listed after the row was read.
            lives = there is not None and there.status not in GONE
            # Whoever has cancelled it: AvidXchange may keep the reason of the first.
            is_done = there is not None and there.status == "cancelled" and not (row and row.content_hash)
            is_withdrawn = is_done or (known.is_withdrawn and not lives)
            return self._withdraw(record, replace(known, is_withdrawn=is_withdrawn), gone)
        if known:
            see_that_our_payments_stand(record, known, self.remote_index, self.context.ledger)
            see_that_the_rest_is_a_discount(record, self.remote_index)
            if is_paid_by_us(record):
                if needs := self.undecided(record, known.sent_for):
                    return Outcome.waiting(*needs)
                if self.is_with_another(record, known.sent_for):
                    raise self.was_paid_to_another(record, known.sent_for)
            sent_for = known.sent_for or self.sent_for(record)
            known = replace(known, ours=our_payments(record), sent_for=sent_for)
            if credited(record):
                return self._correct(record, known)
        # Of one that was lowered to what is paid of it, AvidXchange may have more to pay yet.
        if known and is_paid_by_us(record) and not self._is_to_be_lowered(record, known):
            see_that_it_was_not_lowered(record, known)
            return Outcome.unchanged(known.remote_id, known.facts())
        if not known and not record["is_eligible"]:
            return Outcome.ignored()
        return self._submit(record, known)

    def _is_to_be_lowered(self, record: Record, known: AcknowledgedInvoice) -> bool:
        return was_lowered(record, known) and is_overpaid(record, self.remote_index)

    def _correct(self, record: Record, known: AcknowledgedInvoice) -> Outcome:
        """Bring an invoice to what credits leave of its bill; where that cannot be, withdraw it."""
        is_right = not self.is_with_another(record, known.sent_for)
        if is_right and stands(record, self._whole(record), known, self.remote_index):
            see_that_it_was_not_lowered(record, known)
            return Outcome.unchanged(known.remote_id, known.facts())
        try:
            return self._submit(record, known)
        except RejectedError as refused:
            is_to_withdraw = known.is_withdrawn or is_overpaid(record, self.remote_index)
            if refused.code == "APB-TAX-022" or not is_to_withdraw:
                raise
            self.logger.warning("%s", refused)
            return self._withdraw(record, known, settled_otherwise(record))

    def _submit(self, record: Record, known: AcknowledgedInvoice | None) -> Outcome:
        completed = self.completed(record)
        if known is None:
            see_that_only_credits_have_settled(record)
            if forerunner := self._forerunners.wait(record, completed["vendor_external_id"]):
                return Outcome.waiting(forerunner)
        submission = self.shared.client.upsertion(self.resource, completed)
        body = fingerprint(submission.body)
        invoice = known or AcknowledgedInvoice()
        action = Action.UPDATED if known else Action.CREATED
        is_sent = invoice.body != body or self.is_with_another(record, invoice.sent_for)
        if is_sent and (missing := self.shared.codes.missing(completed, self.word, BILL)):
            return Outcome.waiting(missing)
        choice = choose(record["images"], self.shared.client.image_rules)
        # Of what stands as it was sent, a ledger that was lost does not know for which credits.
        invoice = self._to_be(record, completed, replace(invoice, body=body))
        if known:
            hold_correction(self, record, known, invoice, choice)
        if is_sent:
            acknowledged = self._upsert(completed, known, submission)
            if not acknowledged.is_proved:
                return Outcome.delivered(acknowledged.remote_id, None, action, is_proved=False)
            invoice = replace(invoice, remote_id=acknowledged.remote_id or invoice.remote_id)
        return self._picture(record, invoice, choice, action if is_sent else None)

    def _picture(
        self, record: Record, invoice: AcknowledgedInvoice, choice: Choice, done: Action | None
    ) -> Outcome:
        """Send the pictures that an invoice lacks, after what was done to itself."""
        try:
            pictured = self._send_images(record, invoice, choice)
        except OvertakenError:
            raise
        except APBridgeError as found:
            # The invoice is there, whatever becomes of its image.
            raise PartlyDeliveredError(RemoteFacts(invoice.remote_id, invoice.facts()), found) from found
        if pictured is None:
            return Outcome.delivered(invoice.remote_id, None, done or Action.UPDATED, is_proved=False)
        if done is None and pictured == invoice:
            return Outcome.unchanged(pictured.remote_id, pictured.facts())
        return Outcome.delivered(pictured.remote_id, pictured.facts(), done or Action.UPDATED)

    def _to_be(self, record: Record, completed: Record, invoice: AcknowledgedInvoice) -> AcknowledgedInvoice:
        taken_off = credited(record)
        return replace(
            invoice,
            source=source_of(completed),
            sent_for=self.sent_for(record) or invoice.sent_for,
            total=str(completed.get("total")),
            is_withdrawn=False,
            credited=str(taken_off) if taken_off else None,
            whole=self._whole(record) if taken_off else None,
        )

    def _whole(self, record: Record) -> str:
        """Return the fingerprint of what would be sent for a bill without the credits applied to it."""
        whole = self.completed(without_credits(record))
        return fingerprint(self.shared.client.upsertion(self.resource, whole).body)

    def _upsert(
        self, record: Record, known: AcknowledgedInvoice | None, submission: Submission
    ) -> Acknowledged:
        try:
            if self.context.is_dry_run:
                see_that_its_lines_sum(record, submission.call.purpose)
            return self.send(SUBMISSION, submission)
        except RefusedError as refused:
            raise self._not_taken(refused, record, known, submission) from refused

    def _not_taken(
        self, refused: RefusedError, record: Record, known: AcknowledgedInvoice | None, submission: Submission
    ) -> RejectedError:
        if known and self.is_with_another(record, known.sent_for):
            return self.stays_with_another(refused, record, known.sent_for)
        if refused.facts["meaning"] != "locked" or known is None:
            return rejection(refused, "bill", record)
        there = self.remote_index.listed().get(record["external_id"])
        return RejectedError(
            "APB-TAX-022" if known.is_withdrawn else "APB-TAX-021",
            **facts_of(record, now=record.get("total"), before=known.total),
            difference=differences(there.body if there else None, submission.body),
            says=refused.facts["says"],
        )

    def _send_images(
        self, record: Record, invoice: AcknowledgedInvoice, choice: Choice
    ) -> AcknowledgedInvoice | None:
        """Send the pictures that the invoice lacks; None where an answer does not say that it has one now."""
        client = self.shared.client
        check(choice, client.image_rules, record)
        for image in choice.sent:
            if image["sha256"] in invoice.images:
                continue
            with self.shared.room.of(client.image_rules.bytes_held(image["size"])):
                acknowledged = self._send_image(record, invoice, image)
            if not acknowledged.is_proved:
                return None
            if choice.left:
                left = ", ".join(str(one["name"]) for one in choice.left)
                self.logger.warning("%s", APBridgeError("APB-TAX-090", name=name_of(record), images=left))
        return replace(invoice, images=tuple(image["sha256"] for image in choice.sent) or invoice.images)

    def _send_image(self, record: Record, invoice: AcknowledgedInvoice, image: Image) -> Acknowledged:
        facts = {name: image[name] for name in ("name", "media_type", "size", "sha256")}
        may_ask = not self.context.is_dry_run
        submission = self.shared.client.image(
            record["external_id"],
            facts,
            # Of what goes in another form the bytes themselves are not kept while that is sent.
            content(self.shared.spool_url, image, record, may_ask=may_ask),
            invoice.remote_id,
        )
        try:
            return self.send("send image", submission, facts)
        except RefusedError as refused:
            raise image_not_taken(refused, record, image) from refused

    def _withdraw(self, record: Record, known: AcknowledgedInvoice, gone: Withdrawal) -> Outcome:
        # Of what others have settled a part of, AvidXchange would pay all; now nobody pays the rest.
        rest = rest_is_unpaid(record, gone) if record["is_eligible"] else None
        if known.is_withdrawn:
            if rest:
                raise PartlyDeliveredError(RemoteFacts(known.remote_id, known.facts()), rest)
            return Outcome.unchanged(known.remote_id, known.facts())
        hold_withdrawal(self, record, known, gone)
        withdrawn, is_proved = self.cancel(record, known, gone.because)
        if rest and is_proved:
            raise PartlyDeliveredError(RemoteFacts(known.remote_id, withdrawn.facts()), rest)
        return Outcome.delivered(known.remote_id, withdrawn.facts(), Action.CANCELLED, is_proved=is_proved)

    @override
    def withdrawn_because(self, record: Record) -> str | None:
        gone = withdrawal(record)
        return gone.because if gone else None

    @override
    def still_there(self, record: Record, there: RemoteRecord, because: str, says: str) -> RejectedError:
        due = 0 if record["is_deleted"] else record.get("amount_due")
        facts = facts_of(there.called(record), open=due, total=there.total, paid=there.amount_paid)
        found = RejectedError("APB-TAX-030", **facts, because=because, status=there.status, says=says)
        self.logger.error("%s", found)
        return found
