"""The record service: which record types there are and what may be done with them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from time import sleep
from typing import Any

from starlette.responses import Response

from apbridge_sandbox.netsuite import bills, listing, payments, vendor_credits
from apbridge_sandbox.netsuite.access import REST_WEB_SERVICES, account_of, check_permission, check_token
from apbridge_sandbox.netsuite.applying import ApplyRules
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall, answer, no_content
from apbridge_sandbox.netsuite.errors import (
    NetSuiteError,
    invalid_parameter,
    invalid_value,
    method_not_allowed,
    no_such_record_type,
    nonexistent,
)
from apbridge_sandbox.netsuite.forms import check_shown
from apbridge_sandbox.netsuite.paging import check_parameters
from apbridge_sandbox.netsuite.permissions import PermissionLevel
from apbridge_sandbox.netsuite.posting import (
    change_vendor_payment,
    check_unlocked,
    delete_vendor_payment,
    post_vendor_payment,
)
from apbridge_sandbox.netsuite.record_types import RecordType, record_types
from apbridge_sandbox.netsuite.serialize import lines, show
from apbridge_sandbox.suiteql import AccountView

RECORDS_PATH = "/services/rest/record/v1"


_WRITTEN = frozenset({payments.RECORD_TYPE, bills.RECORD_TYPE, vendor_credits.RECORD_TYPE})
"""The record types that may be changed; the others are read only."""


@dataclass(frozen=True)
class _RecordRequest:
    """The record type that a call is about, as account and role have it."""

    kind: RecordType
    account: AccountView

    @property
    def name(self) -> str:
        """The type's name."""
        return self.kind.name


_in_flight: set[str] = set()
_in_flight_lock = Lock()


def collection(call: NetSuiteCall) -> Response:
    """Answer a call to a record type: GET lists, POST creates."""
    asked = _asked(call)
    if call.request.method == "GET":
        return listing.records(call, asked.kind, asked.account)
    if call.request.method != "POST" or asked.name != payments.RECORD_TYPE:
        raise method_not_allowed(call.request.method)
    check_parameters(call)
    check_permission(call, asked.kind.permission, PermissionLevel.CREATE)
    body = call.json()
    check_shown(body, call.sandbox.switches)
    with _committing(call, body.get("externalId")) as conn:
        payment = payments.read_new(conn, body, asked.account.features_off, call.sandbox.switches)
        payment_id = post_vendor_payment(conn, payment, now=call.sandbox.clock.now(), rules=_rules(call))
    return no_content(_location(call, asked.name, payment_id))


def record(call: NetSuiteCall) -> Response:
    """Answer a call to one record, by internal id or by `eid:` and its external id."""
    asked = _asked(call)
    handlers = {"GET": _get}
    if asked.name in _WRITTEN:
        handlers |= {"PATCH": _patch, "DELETE": _delete, "PUT": _put}
    handle = handlers.get(call.request.method)
    if handle is None:
        raise method_not_allowed(call.request.method)
    return handle(call, asked)


def transform(call: NetSuiteCall) -> Response:
    """Answer a transformation: of a bill into its payment."""
    asked = _asked(call)
    target = call.path("target")
    if asked.name != bills.RECORD_TYPE or target.lower() != payments.RECORD_TYPE.lower():
        raise no_such_record_type(target)
    check_parameters(call)
    check_permission(call, record_types()[payments.RECORD_TYPE.lower()].permission, PermissionLevel.CREATE)
    body = call.json() if call.body else {}
    check_shown(body, call.sandbox.switches)
    with _committing(call, body.get("externalId")) as conn:
        bill = _find(conn, asked, call.path("id"))
        payment = payments.read_transformed(
            conn, bill, body, asked.account.features_off, call.sandbox.switches
        )
        payment_id = post_vendor_payment(conn, payment, now=call.sandbox.clock.now(), rules=_rules(call))
    return no_content(_location(call, payments.RECORD_TYPE, payment_id))


