"""What docs/capacity.md computes is what comes of what it shows."""

from __future__ import annotations

import re

import pytest

from benchmarks.__main__ import NAMES
from tools.capacity import FUNCTIONS, PAGE, page, shown

SHOWN = PAGE.read_text(encoding="utf-8")


def _table(part: str) -> list[list[str]]:
    (table,) = re.findall(f"<!-- {part} -->\n(.*?)<!-- /{part} -->", SHOWN, re.DOTALL)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def _value(told: str) -> float:
    return float(told.split(" ", maxsplit=1)[0].replace(",", ""))


INPUTS = {
    name.strip("` "): _value(value)
    for part in ("given", "documented", "measured")
    for name, value, *_ in _table(part)
}


def test_the_tables_are_of_what_is_declared_and_was_measured():
    assert page(SHOWN) == SHOWN


def test_each_computed_figure_comes_of_those_shown_before_it():
    known = dict(INPUTS)
    derived = _table("derived")
    assert len(derived) > 10
    for name, value, _, formula in derived:
        known[name.strip("` ")] = _value(value)
        computed = eval(formula.strip("` |"), {"__builtins__": {}}, {**FUNCTIONS, **known})  # noqa: S307
        assert shown(computed) == value.split(" ")[0], name


def test_each_measured_figure_names_a_benchmark_that_there_is():
    for _, _, _, source, when in _table("measured"):
        assert source.split(":")[0].strip("`") in NAMES
        assert re.match(r"\d{4}-\d\d-\d\d", when)


@pytest.mark.parametrize("name", re.findall(r"`(\w+)`", SHOWN.split("## What breaks first")[1]))
def test_what_is_said_of_a_figure_is_said_of_one_that_is_shown(name: str):
    assert name in INPUTS or name in {row[0].strip("` ") for row in _table("derived")}
