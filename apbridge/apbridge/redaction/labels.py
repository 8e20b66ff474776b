"""Names of secrets: of fields, and as people write them before a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from apbridge.redaction import MASK

_S = r"[\W_]{0,2}"
"""Between two words of a name: `tax id`, `tax_id`, `tax-id`, `taxId`."""
_BEGIN = r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"
_END = r"(?:(?![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"
_NUMBER = rf"n(?:o|r|um|umber){_END}"

_SIGN_IN = rf"""
    (?P<header>authorization|cookie)
    | (?P<phrase>pass(?:word|phrase|wd|code)|{_BEGIN}pwd{_END}|secret(?!ar|ion|e)|private{_S}key|credential)
    | (?P<token>token(?!i)|assertion|(?:api|gateway){_S}key)
"""
_NAMED = rf"""
    (?P<tax>tax{_S}(?:payer{_S})?(?:id|reg(?!ion|ime)|{_NUMBER})|vat{_S}(?:reg(?!ion)|id{_END}|{_NUMBER})
        |social{_S}security|{_BEGIN}(?:f?ein|i?tin|ssn|gstin){_END})
    | (?P<bic>swift{_S}(?:code|bic)|{_BEGIN}(?:bic|swift){_END})
    | (?P<bank>bank{_S}(?:acc(?:oun)?t?s?|code|{_NUMBER})|sort{_S}code
        |{_BEGIN}(?:iban|bban|clabe|ifsc|bsb){_END})
    | (?P<card>card{_S}{_NUMBER}|{_BEGIN}cc{_S}{_NUMBER})
    | (?P<check>{_BEGIN}(?:cvv|cvc){_END})
