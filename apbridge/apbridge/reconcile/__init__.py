"""Both systems compared, bill by bill and in total, with the cause of every difference. It only reads."""

from apbridge.reconcile.compare import reconcile
from apbridge.reconcile.result import Cause, Difference, Result

__all__ = ["Cause", "Difference", "Result", "reconcile"]
