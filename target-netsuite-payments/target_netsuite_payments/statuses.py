"""Where AvidXchange has a bill's invoice, in a custom field of the bill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apbridge.errors import RefusedError, RejectedError
from apbridge.netsuite import NetSuite
from apbridge.schemas.identifiers import BILL, internal_id
from apbridge.schemas.payment import LONGEST_TEXT, readable
from target_netsuite_payments.books import NetSuiteBooks

RECORD_TYPE = "vendorBill"


class BillStatuses:
    """Writes one custom field of bills, and nothing else of them.

    Args:
        netsuite: The account.
        books: Looks up what the field holds.
        account: NetSuite account id, as external ids carry it.
        field: The field's script id.
    """

    def __init__(self, netsuite: NetSuite, books: NetSuiteBooks, account: str, field: str) -> None:
        self._netsuite = netsuite
        self._books = books
        self._account = account
        self.field = field
        self._held: dict[str, str] = {}

    def look_up(self, invoices: Iterable[Mapping[str, Any]]) -> None:
        """Read what the field holds on the bills of these invoices, in bulk."""
        bills = (internal_id(invoice["external_id"], self._account, BILL) for invoice in invoices)
        self._held = self._books.field_of_bills(self.field, filter(None, bills))

    def needed(self, invoice: Mapping[str, Any]) -> dict[str, str] | None:
        """Return the change that a bill needs; None where it has it, or NetSuite has no such bill."""
        bill = internal_id(invoice["external_id"], self._account, BILL)
        told = status_text(invoice)
        return None if bill is None or self._held.get(bill, told) == told else {self.field: told}

    def write(self, invoice: Mapping[str, Any], change: Mapping[str, str]) -> str:
        """Change a bill and return its internal id. Doing it twice is as doing it once.

        Raises:
            RejectedError: NetSuite does not take it.
        """
        bill = str(internal_id(invoice["external_id"], self._account, BILL))
        try:
            self._netsuite.patch(RECORD_TYPE, bill, change, purpose=f"tell bill {bill} its status")
        except RefusedError as refused:
            raise RejectedError(
                "APB-PAY-070",
                external_id=invoice["external_id"],
                status=invoice["status"],
                field=self.field,
                bill=bill,
                words=refused.facts["says"],
            ) from refused
        return bill


def status_text(invoice: Mapping[str, Any]) -> str:
    """Write where an invoice stands, and why where it was rejected or cancelled."""
    reason = invoice.get("status_reason")
    text = f"{invoice['status']}: {reason}" if reason else str(invoice["status"])
    return readable(text)[:LONGEST_TEXT]
