"""Vendors as AvidXchange had them before us: NetSuite's in other spellings, near namesakes, and others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_Vendor = Mapping[str, Any]

_ACCENTS = str.maketrans({"e": "é", "o": "ö", "a": "à", "u": "ü"})
_FORMS = {", Inc.": " Incorporated", " LLC": " L.L.C.", " Co.": " Company", ", Ltd.": " Limited"}


def _another_form(name: str) -> str:
    for form, other in _FORMS.items():
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
    lambda name: name.translate(_ACCENTS),
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

_STREETS = {"Street": "St.", "Avenue": "Ave", "Road": "Rd.", "Boulevard": "Blvd", "Drive": "Dr"}


def entered_before(
    vendors: Sequence[_Vendor], *, alike: int, namesakes: int, others: int
) -> list[dict[str, Any]]:
    """Return what people had entered, in the words of `avidconnect`.

    Args:
        vendors: NetSuite's, with `altname`, `taxidnum`, `addr1`, `city`, `state` and `zip`.
        alike: How many of them are there in another spelling, from the first on.
        namesakes: How many of the next have a near namesake there that is another firm.
        others: How many more there are of which NetSuite knows nothing.
    """
    near = vendors[alike : alike + namesakes]
    return [
        *(_respelt(one, place) for place, one in enumerate(vendors[:alike])),
        *(_namesake(one, place) for place, one in enumerate(near)),
        *({"name": f"Vendor {n} known to AvidXchange alone", "active": True} for n in range(others)),
    ]


def _respelt(vendor: _Vendor, place: int) -> dict[str, Any]:
    """Return a vendor in another spelling; every third one without its tax id."""
    street = re.sub(r"\w+", lambda word: _STREETS.get(word[0], word[0]), vendor["addr1"])
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


def _namesake(vendor: _Vendor, place: int) -> dict[str, Any]:
    return {
        "name": NAMESAKES[place % len(NAMESAKES)](vendor["altname"])[:100],
        "active": True,
        "taxId": f"88-{place:07d}" if place % 2 else None,
        "remitTo": {"line1": f"{place + 1} Desert Inn Road", "city": "Reno", "postalCode": f"895{place:02d}"},
    }
