"""Whether a bill and its invoice say the same, in amount, state and content; and where they do not, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apbridge import words
from apbridge.errors import APBridgeError
from apbridge.ledger import Row, Status
from apbridge_operator.reconcile.books import AvidXchangeInvoice
from apbridge_operator.reconcile.content import differing, not_as_sent
from apbridge_operator.reconcile.difference import ZERO, Cause, Difference
from apbridge_operator.reconcile.explanation import (
    Direction,
    Explanation,
    Runs,
    by_ledger,
    by_run,
    explained,
    is_behind,
    unexplained,
)
from apbridge_operator.reconcile.netsuite import Applied, NetSuiteBill


@dataclass(frozen=True, slots=True)
class Pair:
    """A bill and its invoice.

    Args:
        external_id: Their name.
        bill: None where NetSuite has none.
        invoice: None where AvidXchange has none.
        row: The ledger's.
        here: Open in NetSuite.
        there: Unpaid in AvidXchange.
        sent: What was sent for it last, as the audit trail has it, where AvidXchange shows something else.
        moved: By what payments that are not the same on both sides make them differ, and how those differ.
    """

    external_id: str
    bill: NetSuiteBill | None
    invoice: AvidXchangeInvoice | None
    row: Row | None
    here: Decimal
    there: Decimal
    sent: Mapping[str, Any] | None = None
    moved: Sequence[tuple[Decimal, Difference]] = ()

    @property
    def left(self) -> Decimal:
        """By how much NetSuite has more open than such payments explain."""
        return self.here - self.there - sum((amount for amount, _ in self.moved), ZERO)

    @property
    def credited(self) -> Decimal:
        """How much less than its bill the invoice was sent for, because of credits."""
        return Decimal((self.row and self.row.facts.get("credited")) or 0)

    @property
    def heard_of(self) -> list[tuple[Any, Any]]:
        """What is applied to the bill as the ledger keeps it, by internal id and amount."""
        kept = self.row.payload if self.row else None
        # What was rejected may have any shape.
        applied = kept.get("applications") if isinstance(kept, dict) else None
        listed = applied if isinstance(applied, list) else []
        return [(one.get("id"), one.get("amount")) for one in listed if isinstance(one, dict)]

    @property
    def is_withdrawn(self) -> bool:
        """Whether the ledger has it as taken back."""
        return bool(self.row and self.row.facts.get("is_withdrawn"))


@dataclass(frozen=True, slots=True)
class Ground:
    """What all bills are judged by.

    Args:
        runs: The last good ones.
        start: `start_date` of tap-netsuite-ap.
        unseen: The fields that are sent for invoices and that AvidXchange's list shows of none.
    """

    runs: Runs
    start: date | None
    unseen: frozenset[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to explain bills by that differ.

    Args:
        applied: What was applied to them in NetSuite by others than us, by external id.
        deleted: When they were deleted, by external id.
    """

    applied: Mapping[str, Sequence[Applied]]
    deleted: Mapping[str, datetime]


def is_different(pair: Pair, ground: Ground) -> bool:
    """Return whether both sides differ, as far as that shows before anything is looked up."""
    bill, invoice = pair.bill, pair.invoice
    if pair.left or pair.moved:
        return True
    if bill is None or invoice is None:
        return False
    is_held_up = pair.row is not None and pair.row.status is not Status.DELIVERED
    return _is_off(bill, invoice, pair) or (
        invoice.is_to_pay and (is_held_up or _old_content(pair, bill, invoice, ground) is not None)
    )


def of_bill(pair: Pair, evidence: Evidence, ground: Ground) -> Explanation:
    """Explain why both sides differ; the worse of two causes counts."""
    moved = _by_payments(pair.moved) if pair.moved else None
    own = _of_bill(pair, evidence, ground, moved)
    if own is None or moved is None:
        return own or moved or unexplained(_sums(pair))
    worst, other = (moved, own) if own.is_good and not moved.is_good else (own, moved)
    says = f"{worst.says} {other.says}"
    return Explanation(worst.cause, says, worst.do, worst.code, worst.run, has_passed=worst.has_passed)


