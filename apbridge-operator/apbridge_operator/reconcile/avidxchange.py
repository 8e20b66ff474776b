"""AvidXchange's side, read in bulk by its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from apbridge.avidxchange import AvidXchange, Shown, fingerprint, instant
from apbridge.errors import APBridgeError
from apbridge.json import dumps
from apbridge_operator.reconcile.books import (
    NOT_TO_PAY,
    TO_PAY,
    AvidXchangeAllocation,
    AvidXchangeInvoice,
    AvidXchangePayment,
)

ZERO = Decimal(0)


class AvidXchangeCredit(NamedTuple):
    """A vendor credit, how much of it payments have used, and how much they may use still."""

    external_id: str
    number: str
    vendor: str
    currency: str
    used: Decimal
    usable: Decimal
    modified: datetime


def credits_of(avidxchange: AvidXchange) -> Iterator[AvidXchangeCredit]:
    """Return every credit that stands, in order of external ids."""
    found = []
    for shown in avidxchange.shown("credit"):
        with _reading("credit", shown.external_id):
            record = avidxchange.read("credit", shown)
            used = Decimal(record["amount_paid"] or 0)
            one = AvidXchangeCredit(
                record["external_id"],
                record.get("number") or record["external_id"],
                record.get("vendor_external_id") or "",
                record.get("currency") or "",
                used,
                ZERO if record["status"] in NOT_TO_PAY else Decimal(record["total"]) - used,
                instant(record["modified_at"]),
            )
        found.append(one)
    return iter(sorted(found, key=lambda one: one.external_id))


class InvoiceReader:
    """Every invoice that has an external id.

    Args:
        avidxchange: The company; only read.
    """

    def __init__(self, avidxchange: AvidXchange) -> None:
        self._avidxchange = avidxchange
        invoice = avidxchange.profile.resources["invoice"]
        body = invoice.upsert.body if invoice.upsert else None
        self._unseen = set(body.fields if body else ()) - set(invoice.listing.sent.fields)

    @property
    def unseen(self) -> frozenset[str]:
        """The fields that are sent for invoices and that the list, as far as it was read, shows of none."""
        return frozenset(self._unseen)

    def __iter__(self) -> Iterator[AvidXchangeInvoice]:
        for shown in self._avidxchange.shown("invoice"):
            self._unseen -= shown.item.keys()
            with _reading("invoice", shown.external_id):
                invoice = self._invoice(shown)
            yield invoice

    def _invoice(self, shown: Shown) -> AvidXchangeInvoice:
        record = self._avidxchange.read("invoice", shown)
        total, paid = Decimal(record["total"]), Decimal(record["amount_paid"] or 0)
        status = record["status"]
        unpaid = ZERO if status in NOT_TO_PAY else total - paid
        body = self._avidxchange.body_shown("invoice", shown) if status in TO_PAY else {}
        return AvidXchangeInvoice(
            record["external_id"],
            record.get("number") or record["external_id"],
            record.get("vendor_external_id") or "",
            record.get("currency") or "",
            status,
            record.get("status_reason") or "",
            _day(record.get("invoice_date")),
            _day(record.get("due_date")),
            unpaid or ZERO,
            total,
            paid or ZERO,
            fingerprint(body),
            dumps(body).decode(),
            instant(record["modified_at"]),
        )


def payments(avidxchange: AvidXchange) -> Iterator[tuple[AvidXchangePayment, list[AvidXchangeAllocation]]]:
    """Yield every payment, with what it pays."""
    for record in avidxchange.list("payment"):
        with _reading("payment", record["external_id"]):
            read = _payment(record)
        yield read


def _payment(record: Mapping[str, Any]) -> tuple[AvidXchangePayment, list[AvidXchangeAllocation]]:
    name = record["external_id"]
    paid = _day(record.get("paid_on")) or _day(record.get("settled_at"))
    payment = AvidXchangePayment(
        name,
        _number(record),
        record.get("vendor_id") or "",
        record.get("currency") or "",
        record["status"],
        Decimal(record["amount"]),
        paid,
        instant(record["modified_at"]),
    )
    shares: dict[str, Decimal] = {}
    for one in record["allocations"]:
        invoice = one["invoice_external_id"] or ""
        amount = Decimal(one["amount"]) + Decimal(one["discount"] or 0)
        shares[invoice] = shares.get(invoice, ZERO) + amount
    return payment, [AvidXchangeAllocation(invoice, name, amount) for invoice, amount in shares.items()]


@contextmanager
def _reading(kind: str, external_id: str | None) -> Iterator[None]:
    """Name the record that cannot be compared as it is shown."""
    try:
        yield
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as failure:
        raise APBridgeError("APB-REC-050", kind=kind, external_id=external_id) from failure


def _number(record: Mapping[str, Any]) -> str:
    names = ("check_number", "ach_trace", "card_reference", "id")
    return str(next(filter(None, (record.get(name) for name in names))))


def _day(value: str | None) -> date | None:
    return None if value is None else instant(value).date()
