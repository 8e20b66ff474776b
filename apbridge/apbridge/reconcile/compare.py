"""The comparison: both sides read in bulk, then walked through side by side in order of external ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeVar

from apbridge.avidxchange import AvidXchange
from apbridge.ledger import Ledger
from apbridge.netsuite import NetSuite
from apbridge.reconcile import avidxchange as side
from apbridge.reconcile import causes
from apbridge.reconcile.books import Books, Invoice, Payment
from apbridge.reconcile.causes import Evidence, Explanation, Open, Runs
from apbridge.reconcile.netsuite import Applied, Bill, NetSuiteSide, Posted
from apbridge.reconcile.result import ZERO, Cause, Difference, Result

Progress = Callable[[str], None]


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
    tell: Progress = lambda _: None,
) -> Result:
    """Compare both systems. Nothing is written to either.

    Args:
        netsuite: One side.
        avidxchange: The other.
        ledger: Says why records are not delivered.
        as_of: The day at whose end to compare: what was paid later is put back. Now, unless given.
        start: `start_date` of tap-netsuite-ap: earlier bills are not submitted.
        tell: Is told what is being done.
    """
    with Books() as books:
        reading = NetSuiteSide(netsuite)
        tell("Reading AvidXchange's invoices and payments")
        books.add_invoices(side.invoices(avidxchange))
        books.add_payments(side.payments(avidxchange))
        tell("Reading NetSuite's open bills and posted payments")
        books.add_bills(reading.open_bills())
        books.add_posted(reading.posted())
        if as_of:
            later = list(reading.applied_after(as_of))
            books.add_bills(reading.bills(one.bill for one in later))
            books.add_to_bills(later)
        # Asked for at once: the look-up must not write while the names are still being read.
        books.add_bills(reading.bills(list(books.without_a_bill())))
        tell("Comparing")
        comparison = _Comparison(books, reading, ledger, Runs.of(ledger), Result(as_of), start)
        comparison.payments()
        comparison.bills()
        return comparison.result


@dataclass
class _Comparison:
    books: Books
    netsuite: NetSuiteSide
    ledger: Ledger
    runs: Runs
    result: Result
    start: date | None
    vendors: dict[str, str] = field(default_factory=dict)
    """Names by external id."""
    moving: dict[str, list[tuple[Decimal, Difference]]] = field(default_factory=lambda: defaultdict(list))
    """What a payment that is not the same on both sides makes a bill differ by."""

    def payments(self) -> None:
        """Compare what is settled with what is posted."""
        as_of = self.result.as_of
        different: dict[str, tuple[Payment | None, Posted | None]] = {}
        for name, posted, payment in _paired(self.books.posted(), self.books.payments()):
            if posted:
                self.vendors[posted.vendor] = posted.vendor_name
            here, there = _posted(posted, as_of), _settled(payment, as_of)
            if here is None and there is None:
                continue
            self.result.payments += 1
            vendor, subsidiary, currency = self._about(posted, payment)
            self.result.paid.add(vendor, subsidiary, currency, here or ZERO, there or ZERO)
            if (here or ZERO) != (there or ZERO):
                different[name] = (payment, posted)
        rows = self.ledger.rows("netsuite", "payments", different)
        for name, (payment, posted) in different.items():
            why = causes.of_payment(rows.get(name), payment, posted, self.runs, as_of)
            vendor, subsidiary, currency = self._about(posted, payment)
            number = payment.number if payment else posted.number if posted else name
            here, there = _posted(posted, as_of), _settled(payment, as_of)
            about = (number, vendor, subsidiary, currency, here, there)
            difference = Difference("payment", name, *about, why.cause, why.says, why.code)
            self.result.differences.append(difference)
            for share in self.books.shares_of(name):
                sign = int(there is not None) - int(here is not None)
                self.moving[share.invoice].append((sign * share.amount, difference))

    def bills(self) -> None:
        """Compare what is open with what is unpaid."""
        later = self.books.settled_after(self.result.as_of) if self.result.as_of else {}
        different: list[Open] = []
        found: list[tuple[Open, Explanation]] = []
        for name, bill, invoice in _paired(self.books.bills(), self.books.invoices()):
            if self._is_later(bill, invoice):
                continue
            one = self._compared(name, bill, invoice, later.get(name, ZERO))
            if one is None:
                continue
            moved = self.moving.get(name, ())
            left = one.left - sum((amount for amount, _ in moved), ZERO)
            if moved and not left:
                found.append((one, _moved(difference for _, difference in moved)))
            else:
                different.append(Open(name, one.bill, one.invoice, left))
        found += self._explained(different)
        self.result.differences += [self._difference(one, why, later) for one, why in found]

    def _compared(self, name: str, bill: Bill | None, invoice: Invoice | None, later: Decimal) -> Open | None:
        """Add a bill to the totals; give it where both sides differ."""
        here = bill.open if bill else ZERO
        there = _unpaid(invoice, later)
        if bill:
            self.vendors[bill.vendor] = bill.vendor_name
        if invoice:
            key = (invoice.status, invoice.currency)
            self.result.money[key] = self.result.money.get(key, ZERO) + invoice.total
        if not here and not there:
            return None
        self.result.bills += 1
        vendor, subsidiary, currency = self._about(bill, invoice)
        self.result.open.add(vendor, subsidiary, currency, here, there)
        return Open(name, bill, invoice, here - there) if here != there else None

    def _explained(self, different: list[Open]) -> Iterator[tuple[Open, Explanation]]:
        rows = self.ledger.rows("avidxchange", "bills", (one.external_id for one in different))
        applied: dict[str, list[Applied]] = defaultdict(list)
        for each in self.netsuite.applied_to(one.external_id for one in different if one.invoice):
            applied[each.bill].append(each)
        deleted = self.netsuite.deleted(one.external_id for one in different if one.bill is None)
        evidence = Evidence(rows, applied, deleted, self.runs, self.start)
        return ((one, causes.of_bill(one, evidence)) for one in different)

    def _difference(self, one: Open, why: Explanation, later: Mapping[str, Decimal]) -> Difference:
        vendor, subsidiary, currency = self._about(one.bill, one.invoice)
        number = one.bill.number if one.bill else one.invoice.number if one.invoice else one.external_id
        here = one.bill.open if one.bill else None
        there = _unpaid(one.invoice, later.get(one.external_id, ZERO)) if one.invoice else None
        about = (number, vendor, subsidiary, currency, here, there)
        return Difference("bill", one.external_id, *about, why.cause, why.says, why.code)

    def _is_later(self, bill: Bill | None, invoice: Invoice | None) -> bool:
        day = bill.day if bill else invoice.day if invoice else None
        return bool(self.result.as_of and day and day > self.result.as_of)

    def _about(self, here: Bill | Posted | None, there: Invoice | Payment | None) -> tuple[str, str, str]:
        """Give vendor, subsidiary and currency."""
        if here:
            return here.vendor_name, here.subsidiary, here.currency or (there.currency if there else "")
        assert there  # noqa: S101 - one of both is there
        return self.vendors.get(there.vendor, there.vendor), "", there.currency


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
    return None if posted is None or (as_of and posted.day > as_of) else posted.amount


def _settled(payment: Payment | None, as_of: date | None) -> Decimal | None:
    if payment is None or payment.status != "settled":
        return None
    return None if as_of and payment.day and payment.day > as_of else payment.amount


def _unpaid(invoice: Invoice | None, later: Decimal) -> Decimal:
    return invoice.unpaid + later if invoice else ZERO


def _moved(differences: Iterable[Difference]) -> Explanation:
    listed = list(differences)
    worst = min(listed, key=lambda one: one.is_explained)
    numbers = ", ".join(one.number for one in listed)
    cause = Cause.PAYMENT if worst.is_explained else Cause.UNEXPLAINED
    return Explanation(cause, f"By payment {numbers}: {worst.says}", worst.code)
