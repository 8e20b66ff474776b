"""Running a query: one page of its rows, as NetSuite writes them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.preferences import DatePreference
from apbridge_sandbox.suiteql.errors import unsupported
from apbridge_sandbox.suiteql.functions import register, shuffle_by
from apbridge_sandbox.suiteql.selects import Relation, Selects
from apbridge_sandbox.suiteql.shapes import parsed
from apbridge_sandbox.suiteql.sources import AccountView
from apbridge_sandbox.suiteql.times import local_of
from apbridge_sandbox.suiteql.values import writer

MOST_ROWS = 100_000
"""Most rows that can be reached behind one query (NetSuite: SuiteQL)."""

_REMEMBERED_QUERIES = 512


@dataclass(frozen=True)
class ResultPage:
    """One page: rows with every value as text and null ones left out, and how many rows there are."""

    rows: list[dict[str, Any]]
    total: int


def run(
    conn: sqlite3.Connection,
    query: str,
    account: AccountView,
    *,
    now: datetime,
    seed: int,
    limit: int,
    offset: int,
    params: tuple[object, ...] = (),
) -> ResultPage:
    """Run a query.

    Args:
        conn: The books, at one moment.
        query: In SuiteQL.
        account: What it may see.
        now: What SYSDATE says.
        seed: Of the order of rows that ORDER BY leaves tied.
        limit: Most rows of the page.
        offset: Rows before it.
        params: What the query's marks stand for.

    Raises:
        SuiteQLError: It is refused.
    """
    relation = _compiled(query, account, params)
    shuffle_by(seed)
    most = MOST_ROWS if relation.most is None else min(relation.most, MOST_ROWS)
    page_rows = max(0, min(limit, most - offset))
    values = {
        "now": stamp(now),
        "local_now": local_of(stamp(now)),
        "limit": page_rows,
        "offset": offset,
    }
    sql = f"{relation.body}{relation.order_by} LIMIT :limit OFFSET :offset"
    found = _fetch(conn, sql, values)
    if len(found) < page_rows and (found or not offset):
        total = offset + len(found)
    else:
        (total,) = _fetch(conn, f"SELECT COUNT(*) FROM ({relation.body})", values)[0]  # noqa: S608
    if relation.most is not None:
        total = min(total, relation.most)
    return ResultPage(_written(relation, found, account.dates), total)


@lru_cache(maxsize=_REMEMBERED_QUERIES)
def _compiled(query: str, account: AccountView, params: tuple[object, ...]) -> Relation:
    with_queries = "with_queries" not in account.features_off
    # Accounts with other columns ask the same, and what is parsed is only read.
    with parsed(query, params, with_queries=with_queries) as tree:
        return Selects(account).compile(tree)


def _fetch(conn: sqlite3.Connection, sql: str, values: dict[str, Any]) -> list[sqlite3.Row]:
    try:
        return conn.execute(sql, values).fetchall()
    except sqlite3.OperationalError as error:
        if "no such function: ns_" in str(error):
            # The store lends connections; each meets SuiteQL for the first time once.
            register(conn)
            return _fetch(conn, sql, values)
        if "user-defined" in str(error):
            # A value that a function cannot take, such as a text that is no date.
            raise unsupported() from error
        raise


def _written(relation: Relation, found: list[sqlite3.Row], dates: DatePreference) -> list[dict[str, Any]]:
    columns = [(name, writer(term.kind, dates)) for name, term in relation.outputs]
    rows = []
    for values in found:
        row: dict[str, Any] = {"links": []}
        for (name, write), value in zip(columns, values, strict=True):
            if value is not None and value != "":
                row[name] = write(value)
        rows.append(row)
    return rows
