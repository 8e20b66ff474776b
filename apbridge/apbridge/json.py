"""JSON with exact money: numbers with a fraction are `Decimal`, both ways."""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_sorted_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_DIGITS = 28
"""What `Decimal` counts with unless told otherwise."""
_EXACTLY = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


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
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        # Some programs write half of a surrogate pair where they cut a text: it spoils a text, not all of
        # what is being read.
        given = text.encode() if isinstance(text, str) else text
        mended = _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], given)
        if mended == given:
            raise
        return _decoder.decode(mended)


def _normal(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Decimal):
        # Beyond money's size a whole number stays in its short form: 1E+999999 would fill the memory.
        is_whole = value.is_finite() and value.adjusted() < _DIGITS and value == value.to_integral_value()
        return int(value) if is_whole else value.normalize(_EXACTLY)
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(item) for item in value]
    return value
