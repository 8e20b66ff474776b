"""What is settled of a bill in NetSuite, beside what AvidXchange has paid of its invoice."""

from __future__ import annotations

from decimal import Decimal

from apbridge import json
from apbridge.errors import RejectedError
from apbridge.ledger import Ledger
from apbridge.schemas.identifiers import whole_payment
from apbridge.singer import Record
from target_avidxchange.credited import credited, invoiced
from target_avidxchange.invoice import AcknowledgedInvoice
from target_avidxchange.refusals import facts_of
from target_avidxchange.remote import GONE, RemoteIndex
from target_avidxchange.withdrawal import (
    Withdrawal,
    applied_by_us,
    is_credit,
    our_payments,
    possible_discount,
    settled,
)

_UNDONE = {"voided", "failed"}
"""What the way back notes of a payment that AvidXchange itself has taken back."""


def rest_is_unpaid(record: Record, gone: Withdrawal) -> RejectedError:
    """Return what to say of a bill of which others have settled a part, and whose invoice was withdrawn."""
    facts = facts_of(record, open=record.get("amount_due"), total=record.get("total"))
    return RejectedError("APB-TAX-023", **facts, because=gone.because)


def see_that_the_rest_is_a_discount(record: Record, remote_index: RemoteIndex) -> None:
    """Check that AvidXchange pays no more of a bill than is open, where nothing explains a small rest.

    Raises:
        RejectedError: It means to, unless the rest is a discount that it does not show.
    """
    rest = possible_discount(record)
    there = remote_index.listed().get(record["external_id"]) if rest else None
    if there is None or there.status in {*GONE, "paid"}:
        return
    to_pay, due = there.to_pay, Decimal(record["amount_due"])
    # Of a payment that AvidXchange has taken back already, the void is still to come here.
    if to_pay <= due or Decimal(there.amount_paid) < applied_by_us(record):
        return
    facts = facts_of(record, rest=rest, open=due, to_pay=to_pay)
    raise RejectedError("APB-TAX-025", **facts, status=there.status)


def see_that_our_payments_stand(
    record: Record, known: AcknowledgedInvoice, remote_index: RemoteIndex, ledger: Ledger
) -> None:
    """Check that no payment is gone from a bill that AvidXchange still counts as paid by it.

    Raises:
        RejectedError: One is: NetSuite has the bill open again, and somebody may pay it once more.
    """
    lost = {*known.ours} - {*our_payments(record)}
    if not lost:
        return
    there = remote_index.listed().get(record["external_id"])
    if (
        there is None
        or there.status in GONE
        or Decimal(there.amount_paid) <= settled(record) - credited(record)
    ):
        return
    # What was paid anew there may not be posted yet, where the void of the old payment is.
    rows = ledger.rows("netsuite", "payments", map(whole_payment, lost))
    undone = {name for name, row in rows.items() if row.facts.get("status") in _UNDONE}
    undone |= ledger.in_doubt("netsuite", "payments", map(whole_payment, lost))
    lost -= {name for name in lost if whole_payment(name) in undone}
    if not lost:
        return
    due, total = record.get("amount_due"), record.get("total")
    facts = facts_of(record, open=due, total=total, paid=there.amount_paid)
    raise RejectedError("APB-TAX-033", **facts, payments=", ".join(sorted(lost)))


def see_that_only_credits_have_settled(record: Record) -> None:
    """Check that AvidXchange would not pay what is settled already: its invoice leaves out credits alone.

    Raises:
        RejectedError: Something else has settled a part of a bill that was never submitted.
    """
    total, due, left = record.get("total"), record.get("amount_due"), invoiced(record)
    applied = record["applications"]
    is_more_settled = None not in {left, due} and Decimal(str(due)) != left
    if is_more_settled or not all(map(is_credit, applied)) or (applied and not left):
        raise RejectedError("APB-TAX-020", **facts_of(record, open=due, total=total))


def was_lowered(record: Record, known: AcknowledgedInvoice) -> bool:
    """Return whether a bill is over less than was sent of it, beside what credits have settled since."""
    sent, now = json.number(known.total or ""), invoiced(record)
    # Credits that AvidXchange itself has paid with are no part of what it was sent less for.
    return now is not None and isinstance(sent, Decimal) and now < sent != now + credited(record)


def see_that_it_was_not_lowered(record: Record, known: AcknowledgedInvoice) -> None:
    """Check that a bill that our payments have paid was not lowered since it was sent.

    Raises:
        RejectedError: It was: the vendor has been paid too much.
    """
    if was_lowered(record, known):
        sent, now = Decimal(known.total or 0), invoiced(record) or Decimal(0)
        facts = facts_of(record, now=now, before=sent, difference=sent - now)
        raise RejectedError("APB-TAX-024", **facts)
