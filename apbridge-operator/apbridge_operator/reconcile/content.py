"""What AvidXchange shows otherwise than it should: fields of the document, and what was sent for it last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from apbridge.avidxchange import fingerprint
from apbridge.json import loads
from apbridge.ledger import Ledger
from apbridge.ledger.doubt import SENT
from apbridge.ledger.tables import audit
from apbridge.redaction import redact
from apbridge.words import SUBMISSION
from apbridge_operator.reconcile.books import AvidXchangeInvoice
from apbridge_operator.reconcile.netsuite import NetSuiteBill

_AT_ONCE = 500


def differing(bill: NetSuiteBill, invoice: AvidXchangeInvoice, credited: Decimal) -> tuple[str, ...]:
    """Name the fields of the document in which both differ; what AvidXchange does not show is left out.

    Args:
        bill: The bill.
        invoice: Its invoice.
        credited: How much less it was sent for, because of credits.
    """
    return tuple(
        f"{name} ({here} in NetSuite, {there} in AvidXchange)"
        for name, here, there in _fields(bill, invoice, credited)
        if here and there and here != there
    )


def _fields(
    bill: NetSuiteBill, invoice: AvidXchangeInvoice, credited: Decimal
) -> Iterator[tuple[str, Any, Any]]:
    yield "vendor", bill.vendor, invoice.vendor
    yield "number", bill.number, invoice.number
    yield "date", bill.day, invoice.day
    yield "due date", bill.due, invoice.due
    yield "currency", bill.currency, invoice.currency
    yield "total", bill.total - credited, invoice.total


def not_as_sent(
    sent: Mapping[str, Any], invoice: AvidXchangeInvoice, unseen: frozenset[str]
) -> tuple[str, ...]:
    """Name the fields, in AvidXchange's words, that it shows otherwise than they were sent.

    Args:
        sent: What was sent last, as the audit trail has it.
        invoice: What AvidXchange shows.
        unseen: The fields that its lists show of no invoice.
    """
    # The trail masks what must not be read there; what is compared with it is masked alike.
    shown = redact(loads(invoice.shown))
    return tuple(
        name
        for name, value in sent.items()
        if name in shown and name not in unseen and fingerprint([value]) != fingerprint([shown[name]])
    )


def last_sent(ledger: Ledger, external_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return what was sent last for invoices, as the audit trail has it, by external id."""
    names = list(external_ids)
    found: dict[str, Mapping[str, Any]] = {}
    with ledger.database.reading() as connection:
        for start in range(0, len(names), _AT_ONCE):
            newest = (
                select(func.max(audit.c.seq))
                .where(
                    audit.c.system == "avidxchange",
                    audit.c.operation == SUBMISSION,
                    audit.c.phase == SENT,
                    audit.c.external_id.in_(names[start : start + _AT_ONCE]),
                )
                .group_by(audit.c.external_id)
            )
            query = select(audit.c.external_id, audit.c.body).where(audit.c.seq.in_(newest))
            for name, body in connection.execute(query):
                sent = loads(body) if body else None
                if isinstance(sent, dict):
                    found[name] = sent
    return found
