"""The company's lists: currencies, terms, subsidiaries, accounts, dimensions, items, periods."""

from __future__ import annotations

from datetime import date, timedelta

from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.company.sources import GLAccount, chart, sources

FOUNDED = "2024-01-02T17:00:00Z"
"""When the lists were last changed: long before the first bill."""

FIRST_YEAR, LAST_YEAR = 2024, 2027
OPEN_FROM = date(2026, 9, 1)
"""Periods that end before this day are closed."""

EVERYWHERE = "1, 2"
PARENT = "1"
"""Every other record that counts everywhere is restricted to the parent, and counts for its children too."""

FIRST_CLASSIFICATION = {"department": 1, "classification": 101, "location": 11}
"""The first internal id of each dimension: they overlap with one another's, as in life."""


def currency_id(symbol: str) -> int:
    """Return a currency's internal id."""
    return 1 + [entry[0] for entry in sources().currencies].index(symbol)


def write_masters(batch: RowBuffer) -> None:
    """Write every list."""
    _write_general(batch)
    for account in chart().values():
        _write_account(batch, account)
    _write_dimensions(batch)
    for place, (name, kind, number) in enumerate(sources().items, start=1):
        account = chart()[number]
        batch.add(
            "ns_item",
            id=place,
            itemid=name,
            itemtype=kind,
            expenseaccount=account.id,
            lastmodifieddate=FOUNDED,
        )
    _write_periods(batch)


def _write_general(batch: RowBuffer) -> None:
    for place, (symbol, name, rate) in enumerate(sources().currencies, start=1):
        base = "T" if symbol == "USD" else "F"
        batch.add("ns_currency", id=place, symbol=symbol, name=name, exchangerate=rate, isbasecurrency=base)
    for place, (name, days) in enumerate(sources().terms, start=1):
        batch.add("ns_term", id=place, name=name, daysuntilnetdue=days)
    for place, (name, symbol, country) in enumerate(sources().subsidiaries, start=1):
        parent = None if place == 1 else 1
        batch.add(
            "ns_subsidiary",
            id=place,
            name=name,
            fullname=name if parent is None else f"{sources().subsidiaries[0][0]} : {name}",
            currency=currency_id(symbol),
            country=country,
            parent=parent,
            lastmodifieddate=FOUNDED,
        )


def _write_account(batch: RowBuffer, account: GLAccount) -> None:
    parent = chart()[account.parent] if account.parent else None
    subsidiaries = ", ".join(map(str, account.subsidiaries))
    if account.type == "Expense":
        subsidiaries, includechildren = _restricted(subsidiaries, account.id)
    else:
        includechildren = "F"
    batch.add(
        "ns_account",
        id=account.id,
        acctnumber=account.number,
        accountsearchdisplayname=account.name,
        fullname=f"{parent.name} : {account.name}" if parent else account.name,
        accttype=account.type,
        parent=parent.id if parent else None,
        subsidiary=subsidiaries,
        includechildren=includechildren,
        currency=currency_id(account.currency) if account.currency else None,
        issummary="T" if account.flags == "summary" else "F",
        isinactive="T" if account.flags == "inactive" else "F",
        lastmodifieddate=FOUNDED,
    )


def _write_dimensions(batch: RowBuffer) -> None:
    values = {
        "department": [(name, EVERYWHERE) for name in sources().departments],
        "classification": [(name, EVERYWHERE) for name in sources().classes],
        "location": [(name, str(subsidiary)) for name, subsidiary in sources().locations],
    }
    for dimension, entries in values.items():
        for number, (name, everywhere) in enumerate(entries, start=FIRST_CLASSIFICATION[dimension]):
            subsidiaries, includechildren = _restricted(everywhere, number)
            batch.add(
                f"ns_{dimension}",
                id=number,
                name=name,
                fullname=name,
                subsidiary=subsidiaries,
                includechildren=includechildren,
                lastmodifieddate=FOUNDED,
            )


def _restricted(subsidiaries: str, number: int) -> tuple[str, str]:
    """Return the subsidiaries that a record is restricted to, and whether their children are meant too."""
    return (PARENT, "T") if subsidiaries == EVERYWHERE and number % 2 else (subsidiaries, "F")


def period_id(day: date) -> int:
    """Return the internal id of the month's accounting period."""
    return 1 + (day.year - FIRST_YEAR) * 12 + day.month - 1


def _write_periods(batch: RowBuffer) -> None:
    months = [date(year, month, 1) for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)]
    for first in months:
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        _write_period(batch, period_id(first), first.strftime("%b %Y"), first, last)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        first, last = date(year, 1, 1), date(year, 12, 31)
        _write_period(batch, 100 + year - FIRST_YEAR, f"FY {year}", first, last, is_year=True)


def _write_period(
    batch: RowBuffer, number: int, name: str, first: date, last: date, *, is_year: bool = False
) -> None:
    closed = "T" if last < OPEN_FROM else "F"
    batch.add(
        "ns_accountingperiod",
        id=number,
        periodname=name,
        startdate=first.isoformat(),
        enddate=last.isoformat(),
        closed=closed,
        aplocked=closed,
        alllocked=closed,
        isposting="F" if is_year else "T",
        isyear="T" if is_year else "F",
    )
