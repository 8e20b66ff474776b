"""Who may see and do what: loopback or a password, one host name, and forms that come from our own pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "apbridge_visit"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Guard:
    """Stands before every page.

    Where there is no password, only requests to this machine by a name of this machine are answered: a page
    elsewhere that gives its own name this machine's address (DNS rebinding) is not.

    Args:
        app: What it stands before.
        password: Asked for where it is set, with any user name.
    """

    def __init__(self, app: ASGIApp, password: str | None) -> None:
        self._app = app
        self._password = password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through with the headers that keep browsers careful."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        if refusal:
            await refusal(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if self._password is None:
            if _host(request.headers.get("host", "")) not in LOOPBACK:
                return PlainTextResponse("This page is for this machine alone.", 421)
            return None
        if _knows(request.headers.get("authorization", ""), self._password):
            return None
        asks = {"WWW-Authenticate": 'Basic realm="apbridge", charset="UTF-8"'}
        return PlainTextResponse("A password is needed.", 401, headers=asks)


class Forms:
    """Tokens of forms: each is of one visit, which a cookie names that other sites cannot use."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def visit(self, request: Request) -> str:
        """Return the visit's name; a new one where the request has none."""
        return request.cookies.get(COOKIE) or secrets.token_urlsafe(24)

    def token(self, visit: str) -> str:
        """Return the token of a visit's forms."""
        return hmac.new(self._key, visit.encode(), hashlib.sha256).hexdigest()

    def remember(self, response: Response, visit: str) -> None:
        """Set the cookie that names the visit."""
        response.set_cookie(COOKIE, visit, httponly=True, samesite="strict", path="/")

    def is_ours(self, request: Request, form: Mapping[str, str]) -> bool:
        """Return whether a form was sent from one of our own pages."""
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return False
        visit = request.cookies.get(COOKIE)
        return bool(visit) and hmac.compare_digest(self.token(str(visit)), form.get("token", ""))


def _knows(header: str, password: str) -> bool:
    scheme, _, encoded = header.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return False
    return hmac.compare_digest(given.partition(":")[2].encode(), password.encode())


def _host(header: str) -> str:
    return urlsplit(f"//{header}").hostname or ""


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message["headers"] = [*message.get("headers", ()), *ours]
        await send(message)

    return sent
