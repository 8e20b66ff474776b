"""JSON with exact money: numbers with a fraction are `Decimal`, both ways.

What is read is bounded, and what is beyond the bounds spoils no more than itself: a number stays as it is
written and is no number to any check, a value nested too deep is empty. So it is one record that is
rejected, and not everything that came with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any

import msgspec

MAX_DEPTH = 50
"""Far over any record, and under what overflows the stack."""

MAX_DIGITS = 400
"""Digits of a number, and the power of ten that it may come to: more than any program's own numbers have."""


class OutsizedNumber:
    """A number beyond `MAX_DIGITS`: to write it out, or to count with it, may fill the memory.

    Args:
        text: As it is written.
    """

    # Not a dataclass: msgspec would write one as an object.
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OutsizedNumber) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"OutsizedNumber({self.text!r})"

    def __str__(self) -> str:
        return self.text


def number(text: str) -> Decimal | OutsizedNumber | None:
    """Read a number; None where it is none."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return OutsizedNumber(text) if _NUMBER.fullmatch(text) else None
    if not found.is_finite():
        return None
    is_bounded = len(text) <= MAX_DIGITS and abs(found.adjusted()) <= MAX_DIGITS
    return found if is_bounded else OutsizedNumber(text)


def _encoded(value: Any) -> msgspec.Raw:  # noqa: ANN401
    if isinstance(value, OutsizedNumber):
        return msgspec.Raw(value.text.encode())
    raise NotImplementedError(type(value))


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_encoded)
_sorted_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_encoded, order="sorted")
_decoder = msgspec.json.Decoder(float_hook=number)
_Plain = str | int | bool | None
_Flat = _Plain | list[_Plain] | dict[str, _Plain]
_Row = _Plain | list[_Flat] | dict[str, _Flat]
_Page = _Plain | list[_Row] | dict[str, _Row]
_page_decoder = msgspec.json.Decoder(dict[str, _Page])
"""Takes what has no number with a fraction and is nowhere deep, such as a page of SuiteQL's rows."""
_LONG = 10_000
"""Bytes from which on a text may be a page of rows."""
_DIGITS = 28
"""What `Decimal` counts with unless told otherwise."""
_EXACTLY = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NESTING = frozenset({dict, list})
_PLAIN = frozenset({str, int, bool, type(None)})
"""What is the same in every way that it is written."""
_LONGEST_INTEGER = 18
"""Digits of an integer that the decoder reads itself."""
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]|-?[0-9][0-9.eE+-]*|[^"\[\]{}0-9-]+|-', re.DOTALL)

_ESCAPE = re.compile(
    rb"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def dumps(value: Any) -> bytes:  # noqa: ANN401
    """Encode a value; a `Decimal` becomes a JSON number, digit for digit.

    Raises:
        ValueError: A `Decimal` in it is no number: JSON has no NaN and no infinity.
    """
    encoded = _encoder.encode(value)
    if b"NaN" in encoded or b"Infinity" in encoded:
        _decoder.decode(encoded)  # a text may say so; as a number it is not JSON, and this raises
    return encoded


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """Encode a value so that equal values give equal bytes: keys sorted, 10.0 and 10.00 alike."""
    return _sorted_encoder.encode(_normal(value))


def loads(text: bytes | str) -> Any:  # noqa: ANN401
    """Decode JSON; a number with a fraction becomes a `Decimal`, half a character U+FFFD.

    Raises:
        ValueError: It is not JSON.
    """
    given = text.encode() if isinstance(text, str) else text
    if len(given) >= _LONG:
        # To look through a thousand rows for what is deep takes as long as to decode them.
        with suppress(UnicodeDecodeError, msgspec.DecodeError, RecursionError):
            return _page_decoder.decode(given)
    try:
        found = _decoder.decode(given)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as failure:
        # Some programs write half of a surrogate pair where they cut a text: it spoils a text, not all of
        # what is being read. So do bytes that are no text, and numbers and nesting beyond all bounds.
        mended = b"".join(_mended(given.decode(errors="replace").encode()))
        if mended == given:
            raise
        try:
            found = _decoder.decode(mended)
        except RecursionError:
            raise failure from None
    # Nothing is deeper than there are brackets.
    if given.count(b"[") + given.count(b"{") > MAX_DEPTH:
        _empty_what_is_deep(found)
    return found


def _mended(text: bytes) -> Iterator[bytes]:
    """Yield the parts of a JSON text without what keeps it from being decoded."""
    depth = 0
    for token in _TOKEN.findall(text):
        first = token[:1]
        if first in b"[{":
            depth += 1
        if depth <= MAX_DEPTH:
            if first == b'"':
                yield _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], token)
            elif len(token) > _LONGEST_INTEGER and token.lstrip(b"-").isdigit():
                yield token + b"e0"  # read as a number with a fraction: those have no end
            else:
                yield token
        if first in b"]}":
            depth -= 1


def _empty_what_is_deep(value: Any) -> None:  # noqa: ANN401
    level = [value] if type(value) in _NESTING else []
    for _ in range(MAX_DEPTH - 1):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _NESTING
        ]
    for one in level:
        one.clear()


def _normal(value: Any) -> Any:  # noqa: ANN401
    # Most of what is in a record is a text: to call for each of them takes longer than all the rest.
    if isinstance(value, dict):
        return {key: item if type(item) in _PLAIN else _normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _PLAIN else _normal(item) for item in value]
    if isinstance(value, Decimal):
        # Beyond money's size a whole number stays in its short form: 1E+999999 would fill the memory.
        is_whole = value.is_finite() and value.adjusted() < _DIGITS and value == value.to_integral_value()
        return int(value) if is_whole else value.normalize(_EXACTLY)
    return value
