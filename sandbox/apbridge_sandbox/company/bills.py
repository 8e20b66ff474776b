"""The company's bills of a year, with what they bill and what paid them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from random import Random

from apbridge_sandbox.clock import COMPANY_ZONE, OPENING
from apbridge_sandbox.company.documents import (
    Document,
    DocumentLine,
    Ids,
    Image,
    VendorBill,
    write_bill,
    write_order,
)
from apbridge_sandbox.company.masters import FIRST_CLASSIFICATION
from apbridge_sandbox.company.payments import BillPayment, write_payment
from apbridge_sandbox.company.pdf import pdf
from apbridge_sandbox.company.random import chance
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.company.sources import chart, sources
from apbridge_sandbox.company.vendors import CompanyVendor

_YEAR = timedelta(days=362)
_LAST_PAYMENT = OPENING - timedelta(days=3)
_LINE_COUNTS = (1, 2, 3, 4, 5, 6, 7, 8)
_LINE_SHARES = list(accumulate((30, 25, 15, 10, 8, 5, 4, 3)))
_BANKS = {(1, 1): "1010", (1, 2): "1015", (2, 2): "1050"}
_LOCATIONS = {
    subsidiary: [
        FIRST_CLASSIFICATION["location"] + place
        for place, (_, home) in enumerate(sources().locations)
        if home == subsidiary
    ]
    for subsidiary in (1, 2)
}
_TAXED = {1: 0.1, 2: 0.8}
_WITH_IMAGE = (0, 2, 4)
_PAID = ((0.2, 0.65), (0.88, 0.05))
"""How many of the bills up to that part of the year are paid; those after it are too young."""
_RECENT = 0.7
_CENT = Decimal(1)


class BillWriter:
    """Writes the bills of one seed, oldest first, so that internal ids follow time."""

    def __init__(self, batch: RowBuffer, ids: Ids, rng: Random, vendors: list[CompanyVendor]) -> None:
        self._batch = batch
        self._ids = ids
        self._rng = rng
        self._vendors = vendors
        self._active = [vendor for vendor in vendors if vendor.is_active]
        self._unpaid: dict[int, list[VendorBill]] = {}
        self._numbers: dict[int, str] = {}
        self._checks = iter(range(10401, 10**9))

    def write(self, number: int) -> None:
        """Write that many bills; three in five have their image."""
        for place in range(number):
            self._write_one(place, place / number)
        for bills in list(self._unpaid.values()):
            self._pay(bills)

    def _write_one(self, place: int, part_of_year: float) -> None:
        created = OPENING - _YEAR + part_of_year * (_YEAR - timedelta(days=1))
        status = self._status(part_of_year)
        vendor = self._rng.choice(self._vendors if status == "B" else self._active)
        day = created.astimezone(COMPANY_ZONE).date() - timedelta(days=self._rng.randrange(4))
        lines = list(self._lines(vendor))
        order = None
        if any(line.item for line in lines) and chance(self._rng, 0.5):
            order = self._write_order(vendor, day, created, [line for line in lines if not line.is_tax])
        paid_at = min(created + timedelta(days=self._rng.randrange(10, 40)), _LAST_PAYMENT)
        bill = VendorBill(
            id=next(self._ids.transaction),
            party=vendor.party,
            tranid=self._tranid(vendor),
            day=day,
            due=day + timedelta(days=vendor.terms_days),
            created=created,
            modified=paid_at if status == "B" else created + timedelta(minutes=self._rng.randrange(600)),
            closed=paid_at.astimezone(COMPANY_ZONE).date() if status == "B" else None,
            lines=lines,
            memo=self._rng.choice(vendor.trade.memos) if chance(self._rng, 0.6) else None,
            status=status,
            order=order,
        )
        if place % 5 in _WITH_IMAGE:
            bill = self._with_image(bill, vendor)
        write_bill(self._batch, self._ids, bill)
        if status == "B":
            self._pay_or_hold(bill)

    def _status(self, part_of_year: float) -> str:
        """Draw NetSuite's letter: old bills are mostly paid, new ones open or pending approval."""
        share = next((share for until, share in _PAID if part_of_year < until), 0)
        if chance(self._rng, share):
            return "B"
        if chance(self._rng, 0.03):
            return "E"
        return "D" if part_of_year > _RECENT and chance(self._rng, 0.2) else "A"

    def _tranid(self, vendor: CompanyVendor) -> str:
        """Return the vendor's own number: now and then one it has used before."""
        rng = self._rng
        if vendor.id in self._numbers and chance(rng, 0.01):
            return self._numbers[vendor.id]
        style = vendor.id % 3
        digits = rng.randrange(10**4, 10**7)
        number = (f"INV-{digits}", str(digits), f"2026/{digits}-{rng.choice('ABC')}")[style]
        self._numbers[vendor.id] = number
        return number

    def _lines(self, vendor: CompanyVendor) -> Iterator[DocumentLine]:
        rng = self._rng
        (number,) = rng.choices(_LINE_COUNTS, cum_weights=_LINE_SHARES)
        taxes = [tax for tax in sources().taxes if tax.subsidiary == vendor.party.subsidiary]
        taxed = number > 1 and chance(rng, _TAXED[vendor.party.subsidiary])
        subtotal = 0
        for place in range(number - taxed):
            line = self._line(vendor, is_first=place == 0)
            subtotal += line.cents
            yield line
        if taxed:
            tax = rng.choice(taxes)
            cents = int((subtotal * tax.percent / 100).quantize(_CENT, ROUND_HALF_UP))
            yield DocumentLine(chart()[tax.account].id, cents, memo=tax.name, is_tax=True)

    def _line(self, vendor: CompanyVendor, *, is_first: bool) -> DocumentLine:
        rng = self._rng
        account = chart()[rng.choice(vendor.trade.accounts)].id
        item = itemtype = quantity = rate = None
        # The first line is large and the others' reductions small: no bill falls below zero.
        cents = rng.randrange(5_000, 900_000) if is_first else rng.randrange(100, 250_000)
        if chance(rng, 0.3):
            item = 1 + rng.randrange(len(sources().items))
            _, itemtype, number = sources().items[item - 1]
            account, units, each = chart()[number].id, rng.randrange(1, 25), rng.randrange(200, 40_000)
            quantity, rate, cents = str(units), f"{Decimal(each) / 100:.2f}", units * each
        elif not is_first and chance(rng, 0.06):
            cents = rng.choice((0, -rng.randrange(1, 25), -rng.randrange(1, 25)))
        return DocumentLine(
            account=account,
            cents=cents,
            memo=rng.choice(vendor.trade.memos) if chance(rng, 0.8) else None,
            item=item,
            itemtype=itemtype,
            quantity=quantity,
            rate=rate,
            department=self._dimension("department", 12, 0.7),
            classification=self._dimension("classification", 8, 0.5),
            location=rng.choice(_LOCATIONS[vendor.party.subsidiary]) if chance(rng, 0.95) else None,
        )

    def _dimension(self, dimension: str, values: int, share: float) -> int | None:
        if self._rng.random() >= share:
            return None
        return FIRST_CLASSIFICATION[dimension] + self._rng.randrange(values)

    def _write_order(
        self, vendor: CompanyVendor, day: date, created: datetime, lines: list[DocumentLine]
    ) -> int:
        number = next(self._ids.transaction)
        before = timedelta(days=self._rng.randrange(3, 30))
        order = Document(
            id=number,
            party=vendor.party,
            tranid=f"PO{number}",
            day=day - before,
            created=created - before,
            modified=created,
            lines=[dataclasses.replace(line, received=line.quantity, billed=line.quantity) for line in lines],
        )
        write_order(self._batch, self._ids, order)
        return number

    def _with_image(self, bill: VendorBill, vendor: CompanyVendor) -> VendorBill:
        total = sum(line.cents for line in bill.lines)
        symbol = sources().currencies[vendor.party.currency - 1][0]
        text = [
            vendor.name[:80],
            f"Invoice {bill.tranid}",
            f"Date {bill.day}   Due {bill.due}",
            *(f"{line.memo or 'Services'}   {Decimal(line.cents) / 100:.2f}" for line in bill.lines),
            f"Total {symbol} {Decimal(total) / 100:.2f}",
            f"Reference {bill.id}",
        ]
        name = f"{bill.tranid.replace('/', '-')}.pdf"
        return dataclasses.replace(bill, images=(Image(name, pdf(text)),))

    def _pay_or_hold(self, bill: VendorBill) -> None:
        """Pay the bill by itself, or keep it for a check over several bills of its vendor."""
        held = self._unpaid.setdefault(bill.party.vendor, [])
        held.append(bill)
        if chance(self._rng, 0.7):
            self._pay(held)
            held.clear()

    def _pay(self, bills: list[VendorBill]) -> None:
        if not bills:
            return
        party = bills[0].party
        when = max(bill.modified for bill in bills)
        payment = BillPayment(
            id=next(self._ids.transaction),
            party=party,
            bank_account=chart()[_BANKS[party.subsidiary, party.currency]].id,
            check_number=str(next(self._checks)),
            day=when.astimezone(COMPANY_ZONE).date(),
            created=when,
            bills=[(bill.id, sum(line.cents for line in bill.lines)) for bill in bills],
        )
        write_payment(self._batch, self._ids, payment)
