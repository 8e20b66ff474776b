"""The company's vendors: some with names that break naive senders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import NamedTuple

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.company.documents import Party
from apbridge_sandbox.company.masters import currency_id
from apbridge_sandbox.company.random import chance
from apbridge_sandbox.company.row_buffer import RowBuffer
from apbridge_sandbox.company.sources import City, Trade, chart, sources

_FIRST_ID = 11
_ONBOARDED = datetime(2024, 2, 1, 17, 0, tzinfo=timezone.utc)
_CORPORATE_ENDINGS = ("", ", Inc.", " LLC", " Co.", ", Ltd.", " & Sons")
_KINDS = (("USD", 1, 85), ("CAD", 2, 12), ("CAD", 1, 3))
_PAYABLES = {1: "2000", 2: "2010"}
_SURELY_ACTIVE = 8
"""The first vendors are active, so that the smallest company has somebody to owe."""


@dataclass(frozen=True)
class CompanyVendor:
    """A vendor as its bills need it."""

    id: int
    name: str
    trade: Trade
    terms_days: int
    party: Party
    is_active: bool


class _Called(NamedTuple):
    name: str
    trade: Trade
    is_person: bool


def write_vendors(batch: RowBuffer, rng: Random, number: int) -> list[CompanyVendor]:
    """Write that many vendors with their addresses and subsidiaries, and return them."""
    names = _names(rng)
    return [_write_vendor(batch, rng, place, next(names)) for place in range(number)]


def _write_vendor(batch: RowBuffer, rng: Random, place: int, called: _Called) -> CompanyVendor:
    name, trade = called.name, called.trade
    number = _FIRST_ID + place
    symbol, subsidiary, _ = _KINDS[place if place < len(_KINDS) else _draw(rng)]
    terms = rng.randrange(len(sources().terms))
    active = place < _SURELY_ACTIVE or not chance(rng, 0.04)
    account = chart()[_PAYABLES[subsidiary]].id
    created = _ONBOARDED + timedelta(hours=number * 3, seconds=rng.randrange(3600))
    modified = created + timedelta(days=rng.randrange(600), seconds=rng.randrange(86400))
    legal = name if chance(rng, 0.8) else f"{name} (d/b/a)"
    host = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())[:20]
    batch.add(
        "ns_vendor",
        id=number,
        entityid=f"V{number:05d} {name}" if chance(rng, 0.5) else name,
        companyname=None if called.is_person else name,
        altname=name,
        legalname=legal,
        printoncheckas=name if chance(rng, 0.2) else None,
        taxidnum=f"{rng.randrange(10, 99)}-{rng.randrange(10**6, 10**7)}" if chance(rng, 0.7) else None,
        email=f"billing@{host}.example" if chance(rng, 0.85) else None,
        phone=f"206-555-{rng.randrange(100, 200):04d}" if chance(rng, 0.85) else None,
        category=None,
        subsidiary=subsidiary,
        terms=terms + 1,
        currency=currency_id(symbol),
        payablesaccount=account,
        expenseaccount=chart()[trade.accounts[0]].id,
        defaultbillingaddress=number,
        isperson="T" if called.is_person else "F",
        isinactive="F" if active else "T",
        datecreated=stamp(created),
        lastmodifieddate=stamp(modified),
    )
    _write_address(batch, rng, number, name, _city(rng, symbol))
    for entry in (1, 2) if chance(rng, 0.1) else (subsidiary,):
        batch.add(
            "ns_vendorsubsidiaryrelationship",
            id=number * 10 + entry,
            entity=number,
            subsidiary=entry,
            isprimarysub="T" if entry == subsidiary else "F",
        )
    rate = Decimal("0.73") if (symbol, subsidiary) == ("CAD", 1) else Decimal(1)
    return CompanyVendor(
        id=number,
        name=name,
        trade=trade,
        terms_days=sources().terms[terms][1],
        party=Party(number, subsidiary, currency_id(symbol), rate, account),
        is_active=active,
    )


def _draw(rng: Random) -> int:
    (kind,) = rng.choices(range(len(_KINDS)), cum_weights=list(accumulate(share for *_, share in _KINDS)))
    return kind


def _city(rng: Random, symbol: str) -> City:
    country = {"USD": "US", "CAD": "CA"}[symbol]
    return rng.choice([city for city in sources().cities if city.country == country])


def _write_address(batch: RowBuffer, rng: Random, vendor: int, name: str, city: City) -> None:
    batch.add(
        "ns_vendoraddressbook",
        internalid=vendor,
        entity=vendor,
        addressbookaddress=vendor,
        label="Remit to",
        defaultbilling="T",
        defaultshipping="T",
    )
    batch.add(
        "ns_vendoraddressbookentityaddress",
        nkey=vendor,
        addressee=name[:83],
        attention="Accounts Receivable" if chance(rng, 0.3) else None,
        addr1=f"{rng.randrange(1, 9999)} {rng.choice(sources().streets)}",
        addr2=f"Suite {rng.randrange(100, 999)}" if chance(rng, 0.4) else None,
        city=city.name,
        state=city.state,
        zip=f"{city.postal_prefix}{rng.randrange(10, 99) if city.country == 'US' else rng.randrange(1, 9)}",
        country=city.country,
    )


def _names(rng: Random) -> Iterator[_Called]:
    """Yield names without end, no two alike: the special ones first."""
    trades = sources().trades
    taken = set()
    for special, place in sources().special_vendors:
        taken.add(special)
        yield _Called(special, trades[place], is_person=False)
    while True:
        trade = rng.choice(trades)
        person = chance(rng, 0.08)
        if person:
            name = f"{rng.choice(sources().first_names)} {rng.choice(sources().family_names)}"
        else:
            first = rng.choice(sources().place_names + sources().family_names)
            name = f"{first} {rng.choice(trade.names)}{rng.choice(_CORPORATE_ENDINGS)}"
        if name in taken:
            name = f"{name} #{len(taken)}"
        taken.add(name)
        yield _Called(name, trade, is_person=person)
