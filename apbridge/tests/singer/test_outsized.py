"""One absurd value: its record is rejected by name, in this run and the next, and all others go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apbridge.json import OutsizedNumber
from apbridge.ledger import Status
from tests.singer.messages import READ, SCHEMAS, bill, bill_name, vendor, vendor_name

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext


def nested(depth: int) -> Any:  # noqa: ANN401
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def behind_texts(depth: int) -> Any:  # noqa: ANN401
    """Return a nesting whose brackets those in its texts seem to close."""
    value: Any = 0
    for _ in range(depth):
        value = ["]", value, "["]
    return value


DIGITS = "must be number or null, not a number of more than 400 digits"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("total", OutsizedNumber("1e9999999999999999999999"), DIGITS),
        ("total", OutsizedNumber("1e9999999999"), DIGITS),
        ("total", OutsizedNumber("1e-9999999999"), DIGITS),
        ("total", OutsizedNumber("9" * 5000), DIGITS),
        ("total", OutsizedNumber("9" * 40), "must be at most 1000000000000000"),
        ("memo", nested(900), "must be string or null, not array"),
        ("memo", behind_texts(900), "must be string or null, not array"),
        ("memo", "x" * 1_000_001, "must be at most 1000000 characters long"),
        ("currency", "x" * 101, "must be at most 100 characters long"),
    ],
    ids=[
        "no exponent",
        "10 GB",
        "10 GB of noughts",
        "5,000 digits",
        "40 digits",
        "900 deep",
        "900 deep behind texts",
        "long",
        "id",
    ],
)
def test_one_absurd_value_rejects_its_record_and_the_others_go(
    context: ToyContext,
    field: str,
    value: Any,  # noqa: ANN401
    problem: str,
):
    good = [bill(1), bill(3), vendor(1)]
    done = context.run([*SCHEMAS, bill(2, **{field: value}), *good])
    assert sorted(done.books.delivered) == [vendor_name(1), bill_name(1), bill_name(3)]
    for _ in range(2):
        row = context.row("bills", bill_name(2))
        assert row.status is Status.REJECTED
        assert f"Record {bill_name(2)} of bills" in str(row.reason)
        assert f"{field} {problem}" in str(row.reason)
        context.run(READ)