def _of_bill(pair: Pair, evidence: Evidence, ground: Ground, moved: Explanation | None) -> Explanation | None:
    """Explain what payments on their way do not; None where that is nothing."""
    bill, invoice = pair.bill, pair.invoice
    others = evidence.applied.get(pair.external_id, ())
    if moved and not others and bill and invoice and not _is_off(bill, invoice, pair):
        # One that settled while both sides were read: the invoice does not count it yet.
        is_just_settled = moved.is_good and pair.here == pair.there
        if not pair.left or is_just_settled:
            return None
    changed = evidence.deleted.get(pair.external_id)
    if bill:
        # Many an account dates no application: the ledger may know of one and have it as of before.
        unheard = (one.modified for one in others if (one.id, one.amount) not in pair.heard_of)
        changed = max((bill.modified, *unheard))
    found = by_ledger(pair.row, Direction.OUTBOUND, ground.runs, changed)
    if found or (moved and moved.is_good and _may_be_one(pair, others)):
        return found
    if bill is None:
        return by_run(Cause.IN_FLIGHT, _gone(invoice), Direction.OUTBOUND, ground.runs, changed)
    if invoice is None:
        return _not_there(bill, pair.row, ground)
    return _of_both(pair, bill, invoice, others, ground)


def _of_both(
    pair: Pair, bill: NetSuiteBill, invoice: AvidXchangeInvoice, others: Sequence[Applied], ground: Ground
) -> Explanation:
    """Explain a bill that has an invoice."""
    if invoice.is_refused:
        return _refused(pair, bill, invoice, others, ground.runs)
    applied = sum((one.amount for one in others), ZERO)
    if invoice.paid and invoice.paid + applied > bill.total:
        return unexplained(_overpaid(bill, invoice, applied))
    if not others or applied == pair.credited:
        why = _odd(pair, bill, invoice, ground)
        return by_run(Cause.IN_FLIGHT, why, Direction.OUTBOUND, ground.runs, bill.modified)
    rest = pair.left + applied - pair.credited
    why = APBridgeError("APB-REC-021", told=_told(others), rest=_rest(rest))
    # What was applied explains its own amount; what is left over must be as young as the bill's last change.
    applied_at = max(one.modified for one in others)
    cause, changed = (Cause.IN_FLIGHT, bill.modified) if rest else (Cause.BY_HAND, applied_at)
    return by_run(cause, why, Direction.OUTBOUND, ground.runs, changed)


def _may_be_one(pair: Pair, others: Sequence[Applied]) -> bool:
    """Return whether payments that are to be posted may have been recorded by hand: then they are linked."""
    applied = sum((one.amount for one in others), ZERO)
    return bool(applied) and applied == sum((amount for amount, _ in pair.moved), ZERO)


def _is_off(bill: NetSuiteBill, invoice: AvidXchangeInvoice, pair: Pair) -> bool:
    """Return whether their states do not go together."""
    is_held = bool(bill.because) or pair.is_withdrawn
    return invoice.paid > bill.total or (invoice.is_to_pay and is_held)


def _odd(pair: Pair, bill: NetSuiteBill, invoice: AvidXchangeInvoice, ground: Ground) -> APBridgeError:
    """Describe what is different about an invoice that stands."""
    is_to_pay = invoice.is_to_pay
    if is_to_pay and bill.because:
        return APBridgeError("APB-REC-020", because=_sentence(bill.because), status=invoice.status)
    if is_to_pay and pair.is_withdrawn:
        return APBridgeError("APB-REC-023", status=invoice.status)
    if is_to_pay and pair.row and pair.row.status is Status.IGNORED:
        return APBridgeError("APB-REC-024", status=invoice.status)
    if pair.left:
        return _sums(pair)
    fields = _old_content(pair, bill, invoice, ground)
    if fields:
        return APBridgeError("APB-REC-030", fields=", ".join(fields))
    return APBridgeError("APB-REC-031", moment=f"{bill.modified:%Y-%m-%d %H:%M} UTC")


def _sums(pair: Pair) -> APBridgeError:
    bill, invoice = pair.bill, pair.invoice
    if bill and invoice and bill.total - pair.credited != invoice.total:
        return APBridgeError("APB-REC-028", here=_money(bill.total), there=_money(invoice.total))
    if invoice and invoice.status == "paid":
        return APBridgeError("APB-REC-026", open=_money(pair.here))
    if bill and not bill.open:
        return APBridgeError("APB-REC-027", unpaid=_money(pair.there))
    here, there, left = _money(pair.here), _money(pair.there), _money(abs(pair.left))
    return APBridgeError("APB-REC-029", here=here, there=there, left=left)


def _old_content(
    pair: Pair, bill: NetSuiteBill, invoice: AvidXchangeInvoice, ground: Ground
) -> tuple[str, ...] | None:
    """Name what AvidXchange shows otherwise than it should; None where that is nothing.

    No field is named where only the ledger is behind: no run has taken up that the bill changed.
    """
    fields, row = differing(bill, invoice, pair.credited), pair.row
    if row is None or not row.facts.get("body"):
        return fields or None
    if is_other_than_sent(row, invoice):
        other = not_as_sent(pair.sent, invoice, ground.unseen) if pair.sent else ()
        return (*fields, *other) or None
    if not is_behind(row, bill.modified):
        return None
    return fields or (() if ground.runs.have_passed(Direction.OUTBOUND, bill.modified) else None)


