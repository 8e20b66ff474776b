"""A query that was parsed with other values is the same as one that is parsed anew."""

from __future__ import annotations

import pytest

from apbridge_sandbox.suiteql import shapes
from apbridge_sandbox.suiteql.dialect import parse
from apbridge_sandbox.suiteql.errors import SuiteQLError

QUERIES = [
    "SELECT t.id FROM transaction t WHERE t.id IN (1, 22) AND t.tranid = 'O''Brien' AND ROWNUM <= 5",
    "SELECT t.id FROM transaction t WHERE t.id IN (22, 1) AND t.tranid = '' AND ROWNUM <= 6",
    "SELECT t.id FROM transaction t WHERE t.id IN (7, 7) AND t.tranid = '0' AND ROWNUM <= 007",
    """SELECT TO_CHAR(t.trandate, 'YYYY-MM-DD"T"') AS a1 FROM transaction t WHERE t.a > -1.5 ORDER BY 1""",
    "SELECT a1.id FROM account a1 WHERE a1.id = 12345678901234567890 OR a1.acctnumber = q'[it's 5]'",
    "SELECT id FROM a WHERE x = DATE '2026-01-02' AND y > INTERVAL '5 days' AND z = CAST('1' AS CHAR)",
    "WITH w AS (SELECT id FROM account WHERE id = 4) SELECT a.id FROM w a, w b WHERE a.id = 5",
    "SELECT id FROM account WHERE id = 5 -- 'six' and 7",
]


@pytest.mark.parametrize("query", QUERIES)
def test_what_was_parsed_with_other_values_is_as_if_parsed_anew(query: str):
    for asked in (*QUERIES, query):
        with shapes.parsed(asked, with_queries=True) as found:
            assert found == parse(asked, with_queries=True)


def test_what_differs_in_its_values_alone_is_parsed_once():
    before = shapes._shape.cache_info().misses
    for number in range(3):
        condition = f"id = {number} AND entityid = 'V{number}'"
        with shapes.parsed(f"SELECT id FROM vendor WHERE {condition}") as found:  # noqa: S608
            assert condition in found.sql("oracle")
    assert shapes._shape.cache_info().misses == before + 1


@pytest.mark.parametrize("query", ["SELECT id FROM account WHERE name = 'open", "SELECT id FROM a LIMIT 5"])
def test_what_cannot_be_parsed_is_refused_as_it_is(query: str):
    with pytest.raises(SuiteQLError) as anew:
        parse(query)
    with pytest.raises(SuiteQLError) as refused, shapes.parsed(query):
        pass
    assert str(refused.value) == str(anew.value)
