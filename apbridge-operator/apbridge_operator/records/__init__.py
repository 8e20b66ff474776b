"""Whether what a tap writes is right for one of the targets, by the rules of the targets themselves."""

from apbridge_operator.records.checking import TAKEN, RecordCheck
from apbridge_operator.records.mistakes import Mistake, Mistakes, Problem

__all__ = ["TAKEN", "Mistake", "Mistakes", "Problem", "RecordCheck"]
