"""Numbered rows, WITH where the account takes it, and what published clients take for granted."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

import pytest

from tests.netsuite.signed_in import RECORDS, SignedInNetSuite, error_of

BILLS = "SELECT id, entity FROM transaction WHERE type = 'VendBill'"
NUMBERED = {
    "row_number": f"SELECT id, ROW_NUMBER() OVER (ORDER BY entity, id DESC) AS n FROM ({BILLS}) ORDER BY n",
    "rownum": (
        "SELECT id, n FROM (SELECT ROWNUM AS n, x.id AS id FROM"
        f" ({BILLS} ORDER BY entity, id DESC) x) ORDER BY n"
    ),
}


def _in_order(netsuite: SignedInNetSuite) -> list[str]:
    return [row["id"] for row in netsuite.rows(f"{BILLS} ORDER BY entity, id DESC")]


@pytest.mark.parametrize("way", NUMBERED)
def test_rows_are_numbered_in_their_order(netsuite: SignedInNetSuite, way: str):
    rows = netsuite.rows(NUMBERED[way])
    assert len(rows) > 10
    assert [(row["n"], row["id"]) for row in rows] == [
        (str(n), id_) for n, id_ in enumerate(_in_order(netsuite), 1)
    ]


@pytest.mark.parametrize("taken", ["both", "rownum", "row_number", "none"])
def test_an_account_numbers_rows_one_way_both_or_neither(netsuite: SignedInNetSuite, taken: str):
    netsuite.switch(row_numbers=taken)
    for way, query in NUMBERED.items():
        answer = netsuite.ask(query)
        assert answer.ok is (taken in {"both", way})
        if not answer.ok:
            assert error_of(answer)["detail"].endswith("Invalid or unsupported search.")
    # The first rows alone can be had all the same.
    assert len(netsuite.rows(f"{BILLS} AND ROWNUM <= 3")) == 3


def test_rows_are_numbered_within_parts(netsuite: SignedInNetSuite):
    rows = netsuite.rows(
        "SELECT entity, id, ROW_NUMBER() OVER (PARTITION BY entity ORDER BY id DESC) AS n,"
        f" RANK() OVER (ORDER BY entity) AS r, DENSE_RANK() OVER (ORDER BY entity) AS d FROM ({BILLS})"
        " ORDER BY entity, id DESC"
    )
    seen: dict[str, int] = {}
    before = 0
    for row in rows:
        if row["entity"] not in seen:
            before = sum(seen.values())
        seen[row["entity"]] = seen.get(row["entity"], 0) + 1
        assert [int(row[name]) for name in ("n", "r", "d")] == [seen[row["entity"]], before + 1, len(seen)]
    assert max(seen.values()) > 1


def test_groups_are_numbered(netsuite: SignedInNetSuite):
    rows = netsuite.rows(
        "SELECT entity, COUNT(*) AS bills, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, entity) AS n"
        f" FROM ({BILLS}) GROUP BY entity ORDER BY n"
    )
    counts = [int(row["bills"]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert [row["n"] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]


def test_which_of_tied_rows_comes_first_is_by_chance(netsuite: SignedInNetSuite):
    numbered = f"SELECT id, ROW_NUMBER() OVER (ORDER BY LENGTH('x')) AS n FROM ({BILLS})"
    firsts = {netsuite.rows(f"SELECT id FROM ({numbered}) WHERE n = 1")[0]["id"] for _ in range(8)}
    assert len(firsts) > 1


WITH = (
    f"WITH bills AS ({BILLS}), busy(entity) AS (SELECT 1 FROM dual) SELECT id FROM bills",
    f"WITH bills AS ({BILLS}) SELECT nosuch FROM bills",
    "WITH bills AS (DELETE FROM transaction) SELECT id FROM vendor",
    f"WITH bills AS ({BILLS}), bills AS ({BILLS}) SELECT id FROM bills",
    f"WITH bills AS MATERIALIZED ({BILLS}) SELECT id FROM bills",
    "WITH RECURSIVE n AS (SELECT 1 AS x FROM dual) SELECT x FROM n",
)


@pytest.mark.parametrize(
    "query",
    [
        f"WITH bills AS ({BILLS}) SELECT b.id FROM bills b ORDER BY b.id",
        f"WITH bills AS ({BILLS}), some AS (SELECT id FROM bills) SELECT id FROM some ORDER BY id",
        f"SELECT x.id FROM (WITH bills AS ({BILLS}) SELECT id FROM bills) x ORDER BY x.id",
        f"WITH bills AS ({BILLS}) SELECT a.id FROM bills a JOIN BILLS ON bills.id = a.id ORDER BY a.id",
        f"WITH vendor AS ({BILLS}) SELECT id FROM vendor ORDER BY id",
    ],
)
def test_with_is_taken_where_the_switch_says_so(netsuite: SignedInNetSuite, query: str):
    refused = netsuite.ask(query)
    assert error_of(refused)["detail"].endswith("Invalid or unsupported search.")
    netsuite.switch(with_queries=True)
    assert netsuite.rows(query) == [{"id": row["id"]} for row in netsuite.rows(f"{BILLS} ORDER BY id")]


@pytest.mark.parametrize("query", WITH)
def test_what_with_does_not_do(netsuite: SignedInNetSuite, query: str):
    netsuite.switch(with_queries=True)
    assert netsuite.ask(query).status_code == 400


def test_a_list_may_be_asked_for_with_a_slash_at_its_end(netsuite: SignedInNetSuite):
    page = netsuite.get(f"{RECORDS}/department/", params={"limit": "3"}, allow_redirects=False).json()
    assert page == netsuite.get(f"{RECORDS}/department", params={"limit": "3"}).json()
    catalog = netsuite.get(f"{RECORDS}/metadata-catalog/", allow_redirects=False)
    assert catalog.json() == netsuite.get(f"{RECORDS}/metadata-catalog").json()


def test_who_may_come_in_is_told_so(netsuite: SignedInNetSuite):
    assert netsuite.options("/services/rest/*").status_code == 204
    netsuite.headers["Authorization"] = "Bearer wrong"
    assert netsuite.options("/services/rest/*").status_code == 401
