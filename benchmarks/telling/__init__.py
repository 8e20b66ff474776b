"""How benchmarks tell what they measured: rows of one shape, a table, a history, and a picture."""

from benchmarks.telling.program import Program, Used
from benchmarks.telling.row import NotMeasuredError, Row, against

__all__ = ["NotMeasuredError", "Program", "Row", "Used", "against"]
