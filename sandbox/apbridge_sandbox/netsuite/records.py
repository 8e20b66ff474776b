"""The record service: which record types there are and what may be done with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from time import sleep
from typing import Any

from starlette.responses import Response

from apbridge_sandbox.netsuite import bills, payments
from apbridge_sandbox.netsuite.access import REST_WEB_SERVICES, account_of, check_permission, check_token
from apbridge_sandbox.netsuite.endpoint import Call, answer, no_content
from apbridge_sandbox.netsuite.errors import (
    NetSuiteError,
    invalid_value,
    method_not_allowed,
    no_such_record_type,
    nonexistent,
)
from apbridge_sandbox.netsuite.posting import (
    Rules,
    change_vendor_payment,
    check_unlocked,
    delete_vendor_payment,
    post_vendor_payment,
)

RECORDS_PATH = "/services/rest/record/v1"


@dataclass(frozen=True)
class RecordType:
    """A record type: its name, the transactions that are of it, and the permission it takes."""

    name: str
    transaction: str
    permission: str
    show: Callable[..., dict[str, Any]]


_TYPES = {
    each.name.lower(): each
    for each in (
        RecordType(payments.RECORD_TYPE, "VendPymt", "Transactions -> Pay Bills", payments.show),
        RecordType(bills.RECORD_TYPE, "VendBill", "Transactions -> Bills", bills.show),
    )
}

_in_flight: set[str] = set()
_in_flight_lock = Lock()


def collection(call: Call) -> Response:
    """Answer a call to a record type: POST creates."""
    kind = _record_type(call)
    if call.request.method != "POST" or kind.name != payments.RECORD_TYPE:
        raise method_not_allowed(call.request.method)
    body = call.json()
    with _committing(call, body.get("externalId")) as conn:
        payment = payments.read_new(conn, body, _features_off(call))
        payment_id = post_vendor_payment(conn, payment, now=call.sandbox.clock.now(), rules=_rules(call))
    return no_content(_location(call, kind, payment_id))


def record(call: Call) -> Response:
    """Answer a call to one record, by internal id or by `eid:` and its external id."""
    kind = _record_type(call)
    handlers = {"GET": _get, "PATCH": _patch, "DELETE": _delete, "PUT": _put}
    handle = handlers.get(call.request.method)
    if handle is None:
        raise method_not_allowed(call.request.method)
    return handle(call, kind)


def transform(call: Call) -> Response:
    """Answer a transformation: of a bill into its payment."""
    kind = _record_type(call)
    target = call.path("target")
    if kind.name != bills.RECORD_TYPE or target.lower() != payments.RECORD_TYPE.lower():
        raise no_such_record_type(target)
    into = _TYPES[target.lower()]
    check_permission(call, into.permission)
    body = call.json() if call.body else {}
    with _committing(call, body.get("externalId")) as conn:
        bill = _find(conn, kind, call.path("id"))
        payment = payments.read_transformed(conn, bill, body, _features_off(call))
        payment_id = post_vendor_payment(conn, payment, now=call.sandbox.clock.now(), rules=_rules(call))
    return no_content(_location(call, into, payment_id))


def _get(call: Call, kind: RecordType) -> Response:
    expanded = call.request.query_params.get("expandSubResources") == "true"
    with call.sandbox.store.connection() as conn:
        row = _find(conn, kind, call.path("id"))
        check_unlocked(row)
        return answer(200, kind.show(conn, row, _location(call, kind, row["id"]), expanded=expanded))


def _patch(call: Call, kind: RecordType) -> Response:
    body = call.json()
    with _committing(call, None) as conn:
        row = _find(conn, kind, call.path("id"))
        check_unlocked(row)
        _change(call, conn, kind, row, body)
    return no_content(_location(call, kind, row["id"]))


def _delete(call: Call, kind: RecordType) -> Response:
    now = call.sandbox.clock.now()
    with _committing(call, None) as conn:
        row = _find(conn, kind, call.path("id"))
        check_unlocked(row)
        if kind.name == payments.RECORD_TYPE:
            delete_vendor_payment(conn, row["id"], now=now, rules=_rules(call))
        else:
            bills.delete_bill(conn, row, now=now)
    return no_content()


def _put(call: Call, kind: RecordType) -> Response:
    """Upsert by external id."""
    wanted = call.path("id")
    if not wanted.startswith("eid:") or kind.name != payments.RECORD_TYPE:
        raise method_not_allowed("PUT")
    external_id = wanted.removeprefix("eid:")
    body = call.json()
    if body.setdefault("externalId", external_id) != external_id:
        raise invalid_value(body["externalId"], "externalId")
    with _committing(call, external_id) as conn:
        row = _look_up(conn, kind, wanted)
        if row is None:
            payment = payments.read_new(conn, body, _features_off(call))
            record_id = post_vendor_payment(conn, payment, now=call.sandbox.clock.now(), rules=_rules(call))
        else:
            record_id = row["id"]
            check_unlocked(row)
            _change(call, conn, kind, row, body)
    return no_content(_location(call, kind, record_id))


def _change(
    call: Call, conn: sqlite3.Connection, kind: RecordType, row: sqlite3.Row, body: dict[str, Any]
) -> None:
    now, features_off = call.sandbox.clock.now(), _features_off(call)
    if kind.name == bills.RECORD_TYPE:
        bills.change_bill(conn, row, body, features_off, now=now)
        return
    asked = "apply" in call.request.query_params.get("replace", "").split(",")
    replaces = asked or call.sandbox.switches["netsuite.upsert_apply"] == "replaces"
    payment = payments.read_changed(conn, row["id"], body, features_off, replaces=replaces)
    change_vendor_payment(conn, row["id"], payment, now=now, rules=_rules(call))


def _record_type(call: Call) -> RecordType:
    check_token(call, REST_WEB_SERVICES)
    kind = _TYPES.get(call.path("type").lower())
    if kind is None:
        raise no_such_record_type(call.path("type"))
    check_permission(call, kind.permission)
    return kind


def _find(conn: sqlite3.Connection, kind: RecordType, wanted: str) -> sqlite3.Row:
    row = _look_up(conn, kind, wanted)
    if row is None:
        raise nonexistent()
    return row


def _look_up(conn: sqlite3.Connection, kind: RecordType, wanted: str) -> sqlite3.Row | None:
    if not wanted.startswith("eid:") and not wanted.isdecimal():
        return None
    column = "externalid" if wanted.startswith("eid:") else "id"
    row: sqlite3.Row | None = conn.execute(
        f"SELECT * FROM ns_transaction WHERE {column} = ? AND type = ?",  # noqa: S608
        (wanted.removeprefix("eid:"), kind.transaction),
    ).fetchone()
    return row


@contextmanager
def _committing(call: Call, external_id: object) -> Iterator[sqlite3.Connection]:
    """Lend the books to write to. A write takes its time, and meanwhile another of the same id is refused."""
    name = f"{call.sandbox.store.path} {external_id}" if isinstance(external_id, str) else ""
    with _in_flight_lock:
        if name in _in_flight:
            raise NetSuiteError(400, "RCRD_HAS_BEEN_CHANGED", "Record has been changed.")
        if name:
            _in_flight.add(name)
    try:
        sleep(call.sandbox.switches["netsuite.commit_delay_ms"] / 1000)
        with call.sandbox.store.write() as conn:
            yield conn
    finally:
        with _in_flight_lock:
            _in_flight.discard(name)


def _location(call: Call, kind: RecordType, record_id: int) -> str:
    return f"{call.origin}{RECORDS_PATH}/{kind.name}/{record_id}"


def _features_off(call: Call) -> frozenset[str]:
    return account_of(call.sandbox.switches).features_off


def _rules(call: Call) -> Rules:
    return Rules.of(call.sandbox.switches)
