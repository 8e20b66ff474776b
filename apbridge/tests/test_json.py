from __future__ import annotations

import json as plain_json
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apbridge import json

MONEY = st.decimals(-(10**15), 10**15, places=2)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | MONEY | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PAGE_ROW = '{"links": [], "id": "1", "memo": "as of a page of rows"}'


@given(VALUES)
def test_what_is_written_is_read_back_exactly(value: object):
    assert json.loads(json.dumps(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_keeps_every_digit(amount: Decimal):
    assert plain_json.loads(json.dumps(amount), parse_float=Decimal, parse_int=Decimal) == amount


def test_no_number_is_a_float():
    read = json.loads(b'{"a": 0.1, "b": 1e2, "c": 3, "d": 12345678901234567890.123456789}')
    assert read == {
        "a": Decimal("0.1"),
        "b": Decimal(100),
        "c": 3,
        "d": Decimal("12345678901234567890.123456789"),
    }
    assert not any(isinstance(value, float) for value in read.values())


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_json_cannot_say_is_refused(value: str):
    with pytest.raises(ValueError, match="JSON"):
        json.dumps({"amount": Decimal(value)})
    assert json.loads(json.dumps(value)) == value


@given(st.dictionaries(st.text(), MONEY, max_size=6), st.randoms(use_true_random=False))
def test_equal_records_are_equal_bytes(record: dict[str, Decimal], random: Random):
    names = list(record)
    random.shuffle(names)
    other = {name: record[name].quantize(Decimal("0.0001")) for name in names}
    assert json.canonical(record) == json.canonical(other)


@given(MONEY, MONEY)
def test_unequal_amounts_are_unequal_bytes(one: Decimal, other: Decimal):
    assert (json.canonical([one]) == json.canonical([other])) == (one == other)


def test_a_monstrous_number_is_no_monstrous_text():
    assert len(json.canonical(Decimal("1E+999999999"))) < 20
    assert json.canonical(Decimal("0." + "1" * 40)) != json.canonical(Decimal("0." + "1" * 39))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"12\ud800", "12\ufffd"),
        (r"\udc0034", "\ufffd34"),
        (r"\ud83d\ud83d\ude00", "\ufffd\N{GRINNING FACE}"),
        (r"\ud800 \\ud800 \ud83d\ude00", "\ufffd \\ud800 \N{GRINNING FACE}"),
        (r"\DABCx\\", None),
        (r"\ud800\x", None),
    ],
)
def test_half_a_character_spoils_no_more_than_itself(text: str, read: str | None):
    encoded = f'[{{"number": "{text}"}}, 1]'
    if read is None:
        with pytest.raises(ValueError, match="JSON"):
            json.loads(encoded)
    else:
        assert json.loads(encoded) == json.loads(encoded.encode()) == [{"number": read}, 1]


@pytest.mark.parametrize(
    "value",
    [
        *("1", "-0", "1.0", "1e2", "-0.0", "1E400", "1e999999", "18446744073709551616", "9" * 30, "9" * 500),
        *(
            "9" * 5000,
            "true",
            "null",
            '""',
            r'"\ud800"',
            "[]",
            "{}",
            '[{"a": [], "b": {}}]',
            '[{"a": [1.50]}]',
        ),
        *(
            "[" * json.MAX_DEPTH + "]" * json.MAX_DEPTH,
            "[" * 2000 + "]" * 2000,
            '{"a":' * 60 + "1" + "}" * 60,
        ),
    ],
)
def test_what_is_read_does_not_depend_on_how_much_comes_with_it(value: str):
    short = f'{{"value": {value}}}'
    long = f'{{"value": {value}, "rows": [{", ".join([PAGE_ROW] * 300)}]}}'
    found, alone = json.loads(long)["value"], json.loads(short)["value"]
    assert repr(found) == repr(alone)
    assert json.loads(long)["rows"] == [json.loads(PAGE_ROW)] * 300