def sublist(call: NetSuiteCall) -> Response:
    """Answer a call to a sublist of a record, or to one of its lines."""
    asked = _asked(call)
    check_parameters(call, "expandSubResources")
    name, line = call.path("sublist"), call.request.path_params.get("line")
    if name not in asked.kind.sublists_of(asked.account):
        raise nonexistent()
    with call.sandbox.store.connection() as conn:
        row = _find(conn, asked, call.path("id"))
        _check_unlocked(asked, row)
        url = _location(call, asked.name, row["id"])
        items = lines(conn, asked.kind, name, row["id"], asked.account, f"{url}/{name}")
    if line is None:
        if not _expanded(call):
            items = [{"links": item["links"]} for item in items]
        links = [{"rel": "self", "href": f"{url}/{name}"}]
        counts = {"count": len(items), "hasMore": False, "offset": 0, "totalResults": len(items)}
        return answer(200, {"links": links, "items": items, **counts})
    for item in items:
        if item["links"][0]["href"] == f"{url}/{name}/{line}":
            return answer(200, item)
    raise nonexistent()


def _get(call: NetSuiteCall, asked: _RecordRequest) -> Response:
    check_parameters(call, "expandSubResources", "fields")
    with call.sandbox.store.connection() as conn:
        row = _find(conn, asked, call.path("id"))
        _check_unlocked(asked, row)
        url = _location(call, asked.name, row["id"])
        shown = show(conn, asked.kind, row["id"], asked.account, url, expanded=_expanded(call))
    fields = call.request.query_params.get("fields")
    if fields:
        known = {
            "id",
            *asked.kind.sublists_of(asked.account),
            *asked.kind.fields_of(asked.name, asked.account),
        }
        chosen = {"links", "id", *fields.split(",")}
        for name in chosen - known - {"links"}:
            detail = f"Field '{name}' does not exist."
            raise invalid_parameter(detail, "fields")
        shown = {name: value for name, value in shown.items() if name in chosen}
    return answer(200, shown)


def _expanded(call: NetSuiteCall) -> bool:
    return call.request.query_params.get("expandSubResources", "").lower() == "true"


def _patch(call: NetSuiteCall, asked: _RecordRequest) -> Response:
    replaced = _replaced(call, asked)
    body = call.json()
    if asked.name == payments.RECORD_TYPE:
        check_shown(body, call.sandbox.switches)
    with _committing(call, None) as conn:
        row = _find(conn, asked, call.path("id"))
        _check_unlocked(asked, row)
        _change(call, conn, asked, row, body, replaced)
    return no_content(_location(call, asked.name, row["id"]))


def _delete(call: NetSuiteCall, asked: _RecordRequest) -> Response:
    check_parameters(call)
    check_permission(call, asked.kind.permission, PermissionLevel.FULL)
    now = call.sandbox.clock.now()
    with _committing(call, None) as conn:
        row = _find(conn, asked, call.path("id"))
        _check_unlocked(asked, row)
        if asked.name == payments.RECORD_TYPE:
            delete_vendor_payment(conn, row["id"], now=now, rules=_rules(call))
        elif asked.name == vendor_credits.RECORD_TYPE:
            vendor_credits.delete_credit(conn, row, now=now, rules=_rules(call))
        else:
            bills.delete_bill(conn, row, now=now)
    return no_content()


_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
"""What is safe in a URL (NetSuite: external ids)."""


def _put(call: NetSuiteCall, asked: _RecordRequest) -> Response:
    """Upsert by external id."""
    wanted = call.path("id")
    if not wanted.startswith("eid:") or asked.name != payments.RECORD_TYPE:
        raise method_not_allowed("PUT")
    external_id = wanted.removeprefix("eid:")
    if not _EXTERNAL_ID.fullmatch(external_id):
        raise invalid_value(external_id, "externalId")
    replaced = _replaced(call, asked)
    body = call.json()
    check_shown(body, call.sandbox.switches)
    if body.setdefault("externalId", external_id) != external_id:
        raise invalid_value(body["externalId"], "externalId")
    with _committing(call, external_id) as conn:
        row = _look_up(conn, asked, wanted)
        if row is None:
            check_permission(call, asked.kind.permission, PermissionLevel.CREATE)
            payment = payments.read_new(conn, body, asked.account.features_off, call.sandbox.switches)
            record_id = post_vendor_payment(conn, payment, now=call.sandbox.clock.now(), rules=_rules(call))
        else:
            record_id = row["id"]
            _check_unlocked(asked, row)
            _change(call, conn, asked, row, body, replaced)
    return no_content(_location(call, asked.name, record_id))


