"""The writes: one vendor payment for a payment, undone at most once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from threading import Event
from typing import Any, NoReturn

from apbridge.errors import OutcomeUnknownError, RefusedError, RejectedError, SettingError
from apbridge.http import Idempotency
from apbridge.http.retry import FEW_TRIES, look_ups
from apbridge.ledger import Claims, Run
from apbridge.ledger.credits import COVERS, Pairs, kept
from apbridge.netsuite import NetSuite, restlet
from apbridge.schemas.payment import Payment
from apbridge.schemas.shares import BillShare
from apbridge.singer import Action
from target_netsuite_payments.amendments import Amendments
from target_netsuite_payments.books import Bill, NetSuiteBooks, Recorded
from target_netsuite_payments.checks import confirm
from target_netsuite_payments.credits import apply_body, patch_credit
from target_netsuite_payments.done import Done
from target_netsuite_payments.payment_facts import not_taken
from target_netsuite_payments.refusals import explained, is_vendor_refused
from target_netsuite_payments.settings import SYSTEM

RECORD_TYPE = "vendorPayment"

_UNDO_REFUSALS = {"deletion reason": "APB-PAY-073", "make journal entry": "APB-PAY-074"}
"""What NetSuite names when it does not let go of a payment → the sentence that says what to do."""


class Posting:
    """Writes vendor payments.

    NetSuite ignores idempotency keys on synchronous calls. What makes a payment one payment is its external
    id, which NetSuite keeps unique: after any doubt it is looked up, and a second one is refused. Its
    RCRD_HAS_BEEN_CHANGED is doubt too: it was seen when a write was repeated while the first one was still
    under way.

    Args:
        netsuite: The account.
        books: Looks up what a doubtful write did.
        run: Whose audit trail holds each write, before it is sent and after.
        claims: Which payment has which vendor payment that was recorded by hand.
        stop: When set, waits end and nothing is sent again: what is in doubt then, the next run looks up.
    """

    def __init__(
        self, netsuite: NetSuite, books: NetSuiteBooks, run: Run, claims: Claims, stop: Event
    ) -> None:
        self._netsuite = netsuite
        self._books = books
        self._run = run
        self._claims = claims
        self._stop = stop

    def post(
        self,
        payment: Payment,
        body: Mapping[str, Any],
        shares: Mapping[str, BillShare],
        bills: Sequence[Bill],
        amendments: Amendments,
    ) -> str:
        """Post a payment and return the vendor payment's internal id.

        Args:
            payment: What AvidXchange says.
            body: The vendorPayment to post.
            shares: What it pays on each bill.
            bills: The bills that it pays, with what is open on them before.
            amendments: What to send where NetSuite refuses the body.

        Raises:
            RejectedError: NetSuite does not take it, or holds another payment under its external id.
            SettingError: The role may not post payments.
            OutcomeUnknownError: Whether it is posted could not be found out.
        """
        # Each time after proof that the one before was not carried out.
        for _ in range(FEW_TRIES):
            doubt: OutcomeUnknownError | RefusedError
            try:
                return self._create(payment, body)
            except (OutcomeUnknownError, RefusedError) as failure:
                doubt = failure
            # After a refusal too: of a payment that is there already, NetSuite may say that it is a duplicate
            # or that its bills are paid.
            recorded = self._found(payment, patiently=isinstance(doubt, OutcomeUnknownError))
            if recorded is None:
                if isinstance(doubt, RefusedError):
                    if amended := amendments.after(body, doubt):
                        return self.post(payment, amended, shares, bills, amendments)
                    self._raise_final(payment, body, doubt, bills[0].vendor, amendments)
                if not self._stop.is_set():
                    if not self._have_changed(bills):
                        continue
                    recorded = self._found(payment, patiently=False)
            if recorded is None:
                break
            confirm(payment, shares, bills[0].vendor, recorded)
            return recorded.id
        else:
            # It is certain that nothing was posted. Where NetSuite itself said each time that it failed, it
            # would hold all other payments up to fail the run over this one.
            if doubt.facts.get("reason"):
                raise RejectedError("APB-PAY-053", payment=payment.id, words=doubt.facts["says"]) from doubt
        raise OutcomeUnknownError("APB-PAY-051", payment=payment.id, words=doubt.says) from doubt

    def claim(self, payment: Payment, recorded: Recorded) -> str:
        """Claim a vendor payment that somebody recorded by hand for a payment, over all processes.

        Returns:
            External id of the payment that has the claim; nobody else may link it.
        """
        return self._claims.claim(self._run.id, SYSTEM, recorded.id, payment.external_id)

    def give_up(self, payment: Payment, recorded: Recorded) -> None:
        """Drop the claim to a vendor payment that turns out to be another one."""
        self._claims.give_up(SYSTEM, recorded.id, payment.external_id)

    def link(self, payment: Payment, shares: Mapping[str, BillShare], recorded: Recorded) -> str:
        """Put our external id on a vendor payment that somebody recorded by hand, and change nothing else.

        By that it is known as this payment from then on, and as no other, whatever becomes of the ledger.

        Args:
            payment: What AvidXchange says.
            shares: What it pays on each bill.
            recorded: What is claimed for it, and has no external id.

        Returns:
            Internal id of the vendor payment that holds the external id.

        Raises:
            RejectedError: NetSuite does not take the external id.
        """
        body = {"externalId": payment.external_id}
        try:
            self._patch(payment, recorded.id, body, f"link payment {payment.id}")
        except RefusedError as refused:
            # Another process may have posted or linked it a moment before.
            found = self._found(payment, patiently=False)
            if found is None:
                raise RejectedError(
                    "APB-PAY-047", payment=payment.id, remote_id=recorded.id, words=refused.facts["says"]
                ) from refused
            confirm(payment, shares, recorded.vendor, found)
            return found.id
        return recorded.id

    def change(self, payment: Payment, recorded: Recorded, head: Mapping[str, Any]) -> None:
        """Change the head of a vendor payment, and nothing of what it pays.

        Args:
            payment: What AvidXchange says.
            recorded: What NetSuite holds.
            head: The fields to change.

        Raises:
            RejectedError: NetSuite does not take it.
        """
        try:
            self._patch(payment, recorded.id, head, f"change payment {payment.id}")
        except RefusedError as refused:
            facts = {"payment": payment.id, "remote_id": recorded.id, "fields": ", ".join(sorted(head))}
            raise RejectedError("APB-PAY-083", words=refused.facts["says"], **facts) from refused

    def delete(self, payment: Payment, recorded: Recorded, reason: str | None) -> None:
        """Delete a vendor payment; its bills are open again.

        Args:
            payment: What AvidXchange says.
            recorded: What NetSuite holds.
            reason: Internal id of the deletion reason that it is given first; None for none.

        Raises:
            RejectedError: NetSuite does not let go of it.
            OutcomeUnknownError: Whether it is gone could not be found out.
        """
        purpose = f"delete payment {payment.id}"
        memo = f"{payment.status} in AvidXchange: payment {payment.id}"
        why = {"deletionReason": {"id": reason}, "deletionReasonMemo": memo} if reason else {}

        def write() -> None:
            if why:
                self._netsuite.patch(RECORD_TYPE, recorded.id, why, purpose=purpose)
            self._netsuite.delete(RECORD_TYPE, recorded.id, purpose=purpose)

        self._undo(payment, recorded, {"id": recorded.id, **why}, purpose, write)

    def void(self, payment: Payment, recorded: Recorded) -> str:
        """Void a vendor payment through the RESTlet, and return what voids it: itself, or a journal.

        Its bills are open again, unless the journal waits for approval.

        Raises:
            RejectedError: NetSuite does not void it.
            OutcomeUnknownError: Whether it is voided could not be found out.
        """
        purpose = f"void payment {payment.id}"

        def write() -> str:
            body = {"action": "void", "payment": recorded.id}
            reads = partial(restlet.voided, payment=recorded.id)
            return self._netsuite.restlet(body, reads=reads, purpose=purpose, idempotency=Idempotency.ONCE)

        return self._undo(payment, recorded, {"id": recorded.id}, purpose, write) or recorded.id

    def tell(self, payment: Payment, done: Done, change: Mapping[str, str | None]) -> Done:
        """Change what a vendor payment holds of what AvidXchange tells beside it, and return what was done.

        Doing it twice is as doing it once. What NetSuite does not take leaves the payment as it is.
        """
        remote_id = str(done.remote_id)
        try:
            self._patch(payment, remote_id, change, f"tell of payment {payment.id}")
        except RefusedError as refused:
            return replace(done, not_taken=not_taken(payment, remote_id, ", ".join(change), refused))
        return replace(done, action=done.action or Action.UPDATED)

    def apply(self, payment: Payment, credit: str, totals: Mapping[str, Decimal], covers: Pairs) -> None:
        """Write what a credit is applied to, for a payment: all of it, so that twice is as once.

        Args:
            payment: What AvidXchange says.
            credit: Internal id of the credit.
            totals: What it is applied to each bill with then; nothing takes it off.
            covers: What of that is the payment's, for the trail: the ledger is written only afterwards.

        Raises:
            RefusedError: NetSuite does not take it.
            OutcomeUnknownError: It may or may not be done.
        """
        purpose = f"apply credits of payment {payment.id}"
        body = apply_body(totals)
        with self._run.audited(
            system=SYSTEM,
            operation=purpose,
            external_id=payment.record,
            body={"credit": credit, COVERS: kept(covers), **body},
        ):
            patch_credit(self._netsuite, credit, body, purpose)

    @property
    def is_stopping(self) -> bool:
        """Whether nothing is to be sent again."""
        return self._stop.is_set()

    def look_ups(self, doubt: Exception) -> Iterator[None]:
        """Wait before each look-up of a write in doubt; of one that was refused there is one, at once."""
        return look_ups(self._stop, 1 if isinstance(doubt, RefusedError) else None)

    def _patch(self, payment: Payment, remote_id: str, body: Mapping[str, Any], purpose: str) -> None:
        with self._run.audited(
            system=SYSTEM,
            operation=purpose,
            external_id=payment.record,
            body={"id": remote_id, **body},
        ):
            self._netsuite.patch(RECORD_TYPE, remote_id, body, purpose=purpose)

    def _create(self, payment: Payment, body: Mapping[str, Any]) -> str:
        purpose = f"post payment {payment.id}"
        with self._run.audited(
            system=SYSTEM, operation=purpose, external_id=payment.record, body=body
        ) as answer:
            remote_id = self._netsuite.create(RECORD_TYPE, body, purpose=purpose)
            answer.body = {"id": remote_id}
        return remote_id

    def _raise_final(
        self,
        payment: Payment,
        body: Mapping[str, Any],
        refused: RefusedError,
        vendor: str,
        amendments: Amendments,
    ) -> NoReturn:
        words = refused.facts["says"]
        if "approvalStatus" in body and "approvalstatus" in words.lower():
            raise RejectedError("APB-PAY-072", payment=payment.id, words=words) from refused
        if found := explained(payment, refused, amendments.closed_period):
            raise found from refused
        if is_vendor_refused(refused) and (name := self._books.inactive_vendor(vendor)):
            raise RejectedError("APB-PAY-039", payment=payment.id, vendor=vendor, name=name) from refused
        if refused.status == HTTPStatus.FORBIDDEN:
            raise SettingError("APB-PAY-003", words=words) from refused
        raise RejectedError("APB-PAY-050", payment=payment.id, words=words) from refused

    def _undo(
        self,
        payment: Payment,
        recorded: Recorded,
        body: Mapping[str, Any],
        purpose: str,
        write: Callable[[], str | None],
    ) -> str | None:
        # Each time after looks that show it as it was: voided twice, it may have two journals.
        for _ in range(FEW_TRIES):
            doubt: OutcomeUnknownError | RefusedError
            try:
                with self._run.audited(
                    system=SYSTEM,
                    operation=purpose,
                    external_id=payment.record,
                    body=body,
                ) as answer:
                    voided_by = write()
                    answer.body = {"voided_by": voided_by} if voided_by else None
                    return voided_by
            except (OutcomeUnknownError, RefusedError) as failure:
                doubt = failure
            for _ in look_ups(self._stop, 1 if isinstance(doubt, RefusedError) else None):
                now = self._found(payment, patiently=False)
                # A journal that it is applied to now may be the one that voids it, though NetSuite does not
                # tell.
                if now is None or now.is_voided or now.journals:
                    return None
                for journal in self._books.journals(of=[recorded.id]):
                    return journal.id
            if isinstance(doubt, RefusedError) or self._stop.is_set():
                break
        # Where NetSuite itself said each time that it failed, it would hold all other payments up to fail
        # the run over this one. That nothing was done is certain: the vendor payment is still there.
        lasts = doubt.facts.get("reason") and not self._stop.is_set()
        if not isinstance(doubt, RefusedError) and not lasts:
            raise doubt
        words = str(doubt.facts["says"]).lower()
        raise RejectedError(
            next((code for hint, code in _UNDO_REFUSALS.items() if hint in words), "APB-PAY-061"),
            payment=payment.id,
            status=payment.status,
            remote_id=recorded.id,
            words=doubt.facts["says"],
        ) from doubt

    def _found(self, payment: Payment, *, patiently: bool) -> Recorded | None:
        for _ in look_ups(self._stop, None if patiently else 1):
            recorded = self._books.posted([payment.external_id]).get(payment.external_id)
            if recorded is not None:
                return recorded
        return None

    def _have_changed(self, bills: Sequence[Bill]) -> bool:
        """Return whether something is applied to the bills that was not before: perhaps this payment."""
        now = self._books.bills(bill.id for bill in bills)
        return any(bill.id not in now or now[bill.id].unpaid != bill.unpaid for bill in bills)
