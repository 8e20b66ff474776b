"""No input gives a parser of outside bytes anything but a value or an error with a code."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.examples import examples
from tests.fuzz.corpora import entries, read, written
from tests.fuzz.parsers import holds, parsers

PARSERS = parsers()
_REFUSE_ALL = ("_400", "_401", "_409", "_429", "_500", "redirect")
CORPUS = [file.stem for file in sorted((Path(__file__).parent / "corpus").glob("*.txt"))]


@pytest.mark.parametrize("name", CORPUS)
def test_what_once_broke_a_parser_breaks_it_no_more(name: str):
    found = list(entries(name))
    assert found
    for data in found:
        holds(PARSERS[name], data)


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_no_input_breaks_a_parser(name: str):
    parser = PARSERS[name]

    @settings(max_examples=examples(6), database=None)
    @given(parser.inputs)
    def feed(data: bytes) -> None:
        holds(parser, data)

    feed()


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_what_a_parser_is_fuzzed_with_begins_as_what_it_takes(name: str):
    taken = [holds(PARSERS[name], seed) for seed in PARSERS[name].seeds]
    assert any(taken) != name.endswith(_REFUSE_ALL)


@given(...)
def test_an_input_is_written_into_the_corpus_as_it_is(data: bytes):
    assert read(written(data)) == data
