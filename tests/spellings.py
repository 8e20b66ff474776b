"""A company's vendors as AvidXchange had them before us: in other spellings, with near namesakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apbridge_sandbox.testing import Running

Vendor = Mapping[str, Any]

ACCENTS = str.maketrans({"e": "é", "o": "ö", "a": "à", "u": "ü"})
FORMS = {", Inc.": " Incorporated", " LLC": " L.L.C.", " Co.": " Company", ", Ltd.": " Limited"}


def _another_form(name: str) -> str:
    for form, other in FORMS.items():
        if name.endswith(form):
            return name.removesuffix(form) + other
    return f"{name} Inc"


def _in_another_order(name: str) -> str:
    first, *rest = name.split()
    return f"{' '.join(rest)} {first}" if rest else name


def _and(name: str) -> str:
    return name.replace("&", "and") if "&" in name else name.replace(" and ", " & ")


def _shortened(name: str) -> str:
    short = {"Services": "Svcs", "Service": "Svc", "Street": "St", "Management": "Mgmt", "Company": "Co"}
    return re.sub(r"\w+", lambda word: short.get(word[0], word[0]), name)


SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    lambda name: re.sub(r"[^\w\s&#]", "", name),
    _another_form,
    _and,
    lambda name: f"The {name}",
    _in_another_order,
    _shortened,
    lambda name: name.translate(ACCENTS),
    lambda name: f"{name} #0412",
    lambda name: f"Holding Partners 7 LLC d/b/a {name}",
)
"""Case, punctuation, legal form, and, the, order, abbreviations, accents, a branch's number, another name."""

NAMESAKES: tuple[Callable[[str], str], ...] = (
    str.title,
    lambda name: f"{name} of Nevada",
    lambda name: f"{name.split()[0]} {name.split()[-1]}s",
)
"""Firms of nearly the same name that are others: elsewhere, and with other tax ids."""

STREETS = {"Street": "St.", "Avenue": "Ave", "Road": "Rd.", "Boulevard": "Blvd", "Drive": "Dr"}


@dataclass(frozen=True)
class FirstDay:
    """What AvidXchange had: its own ids by the internal ids of the vendors in NetSuite that they are.

    Args:
        alike: Those that are one.
        namesakes: Of those that are not: the vendor in NetSuite that they are called like.
        taxes: Every tax id of either system.
    """

    alike: Mapping[str, str]
    namesakes: Mapping[str, str]
    taxes: frozenset[str]


def enter_first_day(sandbox: Running, *, alike: int, namesakes: int, others: int) -> FirstDay:
    """Enter vendors in AvidXchange by hand: some as NetSuite has them, some like others, some of its own."""
    vendors = _vendors(sandbox)
    assert len(vendors) >= alike + namesakes
    records = [_respelt(one, place) for place, one in enumerate(vendors[:alike])]
    near = vendors[alike : alike + namesakes]
    records += [_namesake(one, place) for place, one in enumerate(near)]
    records += [{"name": f"Vendor {n} known to AvidXchange alone", "active": True} for n in range(others)]
    ids = sandbox.control("/control/avidxchange/enter/vendors", {"records": records})["ids"]
    own = [str(one["id"]) for one in vendors]
    taxes = {str(one["taxidnum"]) for one in vendors if one["taxidnum"]}
    return FirstDay(
        dict(zip(own[:alike], ids, strict=False)),
        dict(zip(own[alike : alike + namesakes], ids[alike:], strict=False)),
        frozenset(taxes | {one["taxId"] for one in records if one.get("taxId")}),
    )


def _vendors(sandbox: Running) -> list[dict[str, Any]]:
    assert sandbox.sandbox
    with sandbox.sandbox.store.connection() as connection:
        rows = connection.execute(
            "SELECT v.id, v.altname, v.taxidnum, a.addr1, a.city, a.state, a.zip FROM ns_vendor v"
            " JOIN ns_vendoraddressbookentityaddress a ON a.nkey = v.defaultbillingaddress ORDER BY v.id"
        )
        return [dict(row) for row in rows]


def _respelt(vendor: Vendor, place: int) -> dict[str, Any]:
    """Return a vendor in another spelling; every third one without its tax id."""
    street = re.sub(r"\w+", lambda word: STREETS.get(word[0], word[0]), vendor["addr1"])
    return {
        "name": SPELLINGS[place % len(SPELLINGS)](vendor["altname"])[:100],
        "active": True,
        "taxId": vendor["taxidnum"].replace("-", "") if vendor["taxidnum"] and place % 3 else None,
        "remitTo": {
            "line1": street,
            "city": vendor["city"],
            "state": vendor["state"],
            "postalCode": vendor["zip"],
        },
    }


def _namesake(vendor: Vendor, place: int) -> dict[str, Any]:
    return {
        "name": NAMESAKES[place % len(NAMESAKES)](vendor["altname"])[:100],
        "active": True,
        "taxId": f"88-{place:07d}" if place % 2 else None,
        "remitTo": {"line1": f"{place + 1} Desert Inn Road", "city": "Reno", "postalCode": f"895{place:02d}"},
    }
