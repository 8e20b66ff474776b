"""What two systems' spellings of one name, address or tax id have in common."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from typing import Any, NamedTuple

_LEGAL_FORMS = {
    **{
        one: one for one in ("inc", "ltd", "corp", "llc", "llp", "lllp", "plc", "pllc", "ulc", "gmbh", "sarl")
    },
    **{
        one: one
        for one in ("srl", "sas", "slu", "ltda", "eirl", "oyj", "aps", "bhd", "kft", "doo", "pvt", "pty")
    },
    **{one: one for one in ("pte", "spzoo", "sadecv", "sdnbhd", "ohg", "kgaa", "eurl", "bvba", "sro")},
    "incorporated": "inc",
    "corporation": "corp",
    "ltee": "ltd",
    "limitee": "ltd",
}
"""Legal forms, wherever they stand in a name, by how they are compared."""
_LEGAL_ENDINGS = {
    **{
        one: one
        for one in ("co", "lp", "lc", "pc", "pa", "sa", "ag", "bv", "nv", "kg", "ug", "oy", "ab", "as")
    },
    **{one: one for one in ("sl", "spa", "kk", "cv", "private")},
    "company": "co",
    "limited": "ltd",
}
"""What is a legal form at the end of a name, and a word or a state anywhere else."""
_SEVERAL_WORDS = {"sp z oo": "spzoo", "sa de cv": "sadecv", "sdn bhd": "sdnbhd", "a s": "as"}
_LETTERS = str.maketrans(
    {"\u00f8": "o", "\u00e6": "ae", "\u0153": "oe", "\u0111": "d", "\u0142": "l", "\u0131": "i"}
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
    "sq": "square",
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
_APART = re.compile(r"[\W_]+")
_EITHER = ("street", "saint")
"""What `st` is short for."""
_MOST_EITHER = 3
_DIRECTIONS = frozenset(["north", "south", "east", "west"])
_SHORTEST_TAX_ID = 7
_FEWEST_DIGITS = 4
_FEWEST_DIFFERENT = 3
_IN_ORDER = "01234567890123456789"
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
    return tuple(dict.fromkeys(chain.from_iterable(map(_names, parts))))


def _names(plain: str) -> Iterator[Name]:
    found = _BRANCH.search(plain)
    branch = found[1].lstrip("0") if found and found.start() else ""
    rest = plain[: found.start()] if found and branch else plain
    spelt = " ".join(_words(rest))
    for several, one in _SEVERAL_WORDS.items():
        spelt = re.sub(rf"\b{several}$", one, spelt)
    words = [_LONG.get(word, word) for word in spelt.split()]
    forms = {word: _LEGAL_FORMS[word] for word in words if word in _LEGAL_FORMS}
    kept = [word for word in words if word not in forms]
    while kept and kept[-1] in _LEGAL_ENDINGS:
        forms[kept[-1]] = _LEGAL_ENDINGS[kept.pop()]
    kept = [word for word in kept if word not in _FILLERS] or words
    places = [place for place, word in enumerate(kept) if word == "st"][:_MOST_EITHER]
    for long in product(_EITHER, repeat=len(places)):
        meant = dict(zip(places, long, strict=True))
        told = sorted(meant.get(place, word) for place, word in enumerate(kept))
        yield Name(" ".join(told), frozenset(forms.values()), branch)


def exact(text: str) -> str:
    """Return a name as it is, but for case and blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def address(remit_to: Mapping[str, Any] | None) -> str:
    """Return where payments go, as words: the street and the town; empty where either is not known."""
    told = remit_to or {}
    street = " ".join(_of_street([_LONG.get(word, word) for word in _words(_plain(told.get("line1") or ""))]))
    code = _APART.sub("", _plain(told.get("postal_code") or ""))[:5]
    town = code or " ".join(_words(_plain(told.get("city") or "")))
    return f"{street}, {town}" if street and town else ""


def _of_street(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a street: `st` begins its name or ends it."""
    for place, word in enumerate(words):
        before, is_last = words[place - 1] if place else "0", place == len(words) - 1
        begins = before in _DIRECTIONS or before[0].isdigit()
        yield {"st": "saint" if begins and not is_last else "street"}.get(word, word)


def town(remit_to: Mapping[str, Any] | None) -> str:
    """Return the town and the state that payments go to; empty where they are not known."""
    told = remit_to or {}
    parts = (_APART.sub(" ", _plain(told.get(name) or "")).strip() for name in ("city", "state"))
    return " ".join(filter(None, parts))


def tax_digits(tax_id: str | None) -> str:
    """Return what of a tax id is compared; empty where it is none, but stands for one that is not known."""
    found = _APART.sub("", _plain(tax_id or ""))
    digits = "".join(each for each in found if each.isdigit())
    stands_for_none = (
        len(found) < _SHORTEST_TAX_ID
        or len(digits) < _FEWEST_DIGITS
        or len(set(digits)) < _FEWEST_DIFFERENT
        or digits in _IN_ORDER
        or digits in _IN_ORDER[::-1]
        or digits == digits[:_FEWEST_DIFFERENT] * (len(digits) // _FEWEST_DIFFERENT)
    )
    return "" if stands_for_none else found


def last_four(tax_id: str | None) -> str:
    """Return what may be shown of a tax id."""
    found = tax_digits(tax_id)
    return f"…{found[-_LAST:]}" if found else ""


def _plain(text: str) -> str:
    """Return a text in small letters without accents, with words for signs that stand for one."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    # In other scripts than Latin such a mark may make another letter.
    bare = "".join(
        each
        for before, each in zip(" " + letters, letters)  # noqa: B905 - each with the one before it
        if not (unicodedata.combining(each) and (before.isascii() or unicodedata.combining(before)))
    )
    bare = unicodedata.normalize("NFC", bare)
    return _SILENT.sub("", bare.replace("&", " and ").replace("+", " and "))


def _words(plain: str) -> Iterator[str]:
    return (word for word in _APART.split(plain) if word)
