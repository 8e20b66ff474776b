"""Who may see and do what: whoever has signed in, at one host name, by forms that come from our own pages."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apbridge.errors import APBridgeError
from apbridge_operator.console.probes import Probes
from apbridge_operator.console.sign_in import Session, SignIn, TooManyGuessesError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]*))(?::\d{1,5})?", re.ASCII)

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

    All pages are in a folder that nobody can guess, and the cookie is for it alone: browsers send a cookie to
    every port of a host, and at another one another account of the machine may listen. Its name is one of
    chance too: another of that name, which any port may set for all folders, would be taken in its place.

    Args:
        app: What it stands before.
        sign_in: Knows who has signed in.
        probes: Answer what is for nobody who signs in.
    """

    def __init__(self, app: ASGIApp, sign_in: SignIn, probes: Probes) -> None:
        self._app = app
        self._sign_in = sign_in
        self._probes = probes
        self._root = f"/{secrets.token_urlsafe(16)}"
        self._cookie = f"apbridge_{secrets.token_hex(16)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through with the headers that keep browsers careful."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answered = self._misdirected(request) or await self._probes.answer(request)
        found = answered or await self._signed_in(request)
        if isinstance(found, Response):
            await found(scope, receive, _with_headers(send))
            return
        request.state.session = found
        scope["root_path"] = self._root
        is_new = found.id != request.cookies.get(self._cookie)
        cookie = self._with_cookie(Response(), found).raw_headers[-1:] if is_new else []
        await self._app(scope, receive, _with_headers(send, cookie))

    def _misdirected(self, request: Request) -> Response | None:
        host = _HOST.fullmatch(request.headers.get("host", ""))
        if host is None:
            return _refusal("APB-CON-007", 400)
        if not self._sign_in.has_password and (host["six"] or host["name"]) not in LOOPBACK:
            return _refusal("APB-CON-008", 421)
        return None

    async def _signed_in(self, request: Request) -> Session | Response:
        session = self._sign_in.by_token(request.query_params.get("token", ""))
        if session:
            # To an address without the token: this one stays in the browser's history.
            return self._led_inside(session)
        is_inside = request.url.path.startswith(f"{self._root}/")
        session = self._sign_in.session(request.cookies.get(self._cookie)) if is_inside else None
        if session:
            return session
        if not self._sign_in.has_password:
            return _refusal("APB-CON-006", 403)
        found = await self._by_password(request)
        return found if is_inside or isinstance(found, Response) else self._led_inside(found)

    async def _by_password(self, request: Request) -> Session | Response:
        client = request.client.host if request.client else "somewhere"
        try:
            session = await self._sign_in.by_password(request.headers.get("authorization", ""), client)
        except TooManyGuessesError as found:
            wait = {"Retry-After": str(found.seconds)}
            return _refusal("APB-CON-009", 429, wait, seconds=found.seconds)
        asks = {"WWW-Authenticate": 'Basic realm="apbridge", charset="UTF-8"'}
        return session or _refusal("APB-CON-010", 401, asks)

    def _led_inside(self, session: Session) -> Response:
        return self._with_cookie(RedirectResponse(f"{self._root}/", 303), session)

    def _with_cookie(self, response: Response, session: Session) -> Response:
        response.set_cookie(self._cookie, session.id, httponly=True, samesite="strict", path=f"{self._root}/")
        return response


class Forms:
    """Tokens of forms: each is of one session."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def token(self, session: Session) -> str:
        """Return the token of a session's forms."""
        return hmac.new(self._key, session.id.encode(), hashlib.sha256).hexdigest()

    def is_ours(self, request: Request, form: Mapping[str, str]) -> bool:
        """Return whether a form was sent from one of our own pages."""
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            return False
        expected = self.token(request.state.session)
        return hmac.compare_digest(expected.encode(), form.get("token", "").encode())


def _refusal(code: str, status: int, headers: Mapping[str, str] | None = None, **facts: object) -> Response:
    return PlainTextResponse(str(APBridgeError(code, **facts)), status, headers=headers)


def _with_headers(send: Send, more: Sequence[tuple[bytes, bytes]] = ()) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message["headers"] = [*message.get("headers", ()), *ours, *more]
        await send(message)

    return sent
