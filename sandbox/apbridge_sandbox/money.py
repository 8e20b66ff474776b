"""Money, wire to wire: decimal numbers outside, whole cents in the books, floats nowhere."""

from __future__ import annotations

from decimal import Decimal

_CENT = Decimal("0.01")
_LIMIT = Decimal(10) ** 13


class Cents(int):
    """An amount of money in whole cents."""

    @classmethod
    def of(cls, amount: object) -> Cents:
        """Take an amount as JSON gives it, an integer or a Decimal.

        Raises:
            ValueError: It is no number, has more than two decimals, or is larger than any bill.
        """
        if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)):
            message = f"Expected `number`, got `{type(amount).__name__}`"
            raise ValueError(message)  # noqa: TRY004 - readers of bodies explain a ValueError
        exact = Decimal(amount)
        if abs(exact) >= _LIMIT:
            message = f"{amount} is larger than any bill"
            raise ValueError(message)
        if exact != exact.quantize(_CENT):
            message = f"{amount} has more than two decimals"
            raise ValueError(message)
        return cls(exact.scaleb(2))


def amount(cents: int) -> Decimal:
    """Give whole cents as an amount with two decimals."""
    return Decimal(cents).scaleb(-2)
