"""Do both books agree? Judged by the sandbox's own books, never by what a plugin reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Book = Mapping[str, Any]

_OPEN = "A"
_OURS = "avidxchange-payment-"
_GONE = {"rejected", "cancelled"}
_DIMENSIONS = {
    "Departments": ("departments", "department", "department"),
    "Classes": ("classes", "class", "classification"),
    "Locations": ("locations", "location", "location"),
}


@dataclass(frozen=True)
class Comparison:
    """One line of the closing table: the same thing in both books."""

    what: str
    netsuite: str
    avidxchange: str
    agree: bool


class BothBooks:
    """Both books, each put in the words of external ids so that they can be laid side by side.

    Args:
        books: What the sandbox's control API gives as `books`.
        account: The NetSuite account id.
    """

    def __init__(self, books: Book, account: str) -> None:
        self.netsuite: Book = books["netsuite"]
        self.avidxchange: Book = books["avidxchange"]
        self._account = account
        self.bills = {
            self._id("vendorbill", bill["id"]): bill
            for bill in self.netsuite["bills"]
            if bill["status"] == _OPEN or any(map(_is_ours, bill["applications"]))
        }
        self.invoices = {
            invoice["externalId"]: invoice
            for invoice in self.avidxchange["invoices"]
            if invoice["status"] not in _GONE
        }

    def compare(self) -> list[Comparison]:
        """Compare them, record by record and to the cent."""
        return [*self._coding(), *self._documents(), *self._payments(), *self._balances()]

    def _coding(self) -> Iterable[Comparison]:
        yield _records(
            "Vendors",
            {self._id("vendor", vendor["id"]) for vendor in self.netsuite["vendors"]},
            {vendor["externalId"] for vendor in self.avidxchange["vendors"]},
        )
        yield _records(
            "GL accounts",
            {(self._id("account", one["id"]), one["acctnumber"]) for one in self.netsuite["accounts"]},
            {(one["externalId"], one["code"]) for one in self.avidxchange["gl_accounts"]},
        )
        for what, (table, dimension, kind) in _DIMENSIONS.items():
            yield _records(
                what,
                {self._id(kind, one["id"]) for one in self.netsuite[table]},
                {
                    one["externalId"]
                    for one in self.avidxchange["dimension_values"]
                    if one["dimension"] == dimension
                },
            )

    def _documents(self) -> Iterable[Comparison]:
        yield _records(
            "Bills and invoices",
            {
                (external_id, bill["tranid"], self._id("vendor", bill["vendor"]), Decimal(bill["total"]))
                for external_id, bill in self.bills.items()
            },
            {
                (external_id, one["number"], one["vendorExternalId"], Decimal(one["total"]))
                for external_id, one in self.invoices.items()
            },
        )
        yield _records(
            "Lines, with their coding",
            Counter(
                (bill_id, *_coded(line, "account_number"))
                for bill_id, bill in self.bills.items()
                for line in bill["lines"]
            ),
            Counter(
                (invoice_id, *_coded(line, "glCode"))
                for invoice_id, invoice in self.invoices.items()
                for line in invoice["lines"]
            ),
        )
        yield _records(
            "Images, by their hash",
            {(bill_id, bill["files"][0]["sha256"]) for bill_id, bill in self.bills.items() if bill["files"]},
            {(one["externalId"], one["image"]["sha256"]) for one in self.invoices.values() if one["image"]},
        )

    def _payments(self) -> Iterable[Comparison]:
        posted = {
            payment["externalid"]: payment for payment in self.netsuite["payments"] if _is_ours(payment)
        }
        settled = {
            f"{_OURS}{payment['id']}": payment
            for payment in self.avidxchange["payments"]
            if payment["status"] == "settled"
        }
        yield _records("Payments settled and posted", set(posted), set(settled))
        yield from _amounts(
            "… in {}", _by_currency(posted.values(), "total"), _by_currency(settled.values(), "amount")
        )
        yield _records(
            "… applied to bills",
            _applied(
                ((key, self._id("vendorbill", one["bill"])), one)
                for key, payment in posted.items()
                for one in payment["applications"]
            ),
            _applied(
                ((key, one["invoiceExternalId"]), one)
                for key, payment in settled.items()
                for one in payment["allocations"]
            ),
        )

    def _balances(self) -> Iterable[Comparison]:
        yield from _amounts(
            "Open payables, unpaid invoices, {}",
            {name: Decimal(total) for name, total in self.netsuite["open_payables"].items()},
            {name: Decimal(total) for name, total in self.avidxchange["unpaid"].items()},
        )
        open_by_bill = {bill_id: Decimal(bill["unpaid"]) for bill_id, bill in self.bills.items()}
        unpaid_by_bill = {key: Decimal(one["amountUnpaid"]) for key, one in self.invoices.items()}
        yield Comparison(
            "… bill by bill",
            f"{sum(map(bool, open_by_bill.values())):,} open",
            f"{sum(map(bool, unpaid_by_bill.values())):,} unpaid",
            open_by_bill == unpaid_by_bill,
        )

    def _id(self, kind: str, record_id: str) -> str:
        return f"netsuite-{self._account}-{kind}-{record_id}"


def _is_ours(record: Book) -> bool:
    return (record["externalid"] or "").startswith(_OURS)


def _coded(line: Book, account: str) -> tuple[Any, ...]:
    return (
        Decimal(str(line["amount"])),
        line[account],
        *(line[dimension] for dimension in ("department", "class", "location")),
        line.get("purchase_order", line.get("purchaseOrder")),
    )


def _records(what: str, left: set[Any] | Counter[Any], right: set[Any] | Counter[Any]) -> Comparison:
    return Comparison(what, f"{_size(left):,}", f"{_size(right):,}", left == right)


def _size(records: set[Any] | Counter[Any]) -> int:
    return sum(records.values()) if isinstance(records, Counter) else len(records)


def _applied(applications: Iterable[tuple[tuple[str, str], Book]]) -> set[tuple[str, str, Decimal, Decimal]]:
    """Return what each payment takes off each bill; NetSuite has a line for each of a bill's instalments."""
    totals: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for pair, one in applications:
        amount, discount = totals.get(pair, (Decimal(0), Decimal(0)))
        totals[pair] = amount + Decimal(one["amount"]), discount + Decimal(one["discount"])
    return {(*pair, *total) for pair, total in totals.items()}


def _by_currency(payments: Iterable[Book], amount: str) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for payment in payments:
        currency = payment["currency"]
        totals[currency] = totals.get(currency, Decimal(0)) + Decimal(payment[amount])
    return totals


def _amounts(what: str, left: Mapping[str, Decimal], right: Mapping[str, Decimal]) -> Iterable[Comparison]:
    for currency in sorted(left.keys() | right.keys()):
        one, other = left.get(currency, Decimal(0)), right.get(currency, Decimal(0))
        yield Comparison(what.format(currency), f"{one:,.2f}", f"{other:,.2f}", one == other)
