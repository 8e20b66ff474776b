"""What SuiteQL refuses, in NetSuite's words; and accounts and roles that see less."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

import pytest

from apbridge_sandbox.store import Store
from tests.netsuite.signed_in import SignedInNetSuite, error_of

LEAD = "Invalid search query. Detailed unprocessed description follows. "
UNSUPPORTED = LEAD + "Search error occurred: Invalid or unsupported search."


def _refusal(netsuite: SignedInNetSuite, query: str) -> str:
    answer = netsuite.ask(query)
    error = error_of(answer)
    assert answer.status_code == 400, query
    assert answer.json()["title"] == "Bad Request"
    assert (error["o:errorCode"], error["o:errorQueryParam"]) == ("INVALID_PARAMETER", "q")
    return str(error["detail"])


@pytest.mark.parametrize(
    "query",
    [
        "WITH bills AS (SELECT id FROM transaction) SELECT id FROM bills",
        "SELECT id FROM transaction LIMIT 5",
        "SELECT id FROM transaction OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY",
        "SELECT id FROM transaction WHERE trandate >= '2026-01-01'",
        "SELECT id FROM transaction WHERE trandate >= DATE '2026-01-01'",
        "SELECT id FROM transaction WHERE lastmodifieddate BETWEEN '1/1/2026' AND '2/1/2026'",
        "SELECT t.id FROM transaction t, vendor v WHERE t.entity = v.id(+)",
        "SELECT t.id FROM transaction t, vendor v JOIN currency c ON c.id = v.currency WHERE t.entity = v.id",
        "SELECT 'a' + tranid AS x FROM transaction",
        "SELECT LISTAGG(tranid, ',') FROM transaction",
        "SELECT LEFT(tranid, 2) FROM transaction",
        "SELECT RIGHT(tranid, 2) FROM transaction",
        "SELECT DATEDIFF(trandate, duedate) FROM transaction",
        "SELECT CONVERT(tranid, 'x') FROM transaction",
        "SELECT NOSUCHFUNCTION(tranid) FROM transaction",
        "SELECT ROW_NUMBER() OVER () FROM transaction",
        "SELECT ROW_NUMBER(id) OVER (ORDER BY id) FROM transaction",
        "SELECT NTILE(4) OVER (ORDER BY id) FROM transaction",
        "SELECT SUM(id) OVER (ORDER BY id) FROM transaction",
        "SELECT RANK() OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM transaction",
        "SELECT ROW_NUMBER() FROM transaction",
        "SELECT MAX(ROW_NUMBER() OVER (ORDER BY id)) FROM transaction",
        "SELECT RANK() OVER (ORDER BY ROW_NUMBER() OVER (ORDER BY id)) FROM transaction",
        "SELECT id FROM transaction WHERE ROW_NUMBER() OVER (ORDER BY id) < 5",
        "SELECT entity FROM transaction GROUP BY entity HAVING RANK() OVER (ORDER BY entity) = 1",
        "SELECT tranid, COUNT(*) FROM transaction GROUP BY entity",
        "SELECT tranid, COUNT(*) FROM transaction",
        "SELECT id FROM transaction WHERE id = 'x'",
        "SELECT id FROM transaction WHERE ROWNUM > 3",
        "SELECT id FROM transaction WHERE id = :id",
        "SELECT id FROM transaction WHERE id = ?",
        "SELECT id FROM transaction FOR UPDATE",
        "SELECT id FROM transaction; SELECT id FROM vendor",
        "SELECT TO_DATE('2026-13-01', 'YYYY-MM-DD') FROM currency",
        "SELECT TO_CHAR(trandate, 'YYYYTMM') FROM transaction",
        "SELECT id FROM transaction t JOIN transactionline t ON 1 = 1",
        "SELECT id FROM transaction t JOIN vendor v ON v.id = t.entity",
        "SELECT DISTINCT type FROM transaction ORDER BY id",
        "SELECT id FROM vendor UNION SELECT id, tranid FROM transaction",
        "SELECT id FROM transaction ORDER BY 7",
        "SELECT id FROM transaction ORDER BY 1.5",
        "SELECT FROM transaction",
        "SELECT SUM(DISTINCT) FROM transaction",
        "SELECT id FROM transaction;",
        "SELECT id::text FROM transaction",
        "SELECT id FROM vendor WHERE entityid == 'x'",
        "SELECT id FROM vendor WHERE entityid = 5",
        "SELECT id FROM vendor WHERE id BETWEEN SYMMETRIC 5 AND 1",
        "SELECT id FROM vendor WHERE id IN (SELECT id, entityid FROM vendor)",
        "SELECT CASE WHEN id = 11 THEN id ELSE entityid END FROM vendor",
        "SELECT NVL(id, 'none') FROM vendor",
        "SELECT 1 / 0 FROM dual",
        "SELECT id / (id - 11) FROM vendor",
        "UPDATE transaction SET memo = 'x'",
        "DELETE FROM transaction",
        "DROP TABLE ns_transaction",
        "SELECT 1",
    ],
)
def test_what_suiteql_does_not_do(netsuite: SignedInNetSuite, query: str):
    assert _refusal(netsuite, query) == UNSUPPORTED


def test_an_in_list_has_a_thousand_arguments_at_most(netsuite: SignedInNetSuite):
    listed = ", ".join(map(str, range(1000)))
    assert netsuite.ask(f"SELECT id FROM transaction WHERE id IN ({listed})").ok
    assert _refusal(netsuite, f"SELECT id FROM transaction WHERE id IN ({listed}, 1000)") == UNSUPPORTED


@pytest.mark.parametrize(
    "query", ["SELEC id FROM transaction", "SELECT FROM WHERE", "SELECT id FROM", "what?"]
)
def test_what_is_no_sql(netsuite: SignedInNetSuite, query: str):
    assert (
        _refusal(netsuite, query)
        == f"{LEAD}Search error occurred: Failed to parse SQL [{query}] syntax error."
    )


def test_a_quote_that_is_not_doubled_breaks_the_query(netsuite: SignedInNetSuite):
    assert "Failed to parse SQL" in _refusal(netsuite, "SELECT id FROM vendor WHERE entityid = 'O'Brien'")
    assert netsuite.ask("SELECT id FROM vendor WHERE entityid = 'O''Brien'").ok


@pytest.mark.parametrize(
    ("query", "name", "known"),
    [
        ("SELECT nosuch FROM transaction", "nosuch", "transaction=transaction"),
        ("SELECT t.nosuch FROM transaction t", "nosuch", "t=transaction"),
        (
            "SELECT id FROM transaction t JOIN vendor v ON v.id = t.entity WHERE NOSUCH = 1",
            "nosuch",
            "t=transaction, v=vendor",
        ),
        ("SELECT x.id FROM transaction t", "x", "t=transaction"),
        (
            "SELECT id FROM vendor v WHERE EXISTS (SELECT 1 FROM transaction t WHERE t.oops = v.id)",
            "oops",
            "t=transaction",
        ),
    ],
)
def test_unknown_columns(netsuite: SignedInNetSuite, query: str, name: str, known: str):
    if "id FROM transaction t JOIN" in query:
        query = query.replace("SELECT id", "SELECT t.id")
    expected = f"Search error occurred: Unknown identifier '{name}'. Available identifiers are: {{{known}}}."
    assert _refusal(netsuite, query) == LEAD + expected


def test_an_unknown_column_may_be_an_unexpected_error(netsuite: SignedInNetSuite):
    netsuite.switch(unknown_column_status=500)
    answer = netsuite.ask("SELECT nosuch FROM transaction")
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"]) == (500, "UNEXPECTED_ERROR")
    assert "Error ID: " in error["detail"]


@pytest.mark.parametrize("column", ["subsidiary", "department", "class", "location", "createdfrom"])
def test_columns_that_moved_to_the_line(netsuite: SignedInNetSuite, column: str):
    expected = f"Field '{column}' for record 'transaction' was not found. Reason: REMOVED - Field is removed."
    assert (
        _refusal(netsuite, f"SELECT t.{column} FROM transaction t")
        == f"{LEAD}Search error occurred: {expected}"
    )


def test_unknown_tables(netsuite: SignedInNetSuite):
    assert _refusal(netsuite, "SELECT id FROM nosuchtable") == f"{LEAD}Invalid search type: nosuchtable."
    assert (
        _refusal(netsuite, "SELECT id FROM ns_transaction") == f"{LEAD}Invalid search type: ns_transaction."
    )


@pytest.mark.parametrize(
    ("feature", "columns", "tables"),
    [
        (
            "oneworld",
            ["transactionline.subsidiary", "vendor.subsidiary", "account.subsidiary"],
            ["subsidiary", "vendorsubsidiaryrelationship"],
        ),
        ("departments", ["transactionline.department"], ["department"]),
        ("classes", ["transactionline.class"], ["classification"]),
        ("locations", ["transactionline.location"], ["location"]),
        (
            "multicurrency",
            ["transaction.currency", "transaction.exchangerate", "vendor.currency"],
            ["currency"],
        ),
        ("itemtype", ["transactionline.itemtype", "item.itemtype"], []),
    ],
)
def test_features_that_are_off(
    netsuite: SignedInNetSuite, feature: str, columns: list[str], tables: list[str]
):
    netsuite.switch(hidden_columns="")
    for column in columns:
        assert netsuite.ask(f"SELECT {column} FROM {column.split('.')[0]}").ok
    netsuite.switch(**{feature: False})
    for column in columns:
        table, name = column.split(".")
        assert f"Unknown identifier '{name}'. Available identifiers are: {{{table}={table}}}." in _refusal(
            netsuite, f"SELECT {name} FROM {table}"
        )
        assert name not in netsuite.rows(f"SELECT * FROM {table}")[0]
    for table in tables:
        assert _refusal(netsuite, f"SELECT id FROM {table}") == (
            f"{LEAD}Search error occurred: Record '{table}' was not found."
        )


def test_without_oneworld_a_header_never_had_a_subsidiary(netsuite: SignedInNetSuite):
    netsuite.switch(oneworld=False)
    assert _refusal(netsuite, "SELECT subsidiary FROM transaction") == (
        f"{LEAD}Search error occurred: Unknown identifier 'subsidiary'. "
        "Available identifiers are: {transaction=transaction}."
    )


def test_a_missing_permission_is_an_error(netsuite: SignedInNetSuite):
    netsuite.switch(missing_permissions="Lists -> Vendors, Lists -> Departments")
    assert "Record 'vendor' was not found." in _refusal(netsuite, "SELECT id FROM vendor")
    assert "Record 'department' was not found." in _refusal(netsuite, "SELECT id FROM department")
    assert netsuite.ask("SELECT id FROM location").ok


@pytest.mark.parametrize(
    ("type_name", "permission"),
    [("VendBill", "Bills"), ("VendPymt", "Pay Bills"), ("PurchOrd", "Purchase Order")],
)
def test_transactions_of_a_type_without_permission_are_left_out_without_a_word(
    netsuite: SignedInNetSuite, type_name: str, permission: str
):
    def counted() -> list[int]:
        of_type = f"WHERE t.type = '{type_name}'"
        joined = f"FROM transaction t, {{}} l {of_type} AND l.transaction = t.id"
        froms = [f"FROM transaction t {of_type}", joined.format("transactionline")]
        return [int(netsuite.rows(f"SELECT COUNT(*) AS n {one}")[0]["n"]) for one in froms]

    assert all(counted())
    lines = "SELECT COUNT(*) AS n FROM transactionline"
    every = int(netsuite.rows(lines)[0]["n"])
    shown = counted()[1]
    netsuite.switch(missing_permissions=f"Transactions -> {permission}")
    assert counted() == [0, 0]
    assert int(netsuite.rows(lines)[0]["n"]) == every - shown
    netsuite.switch(types_without_permission="shown")
    assert all(counted())


def test_without_suiteanalytics_there_is_no_suiteql(netsuite: SignedInNetSuite):
    netsuite.switch(missing_permissions="Reports -> SuiteAnalytics Workbook")
    answer = netsuite.ask("SELECT id FROM vendor")
    error = error_of(answer)
    assert (answer.status_code, error["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")
    assert error["detail"].startswith("Permission Violation: ")


def test_a_role_of_some_subsidiaries_sees_fewer_rows_without_a_word(netsuite: SignedInNetSuite, store: Store):
    with store.write() as conn:
        conn.execute(
            "UPDATE ns_transaction SET subsidiary = 2"
            " WHERE id = (SELECT MIN(id) FROM ns_transaction WHERE type = 'VendBill')"
        )
    tables = ("transaction", "transactionline", "transactionaccountingline", "vendor")
    before = {table: netsuite.page(f"SELECT * FROM {table}")["totalResults"] for table in tables}
    netsuite.switch(role_subsidiaries="2")
    after = {table: netsuite.page(f"SELECT * FROM {table}")["totalResults"] for table in tables}
    assert all(after[table] < before[table] for table in tables)
    rows = netsuite.rows("SELECT DISTINCT subsidiary FROM transactionline")
    assert {row["subsidiary"] for row in rows} <= {"2"}
