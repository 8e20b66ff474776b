"""Vendors, GL accounts and dimension values: what invoices need to be there before them.

They flow one way, in: nothing but these calls ever changes them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.bodies import DimensionValue, GlAccount, RequestBody, VendorBody, content
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.listing import listed
from apbridge_sandbox.avidxchange.records import checked_external_id, find, item, next_id, put, shown

_DIMENSION = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True)
class Master:
    """One kind of these records.

    Args:
        table: Where they are.
        body: What is sent of one.
        columns: What of it stands in columns of its own.
        has_dimension: Whether they are a dimension's.
    """

    table: str
    body: type[Any]
    columns: Callable[[Any], dict[str, str | int]]
    has_dimension: bool = False

    def within(self, call: AvidXchangeCall) -> dict[str, str]:
        """Return which dimension's they are, where they are one's."""
        return {"dimension": _dimension(call)} if self.has_dimension else {}


VENDOR = Master("ax_vendor", VendorBody, lambda body: {"active": int(body.active)})
GL_ACCOUNT = Master(
    "ax_gl_account",
    GlAccount,
    lambda body: {"code": body.code, "active": int(body.active), "postable": int(body.postable)},
)
DIMENSION_VALUE = Master(
    "ax_dimension_value",
    DimensionValue,
    lambda body: {"code": body.code, "active": int(body.active)},
    has_dimension=True,
)


def put_vendor(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change a vendor."""
    return _upsert(call, VENDOR)


def list_vendors(call: AvidXchangeCall) -> JsonAnswer:
    """List vendors."""
    return listed(call, VENDOR.table, shown)


def put_gl_account(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change a GL account. Its code is its own."""
    return _upsert(call, GL_ACCOUNT)


def list_gl_accounts(call: AvidXchangeCall) -> JsonAnswer:
    """List GL accounts."""
    return listed(call, GL_ACCOUNT.table, shown)


def put_dimension_value(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change a dimension's value. Its code is its own within the dimension."""
    return _upsert(call, DIMENSION_VALUE)


def list_dimension_values(call: AvidXchangeCall) -> JsonAnswer:
    """List a dimension's values."""
    return listed(call, DIMENSION_VALUE.table, shown, where=DIMENSION_VALUE.within(call))


def _dimension(call: AvidXchangeCall) -> str:
    name = call.path["dimension"]
    if not _DIMENSION.fullmatch(name):
        raise refusal(404, "no_such_dimension", f"There is no dimension {name}.")
    return name


def _upsert(call: AvidXchangeCall, of: Master) -> JsonAnswer:
    body = call.json(of.body)
    key = {**of.within(call), "external_id": checked_external_id(call.path["external_id"])}
    with call.sandbox.store.write() as conn:
        known = find(conn, of.table, key)
        written = write(conn, call.sandbox.clock.stamp(), of, known, key, body)
    return JsonAnswer(200 if known else 201, item(written))


def write(  # noqa: PLR0917 - a record and where it goes
    conn: sqlite3.Connection,
    moment: str,
    of: Master,
    known: Row | None,
    key: dict[str, str],
    body: RequestBody,
) -> Row:
    """Write a record, unless its content is known.

    Args:
        conn: To write with.
        moment: When.
        of: Its kind.
        known: The record that is there already.
        key: Its external id and where it is.
        body: Its content.

    Raises:
        RefusalError: 422: its code is another record's.
    """
    kept, columns = content(body), of.columns(body)
    number = known["id"] if known else next_id(conn, of.table)
    if known is None or known["content"] != kept:
        row = {"id": number, **key, **columns, "content": kept, "modified_at": moment}
        try:
            put(conn, of.table, row)
        except sqlite3.IntegrityError as error:
            message = f"The code {columns.get('code')} is another record's."
            raise refusal(422, "duplicate_code", message, "code") from error
    written: Row = conn.execute(f"SELECT * FROM {of.table} WHERE id = ?", (number,)).fetchone()  # noqa: S608
    return written
