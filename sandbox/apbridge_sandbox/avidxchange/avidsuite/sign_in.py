"""A user behind a gateway: two bearers, of which one is granted for user name and password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apbridge_sandbox.avidxchange.answers import refusal
from apbridge_sandbox.calls import AVIDSUITE_SIGN_IN_PATH, System
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.context import Sandbox

_FORM = "application/x-www-form-urlencoded"


def token_route() -> Route:
    """Return the route of the sign-in."""
    return Route(AVIDSUITE_SIGN_IN_PATH, _authorize, methods=["POST"])


def let_in(sandbox: Sandbox, request: Request) -> None:
    """Check both bearers.

    Raises:
        RefusalError: 401 for one that is missing, not valid or no longer; 403 for a user without the right.
    """
    now = stamp(datetime.now(timezone.utc))
    token = _bearer(request, "avidauthorization")
    gateway = "SELECT 1 FROM ax_gateway WHERE key = ?"
    session = "SELECT 1 FROM ax_user_session WHERE token_sha256 = ? AND expires_at > ?"
    with sandbox.store.connection() as conn:
        is_passed = conn.execute(gateway, (_bearer(request, "authorization"),)).fetchone() is not None
        known = conn.execute(session, (_fingerprint(token), now)).fetchone()
    if not is_passed:
        raise refusal(401, "invalid_gateway_key", "The gateway does not know this key.")
    if not known:
        raise refusal(401, "invalid_token", "The token in AvidAuthorization is not valid, or no longer.")
    if request.method != "GET" and not sandbox.switches["avidxchange.token_may_write"]:
        raise refusal(403, "forbidden", "This user has no right to change anything.")


def _bearer(request: Request, header: str) -> str:
    scheme, _, given = request.headers.get(header, "").partition(" ")
    return given if scheme == "Bearer" else ""


async def _authorize(request: Request) -> Response:
    body = await request.body()
    sandbox: Sandbox = request.app.state.sandbox
    if sandbox.calls.of(System.AVIDXCHANGE).sign_ins <= sandbox.switches["avidxchange.failing_sign_ins"]:
        # So it was seen: what was sent stands in the page of the error.
        return Response(b"Service Unavailable: " + body, 503, media_type="text/plain")
    status, answer = await run_in_threadpool(_granted, sandbox, request, body)
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(answer), status, headers, media_type="application/json")


def _granted(sandbox: Sandbox, request: Request, body: bytes) -> tuple[int, dict[str, object]]:
    if not request.headers.get("content-type", "").startswith(_FORM):
        return 400, {"error": "invalid_request", "error_description": "Send a form."}
    form = {name: values[0] for name, values in parse_qs(body.decode("latin-1"), encoding="utf-8").items()}
    if form.get("grant_type") != "password":
        return 400, {"error": "unsupported_grant_type", "error_description": "The grant type is password."}
    token = secrets.token_urlsafe(48)
    lasts = timedelta(seconds=sandbox.switches["avidxchange.token_seconds"])
    name, password = form.get("username", ""), form.get("password", "")
    with sandbox.store.write() as conn:
        gateway = conn.execute("SELECT 1 FROM ax_gateway WHERE key = ?", (_bearer(request, "authorization"),))
        if gateway.fetchone() is None:
            problem = "The gateway does not know this key."
            return 401, {"exception": {"reason": "invalid_gateway_key", "detail": problem}}
        user = conn.execute("SELECT password FROM ax_user WHERE name = ?", (name,)).fetchone()
        if user is None or not secrets.compare_digest(user["password"].encode(), password.encode()):
            described = "The user name or the password is not right."
            return 400, {"error": "invalid_grant", "error_description": described}
        ends = stamp(datetime.now(timezone.utc) + lasts)
        conn.execute("INSERT INTO ax_user_session VALUES (?, ?, ?)", (_fingerprint(token), name, ends))
    # How long it is good for is not said.
    return 200, {"access_token": token}


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
