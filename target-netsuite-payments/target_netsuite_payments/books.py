"""NetSuite's side of the books, read in bulk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import combinations, islice

from apbridge.errors import RefusedError, SettingError
from apbridge.netsuite import NetSuite, in_list, literal

LOOKED_UP_AT_ONCE = 1000
"""Most ids of one look-up (NetSuite: arguments of IN, and rows of a page)."""

_FEATURES = ({"holds"}, {"subsidiaries"}, {"symbols"}, {"symbols", "currencies"})
"""What an account may be without, as the queries mark it."""

_TABLE = re.compile(r"Record '(\w+)' was not found")
_MAY_BE_A_COLUMN = {"INVALID_PARAMETER", "UNEXPECTED_ERROR"}
"""How NetSuite refuses a query with a column that it does not have; it does not always say which."""


@dataclass
class Bill:
    """A vendor bill.

    Args:
        id: Internal id.
        number: The vendor's invoice number.
        vendor: Internal id of the vendor.
        status: One letter: A open, B paid in full, C cancelled, D pending approval, E rejected, F in transit.
        is_on_hold: Whether somebody put its payment on hold.
        currency: Internal id of the currency; None where the account has one currency only.
        symbol: ISO 4217 code of the currency; None likewise.
        subsidiary: Internal id; None where the account is not OneWorld.
        ap_account: Internal id of the payables account.
        unpaid: Open balance in the bill's currency. What this run applies is taken off as it goes, so that
            the next payment on the bill is checked against what is left.
    """

    id: str
    number: str
    vendor: str
    status: str
    is_on_hold: bool
    currency: str | None
    symbol: str | None
    subsidiary: str | None
    ap_account: str | None
    unpaid: Decimal


@dataclass(frozen=True)
class Recorded:
    """A vendor payment that NetSuite holds.

    Args:
        id: Internal id.
        external_id: Ours, another program's, or None.
        number: Its check number.
        memo: Its memo.
        vendor: Internal id of the vendor.
        total: In its currency, positive.
        is_voided: Whether it was voided.
        applied: What it takes off each bill, by the bill's internal id.
    """

    id: str
    external_id: str | None
    number: str | None
    memo: str
    vendor: str
    total: Decimal
    is_voided: bool
    applied: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Period:
    """A posting period.

    Args:
        name: Such as `Oct 2026`.
        start: First day.
        end: Last day.
        is_open: Whether payables may still be posted.
    """

    name: str
    start: date
    end: date
    is_open: bool


class Books:
    """Looks NetSuite's books up: at most 1,000 ids a query, never one record a call.

    Args:
        netsuite: The account.
    """

    def __init__(self, netsuite: NetSuite) -> None:
        self._netsuite = netsuite
        self._absent: frozenset[str] = frozenset()

    def bills(self, ids: Iterable[str]) -> dict[str, Bill]:
        """Read bills by internal id. One that does not exist, or that the role may not see, is left out.

        Raises:
            SettingError: The account has currencies, but the role may not see which.
        """
        rows = list(self._look_up("bills", ids, "read the bills that are paid"))
        if "symbols" in self._absent and any("currency" in row for row in rows):
            raise SettingError("APB-PAY-004")
        return {row["id"]: _bill(row) for row in rows}

    def posted(self, external_ids: Iterable[str]) -> dict[str, Recorded]:
        """Read vendor payments by external id, with what they pay."""
        found = self._payments("externalid", external_ids)
        return {each.external_id: each for each in found if each.external_id}

    def payments(self, ids: Iterable[str]) -> dict[str, Recorded]:
        """Read vendor payments by internal id, with what they pay. One that is deleted is left out."""
        return {each.id: each for each in self._payments("id", ids)}

    def numbered(self, numbers: Iterable[str]) -> dict[str, list[Recorded]]:
        """Read vendor payments by the number that was typed, with what they pay; every number is named."""
        wanted = list(numbers)
        found: dict[str, list[Recorded]] = {number: [] for number in wanted}
        for each in self._payments("tranid", wanted):
            if each.number:
                found.setdefault(each.number, []).append(each)
        return found

    def field_of_bills(self, field: str, ids: Iterable[str]) -> dict[str, str]:
        """Read a custom field of bills, by internal id; an empty one is an empty text."""
        rows = self._look_up("bill_field", ids, "read the bills' status field", field=field)
        return {row["id"]: row.get("held", "") for row in rows}

    def periods(self, since: date) -> list[Period]:
        """Read the posting periods that end on or after a day, in order of time."""
        rows = self._ask("periods", "read accounting periods", since=literal(since.isoformat()))
        return [
            Period(
                row["periodname"],
                date.fromisoformat(row["startdate"]),
                date.fromisoformat(row["enddate"]),
                is_open="T" not in (row.get("closed"), row.get("aplocked")),
            )
            for row in rows
        ]

    def _payments(self, column: str, values: Iterable[str]) -> list[Recorded]:
        rows = list(self._look_up("payments", values, "look payments up", column=column))
        applied: dict[str, dict[str, Decimal]] = {row["id"]: {} for row in rows}
        for row in self._look_up("applications", applied, "read what payments pay"):
            applied[row["payment"]][row["bill"]] = abs(Decimal(row["amount"]))
        return [
            Recorded(
                row["id"],
                row.get("externalid"),
                row.get("tranid"),
                row.get("memo", ""),
                row["entity"],
                abs(Decimal(row["total"])),
                row.get("voided") == "T",
                applied[row["id"]],
            )
            for row in rows
        ]

    def _look_up(
        self, query: str, values: Iterable[str], purpose: str, **columns: str
    ) -> Iterator[dict[str, str]]:
        remaining = iter(dict.fromkeys(values))
        while chunk := list(islice(remaining, LOOKED_UP_AT_ONCE)):
            yield from self._ask(query, purpose, values=in_list(chunk), **columns)

    def _ask(self, query: str, purpose: str, **values: str) -> list[dict[str, str]]:
        """Ask, and where NetSuite refuses, find out what this account does not have."""

        def rows(absent: frozenset[str]) -> list[dict[str, str]]:
            return self._netsuite.suiteql_all(_query(query, absent).format(**values), purpose=purpose)

        try:
            return rows(self._absent)
        except RefusedError as refused:
            if table := _TABLE.search(refused.facts["says"]):
                if table[1] != "currency":
                    raise SettingError("APB-PAY-005", table=table[1]) from refused
            elif refused.reason not in _MAY_BE_A_COLUMN:
                raise
            for more in _less_and_less():
                absent = self._absent | more
                with suppress(RefusedError):
                    found = rows(absent)
                    break
            else:
                raise
        with suppress(RefusedError):
            return rows(self._absent)  # it had been an error that passes
        self._absent = absent
        return found


def _less_and_less() -> Iterator[frozenset[str]]:
    """Give what to leave out of a query, the least first."""
    for number in range(1, len(_FEATURES) + 1):
        for some in combinations(_FEATURES, number):
            yield frozenset().union(*some)


def _bill(row: dict[str, str]) -> Bill:
    return Bill(
        id=row["id"],
        number=row.get("tranid", row["id"]),
        vendor=row["entity"],
        status=row["status"].rpartition(":")[2],
        is_on_hold=row.get("paymenthold") == "T",
        currency=row.get("currency"),
        symbol=row.get("symbol"),
        subsidiary=row.get("subsidiary"),
        ap_account=row.get("apaccount"),
        unpaid=Decimal(row.get("unpaid", "0")),
    )


@cache
def _query(name: str, absent: frozenset[str]) -> str:
    """Read a query, without its comments and without what the account does not have."""
    file = resources.files("target_netsuite_payments") / "queries" / f"{name}.sql"
    lines = (line.partition("--") for line in file.read_text(encoding="utf-8").splitlines())
    return "\n".join(
        text.rstrip() for text, _, note in lines if text.strip() and note.removeprefix(" if ") not in absent
    )
