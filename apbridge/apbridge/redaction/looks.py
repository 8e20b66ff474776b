"""Secrets that are known by their look alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SCHEME = re.compile(r"(?<![^\W\d_])(?P<scheme>bearer|basic)\s{1,8}(?P<value>[\w.~+/=-]{6,})", re.IGNORECASE)
_SHORTEST_TOKEN = len("basic 123456")
_SHORTEST_NUMBER = len("12-3456789")
"""Of all the numbers that are looked for: those of companies, of people, of cards and of accounts."""
_LONG = 12
"""Characters from which on what follows `Bearer` is no word."""

_WHOLE = (
    # A JSON Web Token: two parts that begin as `{"` does in base64.
    ("eyJ", re.compile(r"(?<![\w-])(?P<value>eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?)")),
    (
        "-----",
        re.compile(r"-----BEGIN [A-Z ]{1,40}-----(?P<value>.*?)(?:-----END [A-Z ]{1,40}-----|\Z)", re.DOTALL),
    ),
    ("@", re.compile(r"://(?P<value>[^\s/?#<>]*)@")),
    (
        "@",
        re.compile(
            r"(?<![\w.%+-])(?!(?:mailto|e-?mail|mail|to|from|cc|bcc|contact|remit):)"
            r"(?P<value>[\w.%+-]{1,64}:(?!//)[^\s@:/]{1,64})@[\w-]{1,63}",
            re.IGNORECASE,
        ),
    ),
)
"""What is in each such text, and its pattern: to look for the former first takes a tenth of the time."""
_SSN = re.compile(r"(?<!\w)(?<!\w[-.])(?P<value>\d{3}(?P<sep>[-. ])\d{2}(?P=sep)\d{4})(?!\w)(?![-.]\d)")
"""A US tax id of a person. Within an invoice number, such as INV-123-45-6789, there is none."""
_EIN = re.compile(r"(?<!\w)(?<!\w[-.])\d{2}-\d{7}(?!\w)(?![-.]\d)")
"""A US tax id of a company; numbers of bills look alike."""
_NUMBER_OF = re.compile(
    r"""(?:(?<![^\W\d_])(?:bills?|invoices?|inv|credit(?:\smemo)?|p\.?o|orders?|documents?|ref|reference
        |no|num|number|tranid)|(?-i:[a-z](?:Number|No))|\#)[\s:=\#.'"(-]{0,4}$""",
    re.IGNORECASE | re.VERBOSE,
)

_DIGITS = re.compile(r"\d(?:[ .-]?\d){13,}")
_GROUP = re.compile(r"\d+")
_CARD = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}"
)
_SHORTEST_CARD, _LONGEST_CARD = 14, 19

_IBAN = re.compile(r"(?<![A-Za-z\d])[A-Za-z]{2}\d{2}(?=[ .-]{0,2}[A-Za-z\d])")
_IBAN_REST = re.compile(r"(?:[ .-]{0,2}[A-Za-z\d]){11,30}")
_IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d{2})",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 "
        "DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 "
        "IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 "
        "MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 "
        "SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
    )
}
"""Of the IBAN registry (SWIFT)."""


def is_number_of(name: str, value: object) -> bool:
    """Return whether a field holds a number of a bill or the like that looks as a tax id does."""
    is_alike = isinstance(value, str) and _EIN.fullmatch(value)
    return bool(is_alike and _NUMBER_OF.search(name))


def recognized(text: str) -> Iterator[tuple[int, int]]:
    """Yield where in a text something stands that looks like a secret."""
    for found in _SCHEME.finditer(text) if len(text) >= _SHORTEST_TOKEN else ():
        if _is_a_token(found["scheme"].lower(), found["value"]):
            yield found.span("value")
    for part, pattern in _WHOLE:
        if part in text:
            yield from (found.span("value") for found in pattern.finditer(text))
    # Most texts are short, or hold no number: to see that takes a tenth of the time.
    if len(text) < _SHORTEST_NUMBER or not _GROUP.search(text):
        return
    yield from (found.span("value") for found in _SSN.finditer(text))
    for found in _EIN.finditer(text):
        if not _NUMBER_OF.search(text[max(found.start() - 20, 0) : found.start()]):
            yield found.span()
    yield from _cards(text)
    yield from _ibans(text)


def _is_a_token(scheme: str, value: str) -> bool:
    """Return whether it is no word, as in `Basic housekeeping`."""
    if re.search(r"[\d+/=_~]|\.\w", value) or (scheme == "bearer" and len(value) >= _LONG):
        return True
    return not (value[1:].islower() or value.isupper())


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in _DIGITS.finditer(text):
        groups = [found.span() for found in _GROUP.finditer(text, *run.span())]
        for first, (begin, stop) in enumerate(groups):
            if stop - begin < 4 or text[begin - 1 : begin].isalpha():  # noqa: PLR2004 - as on the card
                continue
            number, end = "", begin
            for one, other in groups[first : first + 5]:
                if len(number) + other - one > _LONGEST_CARD:
                    break
                number, end = number + text[one:other], other
                if len(number) >= _SHORTEST_CARD and _CARD.fullmatch(number) and _luhn(number):
                    yield begin, end


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for begun in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(begun[0][:2].upper())
        rest = _IBAN_REST.match(text, begun.end()) if length else None
        if rest is None or length is None:
            continue
        places = [place for place in range(*rest.span()) if text[place].isalnum()]
        if len(places) < length - 4:
            continue
        end = places[length - 5] + 1
        whole = (begun[0] + "".join(text[place] for place in places[: length - 4])).upper()
        if not text[end : end + 1].isalnum() and _mod_97(whole) == 1:
            yield begun.start(), end


def _mod_97(iban: str) -> int:
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97
