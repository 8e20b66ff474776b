"""The manifest and its queries say one thing, and only what the schemas have."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from apbridge.errors import catalogue
from apbridge.netsuite.queries.query import Query, between
from apbridge.netsuite.queries.reader import ROW_NUMBERS
from apbridge.netsuite.queries.values import ids
from apbridge.schemas import schema
from apbridge.schemas.identifiers import KINDS
from tap_netsuite_ap.eligibility import Eligibility
from tap_netsuite_ap.manifest import StreamEntry, manifest

STREAMS = {entry.name: entry for entry in manifest().streams}
QUERIES = {query.name: query for query in manifest().all_queries}


_OF_NO_RECORD = {"balance_modified_at", "read_at", "includes_children"}
"""A part of a bill's modified_at; NetSuite's clock; whether the children of subsidiaries are meant too."""


@pytest.mark.parametrize("entry", STREAMS.values(), ids=lambda entry: entry.name)
def test_a_column_of_a_stream_is_a_field_of_its_records(entry: StreamEntry):
    properties = schema(entry.name)["properties"]
    for alias in entry.query.aliases:
        if alias in _OF_NO_RECORD:
            continue
        name, _, below = alias.rstrip("_").partition("__")
        assert name in properties
        assert not below or below in properties[name]["properties"]


def test_kinds_are_those_by_which_bills_name_their_neighbours():
    kinds = {entry.name: entry.kind for entry in STREAMS.values()}
    assert {stream: kinds[stream] for stream in KINDS} == KINDS


def test_every_file_is_declared_and_every_declared_file_is_there():
    folder = resources.files("tap_netsuite_ap") / "queries"
    assert {file.name.removesuffix(".sql") for file in folder.iterdir()} == QUERIES.keys()


def test_every_sentence_is_of_something_that_is_read_and_every_table_that_may_be_missing_has_one():
    marked = Eligibility.from_config({}).mark(STREAMS["bills"].query)
    read = {name for query in [*QUERIES.values(), marked] for line in query.lines for name in line.needs}
    assert manifest().sentences.keys() - {ROW_NUMBERS} <= read
    assert set(manifest().sentences.values()) <= catalogue().keys()
    may_be_missing = {name for query in QUERIES.values() for name in query.needs}
    assert may_be_missing <= manifest().sentences.keys()


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


def test_a_window_holds_its_start_and_not_its_end_and_lets_netsuite_use_its_index():
    query = STREAMS["bills"].query
    modified = query.expression("modified_at")
    start, end = "2026-03-01T00:00:01Z", "2026-03-02T00:00:00Z"
    assert between(query, "modified_at", start, end) == [
        f"{modified} >= '{start}'",
        "t.lastmodifieddate >= TO_DATE('2026-02-28', 'YYYY-MM-DD')",
        f"{modified} < '{end}'",
    ]
    assert between(query, "modified_at", None, end) == [f"{modified} < '{end}'"]


@pytest.mark.parametrize("name", [name for name, one in QUERIES.items() if "modified_at" in one.key])
def test_each_query_by_date_bears_a_plain_bound_on_every_page(name: str):
    query = QUERIES[name]
    bound = re.compile(r"\w\.(\w*)lastmodifieddate >= TO_DATE\('2026-01-30', 'YYYY-MM-DD'\)")
    if name == "deletions":
        bound = re.compile(r"d\.deleteddate >= TO_DATE\('2026-01-30', 'YYYY-MM-DD'\)")
    assert bound.search(between(query, "modified_at", "2026-01-31T08:00:00Z", "2026-02-01T00:00:00Z")[1])
    assert bound.search(query.render(frozenset(), after=("2026-01-31T08:00:00Z", "42")))


def test_a_vendor_without_a_date_is_not_lost_by_the_plain_bound():
    text = STREAMS["vendors"].query.render(frozenset(), after=("1970-01-01T00:00:00Z", "42"))
    assert "TO_DATE" not in text


def test_the_first_line_of_an_alias_is_taken_of_which_the_account_has_everything():
    query = STREAMS["gl_accounts"].query
    assert "a.issummary" in query.render(frozenset())
    without = query.render(frozenset({"account.issummary"}))
    assert "a.issummary" not in without
    assert without.count("AS is_postable") == 1


def test_a_table_that_is_refused_goes_with_its_columns():
    text = STREAMS["vendors"].query.render(frozenset({"vendoraddressbookentityaddress"}))
    assert "v.defaultbillingaddress" not in text
    assert " AS remit_to" not in text
    assert "c.symbol AS currency" in text
    assert STREAMS["bills"].query.lacking(frozenset({"currency"})) == {"currency"}


def test_what_cannot_be_done_without_is_named():
    query = STREAMS["bills"].query
    assert query.lacking(frozenset({"transaction.memo", "transaction.foreigntotal"})) == {
        "transaction.foreigntotal"
    }
    assert query.lacking(frozenset({"transaction.foreignamountunpaid"})) == frozenset()
    due = frozenset({"transaction.foreignamountunpaid", "transaction.foreignamountpaid"})
    assert query.lacking(due) == due
    assert query.lacking(frozenset({"transaction.currency"})) == {"transaction.currency"}
    assert query.lacking(frozenset({"transaction.currency", "currencies"})) == frozenset()


def test_an_id_that_is_no_number_never_reaches_a_query():
    with pytest.raises(ValueError, match="invalid literal"):
        ids(["1", "2) OR (1 = 1"])
