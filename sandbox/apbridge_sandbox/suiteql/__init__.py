"""SuiteQL, really run: parsed, compiled to SQLite's SQL, executed on the books."""

from apbridge_sandbox.suiteql.errors import SuiteQLError, UnknownColumnError
from apbridge_sandbox.suiteql.execute import MOST_ROWS, ResultPage, run
from apbridge_sandbox.suiteql.sources import AccountView

__all__ = ["MOST_ROWS", "AccountView", "ResultPage", "SuiteQLError", "UnknownColumnError", "run"]
