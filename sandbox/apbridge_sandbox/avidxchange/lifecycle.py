"""What happens to invoices and payments inside AvidXchange.

Invoice: submitted → in_workflow → approved | rejected → scheduled → paid; cancelled.
Payment: processing → issued → settled, and cleared at the bank; failed; voided; reissued as a new payment
that names the old. What is wrong with it may be said at any time.

An approved invoice's status follows its payments: scheduled while one is under way, paid when the
settled ones cover it, approved otherwise. A credit needs no approval: its status follows the payments
that use it in the same way, and is submitted while none does.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sqlite3 import Row

from apbridge_sandbox.avidxchange.records import next_id
from apbridge_sandbox.clock import Clock
from apbridge_sandbox.money import amount

INVOICE_STATUSES = ("submitted", "in_workflow", "approved", "rejected", "scheduled", "paid", "cancelled")
PAYMENT_STATUSES = ("processing", "issued", "settled", "failed", "voided")
METHODS = ("check", "ach", "virtual_card")

LOCKED = frozenset({"approved", "scheduled", "paid"})
"""An invoice in one of these may no longer change; of a credit, some of it is used."""

_USABLE = ("submitted", "approved", "scheduled")
"""A credit in one of these can go with a payment."""

_UNDER_WAY = ("processing", "issued")
_STEPS = {
    "issued": ("processing",),
    "settled": _UNDER_WAY,
    "failed": _UNDER_WAY,
    "voided": (*_UNDER_WAY, "settled"),
}
_DECISIONS = {
    "in_workflow": ("submitted",),
    "approved": ("submitted", "in_workflow"),
    "rejected": ("submitted", "in_workflow"),
}


class StepError(ValueError):
    """It cannot happen: there is no such record, or it is not where the step begins."""


@dataclass(frozen=True)
class InvoiceAllocation:
    """What a payment gives to one invoice, in cents; the discount comes on top of the amount.

    Below zero it is what the payment uses of a credit.
    """

    external_id: str
    amount: int
    discount: int = 0


def decide(
    conn: sqlite3.Connection,
    clock: Clock,
    status: str,
    external_ids: Sequence[str] | None,
    reason: str | None = None,
) -> list[str]:
    """Bring invoices into the workflow, approve or reject them; None: all that can be. No credits.

    Returns:
        External ids of the invoices.

    Raises:
        StepError: One of those named cannot be.
    """
    allowed = _DECISIONS[status]
    if external_ids is None:
        rows = _where(conn, "ax_invoice", "status", allowed)
    else:
        rows = _invoices(conn, external_ids, allowed, status)
    rows = [row for row in rows if row["kind"] == "invoice"]
    for row in rows:
        conn.execute(
            "UPDATE ax_invoice SET status = ?, status_reason = ?, modified_at = ? WHERE id = ?",
            (status, reason, clock.stamp(), row["id"]),
        )
    return [row["external_id"] for row in rows]


def payable(conn: sqlite3.Connection) -> list[tuple[Row, int]]:
    """Return every approved invoice with the cents that no payment is under way for, oldest first."""
    return [(row, cents) for row, cents in _free(conn, "invoice", ("approved", "scheduled")) if cents > 0]


def usable(conn: sqlite3.Connection) -> list[tuple[Row, int]]:
    """Return every credit with the cents, below zero, that no payment uses, oldest first."""
    return [(row, cents) for row, cents in _free(conn, "credit", _USABLE) if cents < 0]


def pay(
    conn: sqlite3.Connection,
    clock: Clock,
    shares: Sequence[InvoiceAllocation],
    *,
    method: str | None = None,
    replaces: int | None = None,
) -> str:
    """Make one payment over approved invoices, and credits, of one vendor in one currency.

    Args:
        conn: To write with.
        clock: Tells its date.
        shares: What it gives to which invoice.
        method: One of `METHODS`; by turns, unless told.
        replaces: The payment that it reissues.

    Returns:
        Its id; it is processing.

    Raises:
        StepError: An invoice is not approved, gets more than is open, or does not go with the others; a
            credit gives more than is left of it; or the credits are more than the invoices.
    """
    ids = [share.external_id for share in shares]
    invoices = {row["external_id"]: row for row in _invoices(conn, ids, _USABLE, "paid")}
    if len(invoices) < len(shares):
        message = "a payment gives to an invoice once"
        raise StepError(message)
    parties = {(row["vendor_external_id"], row["currency"]) for row in invoices.values()}
    if len(parties) != 1:
        message = "a payment is to one vendor, in one currency"
        raise StepError(message)
    ((vendor, currency),) = parties
    for share in shares:
        _check_share(conn, invoices[share.external_id], share)
    total = sum(share.amount for share in shares)
    if total < 0:
        message = f"the credits of a payment are not more than its invoices, by {amount(-total)}"
        raise StepError(message)
    number = next_id(conn, "ax_payment")
    method = method or METHODS[number % len(METHODS)]
    conn.execute(
        "INSERT INTO ax_payment (id, status, method, check_number, ach_trace, card_reference,"
        " vendor_external_id, currency, amount_cents, paid_on, replaces_payment_id, modified_at)"
        " VALUES (?, 'processing', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            method,
            _check_number(number) if method == "check" else None,
            f"0911000{number:08d}" if method == "ach" else None,
            f"VC-{number}" if method == "virtual_card" else None,
            vendor,
            currency,
            total,
            clock.today().isoformat(),
            replaces,
            clock.stamp(),
        ),
    )
    for share in shares:
        conn.execute(
            "INSERT INTO ax_allocation VALUES (?, ?, ?, ?)",
            (number, invoices[share.external_id]["id"], share.amount, share.discount),
        )
    _follow(conn, clock, number)
    return str(number)


def step(conn: sqlite3.Connection, clock: Clock, status: str, ids: Sequence[str] | None) -> list[str]:
    """Issue, settle, fail or void payments; None: all that are under way. Their invoices follow.

    Returns:
        The payments' ids.

    Raises:
        StepError: One of those named cannot be.
    """
    allowed = _STEPS[status]
    if ids is None:
        rows = _where(conn, "ax_payment", "status", [one for one in allowed if one in _UNDER_WAY])
    else:
        rows = _payments(conn, ids, allowed, status)
    for row in rows:
        moment = clock.stamp()
        conn.execute(
            "UPDATE ax_payment SET status = ?, modified_at = ?, settled_at = COALESCE(?, settled_at),"
            " voided_at = ? WHERE id = ?",
            (
                status,
                moment,
                moment if status == "settled" else None,
                moment if status == "voided" else None,
                row["id"],
            ),
        )
        _follow(conn, clock, row["id"])
    return [str(row["id"]) for row in rows]


def clear(conn: sqlite3.Connection, clock: Clock, ids: Sequence[str]) -> list[str]:
    """Clear settled payments at the bank, today; that changes nothing else of them.

    Returns:
        The payments' ids.

    Raises:
        StepError: One of them is not settled.
    """
    rows = _payments(conn, ids, ("settled",), "cleared")
    _remark(conn, clock, rows, cleared_on=clock.today().isoformat())
    return [str(row["id"]) for row in rows]


def note_exception(
    conn: sqlite3.Connection, clock: Clock, ids: Sequence[str], reason: str | None
) -> list[str]:
    """Note what is wrong with payments, or that nothing is any more.

    Returns:
        The payments' ids.

    Raises:
        StepError: There is no such payment.
    """
    rows = _payments(conn, ids, PAYMENT_STATUSES, "excepted")
    _remark(conn, clock, rows, exception_reason=reason)
    return [str(row["id"]) for row in rows]


def reword(
    conn: sqlite3.Connection, clock: Clock, ids: Sequence[str], status: str | None, method: str | None
) -> list[str]:
    """Show other words for status and method of payments than there were until now.

    Returns:
        The payments' ids.

    Raises:
        StepError: There is no such payment.
    """
    rows = _payments(conn, ids, PAYMENT_STATUSES, "reworded")
    _remark(conn, clock, rows, status_word=status, method_word=method)
    return [str(row["id"]) for row in rows]


def _remark(conn: sqlite3.Connection, clock: Clock, rows: Iterable[Row], **columns: str | None) -> None:
    names = ", ".join(f"{name} = ?" for name in columns)
    for row in rows:
        conn.execute(
            f"UPDATE ax_payment SET {names}, modified_at = ? WHERE id = ?",  # noqa: S608 - columns of this module
            (*columns.values(), clock.stamp(), row["id"]),
        )


def reissue(conn: sqlite3.Connection, clock: Clock, payment_id: str, method: str | None = None) -> str:
    """Make a new payment in place of one, which is voided first unless it failed or is voided.

    Returns:
        The new payment's id.

    Raises:
        StepError: There is no such payment, or its invoices have been paid otherwise since.
    """
    (row,) = _payments(conn, [payment_id], PAYMENT_STATUSES, "reissued")
    if row["status"] in _STEPS["voided"]:
        step(conn, clock, "voided", [payment_id])
    shares = [
        InvoiceAllocation(share["external_id"], share["amount_cents"], share["discount_cents"])
        for share in conn.execute(
            "SELECT i.external_id, a.amount_cents, a.discount_cents FROM ax_allocation a"
            " JOIN ax_invoice i ON i.id = a.invoice_id WHERE a.payment_id = ? ORDER BY a.invoice_id",
            (row["id"],),
        )
    ]
    return pay(conn, clock, shares, method=method or row["method"], replaces=row["id"])


def turn_into_check(conn: sqlite3.Connection, clock: Clock, payment_id: str) -> str:
    """Turn a virtual card that the supplier does not take into a check: it is the same payment.

    Returns:
        The check's number.

    Raises:
        StepError: There is no such payment under way or settled, or it is no virtual card.
    """
    (row,) = _payments(conn, [payment_id], (*_UNDER_WAY, "settled"), "turned into a check")
    if row["method"] != "virtual_card":
        message = f"payment {payment_id} is no virtual card"
        raise StepError(message)
    number = _check_number(row["id"])
    conn.execute(
        "UPDATE ax_payment SET method = 'check', check_number = ?, card_reference = NULL, modified_at = ?"
        " WHERE id = ?",
        (number, clock.stamp(), row["id"]),
    )
    return number


def _check_number(payment_id: int) -> str:
    return str(payment_id - 850_000)


def _check_share(conn: sqlite3.Connection, invoice: Row, share: InvoiceAllocation) -> None:
    free = invoice["total_cents"] - _covered(conn, invoice["id"])[1]
    if invoice["kind"] == "credit":
        if not free <= share.amount < 0 or share.discount:
            message = f"of credit {share.external_id} {amount(-free)} is left, not {amount(-share.amount)}"
            raise StepError(message)
        return
    if invoice["status"] == "submitted":
        message = f"invoice {share.external_id} is submitted and cannot be paid"
        raise StepError(message)
    if share.amount < 0 or share.discount < 0 or not 0 < share.amount + share.discount <= free:
        message = (
            f"invoice {share.external_id} can be given up to {amount(free)}, "
            f"not {amount(share.amount)} and a discount of {amount(share.discount)}"
        )
        raise StepError(message)


def _covered(conn: sqlite3.Connection, invoice_id: int) -> tuple[int, int]:
    """Return what is settled on an invoice, and that together with what is under way."""
    settled, all_live = conn.execute(
        "SELECT COALESCE(SUM((a.amount_cents + a.discount_cents) * (p.status = 'settled')), 0),"
        " COALESCE(SUM(a.amount_cents + a.discount_cents), 0)"
        " FROM ax_allocation a JOIN ax_payment p ON p.id = a.payment_id"
        " WHERE a.invoice_id = ? AND p.status IN ('processing', 'issued', 'settled')",
        (invoice_id,),
    ).fetchone()
    return settled, all_live


def _follow(conn: sqlite3.Connection, clock: Clock, payment_id: int) -> None:
    """Update the invoices of a payment after its change."""
    for invoice in conn.execute(
        "SELECT i.* FROM ax_invoice i JOIN ax_allocation a ON a.invoice_id = i.id WHERE a.payment_id = ?",
        (payment_id,),
    ).fetchall():
        settled, live = _covered(conn, invoice["id"])
        status = (
            "scheduled"
            if live != settled
            else "paid"
            if settled == invoice["total_cents"]
            else "submitted"
            if invoice["kind"] == "credit" and not settled
            else "approved"
        )
        if (status, settled) != (invoice["status"], invoice["paid_cents"]):
            conn.execute(
                "UPDATE ax_invoice SET status = ?, paid_cents = ?, modified_at = ? WHERE id = ?",
                (status, settled, clock.stamp(), invoice["id"]),
            )


def _free(conn: sqlite3.Connection, kind: str, statuses: Iterable[str]) -> list[tuple[Row, int]]:
    rows = _where(conn, "ax_invoice", "status", statuses)
    return [(row, row["total_cents"] - _covered(conn, row["id"])[1]) for row in rows if row["kind"] == kind]


def _where(conn: sqlite3.Connection, table: str, column: str, values: Iterable[str | int]) -> list[Row]:
    query = f"SELECT * FROM {table} WHERE {column} IN (SELECT value FROM json_each(?)) ORDER BY id"  # noqa: S608
    return conn.execute(query, (json.dumps([*values]),)).fetchall()


def _invoices(
    conn: sqlite3.Connection, wanted: Sequence[str], allowed: Iterable[str], verb: str
) -> list[Row]:
    rows = {row["external_id"]: row for row in _where(conn, "ax_invoice", "external_id", wanted)}
    return _checked("invoice", rows, wanted, allowed, verb)


def _payments(
    conn: sqlite3.Connection, wanted: Sequence[str], allowed: Iterable[str], verb: str
) -> list[Row]:
    numbers = [int(one) for one in wanted if one.isdecimal()]
    rows = {str(row["id"]): row for row in _where(conn, "ax_payment", "id", numbers)}
    return _checked("payment", rows, wanted, allowed, verb)


def _checked(
    noun: str, rows: dict[str, Row], wanted: Iterable[str], allowed: Iterable[str], verb: str
) -> list[Row]:
    for name in wanted:
        if name not in rows:
            message = f"there is no {noun} {name}"
            raise StepError(message)
        if rows[name]["status"] not in allowed:
            message = f"{noun} {name} is {rows[name]['status']} and cannot be {verb}"
            raise StepError(message)
    return list(rows.values())
