"""The manifest and its queries say one thing, and only what the schemas have."""

from __future__ import annotations

from importlib import resources

import pytest

from apbridge.errors import catalogue
from apbridge.mapping import DIMENSIONS
from apbridge.netsuite.queries.query import Query, between
from apbridge.netsuite.queries.reader import ROW_NUMBERS
from apbridge.netsuite.queries.values import ids
from apbridge.schemas import schema
from apbridge.schemas.identifiers import BILL, GL_ACCOUNT, VENDOR
from tap_netsuite_ap.manifest import StreamEntry, manifest

STREAMS = {entry.name: entry for entry in manifest().streams}
JOINS = {query.name: query for entry in STREAMS.values() for query in entry.joins.values()}
QUERIES = {**{name: entry.query for name, entry in STREAMS.items()}, **manifest().queries, **JOINS}


@pytest.mark.parametrize("entry", STREAMS.values(), ids=lambda entry: entry.name)
def test_a_column_of_a_stream_is_a_field_of_its_records(entry: StreamEntry):
    properties = schema(entry.name)["properties"]
    for alias in entry.query.aliases:
        if alias in {"balance_modified_at", "read_at"}:  # a part of a bill's modified_at; NetSuite's clock
            continue
        name, _, below = alias.rstrip("_").partition("__")
        assert name in properties
        assert not below or below in properties[name]["properties"]


def test_kinds_are_those_by_which_bills_name_their_neighbours():
    kinds = {entry.name: entry.kind for entry in STREAMS.values()}
    assert (kinds["bills"], kinds["vendors"], kinds["gl_accounts"]) == (BILL, VENDOR, GL_ACCOUNT)
    assert {stream: kinds[stream] for stream, _ in DIMENSIONS.values()} == dict(DIMENSIONS.values())


def test_every_file_is_declared_and_every_declared_file_is_there():
    folder = resources.files("tap_netsuite_ap") / "queries"
    assert {file.name.removesuffix(".sql") for file in folder.iterdir()} == QUERIES.keys()


def test_every_feature_has_a_sentence_and_is_used():
    used = {
        name for query in QUERIES.values() for line in query.lines for name in line.needs | line.instead_of
    }
    used |= {query.needs for query in QUERIES.values() if query.needs}
    used |= {"voids", "approvals", "payment_holds", ROW_NUMBERS}
    assert used == manifest().features.keys()
    assert set(manifest().features.values()) <= catalogue().keys()


@pytest.mark.parametrize("query", QUERIES.values(), ids=lambda query: query.name)
def test_a_query_names_its_key_and_orders_by_it(query: Query):
    assert set(query.key) <= set(query.aliases)
    text = query.render(frozenset())
    if query.key:
        assert text.rstrip().endswith("ASC")
        assert "ORDER BY" in text
    assert "$where" not in text
    assert "$order" not in text


def test_a_page_begins_after_the_last_row_of_the_one_before():
    query = STREAMS["vendors"].query
    text = query.render(frozenset(), after=("2026-01-31T08:00:00Z", "42"))
    modified = query.expression("modified_at")
    assert (
        f"(({modified} > '2026-01-31T08:00:00Z') OR ({modified} = '2026-01-31T08:00:00Z' AND v.id > 42))"
        in text
    )


def test_a_window_holds_its_start_and_not_its_end():
    query = STREAMS["bills"].query
    modified = query.expression("modified_at")
    assert between(query, "modified_at", "a", "b") == [f"{modified} >= 'a'", f"{modified} < 'b'"]
    assert between(query, "modified_at", None, "b") == [f"{modified} < 'b'"]


def test_lines_come_and_go_with_their_feature():
    query = STREAMS["gl_accounts"].query
    assert "a.issummary" in query.render(frozenset())
    without = query.render(frozenset({"summary_accounts"}))
    assert "a.issummary" not in without
    assert without.count("AS is_postable") == 1


def test_an_id_that_is_no_number_never_reaches_a_query():
    with pytest.raises(ValueError, match="invalid literal"):
        ids(["1", "2) OR (1 = 1"])
