"""What two systems' spellings of one name, address or tax id have in common."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

_LEGAL_FORMS = frozenset(
    {
        "inc",
        "incorporated",
        "llc",
        "lc",
        "ltd",
        "limited",
        "co",
        "company",
        "corp",
        "corporation",
        "lp",
        "llp",
    }
    | {"lllp", "plc", "pc", "pllc", "pa", "gmbh", "ag", "sa", "sarl", "bv", "nv", "ulc", "ltee"}
)
_FILLERS = frozenset(["the", "and", "of"])
_LONG = {
    "apt": "apartment",
    "assoc": "associates",
    "assocs": "associates",
    "ave": "avenue",
    "av": "avenue",
    "bldg": "building",
    "blvd": "boulevard",
    "bros": "brothers",
    "cntr": "center",
    "centre": "center",
    "ctr": "center",
    "dept": "department",
    "dist": "distribution",
    "dr": "drive",
    "elec": "electric",
    "equip": "equipment",
    "fl": "floor",
    "ft": "fort",
    "govt": "government",
    "grp": "group",
    "hts": "heights",
    "hwy": "highway",
    "ins": "insurance",
    "intl": "international",
    "ln": "lane",
    "maint": "maintenance",
    "mfg": "manufacturing",
    "mgmt": "management",
    "mgt": "management",
    "mt": "mount",
    "mtn": "mountain",
    "natl": "national",
    "pkwy": "parkway",
    "pl": "place",
    "prop": "property",
    "props": "properties",
    "rd": "road",
    "rm": "room",
    "saint": "street",  # as `st` says both, both are one
    "sq": "square",
    "st": "street",
    "ste": "suite",
    "svc": "services",
    "svcs": "services",
    "service": "services",
    "sys": "systems",
    "tech": "technology",
    "univ": "university",
    "e": "east",
    "n": "north",
    "s": "south",
    "w": "west",
}
"""Abbreviations, each with what it is short for."""

_OTHER_NAME = re.compile(
    r"[\s(,;-]+(?:d\s*/?\s*b\s*/?\s*a|t/a|trading as|doing business as)(?![a-z])[\s).:-]*"
)
_BRANCH = re.compile(r"[\s,-]*(?:#|\bno\.?|\bnr\.?)?\s*#?\s*(\d+)\s*$")
_SILENT = re.compile(r"[.'`\u2019]")
_APART = re.compile(r"[^a-z0-9]+")
_SHORTEST_TAX_ID = 7
_LAST = 4


class Name(NamedTuple):
    """A firm's name, told without how it happens to be spelt.

    Args:
        words: Its words in alphabetical order, without legal form, articles and branch.
        forms: Its legal forms.
        branch: The number at its end; empty where there is none.
    """

    words: str
    forms: frozenset[str]
    branch: str


@lru_cache(maxsize=100_000)
def names(text: str) -> tuple[Name, ...]:
    """Read a name; of one that does business under another name, both."""
    plain = _plain(text)
    parts = [part for part in _OTHER_NAME.split(plain) if part.strip()] or [plain]
    return tuple(dict.fromkeys(map(_name, parts)))


def _name(plain: str) -> Name:
    found = _BRANCH.search(plain)
    branch = found[1].lstrip("0") if found and found.start() else ""
    rest = plain[: found.start()] if found and branch else plain
    words = [_LONG.get(word, word) for word in _words(rest)]
    kept = [word for word in words if word not in _LEGAL_FORMS and word not in _FILLERS]
    forms = frozenset(_form(word) for word in words if word in _LEGAL_FORMS)
    return Name(" ".join(sorted(kept or words)), forms, branch)


def _form(word: str) -> str:
    return {"incorporated": "inc", "limited": "ltd", "company": "co", "corporation": "corp"}.get(word, word)


def exact(text: str) -> str:
    """Return a name as it is, but for case and blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def address(remit_to: Mapping[str, Any] | None) -> str:
    """Return where payments go, as words: the street and the town; empty where either is not known."""
    told = remit_to or {}
    street = " ".join(_LONG.get(word, word) for word in _words(_plain(told.get("line1") or "")))
    code = _APART.sub("", _plain(told.get("postal_code") or ""))[:5]
    town = code or " ".join(_words(_plain(told.get("city") or "")))
    return f"{street}, {town}" if street and town else ""


def town(remit_to: Mapping[str, Any] | None) -> str:
    """Return the town and the state that payments go to; empty where they are not known."""
    told = remit_to or {}
    parts = (_APART.sub(" ", _plain(told.get(name) or "")).strip() for name in ("city", "state"))
    return " ".join(filter(None, parts))


def tax_digits(tax_id: str | None) -> str:
    """Return what of a tax id is compared; empty where it is too short to be one."""
    found = _APART.sub("", _plain(tax_id or ""))
    is_one = len(found) >= _SHORTEST_TAX_ID and len(set(found)) > 1  # 000000000 stands for none
    return found if is_one else ""


def last_four(tax_id: str | None) -> str:
    """Return what may be shown of a tax id."""
    found = tax_digits(tax_id)
    return f"…{found[-_LAST:]}" if found else ""


def _plain(text: str) -> str:
    """Return a text in small letters without accents, with words for signs that stand for one."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in letters if not unicodedata.combining(each))
    return _SILENT.sub("", bare.replace("&", " and ").replace("+", " and "))


def _words(plain: str) -> Iterator[str]:
    return (word for word in _APART.split(plain) if word)
