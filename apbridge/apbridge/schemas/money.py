"""Amounts of records: how many decimals they may have, and whether they add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

AMOUNTS = frozenset({"total", "amount_due", "amount_available", "amount_paid", "amount", "discount"})
"""Fields that are money, at a record's root and in what is nested in it."""

_USUAL = 2
_DECIMALS = {
    **dict.fromkeys(
        (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"),
            *("VUV", "XAF", "XOF", "XPF"),
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Of currencies that do not have two (ISO 4217)."""


def decimals_of(currency: str | None) -> int:
    """Return how many decimals amounts of a currency have; two where it is not known."""
    return _DECIMALS.get(currency or "", _USUAL)


def has_decimals(amount: Decimal | int, most: int) -> bool:
    """Return whether an amount is written out in so many decimals, whatever zeros follow them."""
    try:
        return amount == Decimal(amount).quantize(Decimal(1).scaleb(-most))
    except InvalidOperation:  # more digits than any amount has
        return False


def amounts(record: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Decimal | int]]:
    """Yield each amount of a record that is valid by its schema, with the path of its field."""
    for name, value in record.items():
        if name in AMOUNTS and isinstance(value, Decimal | int):
            yield path + name, value
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from amounts(item, f"{path}{name}[{place}].")


def lines_and_total(document: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """Return what the lines of a bill or a credit sum to, and its total; None where these are the same."""
    lines = sum((Decimal(line["amount"]) for line in document["lines"]), Decimal(0))
    total = Decimal(document.get("total") or 0)
    return None if lines == total else (lines, total)
