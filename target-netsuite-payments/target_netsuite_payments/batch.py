"""One batch of payments: looked up in bulk, each checked and posted, then read back in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from threading import Lock

from apbridge.errors import APBridgeError, RejectedError, UnderWayError
from apbridge.schemas.identifiers import VENDOR, internal_id
from apbridge.schemas.payment import Payment
from apbridge.schemas.shares import BillShare, closed_by, on_bills, shares_named, shares_of
from apbridge.singer import Action
from target_netsuite_payments.amendments import Amendments
from target_netsuite_payments.applying import Applying
from target_netsuite_payments.bill_details import complete
from target_netsuite_payments.books import Bill, NetSuiteBooks, Recorded
from target_netsuite_payments.by_hand import RecordedByHand, another, numbers_of, same
from target_netsuite_payments.captured import not_posted
from target_netsuite_payments.checks import (
    balance_difference,
    check_vendor,
    confirm,
    covered_by_credits,
    draft,
    paid_bills,
    under_way,
)
from target_netsuite_payments.credits import credits_used
from target_netsuite_payments.done import Done
from target_netsuite_payments.groups import in_groups
from target_netsuite_payments.headers import changes
from target_netsuite_payments.known import Known
from target_netsuite_payments.parts import Parts
from target_netsuite_payments.posting import Posting
from target_netsuite_payments.rules import PostingRules
from target_netsuite_payments.undoing import Undoing, stands

_LINKED = "recorded by hand as vendor payment {}, which has our external id now: nothing is posted"
_FOLLOWED = "vendor payment {} follows what AvidXchange has changed: {}"


@dataclass
class _Group:
    """Payments that touch the same bills, in the order to handle them."""

    payments: list[Payment]
    results: dict[str, Done | APBridgeError] = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)


class Batch:
    """Brings NetSuite's books in line with a batch of payments.

    Payments that touch the same bill are handled one after the other: NetSuite refuses two changes of a bill
    at a time, and what is open for the second depends on the first. All others may run side by side.

    Making it looks NetSuite's books up; `Bill.unpaid` follows what is applied from then on.

    Args:
        books: Reads NetSuite.
        posting: Writes to it.
        rules: The settings.
        payments: Settled or undone.
        known: What the ledger knows of them.

    Raises:
        UnavailableError: NetSuite's books could not be read.
    """

    def __init__(
        self,
        books: NetSuiteBooks,
        posting: Posting,
        rules: PostingRules,
        payments: Sequence[Payment],
        known: Known,
    ) -> None:
        self._books = books
        self._posting = posting
        self._rules = rules
        self._known = known
        payments = [on_bills(payment) for payment in payments]
        # Bills first: what another process posts while this one reads is then found as posted, and not taken
        # for a bill that something else has paid.
        self._bills = books.bills(bill for payment in payments for bill in closed_by(payment, rules.account))
        self._parts = Parts(payments, self._bills, rules.account, known)
        self._applying = Applying(books, posting, rules, payments, known)
        names = [payment.external_id for payment in payments]
        self._posted = books.posted(names, rules.facts.kinds, parts_of=self._parts.possible)
        payments = self._parts.apart(payments, self._posted)
        applied = {bill for recorded in self._posted.values() for bill in recorded.applied}
        self._bills |= books.bills(applied - self._bills.keys())
        standing = {
            name: self._posted[name]
            for payment in payments
            if payment.is_undone and (name := payment.external_id) in self._posted
        }
        self._undoing = Undoing(books, posting, rules, standing, known.journals, self._release)
        new = [payment for payment in payments if payment.external_id not in self._posted]
        paid = {bill for one in new if not one.is_undone for bill in closed_by(one, rules.account)}
        self._in_parts = complete(self._bills, paid & self._bills.keys(), rules.as_on_bill, books)
        numbers = numbers_of(payments, self._posted, known.ways)
        self._by_hand = RecordedByHand(books.numbered(numbers), rules)
        # What is posted on another day than it has now may move, too.
        days = {name: recorded.day for name, recorded in self._posted.items()}
        settled = [payment for payment in payments if not payment.is_undone]
        dates = [one.paid_on for one in settled if one.paid_on and days.get(one.external_id) != one.paid_on]
        self._periods = books.periods(min(dates)) if dates else []
        self._groups = {
            payment.external_id: group
            for group in map(_Group, in_groups(payments, self._touched_by))
            for payment in group.payments
        }
        self._changed: dict[str, list[str]] = {}
        self._written: dict[str, Payment] = {}
        self._undone: dict[str, tuple[Payment, Recorded]] = {}
        self._applied: list[Payment] = []

    def carry_out(self, external_id: str) -> Done:
        """Post a payment or undo it, once, after those that it must wait for. Thread-safe.

        Raises:
            RejectedError: It does not fit the books.
            OutcomeUnknownError: What became of it, or of one that it must wait for, could not be found out.
        """
        return self._parts.carry_out(external_id, self._carry_out)

    def _check_parts(self, payment: Payment) -> None:
        """Make sure that all parts of a payment fit the books before the first is posted."""
        parts = self._parts.of(payment.record)
        if any(part.external_id in self._posted or part.external_id in self._written for part in parts):
            return
        for part in parts:
            shares = shares_of(part, self._rules.account)
            bills = paid_bills(part, shares, self._bills)
            if not self._by_hand.of(part, bills):
                draft(part, shares, bills, self._periods, self._rules)

    def _carry_out(self, external_id: str) -> Done:
        group = self._groups[external_id]
        with group.turn:
            for payment in group.payments:
                if payment.external_id not in group.results:
                    group.results[payment.external_id] = self._result(payment)
                result = group.results[payment.external_id]
                if isinstance(result, APBridgeError) and not isinstance(result, RejectedError):
                    raise result
                if payment.external_id == external_id:
                    break
        if isinstance(result, APBridgeError):
            raise result
        return result

    @property
    def carried_out(self) -> list[Payment]:
        """The payments that were posted, linked or undone, or whose credits were applied or taken off."""
        undone = (payment for payment, _ in self._undone.values())
        return list(
            {each.external_id: each for each in (*self._written.values(), *undone, *self._applied)}.values()
        )

    def read_back(self) -> list[tuple[str, APBridgeError]]:
        """Compare what was posted and undone, and what is open on the changed bills, with what should be.

        Returns:
            What differs, with the external id of each payment concerned, what decides about a payment last: a
            `RejectedError` where NetSuite holds it otherwise than it was sent, or still holds what was
            undone; an `UnderWayError` where it is not final yet.

        Raises:
            UnavailableError: NetSuite's books could not be read.
        """
        found: list[tuple[str, APBridgeError]] = []
        bills = self._books.bills(self._changed)
        recorded = self._books.posted(self._written)
        for number, external_ids in self._changed.items():
            # What is not approved may not be taken off yet.
            pending = sum(
                shares_of(self._written[name], self._rules.account)[number].closes
                for name in external_ids
                if name in recorded and name in self._written and not recorded[name].applied
            )
            if difference := balance_difference(self._bills[number], bills.get(number), pending):
                found += [(external_id, difference) for external_id in external_ids]
        found += self._applying.differences()
        for external_id, payment in self._written.items():
            now = recorded.get(external_id)
            if differs := self._contradiction(payment, now) or not_posted(payment, now):
                found.append((external_id, differs))
        left = self._books.payments(undone.id for _, undone in self._undone.values())
        for external_id, (payment, undone) in self._undone.items():
            if (still := left.get(undone.id)) and stands(still, self._bills, bills):
                facts = {"payment": payment.id, "status": payment.status, "remote_id": still.id}
                found.append((external_id, RejectedError("APB-PAY-063", **facts)))
        return self._parts.together(found)

    def _contradiction(self, payment: Payment, recorded: Recorded | None) -> APBridgeError | None:
        try:
            return self._confirm(payment, recorded)
        except RejectedError as rejected:
            return rejected

    def _confirm(self, payment: Payment, recorded: Recorded | None) -> UnderWayError | None:
        account = self._rules.account
        if recorded is None:
            raise RejectedError("APB-PAY-044", payment=payment.id)
        shares = shares_of(payment, account)
        confirm(payment, shares, internal_id(payment.vendor, account, VENDOR), recorded)
        if credits_used(payment, account):
            self._applying.standing(payment, shares, recorded)
        return under_way(payment, recorded)

    def _touched_by(self, payment: Payment) -> list[str]:
        recorded = self._posted.get(payment.external_id)
        # Parts of one payment go together.
        every = self._parts.of(payment.record) or [payment]
        named = [bill for part in every for bill in closed_by(part, self._rules.account)]
        used = credits_used(payment, self._rules.account)
        return list(dict.fromkeys([*named, *used, *(recorded.applied if recorded else ())]))

    def _result(self, payment: Payment) -> Done | APBridgeError:
        try:
            self._parts.check_known(payment)
            if payment.is_undone:
                done = self._undo(payment)
                self._by_hand.refuse_left_out(payment)
                return done
            self._check_parts(payment)
            return self._post(payment)
        except APBridgeError as failure:
            return failure

    def _post(self, payment: Payment) -> Done:
        account = self._rules.account
        shares = shares_of(payment, account)
        recorded = self._posted.get(payment.external_id)
        self._applying.refuse_changed(payment, is_posted=recorded is not None)
        if recorded is not None:
            done = self._follow(payment, shares, recorded, self._confirm(payment, recorded))
            done = self._tell(payment, done, recorded.custom)
            return replace(done, not_taken=done.not_taken or not_posted(payment, recorded))
        bills = paid_bills(payment, shares, self._bills)
        used = credits_used(payment, account)
        if used and not payment.amount:
            return self._settle_with_credits(payment, shares, bills)
        if linked := self._link(payment, shares, bills):
            return self._tell(payment, linked, {})
        if remote_id := self._known.remote_ids.get(payment.external_id):
            raise RejectedError("APB-PAY-042", payment=payment.id, remote_id=remote_id)
        if not self._rules.posts_parts and (held := not_posted(payment, None)):
            raise held
        self._by_hand.refuse_misrecorded(payment, shares, bills)
        check_vendor(payment, bills, account)
        for bill in bills:
            # NetSuite's refusal of the payment before may have shown that it is.
            if bill.id in self._in_parts or bill.instalments:
                bill.instalments = self._books.instalments_by_record(bill.id)
        self._applying.check(payment, used, bills)
        body = draft(payment, shares, bills, self._periods, self._rules)
        facts = {*self._rules.facts.fields.values()}
        closed_period = self._rules.closed_period
        amendments = Amendments(payment, shares, bills, self._periods, closed_period, self._books, facts)
        remote_id = self._posting.post(payment, body, shares, bills, amendments)
        self._written[payment.external_id] = payment
        for bill in bills:
            bill.unpaid -= shares[bill.id].closes
            self._changed.setdefault(bill.id, []).append(payment.external_id)
        if used:
            self._applying.posted(payment)
        return Done(
            remote_id,
            Action.CREATED,
            note=" ".join(map(another, self._by_hand.others(payment, bills))),
            facts=self._applying.facts(payment),
            not_taken=amendments.not_taken(remote_id),
        )

    def _tell(self, payment: Payment, done: Done, held: Mapping[str, str]) -> Done:
        """Write what AvidXchange tells beside a payment that is posted, where that has changed."""
        change = self._rules.facts.changed(payment, held)
        return self._posting.tell(payment, done, change) if change and not done.waits_for else done

    def _follow(
        self,
        payment: Payment,
        shares: Mapping[str, BillShare],
        recorded: Recorded,
        waits_for: UnderWayError | None,
    ) -> Done:
        """Change a vendor payment as AvidXchange has changed the payment: a card that became a check."""
        went = self._known.ways.get(payment.external_id)
        bill = self._bills.get(next(iter(shares)))
        head = changes(payment, went, recorded, bill, self._periods, self._rules) if bill else {}
        if not head:
            return Done(recorded.id, waits_for=waits_for, facts=self._applying.facts(payment))
        if "tranId" in head:
            self._by_hand.refuse_recorded_again(payment, recorded)
        self._posting.change(payment, recorded, head)
        self._written[payment.external_id] = payment
        note = _FOLLOWED.format(recorded.id, ", ".join(head))
        return Done(recorded.id, Action.UPDATED, note, waits_for, self._applying.facts(payment))

    def _settle_with_credits(
        self, payment: Payment, shares: Mapping[str, BillShare], bills: Sequence[Bill]
    ) -> Done:
        check_vendor(payment, bills, self._rules.account)
        done = self._applying.settle(payment, shares, bills)
        if done.action:
            self._applied.append(payment)
            for bill in bills:
                self._changed.setdefault(bill.id, []).append(payment.external_id)
        return done

    def _link(self, payment: Payment, shares: Mapping[str, BillShare], bills: Sequence[Bill]) -> Done | None:
        """Link a payment to a vendor payment that somebody recorded by hand, and to no other.

        Two runs may see the same one at the same moment: whoever claims it looks at it again, and links it if
        it still is what it was; the other one takes the next.

        Returns:
            What was done; None where nobody recorded it.
        """
        while by_hand := self._by_hand.of(payment, bills):
            found = same(payment, shares, by_hand)
            holder = self._posting.claim(payment, found)
            if holder != payment.external_id:
                self._by_hand.claimed(found, holder)
                continue
            now = self._books.payments([found.id]).get(found.id)
            if now is not None and now.external_id == payment.external_id:
                waits_for = self._confirm(payment, now)
                note, facts = _LINKED.format(now.id), self._applying.facts(payment)
                return Done(now.id, note=note, waits_for=waits_for, facts=facts)
            if now != found:
                self._posting.give_up(payment, found)
                self._by_hand.renew(found, now)
                continue
            remote_id = self._posting.link(payment, shares, found)
            if remote_id == found.id:
                self._by_hand.claimed(found, payment.external_id)
            else:
                self._posting.give_up(payment, found)
            self._written[payment.external_id] = payment
            if credits_used(payment, self._rules.account):
                self._applying.standing(payment, shares, found)
            note, facts = _LINKED.format(remote_id), self._applying.facts(payment)
            return Done(remote_id, Action.UPDATED, note, facts=facts)
        return None

    def _undo(self, payment: Payment) -> Done:
        facts = {"payment": payment.id, "status": payment.status}
        said = f"{payment.status} in AvidXchange"
        recorded = self._posted.get(payment.external_id)
        if recorded is None:
            named = closed_by(payment, self._rules.account)
            if self._applying.is_known(payment) or (named and not payment.amount):
                done, opened = self._applying.undo(payment)
                self._open(payment, opened)
                return done
            bills = [self._bills[bill] for bill in named if bill in self._bills]
            for by_hand in self._by_hand.of(payment, bills):
                raise RejectedError("APB-PAY-062", remote_id=by_hand.id, **facts)
            self._applying.see_that_none_is_left(payment)
            return Done(None, note=f"{said}, and NetSuite has no such payment: nothing is posted")
        done = self._undoing.undo(payment, recorded, self._bills)
        if done.action is None:
            return done
        self._undone[payment.external_id] = payment, recorded
        opened = {**recorded.applied, **closed_by(payment, self._rules.account)}
        covered = covered_by_credits(payment, shares_named(payment, self._rules.account), recorded)
        for bill in recorded.applied:
            if bill in self._bills:
                self._bills[bill].unpaid += opened[bill] - covered.get(bill, Decimal(0))
                self._changed.setdefault(bill, []).append(payment.external_id)
        return done

    def _release(self, payment: Payment, recorded: Recorded) -> None:
        """Take the credits of a posted payment off its bills."""
        account = self._rules.account
        if not credits_used(payment, account):
            return
        pairs = self._applying.standing(payment, shares_named(payment, account), recorded)
        self._open(payment, self._applying.take_off(payment, pairs))

    def _open(self, payment: Payment, opened: Mapping[str, Decimal]) -> None:
        for bill, amount in opened.items():
            if bill in self._bills:
                self._bills[bill].unpaid += amount
                self._changed.setdefault(bill, []).append(payment.external_id)
        if opened:
            self._applied.append(payment)
