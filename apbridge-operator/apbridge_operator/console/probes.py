"""What monitoring asks of the console, which has no browser to sign in with: `/health` and `/metrics`."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from apbridge.errors import APBridgeError, SettingError
from apbridge_operator.health import Level
from apbridge_operator.monitoring import Health, Loop, Numbers, health_of_all

_FRESH = 5.0
"""Seconds that an answer is good for: whoever asks without having signed in cannot keep the ledger busy."""
_LEAST_LENGTH = 20
_T = TypeVar("_T")


class Probes:
    """Answers them.

    `/health` is open to whoever reaches the console, and so says nothing but levels and codes. `/metrics`
    tells of money: it wants a token even on this machine, where other accounts and a proxy are too.

    Args:
        loops: What is told of: one, or each company's.
        token: What `/metrics` wants as `Authorization: Bearer`; None where it is not served.
        clock: Returns seconds that only grow.

    Raises:
        SettingError: The token is too short.
    """

    def __init__(
        self, loops: Sequence[Loop], token: str | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if token is not None and len(token) < _LEAST_LENGTH:
            raise SettingError("APB-CON-012", least=_LEAST_LENGTH)
        self._token = token
        self._health: _Kept[Health] = _Kept(lambda: health_of_all(loops), clock)
        self._metrics: _Kept[bytes] = _Kept(lambda: Numbers(loops).text(), clock)

    async def answer(self, request: Request) -> Response | None:
        """Answer a request; None where it is for the pages."""
        if request.url.path == "/health":
            return await self._healthy()
        if request.url.path == "/metrics":
            return await self._measured(request.headers.get("authorization", ""))
        return None

    async def _healthy(self) -> Response:
        try:
            found = await self._health.get()
        except APBridgeError as failure:
            return JSONResponse({"level": Level.BAD.value, "code": failure.code}, 503)
        return JSONResponse(found.as_json(), 503 if found.level is Level.BAD else 200)

    async def _measured(self, authorization: str) -> Response:
        if self._token is None:
            return PlainTextResponse(str(APBridgeError("APB-CON-011")), 404)
        scheme, _, given = authorization.partition(" ")
        is_same = hmac.compare_digest(given.strip().encode(), self._token.encode())
        if scheme.lower() != "bearer" or not is_same:
            asks = {"WWW-Authenticate": 'Bearer realm="apbridge"'}
            return PlainTextResponse(str(APBridgeError("APB-CON-013")), 401, headers=asks)
        return Response(await self._metrics.get(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Kept(Generic[_T]):
    """What was found out last, or why nothing could be, for a few seconds; it is found out once at a time."""

    def __init__(self, find: Callable[[], _T], clock: Callable[[], float]) -> None:
        self._find = find
        self._clock = clock
        self._turn = asyncio.Lock()
        self._found: tuple[float, _T | APBridgeError] | None = None

    async def get(self) -> _T:
        """Return it, or raise the `APBridgeError` that it is."""
        async with self._turn:
            if self._found is None or self._clock() >= self._found[0] + _FRESH:
                found = await run_in_threadpool(self._look)
                # From its end on, however long it took: whoever waited meanwhile must not ask for it anew.
                self._found = self._clock(), found
            found = self._found[1]
        if isinstance(found, APBridgeError):
            raise found
        return found

    def _look(self) -> _T | APBridgeError:
        try:
            return self._find()
        except APBridgeError as failure:
            return failure