"""
# A GL account has a number too, and an approval a routing: in a text only their digits tell.
_BY_DIGITS = rf"""
    (?P<routing>routing|{_BEGIN}(?:aba|rtn){_END}|transit{_S}{_NUMBER})
    | (?P<account>{_BEGIN}acc(?:oun)?t{_S}(?:{_NUMBER}|\#))
    | (?P<wired>(?:beneficiary|checking|savings|deposit|wire|ach){_S}acc(?:oun)?t{_END})
    | (?P<bare>{_BEGIN}acc(?:oun)?t{_END})
    | (?P<plastic>(?:credit|debit){_S}card{_END})
"""
_FIELDS = rf"""
    signature | routing | {_BEGIN}(?:aba|rtn){_END} | transit{_S}{_NUMBER}
    | acc(?:oun)?t{_S}{_NUMBER} | custrecord_?2663
"""
_ALIKE = {ord("\N{LATIN SMALL LETTER DOTLESS I}"): "i", ord("\N{LATIN SMALL LETTER LONG S}"): "s"}
"""What is an i and an s to a pattern that takes small letters and capitals for the same."""
_BEGINNING = re.compile(
    "authorization|cookie|pass|pwd|secret|private|credential|token|assertion|api|gateway|tax|vat|social|f?ein|i?tin|ssn"
    "|gstin|swift|bic|bank|sort|iban|bban|clabe|ifsc|bsb|card|cc|cvv|cvc|routing|aba|rtn|transit|acc"
    "|beneficiary|checking|savings|deposit|wire|ach|credit|debit"
)
"""Every label begins with one of these, in small letters: only there is one looked for."""
_FLAGS = re.IGNORECASE | re.VERBOSE
_FIELD_NAME = re.compile(f"{_SIGN_IN}|{_NAMED}|{_FIELDS}", _FLAGS)
_LABEL = re.compile(f"{_SIGN_IN}|{_NAMED}|{_BY_DIGITS}", _FLAGS)
_CUSTOM_FIELD = re.compile(r"^cust(?:entity|body|record|col|item)_?", re.IGNORECASE)
# GL account numbers are what a bill is coded by, not bank details.
_PLAIN_NAME = re.compile(r"account_number|acctnumber|token_type|(?i:gl_?account_?number)")


@dataclass(frozen=True)
class _Digits:
    """How many digits stand after a label where nothing but they tells that they are its value."""

    least: int
    most: int
    by_digits: bool = False
    """Also after a colon it is no value without them."""


_DIGITS = {
    "tax": _Digits(7, 15),
    "bank": _Digits(6, 34),
    "card": _Digits(12, 19),
    "check": _Digits(3, 4),
    "bic": _Digits(99, 99),
    "routing": _Digits(8, 9, by_digits=True),
    "account": _Digits(8, 20, by_digits=True),
    "wired": _Digits(5, 20, by_digits=True),
    "bare": _Digits(10, 20, by_digits=True),
    "plastic": _Digits(12, 19, by_digits=True),
}

_SEPARATOR = re.compile(r"""[\w-]{0,40}(?P<quote>\\{0,8}["'])?\s{0,8}(?:[:=]{1,2}\s{0,8}|(?P<tag>>))""")
_QUOTE = re.compile(r"""\\{0,8}["']""")
_OPENED = re.compile(r"<(?:[\w.-]{1,40}:)?[\w.-]{0,60}$")
_FILLER = re.compile(
    r"""(?:[\s:=\#./"'\\()-]{1,3}|(?:number|num|no|nr|code|id|is|was)(?![^\W\d_])){0,6}""", re.IGNORECASE
)
_GROUP = re.compile(r"(?=[A-Za-z]{0,6}\d)[A-Za-z\d]{1,34}(?![A-Za-z\d])|[A-Z]{4}(?=[ -]\d)")
_BETWEEN = re.compile(r"[ ./*-]{1,3}")
_BIC = re.compile(r"[A-Z]{6}[A-Z\d]{2}(?:[A-Z\d]{3})?(?![A-Za-z\d])")
_RUN = re.compile(r"""[^\s"',;&}<]+""")
_PHRASE = re.compile(
    r"""(?:(?!
        [\s,;&]["']?[\w.-]{1,40}["']?\s?[:=]     # another label
        | [,;&}"<]{1,8}(?:\s|\Z) | "[,;:}\])] | </
    )[^\n\r])+""",
    re.VERBOSE,
)
"""A phrase, up to where another label begins or a part of a sentence ends: passwords have signs in them."""
_LINE = re.compile(r"[^\n\r]+")
_SCHEME = re.compile(r"(?:basic|bearer|digest|oauth|nlauth|token)\s", re.IGNORECASE)
_EXPLAINS = re.compile(
    r"(?:missing|required|invalid|none|null|not|is|must|unknown|empty|blank)(?!\w)", re.IGNORECASE
)
_GL = re.compile(r"(?:\bg/?l|ledger|expense|netsuite)[\W_]{0,3}$", re.IGNORECASE)
_COLON = re.compile(r"\s?:")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether a field of this name holds a secret, a tax id or a bank detail."""
    is_plain = _PLAIN_NAME.fullmatch(name)
    return not is_plain and _FIELD_NAME.search(_CUSTOM_FIELD.sub("", name) or name) is not None


def labelled(text: str) -> Iterator[tuple[int, int]]:
    """Yield where in a text the values are that follow a label."""
    small = _in_small_letters(text)
    place = 0
    while found := _next_label(text, small, place):
        place = found.end()
        value = _value(text, found, str(found.lastgroup))
        if value:
            yield value
            place = max(place, value[1])


def _in_small_letters(text: str) -> str:
    small = text.lower()
    return small if text.isascii() else small.translate(_ALIKE)


def _next_label(text: str, small: str, place: int) -> re.Match[str] | None:
    """Return the first label from a place on; to look only where one may begin takes a tenth of the time."""
    if len(small) != len(text):
        return _LABEL.search(text, place)
    while begun := _BEGINNING.search(small, place):
        place = begun.start()
        if found := _LABEL.match(text, place):
            return found
        place += 1
    return None


def _value(text: str, label: re.Match[str], kind: str) -> tuple[int, int] | None:
    separator = _SEPARATOR.match(text, label.end())
    if separator and separator["tag"]:
        return _in_tag(text, label.start(), separator.end())
    digits = _DIGITS.get(kind)
    # Swift is a company's name as well.
    if separator and not (digits and digits.by_digits) and label[0].lower() != "swift":
        begin = separator.end()
        quote = _QUOTE.match(text, begin)
        if quote:
            return quote.end(), _closed(text, quote[0], quote.end())
        return _said(text, begin, kind, digits)
    if digits is None or (
        kind in {"account", "bare"} and _GL.search(text[max(label.start() - 20, 0) : label.start()])
    ):
        return None
    filler = _FILLER.match(text, separator.end() if separator else label.end())
    begin = filler.end() if filler else label.end()
    if kind == "bic":
        bic = _BIC.match(text, begin)
        return bic.span() if bic else None
    end, count = _grouped(text, begin, begin, digits.most)
    is_typed = kind == "bare" and _COLON.match(text, label.end())
    return (begin, end) if count >= (_DIGITS["account"] if is_typed else digits).least else None


def _said(text: str, begin: int, kind: str, digits: _Digits | None) -> tuple[int, int] | None:
    """Return where the value is that follows a colon or an equals sign."""
    # What was masked before is not masked anew, with what stands behind it.
    if text.startswith(MASK, begin) or (digits and _EXPLAINS.match(text, begin)):
        return None
    if kind == "phrase" and (phrase := _PHRASE.match(text, begin)):
        return begin, begin + len(phrase[0].rstrip())
    run = _RUN.match(text, begin)
    if run is None:
        return None
    if digits:
        return begin, _grouped(text, begin, run.end(), digits.most)[0]
    if kind == "header" and ("=" in run[0] or _SCHEME.match(text, begin)):
        line = _LINE.match(text, begin)
        return line.span() if line else None
    return run.span()


def _grouped(text: str, begin: int, end: int, most: int) -> tuple[int, int]:
    """Return where the groups of digits from a place on end, and how many digits they are."""
    count = sum(map(str.isdigit, text[begin:end]))
    place = end
    while True:
        if end > begin:
            between = _BETWEEN.match(text, end)
            if between is None:
                break
            place = between.end()
        group = _GROUP.match(text, place)
        more = sum(map(str.isdigit, group[0])) if group else 0
        if group is None or count + more > most:
            break
        count, end = count + more, group.end()
    return end, count


def _in_tag(text: str, label: int, begin: int) -> tuple[int, int] | None:
    if not _OPENED.search(text[max(label - 100, 0) : label]):
        return None
    end = text.find("<", begin)
    return begin, len(text) if end < 0 else end


def _closed(text: str, quote: str, begin: int) -> int:
    """Return where a quoted value ends; where it never does, the text's end."""
    place = begin
    while (end := text.find(quote, place)) >= 0:
        if _escapes(text, begin, end) % 2 == 0:
            return end
        place = end + 1
    return len(text)


def _escapes(text: str, begin: int, end: int) -> int:
    """Return how many backslashes stand right before a place."""
    place = end
    while place > begin and text[place - 1] == "\\":
        place -= 1
    return end - place
