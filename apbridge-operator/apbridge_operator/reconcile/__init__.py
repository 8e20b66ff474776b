"""Both systems compared, bill by bill and in total, with the cause of every difference. It only reads."""

from apbridge_operator.reconcile.compare import reconcile
from apbridge_operator.reconcile.difference import Cause, Difference
from apbridge_operator.reconcile.result import Reconciliation

__all__ = ["Cause", "Difference", "Reconciliation", "reconcile"]
