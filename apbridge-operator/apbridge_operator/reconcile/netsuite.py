"""NetSuite's side, read in bulk: pages of 1,000 rows by key, look-ups of 1,000 ids a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import combinations, islice
from typing import NamedTuple

from apbridge import words
from apbridge.avidxchange import instant
from apbridge.errors import RefusedError
from apbridge.netsuite import NetSuite, in_list, literal
from apbridge.netsuite.client import PAGE_ROWS
from apbridge.schemas import external_id

OURS = "avidxchange-payment-"
"""What the external id of a payment that was posted from AvidXchange begins with."""

_FEATURES = ("subsidiaries", "symbols", "holds", "approvals", "voids")
"""What an account may be without, as the queries mark it."""

_NOT_PAYABLE = {"C": "cancelled", "D": "pending_approval", "E": "rejected"}
_APPROVALS = {"1": "pending", "3": "rejected"}

_OPEN = "bill.foreignamountunpaid > 0"


class Bill(NamedTuple):
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


class Posted(NamedTuple):
    """A vendor payment that was posted from AvidXchange."""

    external_id: str
    number: str
    vendor: str
    vendor_name: str
    subsidiary: str
    currency: str
    amount: Decimal
    day: date
    is_void: bool


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
        self._netsuite = netsuite
        self._takes_pending = takes_pending
        self._absent: frozenset[str] = frozenset()
        self._namespace = f"netsuite-{netsuite.account}"

    def open_bills(self) -> Iterator[Bill]:
        """Give every bill on which something is open."""
        return map(self._bill, self._pages("bills", "bill.id", "read open bills", _OPEN))

    def bills(self, external_ids: Iterable[str]) -> Iterator[Bill]:
        """Give bills by their external ids, whatever is open on them."""
        rows = self._look_up("bills", "bill.id", self._ids(external_ids), "look bills up")
        return map(self._bill, rows)

    def posted(self) -> Iterator[Posted]:
        """Give every payment that was posted from AvidXchange."""
        return map(self._payment, self._pages("payments", "payment.id", "read posted payments"))

    def applied_to(self, external_ids: Iterable[str]) -> Iterator[Applied]:
        """Give what was applied to some bills."""
        rows = self._look_up(
            "applications", "link.previousdoc", self._ids(external_ids), "read what paid bills"
        )
        return map(self._applied, rows)

    def applied_after(self, day: date) -> Iterator[Applied]:
        """Give what was applied by documents of later days."""
        where = f"other.trandate > TO_DATE({literal(day.isoformat())}, 'YYYY-MM-DD')"
        return map(self._applied, self._all("applications", "read what was applied since", where))

    def deleted(self, external_ids: Iterable[str]) -> dict[str, datetime]:
        """Tell when bills were deleted; empty where the role may not see it."""
        with suppress(RefusedError):
            rows = self._look_up("deleted", "gone.recordid", self._ids(external_ids), "look up deleted bills")
            return {self._name(row["id"]): instant(row["deleted"]) for row in rows}
        return {}

    def _payment(self, row: dict[str, str]) -> Posted:
        return Posted(
            row["externalid"],
            row.get("tranid", row["id"]),
            self._vendor(row["entity"]),
            row.get("vendor", row["entity"]),
            row.get("subsidiary", ""),
            row.get("currency", ""),
            abs(Decimal(row["total"])),
            date.fromisoformat(row["trandate"]),
            row.get("voided") == "T",
        )

    def _bill(self, row: dict[str, str]) -> Bill:
        return Bill(
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
        )

    def _because(self, row: dict[str, str]) -> str:
        """Say in the tap's words why a bill is not to be submitted, whatever its settings are beside."""
        status = _NOT_PAYABLE.get(row["status"].rpartition(":")[2])
        approval = _APPROVALS.get(row.get("approvalstatus", ""))
        if row.get("voided") == "T":
            return words.VOID
        if status and not (status == "pending_approval" and self._takes_pending):
            return f"{words.STATUS}{status}"
        if approval and not (approval == "pending" and self._takes_pending):
            return f"{words.APPROVAL}{approval}"
        return words.ON_HOLD if row.get("paymenthold") == "T" else ""

    def _applied(self, row: dict[str, str]) -> Applied:
        return Applied(
            self._name(row["bill"]),
            row["id"],
            row["kind"],
            row.get("tranid", row["id"]),
            row.get("externalid", "").startswith(OURS),
            date.fromisoformat(row["trandate"]),
            Decimal(row["amount"]),
            instant(row["modified"]),
        )

    def _name(self, record_id: str) -> str:
        return external_id(self._namespace, "vendorbill", record_id)

    def _vendor(self, record_id: str) -> str:
        return external_id(self._namespace, "vendor", record_id)

    def _ids(self, external_ids: Iterable[str]) -> Iterator[str]:
        """Give the internal ids of bills of this account; a bill of another one cannot be looked up here."""
        beginning = self._name("")
        for name in external_ids:
            number = name.removeprefix(beginning)
            if number != name and number.isdecimal():
                yield number

    def _pages(self, query: str, key: str, purpose: str, *conditions: str) -> Iterator[dict[str, str]]:
        after = 0
        while True:
            where = " AND ".join([*conditions, f"{key} > {after}"])
            rows, has_more = self._ask(query, where, purpose)
            yield from rows
            # Either sign alone is enough: what NetSuite says at its cap of 100,000 rows is not known.
            if not rows or not (has_more or len(rows) >= PAGE_ROWS):
                return
            after = int(rows[-1]["id"])

    def _look_up(
        self, query: str, column: str, values: Iterable[str], purpose: str
    ) -> Iterator[dict[str, str]]:
        remaining = iter(dict.fromkeys(values))
        while some := list(islice(remaining, PAGE_ROWS)):
            yield from self._all(query, purpose, f"{column} IN ({in_list(some)})")

    def _all(self, query: str, purpose: str, where: str) -> list[dict[str, str]]:
        return self._netsuite.suiteql_all(_query(query, self._absent).format(where=where), purpose=purpose)

    def _ask(self, query: str, where: str, purpose: str) -> tuple[list[dict[str, str]], bool]:
        """Ask, and where NetSuite refuses, find out what this account does not have."""

        def ask(absent: frozenset[str]) -> tuple[list[dict[str, str]], bool]:
            page = self._netsuite.suiteql(_query(query, absent).format(where=where), purpose=purpose)
            return page.items, page.has_more

        try:
            return ask(self._absent)
        except RefusedError as refused:
            tried = {_query(query, self._absent)}
            for more in _less_and_less():
                absent = self._absent | more
                text = _query(query, absent)
                if text not in tried:
                    tried.add(text)
                    with suppress(RefusedError):
                        found = ask(absent)
                        break
            else:
                raise refused from None
        with suppress(RefusedError):
            return ask(self._absent)  # it had been an error that passes
        self._absent = absent
        return found


def _less_and_less() -> Iterator[frozenset[str]]:
    """Give what to leave out of a query, the least first."""
    for number in range(1, len(_FEATURES) + 1):
        yield from map(frozenset, combinations(_FEATURES, number))


@cache
def _query(name: str, absent: frozenset[str]) -> str:
    """Read a query, without its comments and without what the account does not have."""
    file = resources.files("apbridge_operator.reconcile") / "queries" / f"{name}.sql"
    lines = (line.partition("--") for line in file.read_text(encoding="utf-8").splitlines())
    return "\n".join(
        text.rstrip()
        for text, _, comment in lines
        if text.strip() and not absent & {comment.strip().removeprefix("if ")}
    )
