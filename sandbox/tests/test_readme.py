"""The README's table of switches says what the switches are."""

from pathlib import Path

from apbridge_sandbox.switches.table import BEGIN, END, table

_README = Path(__file__).parents[1] / "README.md"


def test_switches_are_described():
    text = _README.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == table()
