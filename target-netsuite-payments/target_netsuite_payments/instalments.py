"""Bills that are due in parts: NetSuite takes a payment of one by the part, each a line of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apbridge.errors import RefusedError
from apbridge.netsuite import NetSuite
from apbridge.netsuite.answers import as_documented

RECORD_TYPE = "vendorBill"
_PURPOSE = "read a bill's instalments"


@dataclass(frozen=True)
class Instalment:
    """A part of a bill.

    Args:
        number: Its place among the bill's, from 1.
        due_date: When it is due.
        due: What is open on it.
        line: The line of the bill that it is; None where it is not known, and its number has to do.
    """

    number: int
    due_date: date
    due: Decimal
    line: int | None = None

    @property
    def key(self) -> int:
        """What an apply line names it by."""
        return self.number if self.line is None else self.line


def by_record(netsuite: NetSuite, bill: str) -> list[Instalment]:
    """Read a bill's instalments from its record: it alone tells their lines.

    Returns:
        None of a bill that is not due in parts, or whose parts NetSuite does not show, for it is locked.
    """
    try:
        record = netsuite.get(RECORD_TYPE, bill, expanded=True, purpose=_PURPOSE)
    except RefusedError:
        return []
    with as_documented(_PURPOSE, "no bill"):
        items = record.get("installment", {}).get("items", ())
        if not all({"seqNum", "dueDate", "amountDue"} <= item.keys() for item in items):
            return []
        return [
            Instalment(
                int(item["seqNum"]),
                date.fromisoformat(item["dueDate"]),
                Decimal(item["amountDue"]),
                item.get("transactionLine"),
            )
            for item in items
        ]


def apply_lines(
    bill: str, amount: Decimal, discount: Decimal, parts: Iterable[Instalment]
) -> list[dict[str, Any]]:
    """Write what a payment applies to a bill: one line, or one an instalment in the order of due dates.

    Where the instalments have less open than is paid, the lines are over less.

    Args:
        bill: Internal id.
        amount: What is paid.
        discount: What is taken off besides; it goes to the last instalments that are paid.
        parts: The bill's instalments, if any.
    """
    ordered = sorted(parts, key=lambda part: (part.due_date, part.number))
    if not ordered:
        return [_line(bill, amount, discount)]
    lines = []
    for part in ordered:
        paid = min(part.due, amount)
        taken = min(part.due - paid, discount) if paid == amount else Decimal(0)
        if paid or taken:
            lines.append(_line(bill, paid, taken) | {"line": part.key})
        amount, discount = amount - paid, discount - taken
    return lines


def _line(bill: str, amount: Decimal, discount: Decimal) -> dict[str, Any]:
    line: dict[str, Any] = {"doc": {"id": bill}, "apply": True, "amount": amount}
    # Discounts are a feature: an account without it does not know the field.
    return {**line, "disc": discount} if discount else line
