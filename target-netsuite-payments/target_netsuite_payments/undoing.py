"""Undoing vendor payments in whichever way the account allows, until the bills are open again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from apbridge.errors import RejectedError, UnderWayError
from apbridge.netsuite.payment_status import FINAL, REFUSED, describe
from apbridge.netsuite.void_journals import Journal
from apbridge.schemas.payment import Payment
from apbridge.singer import Action
from target_netsuite_payments.books import Bill, NetSuiteBooks, Recorded
from target_netsuite_payments.done import Done
from target_netsuite_payments.headers import signature
from target_netsuite_payments.posting import Posting
from target_netsuite_payments.rules import PostingRules

JOURNAL = "journal"
"""Name of the fact that tells which journal is to void a payment."""


class Undoing:
    """Undoes what AvidXchange has voided.

    Making it looks up the journals that were made to void these payments.

    Args:
        books: Reads NetSuite.
        posting: Writes to it.
        rules: The settings.
        payments: What is to be undone and stands, by external id.
        journals: The journal that the ledger knows to be made for it, by external id.
        release: Takes the credits of a payment off its bills. It goes before what undoes the payment, so that
            a run that is killed between them finds the payment, and goes on.
    """

    def __init__(  # noqa: PLR0917 - who reads and writes, and what is known
        self,
        books: NetSuiteBooks,
        posting: Posting,
        rules: PostingRules,
        payments: Mapping[str, Recorded],
        journals: Mapping[str, str],
        release: Callable[[Payment, Recorded], None],
    ) -> None:
        self._books = books
        self._posting = posting
        self._rules = rules
        self._release = release
        self._known = {name: journals[name] for name in payments if name in journals}
        found = books.journals(of=[one.id for one in payments.values()], ids=self._known.values())
        self._by_id = {journal.id: journal for journal in found}
        self._of_payment: defaultdict[str, dict[str, Journal]] = defaultdict(dict)
        for journal in found:
            if journal.payment:
                self._of_payment[journal.payment][journal.id] = journal

    def undo(self, payment: Payment, recorded: Recorded, bills: Mapping[str, Bill]) -> Done:
        """Undo a vendor payment, or look what has become of that.

        Args:
            payment: What AvidXchange says.
            recorded: What NetSuite holds.
            bills: The bills that it pays, as they are now.

        Raises:
            RejectedError: A person has to.
            OutcomeUnknownError: Whether it is undone could not be found out.
        """
        facts = {"payment": payment.id, "status": payment.status, "remote_id": recorded.id}
        made = self._made_for(payment, recorded)
        if recorded.is_voided:
            _raise_if_voided_again(made, facts)
            if any(bill in bills and bills[bill].unpaid < off for bill, off in recorded.applied.items()):
                raise RejectedError("APB-PAY-063", **facts)
            self._release(payment, recorded)
            note = f"{payment.status} in AvidXchange, and voided in NetSuite already"
            return Done(recorded.id, note=note)
        if not recorded.memo.startswith(signature(payment)):
            raise RejectedError("APB-PAY-062", **facts)
        if made:
            return self._look(payment, recorded, made)
        refused = REFUSED.get(recorded.status)
        if refused and not recorded.applied:
            note = f"{payment.status} in AvidXchange, and {refused} in NetSuite: it pays no bill there"
            return Done(recorded.id, note=note)
        if recorded.journals:
            raise RejectedError("APB-PAY-076", journals=_listed(recorded.journals), **facts)
        if self._rules.on_void == "reject":
            raise RejectedError("APB-PAY-060", **facts)
        note = f"{payment.status} in AvidXchange: vendor payment {recorded.id} undone"
        done = Done(recorded.id, Action.CANCELLED, note)
        if self._rules.on_void == "delete":
            self._release(payment, recorded)
            self._posting.delete(payment, recorded, self._rules.deletion_reason)
            return done
        return self._void(payment, recorded, done)

    def _void(self, payment: Payment, recorded: Recorded, done: Done) -> Done:
        if not recorded.applied:
            facts = {"payment": payment.id, "status": payment.status, "remote_id": recorded.id}
            if recorded.status not in FINAL:
                raise RejectedError("APB-PAY-077", standing=describe(recorded.status), **facts)
            # A journal may have reversed it of which NetSuite does not tell.
            raise RejectedError("APB-PAY-071", **facts)
        self._release(payment, recorded)
        voided_by = self._posting.void(payment, recorded)
        if voided_by == recorded.id:
            return done
        found = self._books.journals(of=[recorded.id], ids=[voided_by])
        # What is not shown yet is kept as one that waits, so that the next run makes no second one.
        unseen = Journal(voided_by, recorded.id, is_pending=True, is_rejected=False)
        made = {voided_by: unseen, **{journal.id: journal for journal in found}}
        return self._look(payment, recorded, list(made.values()), done)

    def _made_for(self, payment: Payment, recorded: Recorded) -> list[Journal]:
        """Return the journals that were made to void a payment; one that is gone counts as rejected."""
        made = dict(self._of_payment[recorded.id])
        if known := self._known.get(payment.external_id):
            made[known] = self._by_id.get(known) or _gone(known)
        return list(made.values())

    def _look(
        self, payment: Payment, recorded: Recorded, made: Collection[Journal], done: Done | None = None
    ) -> Done:
        """Look what has become of the journals that were made to void a payment.

        Args:
            payment: What AvidXchange says.
            recorded: What NetSuite holds.
            made: The journals.
            done: What to say where they have been carried out just now.
        """
        facts = {"payment": payment.id, "status": payment.status, "remote_id": recorded.id}
        standing = [journal for journal in made if not journal.is_rejected]
        names = _listed(journal.id for journal in standing or made)
        if len(standing) > 1:
            raise RejectedError("APB-PAY-069", journals=names, **facts)
        if not standing:
            raise RejectedError("APB-PAY-068", journal=names, **facts)
        kept = {JOURNAL: names}
        if standing[0].is_pending:
            waits = UnderWayError("APB-PAY-067", journal=names, **facts)
            return Done(recorded.id, waits_for=waits, facts=kept)
        if done:
            return Done(recorded.id, done.action, done.note, facts=kept)
        if recorded.applied:
            raise RejectedError("APB-PAY-063", **facts)
        note = f"{payment.status} in AvidXchange: vendor payment {recorded.id} voided by journal {names}"
        return Done(recorded.id, Action.CANCELLED, note, facts=kept)


def stands(recorded: Recorded, before: Mapping[str, Bill], now: Mapping[str, Bill]) -> bool:
    """Return whether a payment still counts, be it that it is voided and a bill is not open again."""
    return not recorded.is_voided or any(
        applied and bill in now and now[bill].unpaid < before[bill].unpaid
        for bill, applied in recorded.applied.items()
    )


def _raise_if_voided_again(made: Iterable[Journal], facts: Mapping[str, str]) -> None:
    """Raise where several journals void a payment, or one more does when it is approved."""
    standing = [journal for journal in made if not journal.is_rejected]
    if pending := [journal.id for journal in standing if journal.is_pending]:
        raise RejectedError("APB-PAY-078", journals=_listed(pending), **facts)
    if len(standing) > 1:
        raise RejectedError("APB-PAY-069", journals=_listed(journal.id for journal in standing), **facts)


def _listed(journals: Iterable[str]) -> str:
    return ", ".join(sorted(journals, key=int))


def _gone(journal: str) -> Journal:
    """Return a journal that NetSuite does not show any more: nobody can approve it."""
    return Journal(journal, None, is_pending=False, is_rejected=True)
