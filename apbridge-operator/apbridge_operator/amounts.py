"""Amounts as people read them: in the decimals of their currency."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from apbridge.schemas.money import decimals_of

_MOST_DIGITS = 15
NO_AMOUNT = 10**_MOST_DIGITS
"""What is as much is a mistake: a sum with it would hide all the others."""


def in_decimals(amount: str | None, currency: str | None) -> str | None:
    """Return an amount in the decimals of its currency; as it is where it has more, or is no amount."""
    number = None if amount is None else _number(amount)
    if number is None:
        return amount
    rounded = number.quantize(Decimal(1).scaleb(-decimals_of(currency)))
    return f"{rounded:f}" if rounded == number else amount


def to_be_read(amount: str | None, currency: str | None) -> str:
    """Write an amount such as `1,234.50 USD`; empty where there is none."""
    if amount is None:
        return ""
    number = _number(amount)
    told = amount if number is None else f"{number:,f}"
    return f"{told} {currency or ''}".strip()


def _number(amount: str) -> Decimal | None:
    """Return what a text is as a number that can be written out; None where it is none."""
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    # Written out, `1E-999999999` would fill the memory.
    last = number.as_tuple().exponent
    is_short = isinstance(last, int) and last > -_MOST_DIGITS
    return number if is_short and number.adjusted() < _MOST_DIGITS else None
