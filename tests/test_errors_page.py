"""docs/errors.md has a section for each code of the catalogue, and no other."""

from __future__ import annotations

import re

import pytest

from apbridge.errors import catalogue
from tools.errors import PAGE, page


def test_the_page_is_what_the_sentences_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make errors`"


def test_each_code_has_its_section_and_no_other():
    written = re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(written) == len(set(written))
    assert set(written) == set(catalogue())


def test_each_section_says_what_to_do_and_for_whom():
    for section in PAGE.read_text(encoding="utf-8").split("\n### ")[1:]:
        code, says = section.split("\n", 2)[0], section.split("\n")[2]
        assert says.strip(), code
        assert re.search(r"^\*\*Do:\*\* \S", section, re.MULTILINE), code
        assert re.search(r"^\*\*For:\*\* \S", section, re.MULTILINE), code


@pytest.mark.parametrize(
    ("code", "whom"),
    [
        ("APB-NS-001", "whoever set apbridge up"),
        ("APB-TAX-002", "the AP team"),
        ("APB-HTTP-001", "nobody at first"),
        ("APB-PAY-027", "the AP team"),
        ("APB-NS-010", "whoever set apbridge up"),
        ("APB-SNG-032", "nobody at first"),
    ],
)
def test_those_who_act_are_told(code: str, whom: str):
    section = PAGE.read_text(encoding="utf-8").split(f"\n### {code}\n")[1].split("\n### ")[0]
    assert f"**For:** {whom}" in section
