"""NetSuite's side of the books, read in bulk."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from apbridge import json
from apbridge.errors import RefusedError, SettingError
from apbridge.netsuite import NetSuite, in_list, literal, void_journals
from apbridge.netsuite.answers import as_documented
from apbridge.netsuite.catalog import FieldKind, Fields
from apbridge.netsuite.client import Row
from apbridge.netsuite.payment_status import VOIDED
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.lines import QueryLine
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader
from apbridge.netsuite.void_journals import Journal
from apbridge.schemas.identifiers import part_external_id
from target_netsuite_payments.credits import Credit, read_credits
from target_netsuite_payments.instalments import Instalment, by_record
from target_netsuite_payments.periods import Period

_BILLS = Query.load(__package__, "bills", "read the bills that are paid", ["id"])
_BILL_FIELD = Query.load(__package__, "bill_field", "read a custom field of bills", ["id"])
_PAYMENTS = Query.load(__package__, "payments", "look payments up", ["id"])
_APPLICATIONS = Query.load(__package__, "applications", "read what payments pay", ["payment", "bill"])
_PERIODS = Query.load(__package__, "periods", "read accounting periods", ["startdate", "id"])

_INSTALMENTS = Query.load(__package__, "instalments", "read the instalments of bills", ["id"])
_CODES = Query.load(__package__, "bill_codes", "read the coding of bills", ["bill"])
_VENDORS = Query.load(__package__, "vendors", "look a vendor up", ["id"])

_JOURNAL, _CREDIT = "Journal", "VendCred"
_MOST_ALTERNATIVES = 200
"""Payments whose parts one query asks for: its text stays within some ten thousand characters."""

_PROBLEM = "a row without what was asked for"
_TABLE = re.compile(r"Record '(\w+)' was not found")


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
        agreed: What all its lines, or it itself, have of a field that payments are to have as on the bill.
        instalments: The parts that it is due in; none where it is due at once.
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
    agreed: Mapping[str, str] = field(default_factory=dict)
    instalments: Sequence[Instalment] = ()


@dataclass(frozen=True)
class Recorded:
    """A vendor payment that NetSuite holds.

    Args:
        id: Internal id.
        external_id: Ours, another program's, or None.
        number: Its check number.
        memo: Its memo.
        vendor: Internal id of the vendor.
        account: Internal id of the bank account; None where NetSuite does not show it.
        day: Its date.
        total: In its currency, positive.
        status: One letter: see `apbridge.netsuite.payment_status`.
        is_voided: Whether it was voided, be it that a journal reverses it.
        applied: What it takes off each bill, or other document, by its internal id; not what reverses it.
        journals: Which of these are journals: it may pay one, or be reversed by one where NetSuite does not
            tell of that.
        custom: What custom fields hold that were asked for and are shown; an empty one an empty text.
    """

    id: str
    external_id: str | None
    number: str | None
    memo: str
    vendor: str
    account: str | None
    day: date
    total: Decimal
    status: str
    is_voided: bool
    applied: dict[str, Decimal] = field(default_factory=dict)
    journals: frozenset[str] = frozenset()
    custom: dict[str, str] = field(default_factory=dict, compare=False)
    credits: dict[str, Decimal] = field(default_factory=dict)


class NetSuiteBooks:
    """Looks NetSuite's books up: in bulk, never one record a call.

    Args:
        netsuite: The account.
    """

    def __init__(self, netsuite: NetSuite) -> None:
        self._netsuite = netsuite
        self._reader = Reader(netsuite, Features())

    def bills(self, ids: Iterable[str]) -> dict[str, Bill]:
        """Read bills by internal id. One that does not exist, or that the role may not see, is left out.

        Raises:
            SettingError: The account has currencies, but the role may not see which.
        """
        with _tables_named():
            rows = self._reader.look_up(_BILLS, ids, by="id")()
        has_no_symbols = bool({"currency", "currency.symbol"} & self._reader.features.absent)
        if has_no_symbols and any("currency" in row for (*_, row) in rows.values()):
            raise SettingError("APB-PAY-004")
        with as_documented(_BILLS.purpose, _PROBLEM):
            return {number: _bill(row) for number, (*_, row) in rows.items()}

    def credits(self, ids: Iterable[str]) -> dict[str, Credit]:
        """Read vendor credits by internal id, with what they are applied to; one not shown is left out."""
        with _tables_named():
            return read_credits(self._reader, ids)

    def posted(
        self, external_ids: Iterable[str], custom: Fields | None = None, parts_of: Iterable[str] = ()
    ) -> dict[str, Recorded]:
        """Read vendor payments by external id, with what they pay.

        Args:
            external_ids: Theirs.
            custom: Custom fields to read of them.
            parts_of: Payments of which to read all parts, whatever payables accounts these are named by.
        """
        by_name = self._by("externalid", external_ids)
        found = self._payments(lambda query: [*by_name(query), *self._parts(query, parts_of)], custom or {})
        return {each.external_id: each for each in found if each.external_id}

    def payments(self, ids: Iterable[str]) -> dict[str, Recorded]:
        """Read vendor payments by internal id, with what they pay. One that is deleted is left out."""
        return {each.id: each for each in self._payments(self._by("id", ids))}

    def numbered(self, numbers: Iterable[str]) -> dict[str, list[Recorded]]:
        """Read vendor payments by the number that was typed, with what they pay; every number is named."""
        wanted = list(numbers)
        found: dict[str, list[Recorded]] = {number: [] for number in wanted}
        for each in self._payments(self._by("tranid", wanted)):
            if each.number:
                found.setdefault(each.number, []).append(each)
        return found

    def field_of_bills(self, field: str, ids: Iterable[str], *, is_day: bool = False) -> dict[str, str]:
        """Read a custom field of bills, by internal id; an empty one is an empty text."""
        expression = f"day(bill.{field})" if is_day else f"bill.{field}"
        query = _BILL_FIELD.put("$field", [QueryLine(f"  {expression} AS held,", is_required=True)])
        with _tables_named():
            rows = self._reader.look_up(query, ids, by="id")()
        return {number: row.get("held", "") for number, (*_, row) in rows.items()}

    def codes(self, fields: Iterable[str], ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """Read what all lines of a bill are coded to, by bill and field, where they agree."""
        wanted = sorted(fields)
        lines = [
            QueryLine(f"  {expression} AS {name}_{part},")
            for name in wanted
            for part, expression in (
                ("least", f"MIN(line.{name})"),
                ("most", f"MAX(line.{name})"),
                ("lines", f"COUNT(line.{name})"),
            )
        ]
        with _tables_named():
            rows = self._reader.look_up(_CODES.put("$codes", lines), ids, by="bill")()
        return {
            bill: {
                name: row[f"{name}_least"]
                for name in wanted
                if f"{name}_least" in row
                and row[f"{name}_least"] == row[f"{name}_most"]
                and row[f"{name}_lines"] == row["lines"]
            }
            for bill, (*_, row) in rows.items()
        }

    def instalments(self, ids: Iterable[str]) -> dict[str, list[Instalment]]:
        """Read the parts that bills are due in, by bill; one that is due at once is left out.

        Where NetSuite does not show what is due of them, it has none.
        """
        with _tables_named():
            found = self._reader.look_up(_INSTALMENTS, ids, by="bill")()
        with as_documented(_INSTALMENTS.purpose, _PROBLEM):
            return {
                bill: [
                    Instalment(int(row["seqnum"]), date.fromisoformat(row["duedate"]), _amount(row["due"]))
                    for row in rows
                    if {"seqnum", "duedate", "due"} <= row.keys()
                ]
                for bill, rows in found.items()
            }

    def instalments_by_record(self, bill: str) -> list[Instalment]:
        """Read the parts that one bill is due in from its record, which alone tells their lines.

        Where NetSuite does not show it, as of a bill that a workflow locked, they are as a query has them.
        """
        return by_record(self._netsuite, bill) or self.instalments([bill]).get(bill, [])

    def inactive_vendor(self, vendor: str) -> str | None:
        """Return the name of a vendor that is inactive; None of one that is not, or cannot be seen."""
        try:
            rows = self._reader.look_up(_VENDORS, [vendor], by="id")()
        except RefusedError:
            return None
        for row in rows.get(vendor, ()):
            if row.get("isinactive") == "T":
                return row.get("name", vendor)
        return None

    def periods(self, since: date) -> list[Period]:
        """Read the posting periods that end on or after a day, in order of time."""
        with _tables_named():
            rows = self._reader.all(
                _PERIODS, where=[f"period.enddate >= TO_DATE('{since.isoformat()}', 'YYYY-MM-DD')"]
            )
        with as_documented(_PERIODS.purpose, _PROBLEM):
            return [
                Period(
                    row["id"],
                    row["periodname"],
                    date.fromisoformat(row["startdate"]),
                    date.fromisoformat(row["enddate"]),
                    is_open="T" not in (row.get("closed"), row.get("aplocked"), row.get("alllocked")),
                )
                for row in rows
            ]

    def journals(self, *, of: Iterable[str] = (), ids: Iterable[str] = ()) -> list[Journal]:
        """Read journals that were made to void vendor payments.

        Args:
            of: Internal ids of the payments.
            ids: Internal ids of journals that are known.
        """
        with _tables_named():
            return void_journals.journals(self._reader, of=of, ids=ids)

    def _by(self, column: str, values: Iterable[str]) -> Callable[[Query], list[Row]]:
        def read(query: Query) -> list[Row]:
            found = self._reader.look_up(query, values, by=column, write=in_list)()
            return [row for some in found.values() for row in some]

        return read

    def _parts(self, query: Query, payments: Iterable[str]) -> Iterator[Row]:
        column = query.expression("externalid")
        # Parts of others may come too: `_` stands for any sign, and the case of letters may not count.
        begin = [
            f"{column} LIKE {literal(part_external_id(name, '') + '%')}" for name in sorted(set(payments))
        ]
        for first in range(0, len(begin), _MOST_ALTERNATIVES):
            alike = " OR ".join(begin[first : first + _MOST_ALTERNATIVES])
            yield from self._reader.all(query, where=[f"({alike})"])

    def _payments(
        self, read: Callable[[Query], Iterable[Row]], custom: Fields | None = None
    ) -> list[Recorded]:
        custom = custom or {}
        query = _PAYMENTS.put(
            "$custom", (QueryLine(f"  {_read(name, kind)} AS {name},") for name, kind in custom.items())
        )
        with _tables_named():
            rows = list({row["id"]: row for row in read(query)}.values())
            applied = self._reader.look_up(_APPLICATIONS, [row["id"] for row in rows], by="payment")()
        reversals = void_journals.reversals(
            self._reader,
            (
                payment
                for payment, links in applied.items()
                if any(each.get("kind") == _JOURNAL for each in links)
            ),
        )
        with as_documented(_PAYMENTS.purpose, _PROBLEM):
            shown = [name for name in custom if f"transaction.{name}" not in self._reader.features.absent]
            return [
                replace(
                    _recorded(row, applied.get(row["id"], ()), reversals[row["id"]]),
                    custom={name: row.get(name, "") for name in shown},
                )
                for row in rows
            ]


@contextmanager
def _tables_named() -> Iterator[None]:
    """Name the table that the role may not read, where NetSuite refuses one."""
    try:
        yield
    except RefusedError as refused:
        if table := _TABLE.search(refused.facts["says"]):
            raise SettingError("APB-PAY-005", table=table[1]) from refused
        raise


def _read(name: str, kind: FieldKind) -> str:
    return f"day(payment.{name})" if kind is FieldKind.DAY else f"payment.{name}"


def _amount(text: str) -> Decimal:
    found = json.number(text)
    if isinstance(found, Decimal):
        return found
    raise ValueError(text)


def _recorded(row: Row, applications: Iterable[Row], reversals: Collection[str]) -> Recorded:
    applied: dict[str, Decimal] = {}
    journals: set[str] = set()
    used: dict[str, Decimal] = {}
    reversed_by = Decimal(0)
    for one in applications:
        amount, document = abs(_amount(one["amount"])), str(int(one["bill"]))
        is_journal = one.get("kind") == _JOURNAL
        if is_journal and document in reversals:
            reversed_by += amount
            continue
        if one.get("kind") == _CREDIT:
            used[document] = amount
            continue
        applied[document] = amount
        if is_journal:
            journals.add(document)
    total, status = abs(_amount(row["total"])), row["status"].rpartition(":")[2]
    return Recorded(
        id=row["id"],
        external_id=row.get("externalid"),
        number=row.get("tranid"),
        memo=row.get("memo", ""),
        vendor=row["entity"],
        account=row.get("account"),
        day=date.fromisoformat(row["day"]),
        total=total,
        status=status,
        is_voided=row.get("voided") == "T" or status == VOIDED or 0 < total <= reversed_by,
        applied=applied,
        journals=frozenset(journals),
        credits=used,
    )


def _bill(row: Row) -> Bill:
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
        unpaid=_amount(row.get("unpaid", "0")),
    )
