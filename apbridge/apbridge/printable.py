"""Text of others, made safe to print: it neither begins a line of its own nor commands a terminal."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import Enum

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_COMMANDS = re.compile(
    # Controls, the overrides of the direction of writing, what nobody sees, and halves of characters.
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|[\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""Return a text as one line; what a terminal would obey is written out, such as `\u001b`."""
    return escaped(_BREAKS.sub(" ", text))


def escaped(text: str) -> str:
    """Write out what a terminal would obey as JSON does, so that JSON means the same afterwards."""
    if text.isascii() and text.isprintable():
        return text
    return _COMMANDS.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))


def in_a_cell(value: object) -> object:
    """Return a value for a cell of a spreadsheet, which takes no text for a formula."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    # East Asian spreadsheets take full-width signs for the plain ones, and some pass over blanks before them.
    first = unicodedata.normalize("NFKC", text.lstrip()[:1])
    shown = printable(text)
    return f"'{shown}" if first in _BEGIN_FORMULAS or text.startswith(("\t", "\r", "\n")) else shown


def from_a_cell(text: str) -> str:
    """Return the text for which a cell stands that `in_a_cell` has written."""
    return text[1:] if text[:1] == "'" and in_a_cell(text[1:]) == text else text


_BEGIN_FORMULAS = {"=", "+", "-", "@", "\N{MINUS SIGN}"}
