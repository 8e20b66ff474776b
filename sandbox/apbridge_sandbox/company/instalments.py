"""Bills of the company that are due in parts.

Which they are is drawn apart from everything else, so that nothing else of the company changes.
"""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from random import Random

from apbridge_sandbox.company.random import chance

_SHARE = 0.04
_LEAST_CENTS = 10_000
_PLANS = ((50, 100), (40, 70, 100))
"""The shares of the total that are due by each date, in percent."""
_MONTH = timedelta(days=30)


def write_instalments(conn: sqlite3.Connection, seed: int) -> None:
    """Divide some of the open bills into instalments, the first due when the bill is."""
    rng = Random(f"{seed} instalments")  # noqa: S311 - it must repeat, not be secret
    bills = conn.execute(
        'SELECT t.id, t.duedate, (SELECT MAX(id) FROM ns_transactionline WHERE "transaction" = t.id) AS last'
        " FROM ns_transaction t WHERE type = 'VendBill' AND status = 'A' AND paid_cents = 0"
        " AND duedate IS NOT NULL AND total_cents >= ? ORDER BY t.id",
        (_LEAST_CENTS,),
    ).fetchall()
    for bill in bills:
        if not chance(rng, _SHARE):
            continue
        first = date.fromisoformat(bill["duedate"])
        for place, upto in enumerate(rng.choice(_PLANS)):
            due = first + place * _MONTH
            conn.execute(
                'INSERT INTO ns_installment ("transaction", seqnum, line, duedate, upto)'
                " VALUES (?, ?, ?, ?, ?)",
                (bill["id"], place + 1, bill["last"] + place + 1, due.isoformat(), upto),
            )
