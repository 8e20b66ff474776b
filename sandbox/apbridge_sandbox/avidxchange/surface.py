"""A style in which AvidXchange is called, over the same books: how calls come in, and go out refused."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apbridge_sandbox.avidxchange.answers import JsonAnswer, PictureAnswer, RefusalError, refusal
from apbridge_sandbox.avidxchange.drift import drifted
from apbridge_sandbox.context import Sandbox

_decode = msgspec.json.Decoder(float_hook=Decimal).decode

LARGEST_BODY = 15 * 1024 * 1024
"""Of a body: an image of 10 MB in base64 is a third larger."""


@dataclass(frozen=True)
class Part:
    """A part of a form; `file_name` is None where it is no file."""

    name: str
    file_name: str | None
    media_type: str
    content: bytes


@dataclass
class SurfaceCall:
    """A call that was let in.

    Attributes:
        request: The request itself.
        body: Its body.
        form: Its parts, where it is a form.
        refused: Codes of the items that were refused: the status does not tell.
        records: How many records it brings.
    """

    request: Request
    body: bytes
    form: list[Part] | None = None
    refused: list[str] = field(default_factory=list)
    records: int = 1

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that it was made of."""
        sandbox: Sandbox = self.request.app.state.sandbox
        return sandbox


Handler = Callable[[SurfaceCall], JsonAnswer | PictureAnswer]


@dataclass(frozen=True)
class Surface:
    """One style.

    Args:
        prefix: What every path is below.
        let_in: Checks who calls; it raises where that is refused.
        refused: Writes a refusal.
    """

    prefix: str
    let_in: Callable[[Sandbox, Request], None]
    refused: Callable[[RefusalError], dict[str, Any]]

    def route(self, method: str, path: str, handler: Handler) -> Route:
        """Make a route of a plain function, which runs on a thread."""

        def handle(call: SurfaceCall) -> JsonAnswer | PictureAnswer:
            self.let_in(call.sandbox, call.request)
            return handler(call)

        async def endpoint(request: Request) -> Response:
            answer: JsonAnswer | PictureAnswer
            try:
                call = await _read(request)
                answer = await run_in_threadpool(handle, call)
                request.state.refused = call.refused
                request.state.records = call.records
            except RefusalError as error:
                answer = JsonAnswer(error.status, self.refused(error))
            if isinstance(answer, JsonAnswer):
                answer = drifted(request.app.state.sandbox.switches, request.method, answer)
            return Response(
                answer.content(),
                answer.status,
                headers={"X-Correlation-Id": str(uuid.uuid4())},
                media_type=answer.media_type,
            )

        return Route(self.prefix + path, endpoint, methods=[method])


async def _read(request: Request) -> SurfaceCall:
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > LARGEST_BODY:
            raise refusal(413, "too_large", f"A body has at most {LARGEST_BODY} bytes.")
    body = bytes(taken)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return SurfaceCall(request, body)
    # What was read is given once more, for the form to be read from.
    async with Request(request.scope, _again(body)).form() as form:
        parts = [await _part(name, value) for name, value in form.multi_items()]
    return SurfaceCall(request, body, parts)


async def _part(name: str, value: UploadFile | str) -> Part:
    if isinstance(value, str):
        return Part(name, None, "text/plain", value.encode())
    return Part(name, value.filename, value.content_type or "", await value.read())


def _again(body: bytes) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def json_of(call: SurfaceCall) -> Any:  # noqa: ANN401
    """Read a JSON object.

    Raises:
        RefusalError: 415 where it does not say JSON, 400 where it is none.
    """
    media_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise refusal(415, "unsupported_media_type", "Send application/json.")
    try:
        given = _decode(call.body)
    except msgspec.DecodeError as error:
        raise refusal(400, "malformed_json", f"The body is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise refusal(400, "malformed_json", "The body is not an object.")
    return given
