"""Records that people entered in AvidXchange: changed by AvidXchange's own id, and given an external id."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from sqlite3 import Row
from typing import Any

from apbridge_sandbox.avidxchange.answers import JsonAnswer, refusal
from apbridge_sandbox.avidxchange.bodies import ExternalIdBody, RequestBody
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.masters import Master, write
from apbridge_sandbox.avidxchange.records import checked_external_id, item, next_id, unnamed

Handler = Callable[[AvidXchangeCall], JsonAnswer]

_NAMED_BY_VENDOR = ("ax_invoice", "ax_payment")


def change(of: Master) -> Handler:
    """Return what changes a record by AvidXchange's own id, whatever its external id."""

    def handler(call: AvidXchangeCall) -> JsonAnswer:
        body = call.json(of.body)
        with call.sandbox.store.write() as conn:
            known = _the_record(conn, call, of)
            key = {**of.within(call), "external_id": known["external_id"]}
            written = write(conn, call.sandbox.clock.stamp(), of, known, key, body)
        return JsonAnswer(200, item(written))

    return handler


def link(of: Master) -> Handler:
    """Return what sets the external id of a record that is there, or takes it away."""

    def handler(call: AvidXchangeCall) -> JsonAnswer:
        wanted = call.json(ExternalIdBody).external_id
        if not call.sandbox.switches["avidxchange.external_id_of_existing"]:
            message = "The external id of a record that is there cannot be changed."
            raise refusal(422, "external_id_is_fixed", message, "externalId")
        with call.sandbox.store.write() as conn:
            known = _the_record(conn, call, of)
            name = unnamed(known["id"]) if wanted is None else checked_external_id(wanted)
            _name(conn, call.sandbox.clock.stamp(), of, known, name)
            return JsonAnswer(200, item(_the_record(conn, call, of)))

    return handler


def enter(  # noqa: PLR0917 - a record and where it goes
    conn: sqlite3.Connection,
    moment: str,
    of: Master,
    body: RequestBody,
    within: dict[str, str],
    external_id: str | None,
) -> dict[str, Any]:
    """Enter a record by hand, or as another program that gave it an external id of its own.

    Raises:
        RefusalError: 422: its code or external id is another record's.
    """
    name = external_id or unnamed(next_id(conn, of.table))
    return item(write(conn, moment, of, None, {**within, "external_id": name}, body))


def _name(conn: sqlite3.Connection, moment: str, of: Master, known: Row, name: str) -> None:
    if name == known["external_id"]:
        return
    try:
        conn.execute(
            f"UPDATE {of.table} SET external_id = ?, modified_at = ? WHERE id = ?",  # noqa: S608
            (name, moment, known["id"]),
        )
    except sqlite3.IntegrityError as error:
        message = f"The external id {name} is another record's."
        raise refusal(422, "duplicate_external_id", message, "externalId") from error
    for table in _NAMED_BY_VENDOR if of.table == "ax_vendor" else ():
        conn.execute(
            f"UPDATE {table} SET vendor_external_id = ? WHERE vendor_external_id = ?",  # noqa: S608
            (name, known["external_id"]),
        )


def _the_record(conn: sqlite3.Connection, call: AvidXchangeCall, of: Master) -> Row:
    key = {**of.within(call), "id": call.path["id"]}
    same = " AND ".join(f"CAST({name} AS TEXT) = ?" for name in key)
    row: Row | None = conn.execute(f"SELECT * FROM {of.table} WHERE {same}", (*key.values(),)).fetchone()  # noqa: S608
    if row is None:
        raise refusal(404, "unknown_record", f"There is no record {key['id']}.", "id")
    return row