def is_other_than_sent(row: Row | None, invoice: AvidXchangeInvoice | None) -> bool:
    """Return whether an invoice that AvidXchange means to pay differs from what was sent last."""
    if row is None or invoice is None or not invoice.is_to_pay:
        return False
    body = row.facts.get("body")
    return bool(body) and body != invoice.body


def _gone(invoice: AvidXchangeInvoice | None) -> APBridgeError:
    is_paid = invoice is not None and not invoice.is_to_pay
    return APBridgeError("APB-REC-033" if is_paid else "APB-REC-022")


def _overpaid(bill: NetSuiteBill, invoice: AvidXchangeInvoice, applied: Decimal) -> APBridgeError:
    return APBridgeError(
        "APB-REC-025",
        paid=_money(invoice.paid),
        total=_money(bill.total),
        others=f", and {_money(applied)} was settled otherwise" if applied else "",
        over=_money(invoice.paid + applied - bill.total),
    )


def _not_there(bill: NetSuiteBill, row: Row | None, ground: Ground) -> Explanation:
    if bill.because:
        return explained(Cause.NOT_ELIGIBLE, APBridgeError("APB-REC-012", because=bill.because))
    if row is None:
        if ground.start and bill.day < ground.start:
            return explained(Cause.NOT_ELIGIBLE, APBridgeError("APB-REC-011", start=ground.start))
        why = APBridgeError("APB-REC-010")
    elif row.status is Status.IGNORED or row.facts.get("is_withdrawn"):
        why = APBridgeError("APB-REC-012", because=row.says or "its settings say so")
        if not is_behind(row, bill.modified):
            return explained(Cause.NOT_ELIGIBLE, why)
    else:
        why = APBridgeError("APB-REC-014")
    return by_run(Cause.IN_FLIGHT, why, Direction.OUTBOUND, ground.runs, bill.modified)


def _refused(
    pair: Pair, bill: NetSuiteBill, invoice: AvidXchangeInvoice, others: Sequence[Applied], runs: Runs
) -> Explanation:
    """Explain an invoice that AvidXchange does not mean to pay."""
    row, reason = pair.row, invoice.reason
    because = bill.because or (f"{words.SETTLED_OTHERWISE}: {_told(others)}" if others else "")
    if because:
        return explained(Cause.NOT_ELIGIBLE, APBridgeError("APB-REC-015", because=because))
    is_behind_it = row is not None and is_behind(row, bill.modified)
    if invoice.status == "cancelled" and reason.startswith(words.WITHDRAWN):
        said = reason.removeprefix(words.WITHDRAWN)
        if pair.is_withdrawn and not is_behind_it and not said.startswith(words.OF_NETSUITE):
            return explained(Cause.NOT_ELIGIBLE, APBridgeError("APB-REC-015", because=said))
        why = APBridgeError("APB-REC-017", reason=reason)
        return by_run(Cause.IN_FLIGHT, why, Direction.OUTBOUND, runs, bill.modified)
    why = APBridgeError("APB-REC-016", status=invoice.status, reason=f": {reason}" if reason else "")
    if is_behind_it or (row is None and bill.modified > invoice.modified):
        return by_run(Cause.IN_FLIGHT, why, Direction.OUTBOUND, runs, bill.modified)
    return explained(Cause.REFUSED_THERE, why)


def _by_payments(moved: Sequence[tuple[Decimal, Difference]]) -> Explanation:
    listed = [difference for _, difference in moved]
    worst = min(listed, key=lambda one: one.is_explained)
    why = APBridgeError("APB-REC-032", numbers=", ".join(one.number for one in listed), says=worst.says)
    cause = Cause.PAYMENT if worst.is_explained else Cause.UNEXPLAINED
    run = Direction(worst.run) if worst.run else None
    return Explanation(cause, why.says, worst.do, worst.code, run, has_passed=worst.has_passed)


def _told(applied: Sequence[Applied]) -> str:
    # Exceptions name a document by its internal id alone.
    return ", ".join(
        f"{one.kind} {one.number} of {_money(one.amount)} on {one.day} (internal id {one.id})"
        for one in applied
    )


def _rest(rest: Decimal) -> str:
    return f"; that does not account for {_money(abs(rest))} of the difference" if rest else ""


def _sentence(because: str) -> str:
    return because[:1].upper() + because[1:]


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
