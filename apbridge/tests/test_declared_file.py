from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apbridge.declared_file import (
    MAX_BYTES,
    Declared,
    FilePosition,
    MalformedFileError,
    UnreadableFileError,
    from_csv,
    from_yaml,
    text_of,
    values,
)


def read(text: str, *, as_text: bool = False) -> object:
    return from_yaml(text, as_text=as_text).value


def refused(text: str, reader: Callable[[str], object] = read) -> tuple[int, int, str]:
    with pytest.raises(MalformedFileError) as caught:
        reader(text)
    return caught.value.line, caught.value.column, caught.value.says


def unreadable(file: Path | str) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        text_of(file)
    return str(caught.value)


def test_values_are_plain_and_a_date_stays_its_text():
    text = "a: 1\nb: [true, 2020-13-45, 2020-01-02, '3']\n"
    assert read(text) == {"a": 1, "b": [True, "2020-13-45", "2020-01-02", "3"]}


def test_every_value_stays_text_where_that_is_asked_for():
    assert read("a: 0610\nb: true\n", as_text=True) == {"a": "0610", "b": "true"}


def test_an_empty_file_has_no_value():
    assert from_yaml("# nothing\n") == Declared(None, {})
    assert from_csv("") == from_csv("account,code\n\n") == Declared([], {})


def test_every_key_and_item_has_its_place():
    declared = from_yaml("# ours\na: 1\nb:\n  - c: [x, y]\n  - d: 2\n")
    assert declared.places == {
        (): FilePosition(2, 1),
        ("a",): FilePosition(2, 1),
        ("b",): FilePosition(3, 1),
        ("b", 0): FilePosition(4, 5),
        ("b", 0, "c"): FilePosition(4, 5),
        ("b", 0, "c", 0): FilePosition(4, 9),
        ("b", 0, "c", 1): FilePosition(4, 12),
        ("b", 1): FilePosition(5, 5),
        ("b", 1, "d"): FilePosition(5, 5),
    }
    assert [declared.line(steps) for steps in (("b", 1, "no such"), ("no such",), ())] == [5, 2, 2]


def test_a_key_that_is_there_twice_is_told_with_the_place_of_the_later():
    declared = from_yaml("a: {x: 1}\nb:\n  - {c: 1, c: 2}\na: {x: 2}\n")
    assert set(declared.twice) == {("a",), ("b", 0, "c")}
    assert declared.line(("a",)) == 4


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: [\n", (3, 1, "it is not YAML")),
        ("a: &it [1]\nb: *it\n", (2, 4, "aliases (*) are not read here")),
        ("a: 1\nb: " + "[" * 60 + "]" * 60, (2, 53, "it is nested more than 50 deep")),
        ("a: 1\nb: 0o9\nc: " + "9" * 5000, (3, 4, "it is no value")),
        ("a: !!python/name:os.system ''", (1, 4, "tags (!) are not read here")),
        ("a: [!!timestamp q]", (1, 5, "tags (!) are not read here")),
        ("a: b\nc: \x00", (2, 4, "there is a control character (U+0000)")),
        ("a: [1\n- b", (2, 4, "it is not YAML")),
        ("a: 1\n---\nb: 2\n", (2, 1, "it is not YAML")),
        ("a:\n  ? [b]\n  : 1\n", (2, 5, "it is no value")),
    ],
    ids=[
        "cut off",
        "an alias",
        "deep",
        "a number too long",
        "a tag",
        "a tag of YAML's own",
        "a control character",
        "cut off in its last line",
        "two documents",
        "a list as a key",
    ],
)
def test_what_cannot_be_read_is_named_by_its_place(text: str, place: tuple[int, int, str]):
    assert refused(text) == place


def test_depth_that_overflows_a_stack_ends_at_once():
    assert refused("[" * 100_000)[2] in {"it is nested more than 50 deep", "it is not YAML"}


def test_yaml_with_aliases_is_read_where_nobody_need_be_told_the_lines():
    assert values("a: &it [1]\nb: *it\n") == {"a": [1], "b": [1]}
    assert refused("a: [\n\n", values)[1:] == (1, "it is not YAML")
    assert refused("a: 1\nb: " + "9" * 5000, values) == (2, 4, "it is no value")


def test_a_csv_is_its_rows_by_column_each_with_the_line_at_which_it_begins():
    declared = from_csv('account,code,\r\n\r\n6100, A ,\r\n"62\r\n00",,\r\n,C\r\n')
    assert declared.value == [{"account": "6100", "code": "A"}, {"account": "62\r\n00"}, {"code": "C"}]
    assert declared.places == {(0,): FilePosition(3, 1), (1,): FilePosition(4, 1), (2,): FilePosition(6, 1)}


LIMIT = csv.field_size_limit()
QUOTES = f"its quotes are not closed, or a value is longer than {LIMIT} characters"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a,b\n1,2\n3,4,5\n", (3, 3, "it has 3 values, and the header 2 columns")),
        ("a,b,a\n1,2,3\n", (1, 3, "the column a is there twice")),
        ("a,b\n1,2\n3,\0\n", (3, 3, "there is a control character (U+0000)")),
        ('a,b\n1,2\n3,"4\n5,6\n7,8\n', (3, 1, QUOTES)),
        ('a,b\n1,2\n3,"4"5\n', (3, 1, QUOTES)),
        (f"a,b\n1,2\n3,{'4' * (LIMIT + 1)}\n5,6\n", (3, 1, QUOTES)),
        (f"{'a' * (LIMIT + 1)},b\n", (1, 1, QUOTES)),
        ('"a', (1, 1, QUOTES)),
    ],
    ids=[
        "a value too many",
        "a column twice",
        "a control character",
        "an open quote",
        "more after a quote",
        "a long value",
        "a long column",
        "an open quote in the header",
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_place(text: str, place: tuple[int, int, str]):
    assert refused(text, from_csv) == place


@given(st.text() | st.text(alphabet="a:-[]{}'\",;*&!?|> \n\r\t\0<=", max_size=40))
def test_no_text_breaks_a_reader(text: str):
    for reader in (from_csv, from_yaml):
        with suppress(MalformedFileError):
            reader(text)


def test_a_file_is_read_as_utf_8_with_and_without_its_mark(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_bytes("\ufeffé\r\n".encode())
    assert text_of(str(file)) == "é\r\n"


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path):
    file = tmp_path / "a.yaml"
    assert unreadable(file) == "No such file or directory"
    assert unreadable(tmp_path) == "Is a directory"
    assert unreadable("\0") == "embedded null byte"
    assert "home" in unreadable("~nobody-of-this-name/a.yaml")
    file.write_bytes(b"a: 1\nb: \xff\n")
    assert unreadable(file) == "it is not UTF-8 text, see line 2"
    file.write_text("a" * (MAX_BYTES + 1))
    assert unreadable(file) == f"it is longer than {MAX_BYTES} bytes"
