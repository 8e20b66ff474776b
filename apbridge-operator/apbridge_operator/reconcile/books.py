"""Both sides on disk while they are compared: however many bills there are, few are in memory."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from typing_extensions import Self

from apbridge.schemas.identifiers import whole_payment
from apbridge_operator.reconcile.netsuite import Applied, NetSuiteBill, Posted

_BATCH = 1000

TO_PAY = frozenset({"submitted", "in_workflow", "approved", "scheduled", "unknown"})
"""Where an invoice stands that AvidXchange means to pay."""

NOT_TO_PAY = frozenset({"rejected", "cancelled"})
"""Where an invoice stands that it does not."""

_SCHEMA = """
CREATE TABLE bills (
  external_id TEXT PRIMARY KEY, number, vendor, vendor_name, subsidiary, currency, status, day, due, total,
  open, because, modified, posts
) WITHOUT ROWID;
CREATE TABLE invoices (
  external_id TEXT PRIMARY KEY, number, vendor, currency, status, reason, day, due, unpaid, total, paid, body,
  shown, modified
) WITHOUT ROWID;
CREATE TABLE posted (
  external_id TEXT PRIMARY KEY, number, vendor, vendor_name, subsidiary, currency, amount, day, is_void,
  undecided
) WITHOUT ROWID;
CREATE TABLE payments (
  external_id TEXT PRIMARY KEY, number, vendor, currency, status, amount, day, modified
) WITHOUT ROWID;
CREATE TABLE shares (invoice TEXT, payment TEXT, amount, PRIMARY KEY (invoice, payment)) WITHOUT ROWID;
CREATE INDEX shares_of ON shares (payment);
"""


class AvidXchangeInvoice(NamedTuple):
    """An invoice in AvidXchange, and what is paid and still to be paid on it.

    Where AvidXchange means to pay it, `shown` is what it shows of what is sent for it, as JSON, and `body`
    the fingerprint of that.
    """

    external_id: str
    number: str
    vendor: str
    currency: str
    status: str
    reason: str
    day: date | None
    due: date | None
    unpaid: Decimal
    total: Decimal
    paid: Decimal
    body: str
    shown: str
    modified: datetime

    @property
    def is_to_pay(self) -> bool:
        """Whether AvidXchange means to pay it."""
        return self.status in TO_PAY

    @property
    def is_refused(self) -> bool:
        """Whether AvidXchange pays nothing on it."""
        return self.status in NOT_TO_PAY


class AvidXchangePayment(NamedTuple):
    """A payment in AvidXchange."""

    external_id: str
    number: str
    vendor: str
    currency: str
    status: str
    amount: Decimal
    day: date | None
    modified: datetime


class AvidXchangeAllocation(NamedTuple):
    """What a payment takes off an invoice, its discount included."""

    invoice: str
    payment: str
    amount: Decimal


class ComparedBooks:
    """A temporary database with both sides, given back in order of the records' external ids.

    Use it as a context manager: nothing of it is left afterwards.
    """

    def __init__(self) -> None:
        # A database without a name is SQLite's own temporary file, which nobody else can open.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add_bills(self, bills: Iterable[NetSuiteBill]) -> None:
        """Take bills in; one that is there already is replaced."""
        self._add("bills", bills)

    def add_invoices(self, invoices: Iterable[AvidXchangeInvoice]) -> None:
        """Take invoices in; the last of one counts, for a list may show it twice while it changes."""
        self._add("invoices", invoices)

    def add_posted(self, posted: Iterable[Posted]) -> None:
        """Take posted payments in; the several vendor payments of one payment are added up."""
        parts: defaultdict[str, list[Posted]] = defaultdict(list)

        def wholes() -> Iterator[Posted]:
            for one in posted:
                if (name := whole_payment(one.external_id)) == one.external_id:
                    yield one
                else:
                    parts[name].append(one)

        self._add("posted", wholes())
        for name, some in parts.items():
            some += [Posted(**row) for row in self._rows("SELECT * FROM posted WHERE external_id = ?", name)]
        self._add("posted", (_together(name, some) for name, some in parts.items()))

    def add_payments(
        self, payments: Iterable[tuple[AvidXchangePayment, list[AvidXchangeAllocation]]]
    ) -> None:
        """Take payments in, each with what it pays."""
        remaining = iter(payments)
        while some := list(islice(remaining, _BATCH)):
            self._add("payments", (payment for payment, _ in some))
            self._add("shares", (share for _, shares in some for share in shares))

    def add_to_bills(self, applied: Iterable[Applied]) -> None:
        """Put what was applied later back on the bills that are there."""
        for one in applied:
            for row in self._rows("SELECT open FROM bills WHERE external_id = ?", one.bill):
                back = str(row["open"] + one.amount)
                self._db.execute("UPDATE bills SET open = ? WHERE external_id = ?", (back, one.bill))

    def bills(self) -> Iterator[NetSuiteBill]:
        """Return the bills in order."""
        return (NetSuiteBill(**row) for row in self._rows("SELECT * FROM bills ORDER BY external_id"))

    def invoices(self) -> Iterator[AvidXchangeInvoice]:
        """Return the invoices in order."""
        return (
            AvidXchangeInvoice(**row) for row in self._rows("SELECT * FROM invoices ORDER BY external_id")
        )

    def posted(self) -> Iterator[Posted]:
        """Return the posted payments in order."""
        return (Posted(**row) for row in self._rows("SELECT * FROM posted ORDER BY external_id"))

    def payments(self) -> Iterator[AvidXchangePayment]:
        """Return AvidXchange's payments in order."""
        return (
            AvidXchangePayment(**row) for row in self._rows("SELECT * FROM payments ORDER BY external_id")
        )

    def shares_of(self, payment: str) -> list[AvidXchangeAllocation]:
        """Return what one payment pays."""
        return [
            AvidXchangeAllocation(**row)
            for row in self._rows("SELECT * FROM shares WHERE payment = ?", payment)
        ]

    def settled_after(self, day: date) -> dict[str, Decimal]:
        """Add up, by invoice, what settled payments of later days take off."""
        found: dict[str, Decimal] = {}
        for row in self._rows(
            "SELECT s.invoice, s.amount FROM shares s JOIN payments p ON p.external_id = s.payment"
            " WHERE p.status = 'settled' AND p.day > ?",
            day.isoformat(),
        ):
            found[row["invoice"]] = found.get(row["invoice"], Decimal(0)) + row["amount"]
        return found

    def unpaid_totals(self, as_of: date | None) -> dict[str, Decimal]:
        """Add up what AvidXchange shows as unpaid, by currency, whatever NetSuite has.

        Args:
            as_of: The day at whose end; now where it is None.
        """
        later = self.settled_after(as_of) if as_of else {}
        found: dict[str, Decimal] = {}
        for one in self.invoices():
            if not (as_of and one.day and one.day > as_of):
                amount = one.unpaid + later.get(one.external_id, Decimal(0))
                found[one.currency] = found.get(one.currency, Decimal(0)) + amount
        return found

    def without_a_bill(self) -> Iterator[str]:
        """Name the invoices that were paid or are to be paid, and whose bills are not among those read.

        Bills may be taken in meanwhile.
        """
        query = (
            "SELECT external_id FROM invoices WHERE external_id > ? AND (unpaid <> '0' OR paid <> '0')"
            " AND external_id NOT IN (SELECT external_id FROM bills) ORDER BY external_id LIMIT 1000"
        )
        after = ""
        while names := [row["external_id"] for row in self._rows(query, after)]:
            yield from names
            after = names[-1]

    def _add(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        places = ", ".join("?" * _COLUMNS[table])
        self._db.execute("BEGIN")
        self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", map(_cells, rows))  # noqa: S608
        self._db.execute("COMMIT")

    def _rows(self, query: str, *values: str) -> Iterator[dict[str, Any]]:
        found = self._db.execute(query, values)
        names = [column[0] for column in found.description]
        for row in found:
            yield {
                name: _READ.get(name, str)(cell) if cell is not None else None
                for name, cell in zip(names, row, strict=True)
            }


def _together(name: str, parts: Sequence[Posted]) -> Posted:
    """Return the vendor payments of one payment as one: what is void pays nothing."""
    standing = [one for one in parts if not one.is_void]
    counted = standing or parts
    return counted[0]._replace(
        external_id=name,
        amount=sum((one.amount for one in counted), Decimal(0)),
        undecided=next((one.undecided for one in counted if one.undecided), ""),
    )


_COLUMNS = {
    table: len(kind._fields)
    for table, kind in (
        ("bills", NetSuiteBill),
        ("invoices", AvidXchangeInvoice),
        ("posted", Posted),
        ("payments", AvidXchangePayment),
        ("shares", AvidXchangeAllocation),
    )
}
_READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("day", "due"), date.fromisoformat),
    **dict.fromkeys(("is_void", "posts"), bool),
    "modified": datetime.fromisoformat,
    **dict.fromkeys(("open", "unpaid", "total", "paid", "amount"), Decimal),
}


def _cells(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        str(cell) if isinstance(cell, Decimal) else cell.isoformat() if isinstance(cell, date) else cell
        for cell in row
    )
