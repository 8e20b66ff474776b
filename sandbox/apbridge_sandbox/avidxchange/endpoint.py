"""One call to AvidXchange: who asks, what for, with what; and the plain functions that answer."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apbridge_sandbox.avidxchange import bodies
from apbridge_sandbox.avidxchange.answers import JsonAnswer, PictureAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.drift import drifted
from apbridge_sandbox.context import Sandbox

PREFIX = "/avidconnect"
LARGEST_BODY = 10 * 1024 * 1024
"""Of an image, in bytes, as one integrator publishes it."""

_Body = TypeVar("_Body", bound=bodies.RequestBody)


@dataclass(frozen=True)
class AvidXchangeCall:
    """A call that was let in."""

    sandbox: Sandbox
    path: dict[str, str]
    query: QueryParams
    headers: Headers
    body: bytes

    def json(self, kind: type[_Body]) -> _Body:
        """Read the body.

        Raises:
            RefusalError: 415 where it does not say JSON, 422 where it does not fit.
        """
        if self.media_type != "application/json":
            raise refusal(415, "unsupported_media_type", "Send application/json.")
        return bodies.read(self.body, kind)

    @property
    def media_type(self) -> str:
        """What the body says it is, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


Handler = Callable[[AvidXchangeCall], JsonAnswer | PictureAnswer]


def route(method: str, path: str, handler: Handler) -> Route:
    """Make a route of a plain function, which runs on a thread."""
    return Route(PREFIX + path, _endpoint(handler), methods=[method])


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        answer: JsonAnswer | PictureAnswer
        try:
            body = await _body(request)
            answer = await run_in_threadpool(_handle, handler, request, body)
        except RefusalError as refused:
            answer = refused.answer()
        if isinstance(answer, JsonAnswer):
            answer = drifted(request.app.state.sandbox.switches, request.method, answer)
        return Response(
            answer.content(),
            answer.status,
            headers={"X-Request-Id": str(uuid.uuid4())},
            media_type=answer.media_type,
        )

    return endpoint


def _handle(handler: Handler, request: Request, body: bytes) -> JsonAnswer | PictureAnswer:
    sandbox: Sandbox = request.app.state.sandbox
    _let_in(sandbox, request)
    if request.method != "GET" and (name := next(iter(request.query_params), None)) is not None:
        raise refusal(422, "unknown_parameter", f"There is no parameter {name}.", name)
    return handler(AvidXchangeCall(sandbox, request.path_params, request.query_params, request.headers, body))


async def _body(request: Request) -> bytes:
    """Read the body, no further than the largest there may be."""
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > LARGEST_BODY:
            raise refusal(413, "too_large", f"A body has at most {LARGEST_BODY} bytes.")
    return bytes(taken)


def _let_in(sandbox: Sandbox, request: Request) -> None:
    """Check the Company and the User token.

    Raises:
        RefusalError: 401 for bad tokens, 403 for a user without the right.
    """
    company = request.headers.get("x-company-token", "")
    user = request.headers.get("x-user-token", "")
    with sandbox.store.connection() as conn:
        known = conn.execute("SELECT company_token FROM ax_company").fetchone()
        right_user = conn.execute("SELECT 1 FROM ax_user_token WHERE token = ?", (user,)).fetchone()
    right_company = known and secrets.compare_digest(known[0].encode(), company.encode())
    if not (right_company and right_user):
        raise refusal(401, "invalid_token", "The Company Token or the User Token is not valid.")
    if request.method != "GET" and not sandbox.switches["avidxchange.token_may_write"]:
        raise refusal(403, "forbidden", "This user has no right to change anything.")
