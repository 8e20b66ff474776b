"""NetSuite's side, read in bulk: pages of 1,000 rows by key, look-ups of 1,000 ids a call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from apbridge import words
from apbridge.avidxchange import instant
from apbridge.errors import RefusedError
from apbridge.netsuite import NetSuite, literal, void_journals
from apbridge.netsuite.answers import as_documented
from apbridge.netsuite.client import PAGE_ROWS, Row
from apbridge.netsuite.payment_status import FINAL, REFUSED, VOIDED, describe
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader
from apbridge.schemas.identifiers import (
    BILL,
    CREDIT,
    OUR_PAYMENTS,
    VENDOR,
    external_id,
    internal_id,
    is_our_payment,
    netsuite_namespace,
)

_BILLS = Query.load(__package__, "bills", "read bills", ["id"])
_LEDGER = Query.load(__package__, "ledger_totals", "add up open bills", ["id"])
_LEDGER_APPLIED = Query.load(__package__, "ledger_applied", "add up what paid bills", ["id"])
_PAYMENTS = Query.load(__package__, "payments", "read posted payments", ["id"])
_LINKED = Query.load(
    __package__, "linked_journals", "read journals linked to payments", ["payment", "journal"]
)
_APPLICATIONS = Query.load(__package__, "applications", "read what paid bills", ["bill", "id"])
_CREDITS = Query.load(__package__, "credits", "read vendor credits", ["id"])
_CREDITED = Query.load(__package__, "credit_applications", "read what credits were applied to", ["credit"])
_DELETED = Query.load(__package__, "deleted", "look up deleted bills", ["id", "deleted"])

_NOT_PAYABLE = {"C": "cancelled", "D": "pending_approval", "E": "rejected"}
_APPROVALS = {"1": "pending", "3": "rejected"}

_PROBLEM = "a row without what was asked for"
_PAID_IN_FULL = "'B', 'VendBill:B'"
_POSTED = "bill.status NOT IN ('C', 'D', 'E', 'VendBill:C', 'VendBill:D', 'VendBill:E')"
_OPEN = f"bill.status NOT IN ({_PAID_IN_FULL})"
_USABLE = "SUBSTR(credit.status, -1) = 'A'"


class NetSuiteBill(NamedTuple):
    """A bill, what is open on it, and why by NetSuite itself it is not to be paid; empty where it may be."""

    external_id: str
    number: str
    vendor: str
    vendor_name: str
    subsidiary: str
    currency: str
    status: str
    day: date
    due: date | None
    total: Decimal
    open: Decimal
    because: str
    modified: datetime
    posts: bool
    """Whether it is in the ledger: what is not approved, rejected, cancelled or void is not."""


class NetSuiteCredit(NamedTuple):
    """A vendor credit, and how much of it a payment may use."""

    external_id: str
    number: str
    vendor: str
    vendor_name: str
    subsidiary: str
    currency: str
    usable: Decimal
    modified: datetime


class Posted(NamedTuple):
    """A vendor payment that was posted from AvidXchange, and what is not decided about it, if anything.

    One that was rejected or declined, or that a journal is known to reverse, is as good as void.
    """

    external_id: str
    number: str
    vendor: str
    vendor_name: str
    subsidiary: str
    currency: str
    amount: Decimal
    day: date
    is_void: bool
    undecided: str


class Applied(NamedTuple):
    """A payment, a credit or another document on a bill."""

    bill: str
    id: str
    kind: str
    number: str
    is_ours: bool
    day: date
    amount: Decimal
    modified: datetime


class NetSuiteSide:
    """What NetSuite holds.

    Args:
        netsuite: The account; only read.
        takes_pending: Bills may be submitted before they are approved.
    """

    def __init__(self, netsuite: NetSuite, *, takes_pending: bool) -> None:
        self._reader = Reader(netsuite, Features())
        self._takes_pending = takes_pending
        self._account = netsuite.account
        self._namespace = netsuite_namespace(netsuite.account)

    def open_bills(self) -> Iterator[NetSuiteBill]:
        """Return every bill on which something is open."""
        bills = map(self._bill, chain.from_iterable(self._reader.pages(_BILLS, where=[_OPEN])))
        return (bill for bill in bills if bill.open > 0)

    def bills(self, external_ids: Iterable[str]) -> Iterator[NetSuiteBill]:
        """Return bills by their external ids, whatever is open on them."""
        return map(self._bill, self._of_bills(_BILLS, external_ids, by="id"))

    def ledger_totals(self, as_of: date | None) -> dict[tuple[str, str], Decimal]:
        """Return what NetSuite itself says is open on bills in its ledger, by subsidiary and currency.

        Args:
            as_of: The day at whose end; now where it is None.
        """
        if as_of is None:
            asked = [(_LEDGER, [_POSTED, _OPEN])]
        else:
            day = f"TO_DATE({literal(as_of.isoformat())}, 'YYYY-MM-DD')"
            dated = [_POSTED, f"bill.trandate <= {day}"]
            asked = [(_LEDGER, dated), (_LEDGER_APPLIED, [*dated, f"other.trandate > {day}"])]
        found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for query, where in asked:
            page = self._reader.page(query, rows=PAGE_ROWS, where=where)
            with as_documented(query.purpose, _PROBLEM):
                for row in page.items:
                    found[row.get("subsidiary", ""), row.get("currency", "")] += Decimal(row["amount"])
        return dict(found)

    def usable_credits(self) -> Iterator[NetSuiteCredit]:
        """Return every vendor credit of which something may be used, in order of external ids."""
        rows = list(chain.from_iterable(self._reader.pages(_CREDITS, where=[_USABLE])))
        ids = [row["id"] for row in rows]
        to_bills = self._reader.look_up(_CREDITED, ids, by="credit")
        to_payments = self._reader.look_up(_APPLICATIONS, ids, by="bill")
        # One amount, whichever way it is linked.
        links = to_bills(), to_payments()
        found = [self._credit(row, max(_sum(one.get(row["id"], ())) for one in links)) for row in rows]
        return iter(sorted((one for one in found if one.usable > 0), key=lambda one: one.external_id))

    def posted(self) -> Iterator[Posted]:
        """Return every payment that was posted from AvidXchange."""
        where = [f"payment.externalid LIKE {literal(OUR_PAYMENTS + '%')}"]
        reversed_by = self._reversed()
        rows = chain.from_iterable(self._reader.pages(_PAYMENTS, where=where))
        return (self._payment(row, reversed_by[row["id"]]) for row in rows)

    def applied_to(self, external_ids: Iterable[str]) -> Iterator[Applied]:
        """Return what was applied to some bills."""
        return map(self._applied, self._of_bills(_APPLICATIONS, external_ids, by="bill"))

    def applied_after(self, day: date) -> Iterator[Applied]:
        """Return what was applied by documents of later days."""
        where = [f"other.trandate > TO_DATE({literal(day.isoformat())}, 'YYYY-MM-DD')"]
        return map(self._applied, chain.from_iterable(self._reader.pages(_APPLICATIONS, where=where)))

    def deleted(self, external_ids: Iterable[str]) -> dict[str, datetime]:
        """Return when bills were deleted; empty where the role may not see it."""
        with suppress(RefusedError):
            rows = self._of_bills(_DELETED, external_ids, by="id")
            with as_documented(_DELETED.purpose, _PROBLEM):
                return {self._name(row["id"]): instant(row["deleted"]) for row in rows}
        return {}

    def _reversed(self) -> defaultdict[str, Decimal]:
        """Return how much journals reverse of vendor payments, by payment."""
        linked = self._reader.all(_LINKED)
        reversals = void_journals.reversals(self._reader, (row["payment"] for row in linked))
        amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
        with as_documented(_LINKED.purpose, _PROBLEM):
            for row in linked:
                if row["journal"] in reversals[row["payment"]]:
                    amounts[row["payment"]] += abs(Decimal(row["amount"]))
        return amounts

    def _payment(self, row: Row, reversed_by: Decimal) -> Posted:
        with as_documented(_PAYMENTS.purpose, _PROBLEM):
            status, total = row["status"].rpartition(":")[2], abs(Decimal(row["total"]))
            is_void = row.get("voided") == "T" or status == VOIDED or status in REFUSED
            return Posted(
                row["externalid"],
                row.get("tranid", row["id"]),
                self._vendor(row["entity"]),
                row.get("vendor", row["entity"]),
                row.get("subsidiary", ""),
                row.get("currency", ""),
                total,
                date.fromisoformat(row["trandate"]),
                is_void or 0 < total <= reversed_by,
                "" if is_void or status in FINAL else describe(status),
            )

    def _bill(self, row: Row) -> NetSuiteBill:
        with as_documented(_BILLS.purpose, _PROBLEM):
            return NetSuiteBill(
                self._name(row["id"]),
                row.get("tranid", row["id"]),
                self._vendor(row["entity"]),
                row.get("vendor", row["entity"]),
                row.get("subsidiary", ""),
                row.get("currency", ""),
                row["status"].rpartition(":")[2],
                date.fromisoformat(row["trandate"]),
                date.fromisoformat(row["duedate"]) if "duedate" in row else None,
                Decimal(row["total"]),
                Decimal(row.get("unpaid", "0")),
                self._because(row),
                instant(row["modified"]),
                _posts(row),
            )

    def _credit(self, row: Row, applied: Decimal) -> NetSuiteCredit:
        with as_documented(_CREDITS.purpose, _PROBLEM):
            return NetSuiteCredit(
                external_id(self._namespace, CREDIT, row["id"]),
                row.get("tranid", row["id"]),
                self._vendor(row["entity"]),
                row.get("vendor", row["entity"]),
                row.get("subsidiary", ""),
                row.get("currency", ""),
                Decimal(0) if self._because(row) else Decimal(row["total"]) - applied,
                instant(row["modified"]),
            )

    def _because(self, row: Row) -> str:
        """Describe in the tap's words why a bill is not to be submitted, whatever its settings are beside."""
        status = _NOT_PAYABLE.get(row["status"].rpartition(":")[2])
        approval = _APPROVALS.get(row.get("approvalstatus", ""))
        if row.get("voided") == "T":
            return words.VOID
        if status and not (status == "pending_approval" and self._takes_pending):
            return f"{words.STATUS}{status}"
        if approval and not (approval == "pending" and self._takes_pending):
            return f"{words.APPROVAL}{approval}"
        return words.ON_HOLD if row.get("paymenthold") == "T" else ""

    def _applied(self, row: Row) -> Applied:
        with as_documented(_APPLICATIONS.purpose, _PROBLEM):
            return Applied(
                self._name(row["bill"]),
                row["id"],
                row["kind"],
                row.get("tranid", row["id"]),
                is_our_payment(row.get("externalid")),
                date.fromisoformat(row["trandate"]),
                Decimal(row["amount"]),
                instant(row["modified"]),
            )

    def _name(self, record_id: str) -> str:
        return external_id(self._namespace, BILL, record_id)

    def _vendor(self, record_id: str) -> str:
        return external_id(self._namespace, VENDOR, record_id)

    def _of_bills(self, query: Query, external_ids: Iterable[str], *, by: str) -> Iterator[Row]:
        """Look up the rows of bills of this account; one of another account cannot be looked up here."""
        ids = filter(None, (internal_id(name, self._account, BILL) for name in external_ids))
        return chain.from_iterable(self._reader.look_up(query, ids, by=by)().values())


def _posts(row: Row) -> bool:
    is_approved = row.get("approvalstatus", "") not in _APPROVALS
    is_standing = row["status"].rpartition(":")[2] not in _NOT_PAYABLE and row.get("voided") != "T"
    return is_approved and is_standing and row.get("posting") != "F"


def _sum(rows: Iterable[Row]) -> Decimal:
    return sum((Decimal(row["amount"]) for row in rows), Decimal(0))
