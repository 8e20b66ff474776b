from __future__ import annotations

import pytest

from apbridge import declared_file
from apbridge.declared_file import MalformedFileError, YamlFile


def read(text: str, *, as_text: bool = False) -> object:
    file = YamlFile(text, as_text=as_text)
    return file.value(file.root)


def refused(text: str, *, as_text: bool = False) -> tuple[int, int, str]:
    with pytest.raises(MalformedFileError) as caught:
        read(text, as_text=as_text)
    return caught.value.line, caught.value.column, caught.value.says


def test_values_are_plain_and_a_date_stays_its_text():
    text = "a: 1\nb: [true, 2020-13-45, 2020-01-02, '3']\n"
    assert read(text) == {"a": 1, "b": [True, "2020-13-45", "2020-01-02", "3"]}


def test_every_value_stays_text_where_that_is_asked_for():
    assert read("a: 0610\nb: true\n", as_text=True) == {"a": "0610", "b": "true"}


def test_an_empty_file_has_no_root():
    file = YamlFile("# nothing\n")
    assert (file.root, file.value(file.root)) == (None, None)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: [\n", (3, 1, "it is not YAML")),
        ("a: &it [1]\nb: *it\n", (2, 4, "aliases (*) are not read here")),
        ("a: 1\nb: " + "[" * 60 + "]" * 60, (2, 53, "it is nested more than 50 deep")),
        ("a: 1\nb: 0o9\nc: " + "9" * 5000, (3, 4, "it is no value")),
        ("a: !!python/name:os.system ''", (1, 4, "it is no value")),
        ("a: \x00", (1, 1, "it is not YAML")),
    ],
    ids=["cut off", "an alias", "deep", "a number too long", "a tag", "a control character"],
)
def test_what_cannot_be_read_is_named_by_its_place(text: str, place: tuple[int, int, str]):
    assert refused(text) == place


def test_a_file_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(declared_file, "MAX_CHARACTERS", 5)
    assert refused("a: 12\n") == (1, 1, "it is longer than 5 characters")


def test_depth_that_overflows_a_stack_ends_at_once():
    assert refused("[" * 100_000)[2] in {"it is nested more than 50 deep", "it is not YAML"}
