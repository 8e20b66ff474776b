"""The certificate rotation endpoint: an integration lists, sets up and revokes its own certificates."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from apbridge_sandbox.certificates import ADMINISTRATOR_ROLE, INTEGRATION_ROLE, map_certificate
from apbridge_sandbox.netsuite.access import REST_WEB_SERVICES, Caller, check_bearer, check_permission
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall, no_content
from apbridge_sandbox.netsuite.errors import (
    NetSuiteError,
    insufficient_permission,
    invalid_content,
    invalid_value,
    nonexistent,
)

CERTIFICATES_PATH = "/services/rest/auth/oauth2/v1/clients/{client}/certificates"
REVOKE_PATH = f"{CERTIFICATES_PATH}/{{certificate}}/revoke"
PERMISSION = "Setup -> Manage Own OAuth 2.0 Client Credentials Certificates"

_FIELDS = frozenset({"fileContent", "role", "entity"})


def certificates(call: NetSuiteCall) -> Response:
    """List an integration's certificates, or set up one more."""
    caller = _caller(call)
    try:
        return _set_up(call, caller) if call.request.method == "POST" else _listed(call)
    except NetSuiteError as error:
        return _refused(call, error)


def revoke(call: NetSuiteCall) -> Response:
    """Revoke a certificate: nobody signs in with it any more."""
    caller = _caller(call)
    try:
        with call.sandbox.store.write() as conn:
            row = _certificate(conn, call.path("client"), call.path("certificate"))
            if row["entity"] != caller.entity:
                raise insufficient_permission(PERMISSION)
            conn.execute(
                "UPDATE ns_certificate SET revoked = 'T' WHERE certificate_id = ?", (row["certificate_id"],)
            )
            row = _certificate(conn, call.path("client"), call.path("certificate"))
    except NetSuiteError as error:
        return _refused(call, error)
    if call.sandbox.switches["netsuite.certificate_answers"] == "empty":
        return no_content()
    return _answer(200, _described(call, row))


def _caller(call: NetSuiteCall) -> Caller:
    caller = check_bearer(call, REST_WEB_SERVICES)
    check_permission(call, PERMISSION)
    return caller


def _listed(call: NetSuiteCall) -> Response:
    client_id = call.path("client")
    with call.sandbox.store.connection() as conn:
        _check_client(conn, client_id)
        rows = conn.execute(
            "SELECT * FROM ns_certificate WHERE client_id = ? ORDER BY valid_from, certificate_id",
            (client_id,),
        ).fetchall()
    listed = [_described(call, row) for row in rows]
    as_items = call.sandbox.switches["netsuite.certificate_list"] == "items"
    return _answer(200, {"items": listed} if as_items else listed)


def _set_up(call: NetSuiteCall, caller: Caller) -> Response:
    body = call.json()
    for name in body.keys() - _FIELDS:
        detail = f"Unknown property '{name}'."
        raise invalid_content(detail, name)
    pem, role, entity = body.get("fileContent"), _number(body, "role"), _number(body, "entity")
    if not isinstance(pem, str):
        raise invalid_value(pem, "fileContent")
    if role not in {ADMINISTRATOR_ROLE, INTEGRATION_ROLE}:
        raise invalid_value(role, "role")
    if str(entity) != caller.entity:
        raise insufficient_permission(PERMISSION)
    shortens = call.sandbox.switches["netsuite.certificate_too_long"] == "shortens"
    with call.sandbox.store.write() as conn:
        client_id = call.path("client")
        _check_client(conn, client_id)
        try:
            certificate_id = map_certificate(conn, client_id, pem, role, str(entity), shortens=shortens)
        except ValueError as error:
            raise invalid_content(str(error), "fileContent") from error
        row = _certificate(conn, client_id, certificate_id)
    created = call.sandbox.switches["netsuite.certificate_answers"] == "created"
    return _answer(201 if created else 200, _described(call, row))


def _number(body: dict[str, Any], name: str) -> int:
    """Read an internal id, a number or its text."""
    given = body.get(name)
    digits = str(given).removeprefix("-")
    if isinstance(given, bool) or not isinstance(given, int | str) or not digits.isdecimal():
        raise invalid_value(given, name)
    return int(given)


def _check_client(conn: sqlite3.Connection, client_id: str) -> None:
    if not conn.execute("SELECT 1 FROM ns_integration WHERE client_id = ?", (client_id,)).fetchone():
        raise nonexistent()


def _certificate(conn: sqlite3.Connection, client_id: str, certificate_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM ns_certificate WHERE client_id = ? AND certificate_id = ?", (client_id, certificate_id)
    ).fetchone()
    if row is None:
        raise nonexistent()
    return row


def _described(call: NetSuiteCall, row: sqlite3.Row) -> dict[str, Any]:
    in_seconds = call.sandbox.switches["netsuite.certificate_times"] == "seconds"
    times = {
        name: int(datetime.fromisoformat(row[name].replace("Z", "+00:00")).timestamp())
        if in_seconds
        else row[name]
        for name in ("valid_from", "valid_until")
    }
    return {
        "certificate_id": row["certificate_id"],
        **times,
        "algorithm": row["algorithm"],
        "invalidated": row["revoked"] == "T",
    }


def _answer(status: int, value: object) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _refused(call: NetSuiteCall, error: NetSuiteError) -> Response:
    if call.sandbox.switches["netsuite.certificate_refusal"] == "oauth":
        codes = {403: "access_denied", 404: "invalid_client"}
        return _answer(error.status, {"error": codes.get(error.status, "invalid_request")})
    raise error
