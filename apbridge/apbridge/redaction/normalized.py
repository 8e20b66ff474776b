"""A text as a machine reads it: each dash, space and digit in its plain form, what nobody sees left out."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_FOREIGN = re.compile(r"[^\x00-\x7f]")


def normalized(text: str) -> tuple[str, list[int] | None]:
    """Return a text with plain signs, and where each of them was; None where nothing moved."""
    if text.isascii():
        return text, None
    plain = _FOREIGN.sub(lambda found: _plain(found[0]), text)
    if len(plain) == len(text):
        return plain, None
    # Each character becomes one or none.
    return plain, [place for place, char in enumerate(text) if char.isascii() or _plain(char)]


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Cf":
        return ""
    if kind == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    if kind == "Zs":
        return " "
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    alike = unicodedata.normalize("NFKC", char)
    return alike if len(alike) == 1 and alike.isascii() else char
