"""SuiteQL over HTTP: how values are written, how pages are cut, how rows come."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

import re
from typing import Any

import pytest

from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import SUITEQL, SignedInNetSuite, error_of

UTC = 'TO_CHAR(SYS_EXTRACT_UTC({}), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')'


def _fill_system_notes(store: Store, number: int) -> None:
    with store.write() as conn:
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO ns_systemnote (id, recordid, recordtypeid, field, date)"
            " SELECT i, i, -30, 'memo', '2026-11-02T16:00:00Z' FROM n",
            (number,),
        )


@pytest.fixture
def bill(store: Store) -> int:
    """One bill with figures and dates that show how they are written."""
    with store.write() as conn:
        number = conn.execute("SELECT MIN(id) FROM ns_transaction WHERE type = 'VendBill'").fetchone()[0]
        conn.execute(
            "UPDATE ns_transaction SET total_cents = 123450, paid_cents = 1, trandate = '2026-07-09',"
            " memo = NULL, status = 'A', lastmodifieddate = '2026-07-19T03:04:05Z',"
            " tranid = 'O''Brien & Söhne' WHERE id = ?",
            (number,),
        )
    return int(number)


def test_every_value_is_a_text_and_null_columns_are_left_out(netsuite: SignedInNetSuite, bill: int):
    (row,) = netsuite.rows(
        "SELECT t.ID, t.Type, t.trandate, t.memo, t.foreigntotal, t.foreignamountunpaid AS Unpaid, t.posting,"
        f" t.foreignamountpaid, t.externalid FROM Transaction T WHERE t.id = {bill}"
    )
    assert row == {
        "id": str(bill),
        "type": "VendBill",
        "trandate": "7/9/2026",
        "foreigntotal": "-1234.5",
        "unpaid": "1234.49",
        "posting": row["posting"],
        "foreignamountpaid": "0.01",
    }
    assert row["posting"] in {"T", "F"}


def test_bare_dates_lose_their_time_in_the_accounts_zone(netsuite: SignedInNetSuite, bill: int):
    (row,) = netsuite.rows(
        f"SELECT lastmodifieddate AS bare, {UTC.format('lastmodifieddate')} AS utc,"
        " TO_CHAR(lastmodifieddate, 'MM/DD/YYYY HH12:MI PM') AS local, TO_CHAR(trandate, 'YYYY-MM-DD') AS day"
        f" FROM transaction WHERE id = {bill}"
    )
    assert row == {
        "bare": "7/18/2026",
        "utc": "2026-07-19T03:04:05Z",
        "local": "07/18/2026 08:04 PM",
        "day": "2026-07-09",
    }


@pytest.mark.parametrize(
    "condition",
    [
        "lastmodifieddate = TO_DATE('2026-07-18 20:04:05', 'YYYY-MM-DD HH24:MI:SS')",
        "lastmodifieddate >= TO_TIMESTAMP('2026-07-18', 'YYYY-MM-DD')",
        "SYS_EXTRACT_UTC(lastmodifieddate) = TO_TIMESTAMP('2026-07-19 03:04:05', 'YYYY-MM-DD HH24:MI:SS')",
        UTC.format("lastmodifieddate") + " = '2026-07-19T03:04:05Z'",
        "trandate BETWEEN TO_DATE('7/9/2026', 'MM/DD/YYYY') AND TO_DATE('2026-07-09', 'YYYY-MM-DD')",
        "trandate < lastmodifieddate",
        "status = 'A'",
        "status = 'VendBill:A'",
        "status IN ('VendBill:B', 'VendBill:A')",
        "status NOT IN ('B', 'VendPymt:A')",
        "tranid = 'O''Brien & Söhne'",
        "UPPER(tranid) LIKE 'O''BRIEN%SÖHNE'",
        "tranid NOT LIKE 'o%'",
        "foreigntotal = -1234.5 AND foreignamountunpaid > 1234.48",
        "id = TO_CHAR(id)",
        "memo IS NULL AND NVL(memo, 'none') = 'none'",
        "EXISTS (SELECT 1 FROM vendor v WHERE v.id = transaction.entity)",
        "entity IN (SELECT id FROM vendor)",
    ],
)
def test_conditions_find_it(netsuite: SignedInNetSuite, bill: int, condition: str):
    assert netsuite.rows(f"SELECT id FROM transaction WHERE id = {bill} AND ({condition})") == [
        {"id": str(bill)}
    ]
    assert netsuite.rows(f"SELECT id FROM transaction WHERE id = {bill} AND NOT ({condition})") == []


def test_a_status_with_its_type_does_not_find_another_type(netsuite: SignedInNetSuite):
    assert netsuite.rows("SELECT id FROM transaction WHERE status = 'F' AND type = 'VendPymt'")
    assert not netsuite.rows("SELECT id FROM transaction WHERE status = 'VendBill:F' AND type = 'VendPymt'")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("COUNT(*)", "20"),
        ("COUNT(DISTINCT t.type)", "1"),
        ("SUM(CASE WHEN t.id > 0 THEN 0.1 ELSE 0 END)", "2"),
        ("MAX(ROUND(10 / 3, 2))", "3.33"),
        ("ABS(MIN(0 - 2.50))", "2.5"),
        ("MAX(SUBSTR('abcdef', 2, 3))", "bcd"),
        ("MAX(LENGTH('Söhne'))", "5"),
        ("MAX('a' || NULL || 'b' || 1.50)", "ab1.5"),
        ("MAX(LOWER('ÄB'))", "äb"),
        ("MAX(COALESCE(NULL, NULL, 'c'))", "c"),
        ("MAX(DECODE(3, 1, 'one', 3, 'three', 'other'))", "three"),
        ("MAX(NVL2(NULL, 'yes', 'no'))", "no"),
        ("MAX(TO_CHAR(TRUNC(SYSDATE), 'YYYY-MM-DD HH24:MI:SS'))", "2026-11-02 00:00:00"),
        ("MAX(SYSDATE - 3)", "10/30/2026"),
        ("MAX(CAST('12' AS INTEGER) + 1)", "13"),
        ("MAX(REPLACE(TRIM('  x '), 'x', 'y'))", "y"),
        ("MAX(GREATEST(1, 3, 2))", "3"),
        ("MAX(MOD(7, 4))", "3"),
    ],
)
def test_functions(netsuite: SignedInNetSuite, expression: str, value: str):
    query = f"SELECT {expression} AS value FROM transaction t WHERE t.type = 'VendBill'"
    assert netsuite.rows(query) == [{"value": value}]


def test_what_has_no_name_gets_one(netsuite: SignedInNetSuite):
    (row,) = netsuite.rows("SELECT COUNT(*), MIN(id) FROM vendor")
    assert set(row) == {"expr1", "expr2"}
    row = netsuite.rows("SELECT v.id, t.id FROM vendor v JOIN transaction t ON t.entity = v.id")[0]
    assert set(row) == {"id", "id_0"}


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ("t.status", r"Bill : [A-Z].*"),
        ("t.type", "Bill"),
        ("t.approvalstatus", "Approved|Rejected|Pending Approval"),
        ("t.currency", "US Dollar|Canadian Dollar"),
        ("t.postingperiod", r"[A-Z][a-z]{2} \d{4}"),
        ("t.entity", r".+"),
        ("l.subsidiary", r"Harborview.*"),
        ("l.transaction", r"Bill #.+"),
        ("t.trandate", r"\d+/\d+/\d{4}"),
    ],
)
def test_builtin_df_shows_what_a_person_reads(netsuite: SignedInNetSuite, column: str, shown: str):
    rows = netsuite.rows(
        f"SELECT BUILTIN.DF({column}) AS shown FROM transaction t"
        " JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'T' WHERE t.type = 'VendBill'"
    )
    assert len(rows) == 20
    assert all(re.fullmatch(shown, row["shown"]) for row in rows)


def test_pages_have_their_links(netsuite: SignedInNetSuite):
    query = "SELECT id FROM transaction WHERE type = 'VendBill' ORDER BY id ASC"
    first, second, last = (netsuite.page(query, limit=8, offset=offset) for offset in (0, 8, 16))
    ids = [int(row["id"]) for page in (first, second, last) for row in page["items"]]
    assert ids == sorted(set(ids))
    assert [page["count"] for page in (first, second, last)] == [8, 8, 4]
    assert [page["hasMore"] for page in (first, second, last)] == [True, True, False]
    assert {page["totalResults"] for page in (first, second, last)} == {20}
    links = [{link["rel"]: link["href"] for link in page["links"]} for page in (first, second, last)]
    address = netsuite.base + SUITEQL
    assert links[0] == {
        "self": f"{address}?limit=8&offset=0",
        "next": f"{address}?limit=8&offset=8",
        "last": f"{address}?limit=8&offset=16",
    }
    assert set(links[1]) == {"self", "next", "last", "first", "prev"}
    assert links[2]["prev"] == f"{address}?limit=8&offset=8"
    assert "next" not in links[2]


def test_a_page_past_the_end_is_empty(netsuite: SignedInNetSuite):
    page = netsuite.page("SELECT id FROM currency", limit=10, offset=500)
    assert (page["items"], page["count"], page["hasMore"], page["totalResults"]) == ([], 0, False, 2)


def test_rows_that_order_by_leaves_tied_come_shuffled(netsuite: SignedInNetSuite):
    query = "SELECT id FROM transaction WHERE type = 'VendBill' ORDER BY type"
    orders = {tuple(row["id"] for row in netsuite.rows(query)) for _ in range(4)}
    assert len(orders) == 4
    pages = [row["id"] for offset in (0, 5, 10, 15) for row in netsuite.rows(query, limit=5, offset=offset)]
    assert len(pages) == 20
    assert len(set(pages)) < 20, "a row comes twice, another never"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM transaction WHERE type = 'VendBill' ORDER BY type, id DESC",
        "SELECT t.id FROM transaction t LEFT JOIN vendor v ON v.id = t.entity ORDER BY t.trandate, t.id",
        "SELECT type AS t, entity, COUNT(*) AS n FROM transaction GROUP BY type, entity ORDER BY entity, t",
        "SELECT DISTINCT entity FROM transaction WHERE entity IS NOT NULL ORDER BY entity",
        "SELECT id FROM vendor UNION ALL SELECT 0 - id FROM transaction ORDER BY 1",
        (
            "SELECT id, rn FROM (SELECT ROWNUM AS rn, x.id FROM (SELECT id FROM transaction ORDER BY id) x)"
            " WHERE rn BETWEEN 3 AND 9 ORDER BY rn"
        ),
    ],
)
def test_a_unique_order_is_kept(netsuite: SignedInNetSuite, query: str):
    orders = {tuple(str(row) for row in netsuite.rows(query)) for _ in range(3)}
    assert len(orders) == 1


def test_nulls_sort_as_the_largest(netsuite: SignedInNetSuite, store: Store):
    with store.write() as conn:
        conn.execute("UPDATE ns_transaction SET memo = NULL WHERE id = (SELECT MAX(id) FROM ns_transaction)")
    up = netsuite.rows("SELECT id, memo FROM transaction ORDER BY memo, id")
    down = netsuite.rows("SELECT id, memo FROM transaction ORDER BY memo DESC, id")
    first = netsuite.rows("SELECT id, memo FROM transaction ORDER BY memo NULLS FIRST, id")
    assert ["memo" in rows[0] for rows in (up, down, first)] == [True, False, False]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT TOP 3 id FROM transaction ORDER BY id ASC",
        "SELECT id FROM transaction ORDER BY id ASC FETCH FIRST 3 ROWS ONLY",
        "SELECT id FROM (SELECT id FROM transaction ORDER BY id ASC FETCH FIRST 3 ROWS ONLY) x ORDER BY id",
        "SELECT id FROM (SELECT id FROM transaction ORDER BY id ASC) WHERE ROWNUM <= 3 ORDER BY id",
        (
            "SELECT id FROM transaction WHERE id IN"
            " (SELECT id FROM (SELECT id FROM transaction ORDER BY id) WHERE ROWNUM < 4) ORDER BY id"
        ),
    ],
)
def test_the_first_rows_alone(netsuite: SignedInNetSuite, query: str):
    everything = netsuite.rows("SELECT id FROM transaction ORDER BY id ASC")
    page = netsuite.page(query)
    assert (page["items"], page["totalResults"], page["hasMore"]) == (everything[:3], 3, False)
    assert netsuite.page(query, limit=2, offset=2)["items"] == everything[2:3]


def test_rownum_counts_before_the_rows_are_ordered(netsuite: SignedInNetSuite):
    picked = {
        tuple(row["id"] for row in netsuite.rows("SELECT id FROM transaction WHERE ROWNUM <= 5 ORDER BY id"))
        for _ in range(4)
    }
    assert len(picked) > 1
    assert all(list(map(int, ids)) == sorted(map(int, ids)) and len(ids) == 5 for ids in picked)
    assert netsuite.rows("SELECT COUNT(*) AS n FROM transaction WHERE ROWNUM < 5") == [{"n": "4"}]


@pytest.mark.parametrize("at_cap", [False, True])
def test_a_query_reaches_100_000_rows(netsuite: SignedInNetSuite, store: Store, *, at_cap: bool):
    _fill_system_notes(store, 100_500)
    netsuite.switch(has_more_at_cap=at_cap)
    query = "SELECT recordid FROM systemnote ORDER BY recordid ASC"
    last = netsuite.page(query, offset=99_000)
    assert (last["items"][-1]["recordid"], last["count"], last["totalResults"]) == ("100000", 1000, 100_500)
    assert last["hasMore"] is at_cap
    assert netsuite.page(query, offset=98_000)["hasMore"] is True
    error = error_of(netsuite.ask(query, offset=100_000))
    assert (error["o:errorCode"], error["o:errorQueryParam"]) == ("INVALID_PARAMETER", "offset")
    netsuite.switch(offset_past_cap="empty")
    assert netsuite.page(query, offset=100_000)["items"] == []


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"limit": 1001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": 10, "offset": 15}, "offset"),
        ({"offset": -1000}, "offset"),
    ],
)
def test_wrong_bounds_are_refused(netsuite: SignedInNetSuite, parameters: dict[str, Any], named: str):
    answer = netsuite.ask("SELECT id FROM currency", **parameters)
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"], error["o:errorQueryParam"]) == (
        400,
        "INVALID_PARAMETER",
        named,
    )


def test_wrong_bounds_may_be_put_right(netsuite: SignedInNetSuite):
    netsuite.switch(limit_over_most="clamps", offset_off_grid="floors")
    assert netsuite.page("SELECT id FROM transaction ORDER BY id", limit=5000)["count"] > 20
    assert netsuite.page("SELECT id FROM transaction ORDER BY id", limit=10, offset=15)["offset"] == 10


def test_a_query_needs_its_header(netsuite: SignedInNetSuite):
    for headers in ({}, {"Prefer": "respond-async"}):
        answer = netsuite.post(SUITEQL, json={"q": "SELECT id FROM currency"}, headers=headers)
        error = error_of(answer)
        assert answer.status_code == 400
        assert (error["o:errorCode"], error["o:errorHeader"]) == ("INVALID_HEADER", "Prefer")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"q": 1}', b"{}", b'{"q": " "}', b'{"q": "SELECT 1", "params": []}']
)
def test_a_query_is_the_only_thing_in_the_body(netsuite: SignedInNetSuite, body: bytes):
    headers = {"Prefer": "transient", "Content-Type": "application/json"}
    answer = netsuite.post(SUITEQL, data=body, headers=headers)
    assert (answer.status_code, error_of(answer)["o:errorCode"]) == (400, "INVALID_CONTENT")


def test_a_query_is_json_unless_it_is_said_to_be_something_else(netsuite: SignedInNetSuite):
    for kind, status in (({}, 200), ({"Content-Type": "application/sql"}, 415)):
        answer = netsuite.post(
            SUITEQL, data=b'{"q": "SELECT 1 FROM dual"}', headers={"Prefer": "transient", **kind}
        )
        assert answer.status_code == status


def test_marks_take_values_from_2026_2_on(netsuite: SignedInNetSuite):
    body = {
        "q": "SELECT id FROM vendor WHERE id IN (?, ?) AND entityid <> ? AND id > ? ORDER BY id",
        "params": ["11", 12, "O'Brien?", -1.5],
    }
    headers = {"Prefer": "transient"}
    answer = netsuite.post(SUITEQL, json=body, headers=headers)
    assert error_of(answer)["o:errorPath"] == "params"
    netsuite.switch(release="2026.2")
    answer = netsuite.post(SUITEQL, json=body, headers=headers)
    assert [row["id"] for row in answer.json()["items"]] == ["11", "12"]
    wrong: Any
    for wrong in ([], ["11"], [1, 2, 3, 4, 5]):
        assert netsuite.post(SUITEQL, json=body | {"params": wrong}, headers=headers).status_code == 400
    for wrong in ("11", [True, 1, "x", 2], [[1], 1, "x", 2]):
        refused = netsuite.post(SUITEQL, json=body | {"params": wrong}, headers=headers)
        assert error_of(refused)["o:errorPath"] == "params"
    # Nothing that a value says is SQL.
    said = {"q": "SELECT id FROM vendor WHERE entityid = ?", "params": ["x' OR 'a' = 'a"]}
    assert netsuite.post(SUITEQL, json=said, headers=headers).json()["items"] == []


def test_what_is_empty_is_null(netsuite: SignedInNetSuite):
    (counted,) = netsuite.rows(
        "SELECT COUNT(*) AS n, COUNT(email) AS known, COUNT(NULLIF(email, email)) AS none FROM vendor"
    )
    assert int(counted["known"]) < int(counted["n"])
    for condition, expected in (
        ("email <> ''", 0),
        ("email = ''", 0),
        ("'' IS NULL", int(counted["n"])),
        ("email NOT LIKE '%zz%'", int(counted["known"])),
        ("NVL(email, '') IS NULL", int(counted["n"]) - int(counted["known"])),
    ):
        (row,) = netsuite.rows(f"SELECT COUNT(*) AS n FROM vendor WHERE {condition}")
        assert int(row["n"]) == expected, condition


def test_a_subquery_gives_one_value(netsuite: SignedInNetSuite):
    query = "SELECT v.id, (SELECT MAX(t.id) FROM transaction t WHERE t.entity = v.id) AS last FROM vendor v"
    for row in netsuite.rows(query):
        (last,) = netsuite.rows(f"SELECT MAX(id) AS last FROM transaction WHERE entity = {row['id']}")
        assert row.get("last") == last.get("last")
    several = "SELECT (SELECT id FROM account) AS x FROM dual"
    assert "Invalid or unsupported search" in error_of(netsuite.ask(several))["detail"]


def test_a_page_of_a_thousand_rows_in_order_of_what_is_made_of_each(netsuite: SignedInNetSuite, store: Store):
    _fill_system_notes(store, 1000)
    at = UTC.format("date")
    query = f"SELECT recordid, field, {at} AS at FROM systemnote ORDER BY {at}, recordid"
    page = netsuite.page(query)
    assert page["count"] == 1000
    keys = [(row["at"], int(row["recordid"])) for row in page["items"]]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("M/D/YYYY", "7/9/2026"),
        ("D/M/YYYY", "9/7/2026"),
        ("DD-Mon-YYYY", "09-Jul-2026"),
        ("DD.MM.YYYY", "09.07.2026"),
        ("YYYY-MM-DD", "2026-07-09"),
    ],
)
def test_bare_dates_come_as_the_user_prefers_and_others_as_the_query_says(
    netsuite: SignedInNetSuite, written: str, shown: str
):
    netsuite.switch(date_format=written)
    day = "TO_DATE('2026-07-09', 'YYYY-MM-DD')"
    (row,) = netsuite.rows(f"SELECT {day} AS bare, TO_CHAR({day}, 'MM/DD/YYYY') AS said FROM dual")
    assert row == {"bare": shown, "said": "07/09/2026"}
