"""Vendor credits: each is one credit in AvidXchange, for ever, over what a payment there may still use of it.

That is what NetSuite has left of it, and what payments of AvidXchange's own have used: a credit that somebody
applies in NetSuite by hand must not be used there once more, or the vendor is paid too little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from typing_extensions import override

from apbridge.avidxchange import Submission, fingerprint
from apbridge.errors import RefusedError, RejectedError
from apbridge.ledger import ChangeKind, Need, Row
from apbridge.ledger.run_history import RunHistory
from apbridge.schemas.identifiers import CREDIT
from apbridge.singer import Action, Outcome, Record
from apbridge.words import CREDIT_SUBMISSION, VOID
from target_avidxchange.brakes import CHANGED, held_credit, held_form
from target_avidxchange.documents import WithdrawnSink, needs_of
from target_avidxchange.dry_run import see_that_its_lines_sum
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.refusals import differences, facts_of, rejection
from target_avidxchange.remote import GONE, RemoteRecord
from target_avidxchange.sinks import source_of

_CENT = Decimal("0.01")
_DELETED = "it was deleted"
_APPLIED = "all of it was applied otherwise"
_SAID = "vendor credits are said to have no place in AvidXchange"


class VendorCreditSink(WithdrawnSink):
    """Submits vendor credits, corrects what changed, and takes back what no payment may use any more."""

    resource = "credit"
    word = "vendor credit"
    kind = CREDIT

    _named: str | None = None
    """The credit that says that the contract takes none."""

    @override
    def content(self, record: Record) -> Any:
        return {
            "credit": self.sent(record) if self.is_taken else None,
            "left": record.get("amount_available"),
            "withdrawn": because_of(record),
        }

    @override
    def needs(self, record: Record) -> Iterator[Need]:
        if self.is_taken and is_usable(record):
            yield from needs_of(self.stream_name, record)

    @override
    def prepare(self, records: Sequence[Record], rows: Mapping[str, Row]) -> None:
        super().prepare(records, rows)
        if not self.is_taken:
            self._name_one(records)

    def _name_one(self, records: Sequence[Record]) -> None:
        history = RunHistory(self.context.ledger)
        said = history.recall(_SAID)
        usable = [record["external_id"] for record in records if is_usable(record)]
        if said is None and usable:
            history.remember(_SAID, usable[0])
        self._named = said.value if said else next(iter(usable), None)

    @override
    def deliver(self, record: Record, row: Row | None) -> Outcome:
        name = record["external_id"]
        if not self.is_taken:
            if is_usable(record) and name == self._named:
                profile = self.shared.client.profile.name
                raise RejectedError("APB-TAX-063", **facts_of(record, left=_left(record)), profile=profile)
            return Outcome.ignored()
        # What payments use of it there is told by nothing else.
        there = self.remote_index.listed().get(name)
        known, because = self.known(record, row), because_of(record)
        if known is None:
            return self._submit(record, None, _left(record)) if is_usable(record) else Outcome.ignored()
        before = AcknowledgedInvoice.known(row)
        # What is used of one that was withdrawn, and that somebody has reopened there, is used once more.
        is_back = before is not None and before.is_withdrawn
        used = Decimal(0) if there is None or is_back else Decimal(there.amount_paid)
        wanted = _left(record) + min(_applied(record), used)
        if because or wanted <= 0:
            if because is None and is_back and there and there.status == "paid":
                raise self.still_there(record, there, _APPLIED, "a payment there has used all of it")
            return self._withdraw(record, known, there, because or _APPLIED)
        return self._submit(record, known, wanted)

    def _submit(self, record: Record, known: AcknowledgedInvoice | None, wanted: Decimal) -> Outcome:
        completed = self.completed(scaled(record, wanted))
        submission = self.shared.client.upsertion(self.resource, completed)
        credit, body = known or AcknowledgedInvoice(), fingerprint(submission.body)
        is_with_another = self.is_with_another(record, credit.sent_for)
        if credit.body == body and not is_with_another:
            sent_for = self.sent_for(record) or credit.sent_for
            return Outcome.unchanged(credit.remote_id, replace(credit, sent_for=sent_for).facts())
        if missing := self.shared.codes.missing(completed, self.word, CREDIT):
            return Outcome.waiting(missing)
        unscaled = self.completed(record)
        whole = fingerprint(self.shared.client.upsertion(self.resource, unscaled).body)
        source = source_of(unscaled)
        # What is applied of it otherwise goes at once: no filter does that, and it may be used once more.
        is_same = credit.whole == whole if credit.whole else credit.total != str(wanted)
        if credit.body and (is_with_another or not is_same):
            change = ChangeKind.CHANGE
            held = held_credit(change, record, CHANGED)
            if credit.source == source and not is_with_another:
                change, held = held_form(self.word, record)
            self.hold_back(change, record, credit.let_through, held)
        try:
            if self.context.is_dry_run:
                see_that_its_lines_sum(completed, submission.call.purpose)
            acknowledged = self.send(CREDIT_SUBMISSION, submission)
        except RefusedError as refused:
            if is_with_another:
                raise self.stays_with_another(refused, record, credit.sent_for) from refused
            if known and refused.facts["meaning"] == "locked":
                raise self._locked(record, known, wanted, submission, refused.facts["says"]) from refused
            raise rejection(refused, self.word, record) from refused
        action = Action.UPDATED if known else Action.CREATED
        sent = replace(
            credit,
            remote_id=acknowledged.remote_id or credit.remote_id,
            body=body,
            total=str(wanted),
            is_withdrawn=False,
            whole=whole,
            source=source,
            sent_for=self.sent_for(record),
        )
        facts = sent.facts() if acknowledged.is_proved else None
        return Outcome.delivered(sent.remote_id, facts, action, is_proved=acknowledged.is_proved)

    def _locked(
        self,
        record: Record,
        known: AcknowledgedInvoice,
        wanted: Decimal,
        submission: Submission,
        says: str,
    ) -> RejectedError:
        there = self.remote_index.listed(anew=True).get(record["external_id"])
        if there is not None and there.status not in GONE and wanted < Decimal(there.total):
            return self.still_there(record, there, "some of it was applied or taken back there", says)
        before = there.total if there else known.total
        return RejectedError(
            "APB-TAX-062",
            **facts_of(record, now=wanted, before=before),
            difference=differences(there.body if there else None, submission.body),
            says=says,
        )

    def _withdraw(
        self, record: Record, known: AcknowledgedInvoice, there: RemoteRecord | None, because: str
    ) -> Outcome:
        is_gone_there = there is None or there.status in GONE
        if known.is_withdrawn and is_gone_there:
            return Outcome.unchanged(known.remote_id, known.facts())
        if there is not None and there.status == "paid":
            if because in {_DELETED, VOID}:
                raise self._is_no_more(record, there, because)
            # All of it is used there: nothing is left to be used twice.
            return Outcome.unchanged(known.remote_id, known.facts())
        if because != _APPLIED and not known.is_withdrawn:
            held = held_credit(ChangeKind.WITHDRAW, record, because)
            self.hold_back(ChangeKind.WITHDRAW, record, known.let_through, held)
        withdrawn, is_proved = self.cancel(record, known, because)
        return Outcome.delivered(known.remote_id, withdrawn.facts(), Action.CANCELLED, is_proved=is_proved)

    @override
    def withdrawn_because(self, record: Record) -> str | None:
        return because_of(record) or (None if _left(record) > 0 else _APPLIED)

    @override
    def still_there(self, record: Record, there: RemoteRecord, because: str, says: str) -> RejectedError:
        left = Decimal(0) if because_of(record) else _left(record)
        facts = facts_of(there.called(record), left=left, total=there.total, used=there.amount_paid)
        found = RejectedError("APB-TAX-060", **facts, because=because, status=there.status, says=says)
        self.logger.error("%s", found)
        return found

    @override
    def missing(self, count: int, names: str) -> RejectedError:
        return RejectedError("APB-TAX-064", count=count, names=names)

    @override
    def reopened(self, count: int, names: str) -> RejectedError:
        return RejectedError("APB-TAX-065", count=count, names=names)

    @override
    def cancelled(self, count: int, names: str) -> RejectedError:
        return RejectedError("APB-TAX-066", count=count, names=names)

    def _is_no_more(self, record: Record, there: RemoteRecord, because: str) -> RejectedError:
        found = RejectedError("APB-TAX-061", **facts_of(record, used=there.amount_paid), because=because)
        self.logger.error("%s", found)
        return found


def because_of(credit: Record) -> str | None:
    """Return why no payment may use a credit; None where one may, or where all of it is applied."""
    if credit["is_deleted"]:
        return _DELETED
    if credit["is_eligible"] or credit.get("status") == "applied":
        return None
    return credit.get("ineligible_because") or "the settings do not allow its submission"


def is_usable(credit: Record) -> bool:
    """Return whether a payment may use something of a credit."""
    return because_of(credit) is None and _left(credit) > 0


def _left(credit: Record) -> Decimal:
    return Decimal(credit.get("amount_available") or 0)


def _applied(credit: Record) -> Decimal:
    return Decimal(credit.get("total") or 0) - _left(credit)


def scaled(credit: Record, wanted: Decimal) -> Record:
    """Return a credit over another total, its lines in the same proportions, to the cent.

    Lines that do not sum to the credit's own total stay as they are: AvidXchange is to say so.
    """
    total, lines = Decimal(credit.get("total") or 0), credit["lines"]
    if total in {wanted, Decimal(0)} or sum(Decimal(line["amount"]) for line in lines) != total:
        return {**credit, "total": wanted}
    before, so_far, told = Decimal(0), Decimal(0), []
    for line in lines:
        so_far += Decimal(line["amount"])
        until = (so_far * wanted / total).quantize(_CENT, ROUND_HALF_UP)
        # A quantity and a rate would give another amount.
        told.append({**line, "amount": until - before, "quantity": None, "rate": None})
        before = until
    return {**credit, "total": wanted, "lines": told}
