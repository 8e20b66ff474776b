"""The links file: what may stand in it, and what is written into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from apbridge.errors import SettingError
from apbridge.links import LinkKind, Links, RecordLink

HERE = RecordLink("vendors", "x", LinkKind.HERE, "1", before="theirs", name='A, "B"', remote_name="a b")
NEW = RecordLink("vendors", "y", LinkKind.NEW)
CODE = RecordLink("gl_accounts", "x", LinkKind.THERE, "1")


def test_what_is_put_is_read_again_and_can_be_taken_out(tmp_path: Path):
    file = str(tmp_path / "links.csv")
    links = Links.load(file)
    assert list(links) == []
    for one in (NEW, HERE, CODE):
        links.put(one)
    again = Links.load(file)
    assert list(again) == list(links) == [CODE, HERE, NEW]
    assert (again.own_id("vendors", "x"), again.own_id("gl_accounts", "x")) == ("1", None)
    assert again.owner("vendors", "1", "x") == HERE
    again.remove(HERE)
    assert list(Links.load(file)) == [CODE, NEW]
    assert Links.load(file).owner("vendors", "1", "x") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stream,external_id,kept\nvendors,x,perhaps\n", "line 2: kept is perhaps"),
        ("stream,external_id,kept\nvendors,x,here\n", "line 2: remote_id must be there"),
        ("stream,external_id,kept,remote_id\nvendors,x,new,1\n", "line 2: remote_id must be there"),
        ("stream,external_id,kept,remote_id\nvendors,x,here,1\nvendors,y,here,1\n", "linked to x already"),
        ("stream,external_id,kept,remote_id\nvendors,x,here,1\nvendors,x,here,2\n", "x is there twice"),
        ("stream,external_id,kept,remote\nvendors,x,new,1\n", "there is no column remote"),
        ("stream,external_id,kept\nvendors,,new\n", "it has no external_id"),
        ("stream,external_id,kept\nvendors,a b,new\n", "its external_id is none"),
        ("stream,external_id\nvendors,x,new\n", "it has 3 values"),
        (
            "stream,external_id,kept,remote_id\nvendors,x,here,1.23457E+19\n",
            "line 2: remote_id is 1.23457E.19",
        ),
        ("", "line 1: the column stream is missing"),
        ("stream\texternal_id\tkept\n", "line 1: the column stream is missing"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, says: str):
    file = tmp_path / "links.csv"
    file.write_text(text)
    with pytest.raises(SettingError, match=says) as found:
        Links.load(str(file))
    assert found.value.code == "APB-VND-011"


def test_a_copy_for_tests_has_links_of_its_own_in_the_same_file(tmp_path: Path):
    file = str(tmp_path / "links.csv")
    ours, copy = "netsuite-1234567-vendor-7", "netsuite-1234567_SB1-vendor-7"
    for name in (ours, copy):
        Links.load(file).put(HERE._replace(external_id=name))
    found = Links.load(file)
    assert {one.external_id for one in found} == {ours, copy}
    for name in (ours, copy):
        owner = found.owner("vendors", "1", name)
        assert owner is not None
        assert owner.external_id == name
    assert found.owner("vendors", "1", "netsuite-7654321-vendor-7") is None


def test_no_spreadsheet_takes_a_name_for_a_formula_and_the_name_stays(tmp_path: Path):
    file = tmp_path / "links.csv"
    told = HERE._replace(name="=HYPERLINK(1)", remote_name="@SUM(1)", before="-1")
    Links.load(str(file)).put(told)
    assert "'=HYPERLINK(1),'@SUM(1)" in file.read_text()
    assert list(Links.load(str(file))) == [told]


def test_what_excel_saves_is_read(tmp_path: Path):
    file = tmp_path / "links.csv"
    Links.load(str(file)).put(HERE)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert list(Links.load(str(file))) == [HERE]
    file.write_text("stream;external_id;kept;remote_id\r\nvendors;x;here;001\r\n")
    assert Links.load(str(file)).own_id("vendors", "x") == "001"


def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path):
    with pytest.raises(SettingError, match="APB-VND-010"):
        Links.load(str(tmp_path))
