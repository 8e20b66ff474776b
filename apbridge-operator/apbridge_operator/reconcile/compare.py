"""The comparison: both sides read in bulk, then walked through side by side in order of external ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Protocol, TypeVar

from apbridge.avidxchange import AvidXchange
from apbridge.errors import RefusedError
from apbridge.ledger import Ledger
from apbridge.ledger.credits import credits_by_pair
from apbridge.netsuite import NetSuite
from apbridge.netsuite.client import PAGE_ROWS
from apbridge_operator.reconcile import avidxchange as side
from apbridge_operator.reconcile.avidxchange import AvidXchangeCredit
from apbridge_operator.reconcile.bills import (
    Evidence,
    Ground,
    Pair,
    is_different,
    is_other_than_sent,
    of_bill,
)
from apbridge_operator.reconcile.books import AvidXchangeInvoice, AvidXchangePayment, ComparedBooks
from apbridge_operator.reconcile.content import last_sent
from apbridge_operator.reconcile.credits import of_credit
from apbridge_operator.reconcile.crossing import Crossing, Starts
from apbridge_operator.reconcile.difference import ZERO, Difference
from apbridge_operator.reconcile.explanation import Explanation, Runs
from apbridge_operator.reconcile.netsuite import Applied, NetSuiteBill, NetSuiteCredit, NetSuiteSide, Posted
from apbridge_operator.reconcile.payments import of_payment
from apbridge_operator.reconcile.result import Reconciliation

Progress = Callable[[str], None]
Names = Collection[str]


class _Named(Protocol):
    @property
    def external_id(self) -> str: ...


_Left = TypeVar("_Left", bound=_Named)
_Right = TypeVar("_Right", bound=_Named)


def reconcile(
    netsuite: NetSuite,
    avidxchange: AvidXchange,
    ledger: Ledger,
    *,
    as_of: date | None = None,
    start: date | None = None,
    takes_pending: bool = False,
    posted_by_others: Callable[[Names], Names] = lambda _: (),
    tell: Progress = lambda _: None,
) -> Reconciliation:
    """Compare both systems. Nothing is written to either.

    Args:
        netsuite: One side.
        avidxchange: The other.
        ledger: Says why records are not delivered.
        as_of: The day at whose end to compare amounts: what was paid later is put back. Now, unless given;
            state and content are compared too then.
        start: `start_date` of tap-netsuite-ap: earlier bills are not submitted.
        takes_pending: Whether its `approval_statuses` have `pending`.
        posted_by_others: Returns which of some payments another company of the NetSuite account has posted:
            those are left out.
        tell: Is told what is being done.
    """
    with ComparedBooks() as books:
        reading = NetSuiteSide(netsuite, takes_pending=takes_pending)
        invoices = side.InvoiceReader(avidxchange)
        tell("Reading AvidXchange's invoices and payments")
        books.add_invoices(invoices)
        books.add_payments(side.payments(avidxchange))
        tell("Reading NetSuite's open bills and posted payments")
        starts = _totals(reading, as_of)
        books.add_bills(reading.open_bills())
        books.add_posted(reading.posted())
        if as_of:
            later = list(reading.applied_after(as_of))
            books.add_bills(reading.bills(one.bill for one in later))
            books.add_to_bills(later)
        without = books.without_a_bill()
        while some := list(islice(without, PAGE_ROWS)):
            books.add_bills(reading.bills(some))
        tell("Comparing")
        ground = Ground(Runs.of(ledger), start, invoices.unseen)
        comparison = _Comparison(books, reading, ledger, ground, posted_by_others, Reconciliation(as_of))
        comparison.payments()
        comparison.bills(starts)
        if as_of is None and _takes_credits(avidxchange, ledger):
            tell("Comparing vendor credits")
            comparison.vendor_credits(side.credits_of(avidxchange))
        return comparison.result


@dataclass
class _Comparison:
    books: ComparedBooks
    netsuite: NetSuiteSide
    ledger: Ledger
    ground: Ground
    posted_by_others: Callable[[Names], Names]
    result: Reconciliation
    vendors: dict[str, str] = field(default_factory=dict)
    """Names by external id."""
    moving: dict[str, list[tuple[Decimal, Difference]]] = field(default_factory=lambda: defaultdict(list))
    """What a payment that is not the same on both sides makes a bill differ by."""

    def payments(self) -> None:
        """Compare what is settled with what is posted."""
        as_of = self.result.as_of
        different: dict[str, tuple[AvidXchangePayment | None, Posted | None]] = {}
        for name, posted, payment in self._own_payments():
            if posted:
                self.vendors[posted.vendor] = posted.vendor_name
            here, there = _posted(posted, as_of), _settled(payment, as_of)
            if here is None and there is None:
                continue
            self.result.payments += 1
            vendor, subsidiary, currency = self._about(posted, payment)
            if here or there:
                self.result.paid.add(vendor, subsidiary, currency, here or ZERO, there or ZERO)
            if (here or ZERO) != (there or ZERO):
                different[name] = (payment, posted)
        rows = self.ledger.rows("netsuite", "payments", different)
        for name, (payment, posted) in different.items():
            why = of_payment(rows.get(name), payment, posted, self.ground.runs, as_of)
            vendor, subsidiary, currency = self._about(posted, payment)
            number = payment.number if payment else posted.number if posted else name
            here, there = _posted(posted, as_of), _settled(payment, as_of)
            about = (number, vendor, subsidiary, currency, here, there)
            difference = _difference("payment", name, about, why)
            self.result.differences.append(difference)
            for share in self.books.shares_of(name):
                sign = int(there is not None) - int(here is not None)
                self.moving[share.invoice].append((sign * share.amount, difference))

    def _own_payments(self) -> Iterator[tuple[str, Posted | None, AvidXchangePayment | None]]:
        """Walk through both sides without what another company has posted in the same NetSuite account."""
        both = _paired(self.books.posted(), self.books.payments())
        while some := list(islice(both, PAGE_ROWS)):
            alone = [name for name, _, payment in some if payment is None]
            known = self.ledger.rows("netsuite", "payments", alone)
            theirs = self.posted_by_others([name for name in alone if name not in known])
            yield from (one for one in some if one[0] not in theirs)

    def bills(self, starts: Starts) -> None:
        """Compare what is open with what is unpaid; and as of now what is to be paid, and the content too."""
        later = self.books.settled_after(self.result.as_of) if self.result.as_of else {}
        both = _paired(self.books.bills(), self.books.invoices())
        different: list[Pair] = []
        as_of = self.result.as_of
        crossing = Crossing(self.result.bridge, as_of, starts, self.books.unpaid_totals(as_of))
        while some := list(islice(both, PAGE_ROWS)):
            rows = self.ledger.rows("avidxchange", "bills", (name for name, _, _ in some))
            other = (name for name, _, one in some if is_other_than_sent(rows.get(name), one))
            sent = last_sent(self.ledger, other)
            for name, bill, invoice in some:
                here, there = bill.open if bill else ZERO, _unpaid(invoice, later.get(name, ZERO))
                known = rows.get(name), here, there, sent.get(name), self.moving.get(name, ())
                pair = Pair(name, bill, invoice, *known)
                self._add(pair, crossing)
                if not self._is_later(bill, invoice) and self._is_different(pair):
                    different.append(pair)
        found = {one.external_id: one for one in self._explained(different)}
        self.result.differences += found.values()
        self.result.differences += crossing.close(found)

    def vendor_credits(self, there: Iterable[AvidXchangeCredit]) -> None:
        """Compare what NetSuite has left of credits with what payments in AvidXchange may use of them."""
        both = list(_paired(self.netsuite.usable_credits(), there))
        rows = self.ledger.rows("avidxchange", "vendor_credits", (name for name, _, _ in both))
        for name, here, other in both:
            left, usable = here.usable if here else ZERO, other.usable if other else ZERO
            if left == usable:
                continue
            why = of_credit(rows.get(name), here, other, self.ground.runs)
            number = here.number if here else other.number if other else name
            amounts = here.usable if here else None, other.usable if other else None
            about = (number, *self._about(here, other), *amounts)
            self.result.differences.append(_difference("credit", name, about, why))

    def _add(self, pair: Pair, crossing: Crossing) -> None:
        """Add a bill to the totals and to the bridge."""
        if pair.bill:
            self.vendors[pair.bill.vendor] = pair.bill.vendor_name
        if pair.invoice and not self._is_later(pair.bill, pair.invoice):
            key = (pair.invoice.status, pair.invoice.currency)
            self.result.money[key] = self.result.money.get(key, ZERO) + pair.invoice.total
        if (pair.here or pair.there) and not self._is_later(pair.bill, pair.invoice):
            self.result.bills += 1
        about = self._about(pair.bill, pair.invoice)
        here, there = crossing.add(pair.bill, pair.invoice, about, pair.there)
        if here or there:
            self.result.open.add(*about, here, there)

    def _is_different(self, pair: Pair) -> bool:
        # What was to be paid on a day, and what a document said, neither system tells afterwards.
        return bool(pair.left or pair.moved) if self.result.as_of else is_different(pair, self.ground)

    def _explained(self, different: list[Pair]) -> Iterator[Difference]:
        as_of = self.result.as_of
        applied: dict[str, list[Applied]] = defaultdict(list)
        found = self.netsuite.applied_to(one.external_id for one in different if one.invoice)
        for each in self._not_ours(found):
            if not (as_of and each.day > as_of):
                applied[each.bill].append(each)
        deleted = self.netsuite.deleted(one.external_id for one in different if one.bill is None)
        evidence = Evidence(applied, deleted)
        return (self._difference(one, of_bill(one, evidence, self.ground)) for one in different)

    def _not_ours(self, applied: Iterable[Applied]) -> Iterator[Applied]:
        """Yield what others have applied: of a credit, what no payment of ours has used of it there."""
        for each in applied:
            amount = each.amount
            if each.kind == "credit":
                used = self._credits.get((each.id, each.bill.rpartition("-")[2]), {})
                amount -= sum(used.values(), ZERO)
            if amount > 0 and not each.is_ours:
                yield each._replace(amount=amount)

    @cached_property
    def _credits(self) -> Mapping[tuple[str, str], Mapping[str, Decimal]]:
        return credits_by_pair(self.ledger)

    def _difference(self, one: Pair, why: Explanation) -> Difference:
        about = one.bill or one.invoice
        number = about.number if about else one.external_id
        here = one.here if one.bill else None
        there = one.there if one.invoice else None
        names = self._about(one.bill, one.invoice)
        return _difference("bill", one.external_id, (number, *names, here, there), why)

    def _is_later(self, bill: NetSuiteBill | None, invoice: AvidXchangeInvoice | None) -> bool:
        day = bill.day if bill else invoice.day if invoice else None
        return bool(self.result.as_of and day and day > self.result.as_of)

    def _about(
        self,
        here: NetSuiteBill | NetSuiteCredit | Posted | None,
        there: AvidXchangeInvoice | AvidXchangeCredit | AvidXchangePayment | None,
    ) -> tuple[str, str, str]:
        """Return vendor, subsidiary and currency."""
        if here:
            return here.vendor_name, here.subsidiary, here.currency or (there.currency if there else "")
        assert there  # noqa: S101 - one of both is there
        return self.vendors.get(there.vendor, there.vendor), "", there.currency


def _totals(netsuite: NetSuiteSide, as_of: date | None) -> Starts:
    """Return what NetSuite itself says is open in its ledger, or how it refuses to say it."""
    try:
        return netsuite.ledger_totals(as_of)
    except RefusedError as refused:
        return refused


def _takes_credits(avidxchange: AvidXchange, ledger: Ledger) -> bool:
    """Return whether vendor credits are brought to AvidXchange: who does not is not asked for them."""
    known = ledger.all_rows("avidxchange", "vendor_credits")
    return avidxchange.takes("credit") and next(iter(known), None) is not None


def _paired(
    left: Iterable[_Left], right: Iterable[_Right]
) -> Iterator[tuple[str, _Left | None, _Right | None]]:
    """Walk through two orders of external ids side by side."""
    lefts, rights = iter(left), iter(right)
    one, other = next(lefts, None), next(rights, None)
    while one is not None or other is not None:
        names = [each.external_id for each in (one, other) if each is not None]
        name = min(names)
        here = one if one is not None and one.external_id == name else None
        there = other if other is not None and other.external_id == name else None
        yield name, here, there
        if here is not None:
            one = next(lefts, None)
        if there is not None:
            other = next(rights, None)


def _posted(posted: Posted | None, as_of: date | None) -> Decimal | None:
    if posted is None or posted.is_void or posted.undecided:
        return None
    return None if as_of and posted.day > as_of else posted.amount


def _settled(payment: AvidXchangePayment | None, as_of: date | None) -> Decimal | None:
    if payment is None or payment.status != "settled":
        return None
    return None if as_of and payment.day and payment.day > as_of else payment.amount


def _unpaid(invoice: AvidXchangeInvoice | None, later: Decimal) -> Decimal:
    return invoice.unpaid + later if invoice else ZERO


def _difference(
    kind: str,
    external_id: str,
    about: tuple[str, str, str, str, Decimal | None, Decimal | None],
    why: Explanation,
) -> Difference:
    run = why.run.value if why.run else None
    words = why.says, why.do, why.code, run, why.has_passed
    return Difference(kind, external_id, *about, why.cause, *words)
