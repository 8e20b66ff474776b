"""One NetSuite account under survey: what it shows of each table, and how it is asked. Nothing is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from apbridge.errors import RefusedError
from apbridge.netsuite import NetSuite
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.features import not_found
from apbridge.netsuite.queries.query import Query

_PURPOSE = "survey the account"
_RECENT = 20_000
"""Ids of transactions that are looked back over: dates and words of years ago say little of today."""


@dataclass(frozen=True)
class Queries:
    """Every query of the project, and what they read.

    Args:
        columns: Columns by table.
        queries: Queries by package and name.
    """

    columns: Mapping[str, Sequence[str]]
    queries: Mapping[str, Query]


@cache
def project_queries() -> Queries:
    """Read `queries.json`, which `python -m tools.survey` writes."""
    declared = json.loads((resources.files(__package__) / "queries.json").read_text(encoding="utf-8"))
    queries = {
        name: Query.of("\n".join(one["sql"]), name, one["purpose"], one["key"])
        for name, one in declared["queries"].items()
    }
    return Queries(declared["columns"], queries)


@dataclass
class Account:
    """The account, and what is known of it so far.

    Args:
        netsuite: Signed in.
        hidden: Columns that it does not show, by table; a table that is not there is not in it.
    """

    netsuite: NetSuite
    hidden: dict[str, frozenset[str]] = field(default_factory=dict)
    _recent: int | None = None

    def rows(self, text: str) -> list[Row]:
        """Return the first rows of a query; `$recent` in it is the id that recent transactions come after."""
        if "$recent" in text:
            text = text.replace("$recent", str(self._after()))
        return self.netsuite.suiteql(text, limit=1000, purpose=_PURPOSE).items

    def page(self, text: str, *, limit: int, offset: int = 0, **body: Any) -> Any:  # noqa: ANN401
        """Return the whole answer to a query, as it came."""
        return self.netsuite.answer(text, limit=limit, offset=offset, purpose=_PURPOSE, **body)

    def shows(self, table: str, column: str) -> bool:
        """Return whether it shows a column."""
        return table in self.hidden and column not in self.hidden[table]

    def look_at(self, table: str, columns: Sequence[str]) -> None:
        """Find out which columns of a table it shows: all in one call, the refused ones each alone."""
        try:
            hidden = self._hidden(table, columns)
        except _NoTableError:
            return
        if len(hidden) < len(columns):
            self.hidden[table] = hidden

    def _hidden(self, table: str, columns: Sequence[str]) -> frozenset[str]:
        try:
            self.rows(f"SELECT {', '.join(columns)} FROM {table} WHERE ROWNUM <= 1")  # noqa: S608
        except RefusedError as refused:
            if _no_table(table, str(refused)):
                raise _NoTableError from refused
            name = not_found(str(refused))
            if name is not None and name in columns:
                rest = [column for column in columns if column != name]
                return frozenset([name]) | (self._hidden(table, rest) if rest else frozenset())
            if len(columns) > 1:
                half = len(columns) // 2
                return self._hidden(table, columns[:half]) | self._hidden(table, columns[half:])
            return frozenset(columns)
        return frozenset()

    def _after(self) -> int:
        if self._recent is None:
            first = self.netsuite.suiteql(
                "SELECT MAX(id) AS latest FROM transaction", limit=1, purpose=_PURPOSE
            )
            latest = next((row.get("latest", "0") for row in first.items), "0")
            self._recent = max(0, int(latest) - _RECENT)
        return self._recent


def _no_table(table: str, says: str) -> bool:
    return re.search(rf"(Record '|search type: ){table}\b", says, re.IGNORECASE) is not None


class _NoTableError(Exception):
    """The account does not show a table."""
