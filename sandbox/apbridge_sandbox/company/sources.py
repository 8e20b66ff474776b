"""What the company is made of: `company.json` and its chart of accounts, `chart.csv`."""

from __future__ import annotations

import csv
from decimal import Decimal
from functools import cache
from importlib import resources

import msgspec


class Tax(msgspec.Struct, frozen=True, array_like=True):
    """A tax on purchases, booked to an account of its own."""

    name: str
    percent: Decimal
    account: str
    subsidiary: int


class Trade(msgspec.Struct, frozen=True, array_like=True):
    """What a kind of vendor is called, which accounts its bills are coded to, and what they say."""

    names: list[str]
    accounts: list[str]
    memos: list[str]


class City(msgspec.Struct, frozen=True, array_like=True):
    """A city that vendors have their address in."""

    name: str
    state: str
    postal_prefix: str
    country: str


class Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names and figures that the seed draws from. Lists of pairs are as the JSON file shows."""

    currencies: list[tuple[str, str, str]]
    terms: list[tuple[str, int]]
    subsidiaries: list[tuple[str, str, str]]
    departments: list[str]
    classes: list[str]
    locations: list[tuple[str, int]]
    items: list[tuple[str, str, str]]
    taxes: list[Tax]
    trades: list[Trade]
    family_names: list[str]
    place_names: list[str]
    first_names: list[str]
    streets: list[str]
    cities: list[City]
    special_vendors: list[tuple[str, int]]


class GLAccount(msgspec.Struct, frozen=True):
    """One line of the chart of accounts. `id` is its internal id."""

    id: int
    number: str
    name: str
    type: str
    parent: str
    subsidiaries: list[int]
    currency: str
    flags: str


@cache
def sources() -> Sources:
    """Read `company.json`."""
    return msgspec.json.decode(_read("company.json"), type=Sources)


@cache
def chart() -> dict[str, GLAccount]:
    """Read the chart of accounts, by account number."""
    rows = csv.DictReader(_read("chart.csv").splitlines())
    return {
        row["number"]: GLAccount(
            id=100 + place,
            number=row["number"],
            name=row["name"],
            type=row["type"],
            parent=row["parent"],
            subsidiaries=[int(subsidiary) for subsidiary in row["subsidiaries"].split()],
            currency=row["currency"],
            flags=row["flags"],
        )
        for place, row in enumerate(rows, start=1)
    }


def _read(name: str) -> str:
    return (resources.files(__package__ or "") / name).read_text(encoding="utf-8")
