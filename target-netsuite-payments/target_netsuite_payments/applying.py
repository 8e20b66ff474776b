"""Credits applied to bills by themselves: for payments over nothing, and off again when one is undone.

Nothing of that bears a payment's external id. Whether it is done is told by the books: how much of a credit
is applied to a bill, less what other payments have of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from apbridge.errors import APBridgeError, RejectedError
from apbridge.ledger.credits import CREDITS, Pairs, kept
from apbridge.netsuite.payment_status import FINAL
from apbridge.schemas.payment import Payment
from apbridge.schemas.shares import BillShare, closed_by
from apbridge.singer import Action
from target_netsuite_payments.books import Bill, NetSuiteBooks, Recorded
from target_netsuite_payments.checks import check_bill, covered_by_credits
from target_netsuite_payments.credit_writing import CreditWriting
from target_netsuite_payments.credits import (
    check_covers,
    check_credits,
    check_unchanged,
    credits_used,
    facts_of,
    left_difference,
    part_of,
    spread,
    taken_off,
    told,
)
from target_netsuite_payments.done import Done
from target_netsuite_payments.holdings import Holdings
from target_netsuite_payments.known import Known
from target_netsuite_payments.posting import Posting
from target_netsuite_payments.rules import PostingRules

_NO_CREDIT = Decimal(0)


class Applying:
    """What the payments of a batch have of credits.

    Making it looks the credits up.

    Args:
        books: Reads NetSuite.
        posting: Writes to it.
        rules: The settings.
        payments: The batch.
        known: What the ledger knows of them, and of all payments.
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
        self._writing = CreditWriting(books, posting)
        self._rules = rules
        named = {payment.external_id: credits_used(payment, rules.account) for payment in payments}
        self._holdings = Holdings(books, named, known)
        self.credits = self._holdings.credits
        self._unknown = [
            payment
            for payment in sorted(payments, key=lambda one: one.paid_on or date.max)
            if named[payment.external_id]
            and not payment.is_undone
            and not payment.amount
            # Of one that the ledger knows, NetSuite may have refused some.
            and known.credits.get(payment.external_id, {}).items() < self._wanted(payment).items()
        ]
        self._expected: dict[str, tuple[Decimal, list[str]]] = {}

    def settle(self, payment: Payment, shares: Mapping[str, BillShare], bills: Sequence[Bill]) -> Done:
        """Apply the credits of a payment over nothing, once; what is applied is kept whatever the rest does.

        Args:
            payment: What AvidXchange says.
            shares: What it pays on each bill.
            bills: The bills; what is open on them follows.

        Raises:
            RejectedError: They do not fit the books, or whether they are applied cannot be told.
            OutcomeUnknownError: What became of a write could not be found out.
        """
        used = credits_used(payment, self._rules.account)
        for bill in bills:
            if shares[bill.id].discount:
                discount = f"{shares[bill.id].discount:.2f}"
                raise RejectedError("APB-PAY-114", payment=payment.id, discount=discount, bill=bill.id)
        wanted = {bill: share.amount for bill, share in shares.items()}
        pairs: Pairs = spread(wanted, used)
        known = self._holdings.known(payment) or {}
        there = {credit for credit, _ in known}
        if known:
            if known != {pair: amount for pair, amount in pairs.items() if pair[0] in there}:
                check_unchanged(payment, wanted, used, known)
                pairs = known
            check_covers(payment, known, self.credits)
        self._refresh(used.keys() - there)
        there |= {credit for credit in used.keys() - there if self._is_applied(payment, pairs, credit)}
        self._expect(payment, there)
        missing = sorted(used.keys() - there, key=int)
        failed = None
        try:
            self._check(payment, {pair: pairs[pair] for pair in pairs if pair[0] in missing}, bills)
            for credit in missing:
                part = part_of(pairs, credit)
                self._change(payment, credit, part, 1)
                there.add(credit)
                for bill in bills:
                    bill.unpaid -= part.get(bill.id, _NO_CREDIT)
        except RejectedError as rejected:
            if not there:
                raise
            failed = rejected
        pairs = {pair: amount for pair, amount in pairs.items() if pair[0] in there}
        self._take_over(payment, pairs)
        done = self._settled(pairs, Action.CREATED if there.intersection(missing) else None)
        return replace(done, not_taken=failed)

    def refuse_changed(self, payment: Payment, *, is_posted: bool) -> None:
        """Reject a payment for which credits were applied by themselves that it does not use so any more.

        Args:
            payment: What AvidXchange says.
            is_posted: Whether there is a vendor payment of it, which uses what the ledger knows of.

        Raises:
            RejectedError: They are still applied.
        """
        wanted = {} if payment.amount else self._wanted(payment)
        own = self._holdings.known(payment) if is_posted or not payment.amount else None
        left = self._holdings.left_of_sent(payment, own or {})
        if any(wanted.get(pair) != amount for pair, amount in left.items()):
            now = told(wanted) or "none"
            raise RejectedError("APB-PAY-116", payment=payment.id, applied=told(left), wanted=now)

    def _settled(self, pairs: Pairs, action: Action | None) -> Done:
        done = "applied" if action else "found applied"
        note = f"pays nothing: {told(pairs)} {done} without a vendor payment"
        remote_id = ", ".join(sorted({credit for credit, _ in pairs}, key=int))
        return Done(remote_id, action, note, facts={CREDITS: kept(pairs)})

    def _check(self, payment: Payment, pairs: Pairs, bills: Sequence[Bill]) -> None:
        wanted: defaultdict[str, Decimal] = defaultdict(Decimal)
        used: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (credit, number), amount in pairs.items():
            wanted[number] += amount
            used[credit] += amount
        for bill in bills:
            if bill.id in wanted:
                check_bill(payment, bill, BillShare(wanted[bill.id], Decimal(0)))
        self.check(payment, used, bills)

    def check(self, payment: Payment, used: Mapping[str, Decimal], bills: Sequence[Bill]) -> None:
        """Make sure that NetSuite lets a payment of these bills use some of its credits.

        Raises:
            RejectedError: It does not.
        """
        of_bills: dict[str, set[str | None]] = {
            "vendor": {bill.vendor for bill in bills},
            "currency": {bill.symbol or bill.currency for bill in bills},
            "subsidiary": {bill.subsidiary for bill in bills},
            "payables account": {bill.ap_account for bill in bills},
        }
        check_credits(payment, used, self.credits, of_bills)

    def _is_applied(self, payment: Payment, pairs: Pairs, credit: str) -> bool:
        """Return whether a credit is applied for a payment over nothing already.

        A payment is applied credit by credit, each in one write: where of one pair less is applied than it
        has, nothing is. Of what is there and is nobody's, the oldest payments have theirs.

        Raises:
            RejectedError: That cannot be told.
        """
        part = part_of(pairs, credit)
        free = {bill: self._holdings.free(payment, (credit, bill)) for bill in part}
        if any(free[bill] < part[bill] for bill in part):
            return False
        if any(free[bill] not in self._sums((credit, bill), payment) for bill in part):
            known, bill = self.credits[credit], next(iter(part))
            applied = f"{known.applied[bill]:.2f}"
            raise RejectedError(
                "APB-PAY-107", bill=bill, applied=applied, **facts_of(payment, known, part[bill])
            )
        return True

    def _sums(self, pair: tuple[str, str], payment: Payment) -> set[Decimal]:
        """Return what is applied of a pair once this payment, and any of those that follow it, are."""
        total, sums = _NO_CREDIT, set()
        names = [each.external_id for each in self._unknown]
        for each in self._unknown[names.index(payment.external_id) :]:
            # What is known to be another one's is not free.
            known = self._holdings.known(each) or {}
            total += self._wanted(each).get(pair, _NO_CREDIT) - known.get(pair, _NO_CREDIT)
            sums.add(total)
        return sums

    def _wanted(self, payment: Payment) -> Pairs:
        account = self._rules.account
        return spread(closed_by(payment, account), credits_used(payment, account))

    def _change(self, payment: Payment, credit: str, part: Mapping[str, Decimal], sign: int) -> None:
        known = self._writing.change(payment, self.credits[credit], part, sign)
        self.credits[credit] = known
        self._expect(payment, [credit])

    def _expect(self, payment: Payment, credits_: Iterable[str]) -> None:
        """Note that credits are to be left as they are now."""
        for credit in credits_:
            _, names = self._expected.get(credit, (_NO_CREDIT, []))
            self._expected[credit] = self.credits[credit].left, [*names, payment.external_id]

    def _refresh(self, credits_: Iterable[str]) -> None:
        self.credits.update(self._books.credits(credits_))

    # Vendor payments that use credits

    def posted(self, payment: Payment) -> Pairs:
        """Find out which bills the credits of a payment that was posted just now cover, and keep it."""
        used = credits_used(payment, self._rules.account)
        before = {credit: self.credits[credit] for credit in used}
        self._refresh(used)

        def more(credit: str, bill: str) -> Decimal:
            """Return how much more of a credit is applied now: somebody else may have applied some of it."""
            then, now = (one[credit].applied.get(bill, _NO_CREDIT) for one in (before, self.credits))
            return now - then

        pairs = spread(closed_by(payment, self._rules.account), used, more)
        self._expect(payment, used)
        for credit, amount in used.items():
            self._expected[credit] = before[credit].left - amount, self._expected[credit][1]
        self._take_over(payment, pairs)
        return pairs

    def standing(self, payment: Payment, shares: Mapping[str, BillShare], recorded: Recorded) -> Pairs:
        """Return which bills the credits of a posted payment cover, as far as its links leave it open.

        Raises:
            RejectedError: Somebody has taken a credit off its bills.
        """
        pairs = self._holdings.known(payment)
        if pairs is None:
            used = credits_used(payment, self._rules.account)
            rest = covered_by_credits(payment, shares, recorded)
            pairs = spread(rest, used, lambda *pair: self._holdings.free(payment, pair))
            is_short = sum(rest.values()) > sum(pairs.values())
            if is_short and recorded.status in FINAL and not payment.is_undone:
                for credit, amount in used.items():
                    now = sum(part_of(pairs, credit).values(), _NO_CREDIT)
                    if now < amount:
                        raise taken_off(payment, credit, self.credits.get(credit), amount, now)
            self._take_over(payment, pairs)
        elif not payment.is_undone:
            check_covers(payment, pairs, self.credits)
        # A note beside one that is under way would end its way.
        if recorded.status in FINAL and not payment.is_undone:
            # A retry must not lose that its credit is short of another payment: it is told while it lasts.
            self._expect(payment, credits_used(payment, self._rules.account).keys() & self.credits.keys())
        return pairs

    def _take_over(self, payment: Payment, pairs: Pairs) -> None:
        self._holdings.have(payment, pairs)
        self._unknown = [each for each in self._unknown if each is not payment]

    def facts(self, payment: Payment) -> dict[str, Any]:
        """Return what the ledger is to know of the credits of a payment."""
        pairs = self._holdings.known(payment)
        return {CREDITS: kept(pairs)} if pairs else {}

    # What is undone

    def is_known(self, payment: Payment) -> bool:
        """Return whether it is known that credits cover bills for a payment."""
        return bool(self._ours(payment))

    def _ours(self, payment: Payment) -> Pairs:
        """Return what a payment has of credits, by the ledger, and by the trail where it got no further."""
        own = self._holdings.known(payment) or {}
        return {**self._holdings.left_of_sent(payment, own), **own}

    def undo(self, payment: Payment) -> tuple[Done, dict[str, Decimal]]:
        """Take the credits of a payment off its bills of which there is no vendor payment.

        Returns:
            What was done, and how much more is open on each bill.

        Raises:
            RejectedError: A person has to.
            OutcomeUnknownError: What became of a write could not be found out.
        """
        facts = {"payment": payment.id, "status": payment.status}
        said = f"{payment.status} in AvidXchange"
        pairs = self._ours(payment)
        if not pairs:
            self._see_that_nothing_is_applied(payment)
            note = f"{said}, and its credits are not applied in NetSuite: nothing is done"
            return Done(None, note=note), {}
        if self._rules.on_void == "reject" and self._left_on(payment, pairs):
            raise RejectedError("APB-PAY-115", applied=told(pairs), **facts)
        remote_id = ", ".join(sorted({credit for credit, _ in pairs}, key=int))
        taken = self.take_off(payment, pairs)
        note = f"{said}: {told(pairs)} taken off" if taken else f"{said}: {told(pairs)} is off already"
        return Done(remote_id, Action.CANCELLED if taken else None, note), taken

    def _see_that_nothing_is_applied(self, payment: Payment) -> None:
        """Check that what a payment over nothing would have is not there, where the ledger does not know.

        Raises:
            RejectedError: It is; by whom cannot be told.
        """
        for (credit, bill), amount in self._wanted(payment).items():
            if self._holdings.free(payment, (credit, bill)) >= amount:
                known = self.credits[credit]
                facts = {"bill": bill, "status": payment.status, **facts_of(payment, known, amount)}
                raise RejectedError("APB-PAY-112", applied=f"{known.applied[bill]:.2f}", **facts)

    def see_that_none_is_left(self, payment: Payment) -> None:
        """Check that no credit covers the bills of an undone payment of which NetSuite has nothing else.

        Raises:
            RejectedError: One does; by whom cannot be told.
        """
        bills = closed_by(payment, self._rules.account)
        for credit, amount in credits_used(payment, self._rules.account).items():
            there = sum((self._holdings.free(payment, (credit, bill)) for bill in bills), _NO_CREDIT)
            if there >= amount:
                facts = facts_of(payment, self.credits[credit], amount)
                raise RejectedError("APB-PAY-117", status=payment.status, applied=f"{there:.2f}", **facts)

    def _left_on(self, payment: Payment, pairs: Pairs) -> dict[tuple[str, str], Decimal]:
        """Return those pairs of an undone payment that are still applied."""
        left = {pair: min(amount, self._holdings.free(payment, pair)) for pair, amount in pairs.items()}
        return {pair: amount for pair, amount in left.items() if amount > 0}

    def take_off(self, payment: Payment, pairs: Pairs) -> dict[str, Decimal]:
        """Take credits off the bills that they cover for a payment, as far as they still are.

        Returns:
            How much more is open on each bill.

        Raises:
            RejectedError: NetSuite does not let go of them.
            OutcomeUnknownError: What became of a write could not be found out.
        """
        self._holdings.give_up(payment)
        self._refresh({credit for credit, _ in pairs})
        opened: defaultdict[str, Decimal] = defaultdict(Decimal)
        on = self._left_on(payment, pairs)
        for credit in sorted({credit for credit, _ in on}, key=int):
            part = part_of(on, credit)
            self._change(payment, credit, part, -1)
            for bill, amount in part.items():
                opened[bill] += amount
        return dict(opened)

    def differences(self) -> list[tuple[str, APBridgeError]]:
        """Compare what is left of the changed credits with what should be; with each payment concerned.

        A write holds all that a credit is applied to as it was read a moment before: one that comes late
        takes off what another run has applied since. What the ledger knows of all payments shows that.
        """
        if not self._expected:
            return []
        now = self._books.credits(self._expected)
        every = self._holdings.of_all()
        found: list[tuple[str, APBridgeError]] = []
        for credit, (left, names) in self._expected.items():
            users = {bill: of for (which, bill), of in every.items() if which == credit}
            if why := left_difference(self.credits[credit], left, now.get(credit), users):
                found += [(name, why) for name in names]
        return found
