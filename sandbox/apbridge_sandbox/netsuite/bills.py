"""The vendorBill record of SuiteTalk REST: read, changed a little, deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.custom import kept, write_custom
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.applying import ApplyRules, check_external_id
from apbridge_sandbox.netsuite.errors import invalid_value, user_error
from apbridge_sandbox.netsuite.fields import FieldValues

RECORD_TYPE = "vendorBill"

_COLUMNS = {
    "tranId": "tranid",
    "externalId": "externalid",
    "memo": "memo",
    "dueDate": "duedate",
    "paymentHold": "paymenthold",
    "approvalStatus": "approvalstatus",
}
_APPROVAL_STATUSES = {1: "D", 2: "A", 3: "E"}
"""Approval → the bill's status."""


def change_bill(
    conn: sqlite3.Connection,
    row: sqlite3.Row,
    given: Mapping[str, Any],
    features_off: AbstractSet[str],
    *,
    now: datetime,
    rules: ApplyRules,
) -> None:
    """Change fields of a bill's header.

    Raises:
        NetSuiteError: A field is unknown or wrong, or the bill's approval cannot change any more.
    """
    body = FieldValues(conn, RECORD_TYPE, given, features_off)
    values = {name: kept(value) for name, value in body.values.items()}
    columns: dict[str, Any] = {"lastmodifieddate": stamp(now)}
    columns |= {_COLUMNS[name]: value for name, value in values.items() if name in _COLUMNS}
    check_external_id(conn, columns.get("externalid"), row["id"], rules)
    customs = {name: value for name, value in values.items() if name not in _COLUMNS}
    approval = columns.get("approvalstatus")
    if "approvalstatus" in columns:
        if approval not in _APPROVAL_STATUSES:
            raise invalid_value(approval, "approvalStatus")
        if row["paid_cents"]:
            detail = "You cannot change the approval status of a bill to which payments are applied."
            raise user_error(detail)
        columns["status"] = _APPROVAL_STATUSES[approval]
        columns["posting"] = "T" if columns["status"] == books.OPEN else "F"
    setting = ", ".join(f"{column} = ?" for column in columns)
    conn.execute(
        f"UPDATE ns_transaction SET {setting} WHERE id = ?",  # noqa: S608 - columns of _COLUMNS
        (*columns.values(), row["id"]),
    )
    if customs:
        write_custom(conn, "ns_transaction", row["id"], customs)


def delete_bill(
    conn: sqlite3.Connection, row: sqlite3.Row, *, now: datetime, context: str = "REST Web Services"
) -> None:
    """Delete a bill, and note it.

    Raises:
        NetSuiteError: Something is applied to it.
    """
    applied = conn.execute(
        "SELECT 1 FROM ns_link WHERE previousdoc = ? AND linktype = 'Payment'", (row["id"],)
    ).fetchone()
    if applied:
        detail = "This transaction cannot be deleted because it is linked to by one or more transactions."
        raise user_error(detail)
    books.remove_rows(conn, row["id"])
    books.record_deletion(conn, row, stamp(now), context)
