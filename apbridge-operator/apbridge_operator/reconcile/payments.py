"""Why a payment is not posted in NetSuite as it is settled in AvidXchange."""

from __future__ import annotations

from datetime import date

from apbridge.errors import APBridgeError
from apbridge.ledger import Row, Status
from apbridge_operator.reconcile.books import AvidXchangePayment
from apbridge_operator.reconcile.difference import Cause
from apbridge_operator.reconcile.explanation import (
    Direction,
    Explanation,
    Runs,
    by_ledger,
    by_run,
    explained,
    unexplained,
)
from apbridge_operator.reconcile.netsuite import Posted


def of_payment(
    row: Row | None, payment: AvidXchangePayment | None, posted: Posted | None, runs: Runs, as_of: date | None
) -> Explanation:
    """Explain a payment.

    Args:
        row: The ledger's.
        payment: In AvidXchange; None where it shows none.
        posted: In NetSuite; None where it has none.
        runs: The last good ones.
        as_of: The day at whose end both are compared.
    """
    changed = payment.modified if payment else None
    if found := by_ledger(row, Direction.INBOUND, runs, changed):
        return found
    if payment is None:
        return unexplained(APBridgeError("APB-REC-040"))
    if payment.status != "settled":
        why = APBridgeError("APB-REC-045", status=payment.status)
    elif posted is None:
        if row and row.remote_id and row.status is Status.DELIVERED:
            return unexplained(APBridgeError("APB-REC-043", remote_id=row.remote_id))
        why = APBridgeError("APB-REC-041")
    elif posted.is_void:
        return unexplained(APBridgeError("APB-REC-042"))
    elif posted.undecided:
        why = APBridgeError("APB-PAY-075", status=posted.undecided)
    elif as_of and payment.amount == posted.amount:
        return explained(Cause.DATES, APBridgeError("APB-REC-046", paid=payment.day, posted=posted.day))
    else:
        why = APBridgeError("APB-REC-044", posted=f"{posted.amount:,.2f}", settled=f"{payment.amount:,.2f}")
    return by_run(Cause.IN_FLIGHT, why, Direction.INBOUND, runs, changed)
