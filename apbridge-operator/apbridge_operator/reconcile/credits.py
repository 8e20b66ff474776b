"""Why a payment in AvidXchange may use more or less of a vendor credit than NetSuite has left of it."""

from __future__ import annotations

from apbridge.errors import APBridgeError
from apbridge.ledger import Row, Status
from apbridge_operator.reconcile.avidxchange import AvidXchangeCredit
from apbridge_operator.reconcile.difference import ZERO, Cause
from apbridge_operator.reconcile.explanation import (
    Direction,
    Explanation,
    Runs,
    by_ledger,
    by_run,
    explained,
)
from apbridge_operator.reconcile.netsuite import NetSuiteCredit


def of_credit(
    row: Row | None, here: NetSuiteCredit | None, there: AvidXchangeCredit | None, runs: Runs
) -> Explanation:
    """Explain a credit.

    Args:
        row: The ledger's.
        here: In NetSuite; None where nothing of it may be used.
        there: In AvidXchange; None where it shows none.
        runs: The last good ones.
    """
    changed = here.modified if here else None
    if found := by_ledger(row, Direction.OUTBOUND, runs, changed):
        return found
    left, usable = here.usable if here else ZERO, there.usable if there else ZERO
    if there and left > usable and left - usable <= there.used:
        why = APBridgeError("APB-REC-061", used=f"{left - usable:,.2f}")
        return by_run(Cause.IN_FLIGHT, why, Direction.INBOUND, runs, there.modified)
    if row and row.status is Status.IGNORED and usable == ZERO:
        return explained(Cause.NOT_ELIGIBLE, APBridgeError("APB-REC-062"))
    why = APBridgeError("APB-REC-060", left=f"{left:,.2f}", usable=f"{usable:,.2f}")
    return by_run(Cause.IN_FLIGHT, why, Direction.OUTBOUND, runs, changed)
