"""What every upsert by external id has in common."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from sqlite3 import Row
from typing import Any

from apbridge_sandbox.avidxchange import bodies
from apbridge_sandbox.avidxchange.answers import refusal

_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

_FIRST_IDS = {
    "ax_vendor": 300_001,
    "ax_gl_account": 410_001,
    "ax_dimension_value": 420_001,
    "ax_invoice": 500_001,
    "ax_purchase_order": 600_001,
    "ax_payment": 900_001,
}
"""AvidXchange's own ids are nobody else's."""


def checked_external_id(given: str) -> str:
    """Return an external id that may be one.

    Raises:
        RefusalError: 422 otherwise.
    """
    if not _EXTERNAL_ID.fullmatch(given):
        message = "An external id has 1 to 100 of A-Z, a-z, 0-9, _ and -."
        raise refusal(422, "invalid_external_id", message, "externalId")
    return given


_UNNAMED = "#"
"""No external id begins so."""


def unnamed(number: int) -> str:
    """Return under what a record is kept that has no external id."""
    return f"{_UNNAMED}{number}"


def external_id_shown(kept: str) -> str | None:
    """Return the external id under which a record is kept; None where it has none."""
    return None if kept.startswith(_UNNAMED) else kept


def next_id(conn: sqlite3.Connection, table: str) -> int:
    """Return the id of the next record."""
    row = conn.execute(f"SELECT COALESCE(MAX(id) + 1, {_FIRST_IDS[table]}) FROM {table}")  # noqa: S608
    number: int = row.fetchone()[0]
    return number


def find(conn: sqlite3.Connection, table: str, key: Mapping[str, str]) -> Row | None:
    """Return the record of that key."""
    same = " AND ".join(f"{name} = ?" for name in key)
    row: Row | None = conn.execute(f"SELECT * FROM {table} WHERE {same}", (*key.values(),)).fetchone()  # noqa: S608
    return row


def put(conn: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    """Write a record, new or known by its `id`.

    Raises:
        sqlite3.IntegrityError: Something that must be its own is another's.
    """
    names = ", ".join(row)
    changed = ", ".join(f"{name} = excluded.{name}" for name in row)
    marks = ", ".join("?" * len(row))
    query = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {changed}"  # noqa: S608
    conn.execute(query, (*row.values(),))


def item(row: Row) -> dict[str, Any]:
    """Show a record: its content as it was sent, between its ids and the time of its last change."""
    return {
        "id": str(row["id"]),
        "externalId": external_id_shown(row["external_id"]),
        **bodies.shown(row["content"]),
        "modifiedAt": row["modified_at"],
    }


def shown(_conn: sqlite3.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Show records of a list."""
    return [item(row) for row in rows]
