"""Rows on their way into the books, in bulk."""

from __future__ import annotations

import sqlite3
from typing import Any

_FLUSH_AT = 2000

_Value = str | int | bytes | None


class RowBuffer:
    """Gathers rows by table and inserts them many at a time. Call `flush` at the end."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._rows: dict[tuple[str, tuple[str, ...]], list[tuple[_Value, ...]]] = {}

    def add(self, table: str, **row: _Value) -> None:
        """Take one row."""
        rows = self._rows.setdefault((table, tuple(row)), [])
        rows.append(tuple(row.values()))
        if len(rows) >= _FLUSH_AT:
            self._insert(table, tuple(row), rows)
            rows.clear()

    def flush(self) -> None:
        """Insert what is left."""
        for (table, columns), rows in self._rows.items():
            self._insert(table, columns, rows)
        self._rows.clear()

    def _insert(self, table: str, columns: tuple[str, ...], rows: list[Any]) -> None:
        names = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        # Names of tables and columns are this package's own, never a caller's.
        self._conn.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608
