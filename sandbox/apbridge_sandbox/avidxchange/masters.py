"""Vendors, GL accounts and dimension values: what invoices need to be there before them.

They flow one way, in: nothing but these calls ever changes them.
"""

from __future__ import annotations

import re
import sqlite3

from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.bodies import DimensionValue, GlAccount, RequestBody, VendorBody, content
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.listing import listed
from apbridge_sandbox.avidxchange.records import checked_external_id, find, item, next_id, put, shown

_DIMENSION = re.compile(r"[a-z][a-z0-9_]{0,49}")


def put_vendor(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change a vendor."""
    body = call.json(VendorBody)
    return _upsert(call, "ax_vendor", {"active": int(body.active)}, body)


def list_vendors(call: AvidXchangeCall) -> JsonAnswer:
    """List vendors."""
    return listed(call, "ax_vendor", shown)


def put_gl_account(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change a GL account. Its code is its own."""
    body = call.json(GlAccount)
    columns: dict[str, str | int] = {
        "code": body.code,
        "active": int(body.active),
        "postable": int(body.postable),
    }
    return _upsert(call, "ax_gl_account", columns, body)


def list_gl_accounts(call: AvidXchangeCall) -> JsonAnswer:
    """List GL accounts."""
    return listed(call, "ax_gl_account", shown)


def put_dimension_value(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change a dimension's value. Its code is its own within the dimension."""
    body = call.json(DimensionValue)
    columns: dict[str, str | int] = {"code": body.code, "active": int(body.active)}
    return _upsert(call, "ax_dimension_value", columns, body, within={"dimension": _dimension(call)})


def list_dimension_values(call: AvidXchangeCall) -> JsonAnswer:
    """List a dimension's values."""
    return listed(call, "ax_dimension_value", shown, where={"dimension": _dimension(call)})


def _dimension(call: AvidXchangeCall) -> str:
    name = call.path["dimension"]
    if not _DIMENSION.fullmatch(name):
        raise refusal(404, "no_such_dimension", f"There is no dimension {name}.")
    return name


def _upsert(
    call: AvidXchangeCall,
    table: str,
    columns: dict[str, str | int],
    body: RequestBody,
    *,
    within: dict[str, str] | None = None,
) -> JsonAnswer:
    key = {**(within or {}), "external_id": checked_external_id(call.path["external_id"])}
    kept = content(body)
    with call.sandbox.store.write() as conn:
        known = find(conn, table, key)
        if known is None or known["content"] != kept:
            row = {
                "id": known["id"] if known else next_id(conn, table),
                **key,
                **columns,
                "content": kept,
                "modified_at": call.sandbox.clock.stamp(),
            }
            try:
                put(conn, table, row)
            except sqlite3.IntegrityError as error:
                message = f"The code {columns['code']} is another record's."
                raise refusal(422, "duplicate_code", message, "code") from error
        written = find(conn, table, key)
    assert written  # noqa: S101 - it was there or has just been put
    return JsonAnswer(200 if known else 201, item(written))
