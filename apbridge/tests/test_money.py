from __future__ import annotations

from decimal import Decimal

import pytest

from apbridge.schemas import CANONICAL, schema
from apbridge.schemas.money import AMOUNTS, amounts, decimals_of, has_decimals, lines_and_total

_NO_MONEY = {"exchange_rate", "rate", "quantity", "quantity_received", "quantity_billed"}


def numbers(described: dict[str, object]) -> set[str]:
    """Return the names of all fields in a schema that hold numbers with a fraction, at any depth."""
    found: set[str] = set()
    properties = described.get("properties", {})
    assert isinstance(properties, dict)
    for name, one in properties.items():
        kinds = one.get("type", ())
        if "number" in (kinds if isinstance(kinds, list) else [kinds]):
            found.add(name)
        found |= numbers(one) | numbers(one.get("items", {}))
    return found


@pytest.mark.parametrize("stream", CANONICAL)
def test_every_number_of_a_record_is_money_or_known_to_be_none(stream: str):
    assert numbers(schema(stream)) <= AMOUNTS | _NO_MONEY


def test_amounts_are_found_in_what_is_nested():
    bill = {"total": Decimal(3), "exchange_rate": Decimal("1.3333"), "lines": [{"amount": 2, "quantity": 1}]}
    assert dict(amounts(bill)) == {"total": 3, "lines[0].amount": 2}


def test_decimals_are_those_of_the_currency():
    assert [decimals_of(one) for one in ("USD", "JPY", "KWD", None)] == [2, 0, 3, 2]
    assert has_decimals(Decimal("1.10"), 2)
    assert has_decimals(Decimal("1.1000"), 2)
    assert not has_decimals(Decimal("1.101"), 2)
    assert not has_decimals(Decimal("1E+4999"), 2)
    assert has_decimals(5, 0)


def test_lines_are_compared_with_the_total_to_the_last_digit():
    lines = [{"amount": Decimal("0.1")}, {"amount": Decimal("0.2")}]
    assert lines_and_total({"total": Decimal("0.30"), "lines": lines}) is None
    assert lines_and_total({"total": Decimal("0.31"), "lines": lines}) == (Decimal("0.3"), Decimal("0.31"))
