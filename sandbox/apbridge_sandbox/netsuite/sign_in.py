"""The token endpoint: OAuth 2.0 client credentials with a signed assertion."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from time import time
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec
from starlette.responses import Response

from apbridge_sandbox.certificates import algorithms_of, public_key
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.credentials import ACCOUNT_HOST, ACCOUNT_ID
from apbridge_sandbox.netsuite.endpoint import NetSuiteCall

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105
TOKEN_SECONDS = 3600
_LONGEST_ASSERTION = 3600
_CLOCK_SKEW = 60
"""Seconds by which a client's clock may be ahead."""

_FORM = "application/x-www-form-urlencoded"
_GRANT = "client_credentials"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPES = frozenset({"restlets", "rest_webservices", "suite_analytics"})
_AUDIENCE = f"https://{ACCOUNT_HOST}.suitetalk.api.netsuite.com{TOKEN_PATH}"
_REALM = {"WWW-Authenticate": f'Basic realm="{ACCOUNT_ID}"'}


class SignInError(Exception):
    """A refused sign-in: its code is all that the client learns."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


def token(call: NetSuiteCall) -> Response:
    """Answer a sign-in."""
    try:
        return _granted(call)
    except SignInError as error:
        headers = _REALM if error.status == 401 else None  # noqa: PLR2004
        return _answer(error.status, {"error": error.code}, headers)


def _granted(call: NetSuiteCall) -> Response:
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise SignInError(400, "invalid_request")
    form = {name: values[0] for name, values in parse_qs(call.body.decode("latin-1")).items()}
    if "grant_type" not in form:
        raise SignInError(400, "invalid_request")
    if form["grant_type"] != _GRANT:
        raise SignInError(400, "unsupported_grant_type")
    assertion = form.get("client_assertion")
    if form.get("client_assertion_type") != _ASSERTION or not assertion:
        raise SignInError(400, "invalid_request")
    observed = call.sandbox.switches["netsuite.sign_in_refusal"] == "observed"
    with call.sandbox.store.connection() as conn:
        certificate = _certificate(conn, assertion, observed=observed)
    claims = _verified(assertion, certificate["pem"])
    _check_time_and_audience(claims, {_AUDIENCE, f"{call.origin}{TOKEN_PATH}"})
    scopes = _scopes(claims, certificate["scopes"])
    secret = secrets.token_urlsafe(64)
    expires_at = datetime.now(timezone.utc) + timedelta(seconds=TOKEN_SECONDS)
    with call.sandbox.store.write() as conn:
        conn.execute(
            "INSERT INTO ns_token (token_sha256, client_id, certificate_id, role, entity, scopes, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                fingerprint(secret),
                certificate["client_id"],
                certificate["certificate_id"],
                certificate["role"],
                certificate["entity"],
                " ".join(scopes),
                stamp(expires_at),
            ),
        )
    as_text = call.sandbox.switches["netsuite.token_style"] == "text"
    return _answer(
        200,
        {
            "access_token": secret,
            "expires_in": str(TOKEN_SECONDS) if as_text else TOKEN_SECONDS,
            "token_type": "bearer" if as_text else "Bearer",
        },
    )


def fingerprint(secret: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _certificate(conn: sqlite3.Connection, assertion: str, *, observed: bool) -> sqlite3.Row:
    """Find the mapped certificate that an assertion names. What it says is not verified yet.

    Args:
        conn: The books.
        assertion: As it was sent.
        observed: Whether to refuse an unknown certificate and client as was seen on live accounts, and not
            as is documented.
    """
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise SignInError(400, "invalid_request") from error
    if header.get("typ") != "JWT" or not isinstance(claims.get("iss"), str):
        raise SignInError(400, "invalid_request")
    client = conn.execute(
        "SELECT scopes FROM ns_integration WHERE client_id = ?", (claims["iss"],)
    ).fetchone()
    if client is None:
        raise SignInError(500, "server_error") if observed else SignInError(401, "invalid_client")
    now = stamp(datetime.now(timezone.utc))
    found = conn.execute(
        "SELECT certificate_id, client_id, pem, role, entity, scopes"
        " FROM ns_certificate JOIN ns_integration USING (client_id)"
        " WHERE certificate_id = ? AND client_id = ? AND revoked = 'F'"
        " AND valid_from <= ? AND ? < valid_until",
        (header.get("kid"), claims["iss"], now, now),
    ).fetchone()
    if found is None:
        raise SignInError(400 if observed else 401, "invalid_client")
    if header.get("alg") not in algorithms_of(public_key(found["pem"])):
        raise SignInError(401, "invalid_client")
    row: sqlite3.Row = found
    return row


def _verified(assertion: str, pem: str) -> dict[str, Any]:
    key = public_key(pem)
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            key,
            algorithms=list(algorithms_of(key)),
            # Time and audience have refusals of their own.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except jwt.PyJWTError as error:
        raise SignInError(401, "invalid_client") from error
    return claims


def _check_time_and_audience(claims: Mapping[str, Any], audiences: set[str]) -> None:
    issued, expires, audience = claims.get("iat"), claims.get("exp"), claims.get("aud")
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise SignInError(400, "invalid_request")
    now = time()
    timely = issued <= now + _CLOCK_SKEW and now < expires and 0 < expires - issued <= _LONGEST_ASSERTION
    named = set(audience if isinstance(audience, list) else [audience])
    if not timely or not named & audiences:
        raise SignInError(400, "invalid_grant")


def _scopes(claims: Mapping[str, Any], allowed: str) -> list[str]:
    """Read the scopes: a list, or as some clients send them a text."""
    asked = claims.get("scope")
    if isinstance(asked, str):
        asked = asked.replace(",", " ").split()
    if not isinstance(asked, list) or not asked or not set(asked) <= _SCOPES & set(allowed.split()):
        raise SignInError(400, "invalid_scope")
    return sorted(set(asked))


def _answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(value),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )
