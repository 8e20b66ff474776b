"""Bills that are due in parts: each part is a line of its own on a payment's form."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True)
class BillPart:
    """A part of a bill.

    Attributes:
        line: The transaction's line that it is.
        number: Its place in the order of due dates, from 1.
        due: Cents that are open on it.
    """

    line: int
    number: int
    due: int


def instalments(conn: sqlite3.Connection, bill: int) -> list[BillPart]:
    """Return the parts that a bill is due in, the first due first; none where it is due at once."""
    rows = conn.execute(
        'SELECT line, seqnum, due_cents FROM ns_billinstallment WHERE "transaction" = ? ORDER BY seqnum',
        (bill,),
    )
    return [BillPart(*row) for row in rows]
