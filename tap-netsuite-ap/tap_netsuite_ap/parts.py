"""What bills and vendor credits are read with, beside their headers: the names of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LINES = "bill_lines"
"""Gives the lines of any transaction."""


@dataclass(frozen=True)
class PartQueries:
    """The queries that a document is read with, beside the stream's own; its lines are read as a bill's.

    Args:
        documents: What people call such documents.
        by_line: Which of them changed in a line.
        by_application: … to which something was applied.
        by_balance: … of which another amount is open.
        open: Those that may change without a date that moves.
        applications: What is applied to some, or they to what.
        orders: The purchase orders of some.
    """

    documents: str
    by_line: str
    by_application: str
    by_balance: str
    open: str
    applications: tuple[str, ...]
    orders: str | None = None

    @property
    def feeds(self) -> tuple[str, ...]:
        """Those that tell which documents changed."""
        return self.by_line, self.by_application, self.by_balance

    @property
    def all(self) -> tuple[str, ...]:
        """All of them that are asked for what changed."""
        return (LINES, *filter(None, [self.orders]), *self.applications, *self.feeds)

    @property
    def may_be_undated(self) -> Mapping[str, str]:
        """What may come without a date of its change, and which feed is quiet then, without an error."""
        return {
            f"balances of {self.documents}": self.by_balance,
            f"what is applied to {self.documents}": self.by_application,
        }


BILL_QUERIES = PartQueries(
    "bills",
    by_line="bills_by_line",
    by_application="bills_by_application",
    by_balance="bills_by_balance",
    open="bills_open",
    applications=("bill_applications",),
    orders="bill_purchase_orders",
)

CREDIT_QUERIES = PartQueries(
    "vendor credits",
    by_line="credits_by_line",
    by_application="credits_by_application",
    by_balance="credits_by_balance",
    open="credits_open",
    # Some accounts may link a payment's credit to the payment, as they link its bill.
    applications=("credit_applications", "bill_applications"),
)
