"""The vendorBill record of SuiteTalk REST: read, changed a little, deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from apbridge_sandbox.clock import stamp
from apbridge_sandbox.money import amount
from apbridge_sandbox.netsuite import books
from apbridge_sandbox.netsuite.errors import invalid_value, user_error
from apbridge_sandbox.netsuite.fields import Body
from apbridge_sandbox.netsuite.payments import reference

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
) -> None:
    """Change fields of a bill's header.

    Raises:
        NetSuiteError: A field is unknown or wrong, or the bill's approval cannot change any more.
    """
    body = Body(conn, RECORD_TYPE, given, features_off)
    columns: dict[str, Any] = {"lastmodifieddate": stamp(now)}
    for name, value in body.values.items():
        match value:
            case bool():
                columns[_COLUMNS[name]] = "T" if value else "F"
            case _ if name == "dueDate" and value is not None:
                columns["duedate"] = value.isoformat()
            case _:
                columns[_COLUMNS[name]] = value
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


def show(conn: sqlite3.Connection, row: sqlite3.Row, url: str, *, expanded: bool) -> dict[str, Any]:
    """Write a bill as GET answers it; `expanded` with its lines."""
    shown: dict[str, Any] = {
        "links": [{"rel": "self", "href": url}],
        "id": str(row["id"]),
        "entity": reference(conn, "ns_vendor", "entityid", row["entity"]),
        "account": reference(conn, "ns_account", "accountsearchdisplayname", row["account"]),
        "currency": reference(conn, "ns_currency", "name", row["currency"]),
        "subsidiary": reference(conn, "ns_subsidiary", "name", row["subsidiary"]),
        "postingPeriod": reference(conn, "ns_accountingperiod", "periodname", row["postingperiod"]),
        "status": {"id": row["status"]},
        "approvalStatus": {"id": str(row["approvalstatus"])} if row["approvalstatus"] else None,
        "tranDate": row["trandate"],
        "dueDate": row["duedate"],
        "tranId": row["tranid"],
        "transactionNumber": row["transactionnumber"],
        "externalId": row["externalid"],
        "memo": row["memo"],
        "paymentHold": row["paymenthold"] == "T",
        "userTotal": amount(row["total_cents"]),
        "total": amount(row["total_cents"]),
        "createdDate": row["createddate"],
        "lastModifiedDate": row["lastmodifieddate"],
        "expense": {"links": [{"rel": "self", "href": f"{url}/expense"}]},
        "item": {"links": [{"rel": "self", "href": f"{url}/item"}]},
    }
    if expanded:
        for sublist, chosen in (("expense", "expenseaccount"), ("item", "item")):
            shown[sublist]["items"] = _lines(conn, row["id"], chosen)
    return {name: value for name, value in shown.items() if value is not None}


def _lines(conn: sqlite3.Connection, bill_id: int, chosen: str) -> list[dict[str, Any]]:
    found = conn.execute(
        f"SELECT * FROM ns_transactionline WHERE \"transaction\" = ? AND mainline = 'F'"  # noqa: S608
        f" AND {chosen} IS NOT NULL ORDER BY id",
        (bill_id,),
    )
    lines = []
    for row in found:
        line = {
            "line": row["id"],
            "account": reference(conn, "ns_account", "accountsearchdisplayname", row["expenseaccount"]),
            "item": reference(conn, "ns_item", "itemid", row["item"]),
            "amount": amount(row["amount_cents"]),
            "department": reference(conn, "ns_department", "name", row["department"]),
            "class": reference(conn, "ns_classification", "name", row["class"]),
            "location": reference(conn, "ns_location", "name", row["location"]),
            "memo": row["memo"],
        }
        lines.append({name: value for name, value in line.items() if value is not None})
    return lines
