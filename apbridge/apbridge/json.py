"""JSON with exact money: numbers with a fraction are `Decimal`, both ways."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_sorted_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def dumps(value: Any) -> bytes:  # noqa: ANN401
    """Encode a value; a `Decimal` becomes a JSON number, digit for digit."""
    return _encoder.encode(value)


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """Encode a value so that equal values give equal bytes: keys sorted, 10.0 and 10.00 alike."""
    return _sorted_encoder.encode(_normal(value))


def loads(text: bytes | str) -> Any:  # noqa: ANN401
    """Decode JSON; a number with a fraction becomes a `Decimal`.

    Raises:
        ValueError: It is not JSON.
    """
    return _decoder.decode(text)


def _normal(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(item) for item in value]
    return value
