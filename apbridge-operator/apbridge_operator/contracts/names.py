"""Names of fields and paths as words, and how alike two are."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_USUAL = {
    "acct": "account",
    "addr": "address",
    "amt": "amount",
    "cd": "code",
    "co": "company",
    "curr": "currency",
    "desc": "description",
    "dept": "department",
    "dt": "date",
    "ext": "external",
    "inv": "invoice",
    "loc": "location",
    "mod": "modified",
    "no": "number",
    "num": "number",
    "nbr": "number",
    "pmt": "payment",
    "pymt": "payment",
    "qty": "quantity",
    "ref": "reference",
    "seg": "segment",
    "supplier": "vendor",
    "ts": "timestamp",
    "vend": "vendor",
}
_WHOLE, _SAME_WORDS, _WITHIN = 1.0, 0.93, 0.62
_WORD_FIELDS = {"status", "state", "method", "type", "kind"}


@lru_cache(maxsize=20_000)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, however it is written, in the singular and each in its usual form."""
    found = (_singular(word.lower()) for word in _WORDS.findall(name))
    return tuple(_USUAL.get(word, word) for word in found)


def is_word_field(name: str) -> bool:
    """Return whether a field of that name holds one of a few words."""
    found = words_of(name)
    return bool(found) and found[-1] in _WORD_FIELDS


@lru_cache(maxsize=200_000)
def likeness(name: tuple[str, ...], synonym: tuple[str, ...]) -> float:
    """Return how alike two names are: 1 where they are the same, 0 where they have nothing in common."""
    if not name or not synonym:
        return 0.0
    if "".join(name) == "".join(synonym):
        return _WHOLE
    one, other = set(name), set(synonym)
    if one == other:
        return _SAME_WORDS
    if one < other or other < one:
        return _WITHIN + 0.2 * len(one & other) / len(one | other)
    return 0.55 * len(one & other) / len(one | other)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
