"""Why both sides differ, by what the ledger and either system know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from apbridge.ledger import OPEN, Ledger, Row, Status
from apbridge.ledger.chronicle import Chronicle
from apbridge.reconcile.books import Invoice, Payment
from apbridge.reconcile.netsuite import Applied, Bill, Posted
from apbridge.reconcile.result import Cause

_SLACK = timedelta(minutes=2)
"""How far the clocks of three machines may be apart."""

_GONE = "C"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A cause in words."""

    cause: Cause
    says: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Runs:
    """When the last good run of each direction began; None where there was none.

    Args:
        outbound: From NetSuite to AvidXchange.
        inbound: From AvidXchange to NetSuite.
    """

    outbound: datetime | None
    inbound: datetime | None

    @classmethod
    def of(cls, ledger: Ledger) -> Runs:
        """Read them."""
        chronicle = Chronicle(ledger)
        found = (chronicle.last_good(name) for name in ("target-avidxchange", "target-netsuite-payments"))
        return cls(*(run.started_at if run else None for run in found))


def of_payment(
    row: Row | None, payment: Payment | None, posted: Posted | None, runs: Runs, as_of: date | None
) -> Explanation:
    """Explain why a payment is not posted as it is settled."""
    return next(filter(None, _of_payment(row, payment, posted, runs, as_of)))


def _of_payment(
    row: Row | None, payment: Payment | None, posted: Posted | None, runs: Runs, as_of: date | None
) -> Iterator[Explanation | None]:
    yield _by_ledger(row)
    if payment is None:
        yield Explanation(Cause.UNEXPLAINED, "AvidXchange shows no such payment.")
        return
    is_settled = payment.status == "settled"
    if as_of and posted and is_settled and payment.amount == posted.amount:
        yield Explanation(Cause.DATES, f"It was paid on {payment.day} and is posted on {posted.day}.")
    if row and not posted and is_settled and row.facts.get("note"):
        yield Explanation(Cause.BY_HAND, f"It is {row.facts['note']}.")
    if _is_later(payment.modified, runs.inbound):
        yield Explanation(Cause.IN_FLIGHT, "It changed since the last inbound run: the next one sees to it.")
    if not posted:
        yield Explanation(Cause.UNEXPLAINED, "It settled before the last inbound run, and is not posted.")
    elif is_settled:
        yield Explanation(Cause.UNEXPLAINED, "It is posted with another amount than was settled.")
    else:
        yield Explanation(Cause.UNEXPLAINED, f"It is {payment.status} in AvidXchange, and still posted.")


@dataclass(frozen=True, slots=True)
class Open:
    """A bill on which both sides differ, and what there is to explain it by.

    Args:
        bill: The bill; None where NetSuite has it no more.
        invoice: Its invoice; None where AvidXchange has none.
        left: By how much NetSuite has more open than payments on their way explain.
    """

    external_id: str
    bill: Bill | None
    invoice: Invoice | None
    left: Decimal


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to explain bills by.

    Args:
        rows: The ledger's, by external id.
        applied: What was applied to them in NetSuite, by external id.
        deleted: When they were deleted, by external id.
        runs: The last good ones.
        start: `start_date` of tap-netsuite-ap.
    """

    rows: Mapping[str, Row]
    applied: Mapping[str, Sequence[Applied]]
    deleted: Mapping[str, datetime]
    runs: Runs
    start: date | None


def of_bill(one: Open, evidence: Evidence) -> Explanation:
    """Explain why a bill's open balance is not what is unpaid on its invoice."""
    return next(filter(None, _of_bill(one, evidence)))


def _of_bill(one: Open, evidence: Evidence) -> Iterator[Explanation | None]:
    row = evidence.rows.get(one.external_id)
    if one.invoice and one.invoice.status in {"rejected", "cancelled"}:
        reason = f": {one.invoice.reason}" if one.invoice.reason else ""
        yield Explanation(Cause.REFUSED_THERE, f"AvidXchange has it as {one.invoice.status}{reason}.")
    by_hand = [each for each in evidence.applied.get(one.external_id, ()) if not each.is_ours]
    if by_hand and sum(each.amount for each in by_hand) == -one.left:
        told = ", ".join(f"{each.kind} {each.number} of {each.amount:,.2f} on {each.day}" for each in by_hand)
        yield Explanation(Cause.BY_HAND, f"NetSuite has it settled otherwise: {told}.")
    yield _by_ledger(row)
    changed = one.bill.modified if one.bill else evidence.deleted.get(one.external_id)
    if changed and _is_later(changed, evidence.runs.outbound):
        what = "changed" if one.bill else "was deleted"
        words = f"It {what} since the last outbound run: the next one sees to it."
        yield Explanation(Cause.IN_FLIGHT, words)
    if one.invoice is None:
        yield _not_there(one, row, evidence.start)
    elif one.bill is None:
        yield Explanation(Cause.UNEXPLAINED, "NetSuite has no such bill, and AvidXchange means to pay it.")
    elif one.bill.status == _GONE:
        yield Explanation(Cause.UNEXPLAINED, "NetSuite has cancelled it, and AvidXchange means to pay it.")
    else:
        yield Explanation(Cause.UNEXPLAINED, "Neither the ledger nor what was applied to it says why.")


def _not_there(one: Open, row: Row | None, start: date | None) -> Explanation:
    if row is None:
        if start and one.bill and one.bill.day < start:
            return Explanation(Cause.NOT_ELIGIBLE, f"Its date is before start_date, {start}.")
        return Explanation(Cause.UNEXPLAINED, "The ledger has never heard of it.")
    if row.status is Status.IGNORED:
        return Explanation(Cause.NOT_ELIGIBLE, f"It is not submitted: {row.reason or 'its settings say so'}.")
    return Explanation(Cause.UNEXPLAINED, "The ledger has it as delivered; AvidXchange does not show it.")


def _by_ledger(row: Row | None) -> Explanation | None:
    if row is None:
        return None
    if row.status in OPEN:
        cause = Cause.WAITING if row.status is Status.WAITING else Cause.REJECTED
        return Explanation(cause, row.reason or "", row.code)
    if row.status is Status.DISMISSED:
        return Explanation(Cause.DISMISSED, f"Dismissed: {row.reason or ''}", row.code)
    return None


def _is_later(moment: datetime, run: datetime | None) -> bool:
    return run is None or moment >= run - _SLACK
