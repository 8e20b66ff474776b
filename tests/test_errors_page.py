"""docs/errors.md has a section for each code of the catalogue, and no other."""

from __future__ import annotations

import re

import pytest

from apbridge.errors import catalogue, title
from tools.errors import PAGE, kinds_by_code, page

_ON_RECORDS = {"RejectedError", "UnderWayError", "HeldError"}
_OTHERWISE_ON_RECORDS = {
    "APB-AX-020",
    "APB-HTTP-003",
    "APB-TAX-050",
    "APB-TAX-051",
    "APB-TAX-081",
    "APB-VND-004",
}
"""What stands on an exception without being raised as one: a refusal, and what a record waits for."""


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


def test_each_code_that_can_stand_on_an_exception_has_a_short_title():
    """What the tap says of a bill's image is told within another sentence, so it needs none."""
    on_records = {code for code, kinds in kinds_by_code().items() if kinds & _ON_RECORDS}
    on_records = {code for code in on_records if not code.startswith("APB-TNS-")} | _OTHERWISE_ON_RECORDS
    assert len(on_records) > 100
    assert [code for code in sorted(on_records) if not title(code)] == []
    titled = {code: one.title for code, one in catalogue().items() if one.title}
    assert {code: said for code, said in titled.items() if len(said) > 50 or said.endswith(".")} == {}
    assert "{" not in "".join(titled.values())


def test_a_code_of_another_version_has_no_title():
    assert title("APB-TAX-999") == title(None) == ""


def test_the_page_has_the_title_above_the_sentence():
    assert "### APB-TAX-051\n\n**Account or code not active in AvidXchange**\n" in page()
