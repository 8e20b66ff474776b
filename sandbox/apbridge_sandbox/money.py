"""Money, wire to wire: decimal numbers outside, whole cents in the books, floats nowhere."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_WHOLE = Decimal(1)
_LIMIT = Decimal(10) ** 13


class AmountError(ValueError):
    """It is no amount of money."""


class Cents(int):
    """An amount of money in whole cents: the type that bodies declare."""


def cents(given: object) -> Cents:
    """Take an amount as JSON gives it, an integer or a Decimal.

    Raises:
        AmountError: It is no number, has more than two decimals, or is larger than any bill.
    """
    if isinstance(given, bool) or not isinstance(given, (int, Decimal)):
        message = f"Expected `number`, got `{type(given).__name__}`"
        raise AmountError(message)
    exact = Decimal(given)
    if abs(exact) >= _LIMIT:
        message = f"{given} is larger than any bill"
        raise AmountError(message)
    if exact != exact.quantize(_CENT):
        message = f"{given} has more than two decimals"
        raise AmountError(message)
    return Cents(exact.scaleb(2))


def amount(whole: int) -> Decimal:
    """Return whole cents as an amount with two decimals."""
    return Decimal(whole).scaleb(-2)


def base_of(whole: int, rate: Decimal) -> int:
    """Return cents of a currency in the base currency."""
    return int((whole * rate).quantize(_WHOLE, ROUND_HALF_UP))
