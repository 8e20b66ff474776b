"""What NetSuite notes of a master record that is no more."""

from __future__ import annotations

import sqlite3

_RECORD_TYPE_IDS = {
    "vendor": -9,
    "account": -112,
    "department": -102,
    "classification": -101,
    "location": -103,
}


def note_deletion(conn: sqlite3.Connection, kind: str, row: sqlite3.Row, moment: str) -> None:
    """Note the deletion of a vendor, an account or a dimension's value."""
    conn.execute(
        "INSERT INTO ns_deletedrecord (name, recordid, recordtypeid, type, deleteddate, deletedby, context)"
        " VALUES (?, ?, ?, ?, ?, '-5', 'UI')",
        (
            row["entityid" if kind == "vendor" else "fullname"],
            row["id"],
            _RECORD_TYPE_IDS[kind],
            kind,
            moment,
        ),
    )
