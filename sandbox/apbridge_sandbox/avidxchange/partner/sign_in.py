"""OAuth 2.0 client credentials, and the tokens that they are exchanged for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import sqlite3
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, unquote_plus

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apbridge_sandbox.avidxchange.answers import refusal
from apbridge_sandbox.calls import PARTNER_SIGN_IN_PATH
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.context import Sandbox

_FORM = "application/x-www-form-urlencoded"


def token_route() -> Route:
    """Return the route of the sign-in."""
    return Route(PARTNER_SIGN_IN_PATH, _token, methods=["POST"])


def let_in(sandbox: Sandbox, request: Request) -> None:
    """Check the bearer token and the company id.

    Raises:
        RefusalError: 401 for a token that is not valid or no longer, 403 for another company or no right.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    now = stamp(datetime.now(timezone.utc))
    with sandbox.store.connection() as conn:
        known = conn.execute(
            "SELECT 1 FROM ax_token WHERE token_sha256 = ? AND expires_at > ?", (_fingerprint(token), now)
        ).fetchone()
        company = conn.execute("SELECT id FROM ax_company").fetchone()
    if scheme.lower() != "bearer" or not known:
        raise refusal(401, "invalid_token", "The access token is not valid, or no longer.")
    if request.headers.get("x-company-id") != str(company["id"]):
        raise refusal(403, "unknown_company", "This client has no company of that X-Company-Id.")
    if request.method != "GET" and not sandbox.switches["avidxchange.token_may_write"]:
        raise refusal(403, "forbidden", "This client has no right to change anything.")


async def _token(request: Request) -> Response:
    body = await request.body()
    status, answer = await run_in_threadpool(_granted, request, body)
    headers = {"Cache-Control": "no-store"}
    if status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Basic"
    return Response(msgspec.json.encode(answer), status, headers, media_type="application/json")


def _granted(request: Request, body: bytes) -> tuple[int, dict[str, object]]:
    sandbox: Sandbox = request.app.state.sandbox
    if not request.headers.get("content-type", "").startswith(_FORM):
        return 400, {"error": "invalid_request"}
    form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
    if form.get("grant_type") != "client_credentials":
        return 400, {"error": "unsupported_grant_type"}
    client_id, client_secret = _credentials(request, form)
    seconds = sandbox.switches["avidxchange.token_seconds"]
    token = secrets.token_urlsafe(48)
    expires_at = stamp(datetime.now(timezone.utc) + timedelta(seconds=seconds))
    with sandbox.store.write() as conn:
        if not _is_known(conn, client_id, client_secret):
            return 401, {"error": "invalid_client"}
        conn.execute("INSERT INTO ax_token VALUES (?, ?, ?)", (_fingerprint(token), client_id, expires_at))
    return 200, {"access_token": token, "token_type": "Bearer", "expires_in": seconds}


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Read them from HTTP Basic authentication, else from the form."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _is_known(conn: sqlite3.Connection, client_id: str, client_secret: str) -> bool:
    row = conn.execute("SELECT secret FROM ax_client WHERE id = ?", (client_id,)).fetchone()
    return row is not None and secrets.compare_digest(row["secret"].encode(), client_secret.encode())


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
