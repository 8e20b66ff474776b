"""Accounting periods: which take a posting."""

from __future__ import annotations

import sqlite3
from datetime import date

from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.errors import NetSuiteError

_OUTSIDE_PERIOD = "The transaction date you specified is not within the date range of your accounting period."


def check_period(
    conn: sqlite3.Connection, day: date, period: int | None, subsidiary: int | None, rules: ApplyRules
) -> int:
    """Make sure that the day's period takes payables of a subsidiary, and return it.

    Args:
        conn: The books.
        day: Of the transaction.
        period: The one that it names, if any.
        subsidiary: Of the transaction.
        rules: What locks hold for, and whether the role may override them.

    Raises:
        NetSuiteError: There is none, it is closed or locked, or another one was named.
    """
    found = conn.execute(
        "SELECT * FROM ns_accountingperiod WHERE startdate <= ? AND enddate >= ? AND isposting = 'T'"
        " AND isyear = 'F' AND isquarter = 'F' AND isadjust = 'F'",
        (day.isoformat(), day.isoformat()),
    ).fetchone()
    if found is None or period not in {None, found["id"]} or _refuses(conn, found, subsidiary, rules):
        detail = f"Error while accessing a resource. {_OUTSIDE_PERIOD}"
        raise NetSuiteError(400, rules.closed_period, detail, where={"o:errorPath": "tranDate"})
    return int(found["id"])


def _refuses(
    conn: sqlite3.Connection, period: sqlite3.Row, subsidiary: int | None, rules: ApplyRules
) -> bool:
    if period["closed"] == "T":
        return True
    is_locked = "T" in (period["aplocked"], period["alllocked"]) and not rules.period_override
    if rules.period_locks == "subsidiary":
        first = conn.execute("SELECT MIN(id) FROM ns_subsidiary").fetchone()[0]
        return is_locked and subsidiary == first
    return is_locked
