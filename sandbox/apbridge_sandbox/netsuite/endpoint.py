"""How a handler is called: its request read, its refusals written."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.credentials import ACCOUNT_HOST
from apbridge_sandbox.netsuite.errors import (
    NetSuiteError,
    RestletError,
    invalid_content,
    unexpected,
    unsupported_media_type,
)

NETSUITE_DOMAIN = ".netsuite.com"
_AT_RESTLETS = ("/app/", "/services/rest/auth/oauth2/v1/clients/")
"""What is served by the RESTlets' host; everything else is SuiteTalk's."""

_JSON_TYPES = frozenset({"application/json", "application/vnd.oracle.resource+json"})

_logger = logging.getLogger(__name__)
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class NetSuiteCall:
    """One call of NetSuite."""

    request: Request
    body: bytes

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that it was made of."""
        sandbox: Sandbox = self.request.app.state.sandbox
        return sandbox

    @property
    def origin(self) -> str:
        """Where it was sent: scheme, host and port.

        NetSuite's own hosts are reached by https alone: whatever leads them here took that off.
        """
        host = self.request.headers["host"]
        scheme = "https" if host.endswith(NETSUITE_DOMAIN) else self.request.url.scheme
        return f"{scheme}://{host}"

    @property
    def url(self) -> str:
        """The resource that was called, without the slash that some clients end it with."""
        return f"{self.origin}{self.request.url.path.rstrip('/')}"

    def path(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    def json(self, *, is_assumed: bool = False) -> dict[str, Any]:
        """Read the body: an object; numbers that are not whole come as Decimal.

        Args:
            is_assumed: Whether a body is taken for JSON of which nothing is said.

        Raises:
            NetSuiteError: It is something else, or is not said to be JSON.
        """
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _JSON_TYPES and (kind or not is_assumed):
            raise unsupported_media_type(kind)
        try:
            value = _decoder.decode(self.body)
        except msgspec.DecodeError as error:
            detail = "Invalid JSON in the request body."
            raise invalid_content(detail, "") from error
        if not isinstance(value, dict):
            detail = "The request body has to be a JSON object."
            raise invalid_content(detail, "")
        return value


def answer(status: int, value: object, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(
        _encoder.encode(value), status, headers, media_type="application/vnd.oracle.resource+json"
    )


def no_content(location: str | None = None) -> Response:
    """Answer with nothing, as every write does."""
    return Response(status_code=204, headers={"Location": location} if location else None)


def endpoint(handle: Callable[[NetSuiteCall], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Make a route's endpoint: the handler runs on a thread, and what it refuses is answered."""

    @wraps(handle)
    async def called(request: Request) -> Response:
        return await run_in_threadpool(_guarded, handle, NetSuiteCall(request, await request.body()))

    return called


def _check_host(call: NetSuiteCall) -> None:
    """Make sure that a call by NetSuite's own names went to the account's host of its service.

    Raises:
        NetSuiteError: It went to another; a call by another name, such as the loopback's, goes to any.
    """
    host, path = call.request.headers["host"], call.request.url.path
    service = "restlets" if path.startswith(_AT_RESTLETS) else "suitetalk"
    if host.endswith(NETSUITE_DOMAIN) and host != f"{ACCOUNT_HOST}.{service}.api{NETSUITE_DOMAIN}":
        detail = f"There is nothing at {path} of {host}."
        raise NetSuiteError(404, "INVALID_URL", detail)


def _guarded(handle: Callable[[NetSuiteCall], Response], call: NetSuiteCall) -> Response:
    try:
        _check_host(call)
        return handle(call)
    except NetSuiteError as error:
        return answer(error.status, error.body(), error.headers)
    except RestletError as error:
        return Response(
            msgspec.json.encode(error.body()), error.status, error.headers, media_type="application/json"
        )
    except Exception:
        _logger.exception("%s %s", call.request.method, call.request.url.path)
        return answer(500, unexpected().body())