def _replaced(call: NetSuiteCall, asked: _RecordRequest) -> set[str]:
    """Return the sublists of which the lines given are all there are."""
    check_parameters(call, "replace")
    given = call.request.query_params.get("replace")
    names = set(given.split(",")) if given is not None else set()
    for name in sorted(names - {*asked.kind.sublists_of(asked.account)}):
        detail = f"Invalid value '{name}' of the query parameter 'replace'. Provide the name of a sublist."
        raise invalid_parameter(detail, "replace")
    return names


def _change(  # noqa: PLR0917 - a call, the record, how NetSuite takes it
    call: NetSuiteCall,
    conn: sqlite3.Connection,
    asked: _RecordRequest,
    row: sqlite3.Row,
    body: dict[str, Any],
    replaced: set[str],
) -> None:
    check_permission(call, asked.kind.permission, PermissionLevel.EDIT)
    now, features_off = call.sandbox.clock.now(), asked.account.features_off
    if asked.name == bills.RECORD_TYPE:
        bills.change_bill(conn, row, body, features_off, now=now, rules=_rules(call))
        return
    replaces = replaced
    if call.sandbox.switches["netsuite.upsert_apply"] == "replaces":
        replaces |= {"apply", "credit"}
    if asked.name == vendor_credits.RECORD_TYPE:
        is_whole = "apply" in replaces
        vendor_credits.change_credit(conn, row, body, features_off, now, _rules(call), replaces=is_whole)
        return
    payment = payments.read_changed(conn, row["id"], body, features_off, replaces=replaces)
    change_vendor_payment(conn, row["id"], payment, now=now, rules=_rules(call))


def _asked(call: NetSuiteCall) -> _RecordRequest:
    check_token(call, REST_WEB_SERVICES)
    if "respond-async" in call.request.headers.get("prefer", ""):
        # NetSuite would answer 202 and work later: that is not modelled.
        detail = "Asynchronous calls are not in the sandbox."
        raise NetSuiteError(501, "NOT_IN_THE_SANDBOX", detail, where={"o:errorHeader": "Prefer"})
    kind = record_types().get(call.path("type").lower())
    account = account_of(call.sandbox.switches)
    if kind is None or kind.feature in account.features_off:
        raise no_such_record_type(call.path("type"))
    check_permission(call, kind.permission)
    return _RecordRequest(kind, account)


def _find(conn: sqlite3.Connection, asked: _RecordRequest, wanted: str) -> sqlite3.Row:
    row = _look_up(conn, asked, wanted)
    if row is None:
        raise nonexistent()
    return row


def _look_up(conn: sqlite3.Connection, asked: _RecordRequest, wanted: str) -> sqlite3.Row | None:
    by_external_id = wanted.startswith("eid:")
    if not by_external_id and not wanted.isdecimal():
        return None
    if by_external_id and "externalId" not in asked.kind.fields:
        return None
    column = "externalid" if by_external_id else "id"
    row: sqlite3.Row | None = conn.execute(
        f"SELECT * FROM {asked.kind.base} WHERE {column} = ? AND {asked.kind.visible(asked.account)}",  # noqa: S608
        (wanted.removeprefix("eid:"),),
    ).fetchone()
    return row


def _check_unlocked(asked: _RecordRequest, row: sqlite3.Row) -> None:
    if asked.name in _WRITTEN:
        check_unlocked(row)


@contextmanager
def _committing(call: NetSuiteCall, external_id: object) -> Iterator[sqlite3.Connection]:
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


def _location(call: NetSuiteCall, name: str, record_id: int) -> str:
    return f"{call.origin}{RECORDS_PATH}/{name}/{record_id}"


def _rules(call: NetSuiteCall) -> ApplyRules:
    return ApplyRules.of(call.sandbox.switches)
