"""What stands before both systems: counts calls, delays them, holds limits, lets faults befall them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import msgspec
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apbridge_sandbox.avidxchange.answers import FieldProblem, JsonAnswer, RefusalError
from apbridge_sandbox.avidxchange.avidsuite import endpoint as avidsuite
from apbridge_sandbox.avidxchange.partner import endpoint as partner
from apbridge_sandbox.calls import (
    SIGN_IN_PATHS,
    CallCounts,
    System,
    is_write,
    refusal_codes,
    system_of,
)
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.credentials import ACCOUNT_ID
from apbridge_sandbox.faults import Drop, Fault
from apbridge_sandbox.netsuite.errors import overloaded

_RETRY_AFTER_S = 1


class CallMiddleware:
    """ASGI middleware over the shared port.

    A handler whose call changes something though its path does not tell (a RESTlet that voids) sets
    `request.state.is_write = True`; one that refuses with a good status (an item of a batch) sets
    `request.state.refused` to the codes; one that takes several records sets `request.state.records`.
    """

    def __init__(self, app: ASGIApp, sandbox: Sandbox, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._sandbox = sandbox
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one call on."""
        if scope["type"] != "http" or scope["path"] == "/health":
            await self._app(scope, receive, send)
            return
        system = system_of(scope["path"])
        tally = self._sandbox.calls.of(system)
        tally.total += 1
        operation = self._operation(scope)
        tally.by_operation[operation] += 1
        if is_write(scope["method"], scope["path"]):
            tally.write(operation)
        outlet = _Outlet(send, tally)
        if scope["path"] in SIGN_IN_PATHS:
            # A sign-in is no call in flight: NetSuite's limit is on SOAP, REST and RESTlets.
            tally.sign_ins += 1
            await self._delay()
            await self._befall(scope, receive, outlet)
            return
        admitted = tally.enter(self._limit(system))
        try:
            await self._delay()
            if admitted:
                await self._befall(scope, receive, outlet)
            else:
                await outlet.answer(*self._overloaded(system, scope["path"]))
        finally:
            # The counts may have been reset meanwhile: the call leaves the tally that holds it now.
            self._sandbox.calls.of(system).leave(admitted=admitted)
        if scope["state"].get("is_write"):
            tally.write(operation)
        tally.written += scope["state"].get("records", 1) - 1
        tally.refusals.update(scope["state"].get("refused", ()))

    def _operation(self, scope: Scope) -> str:
        for route in self._routes:
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return f"{scope['method']} {getattr(route, 'path', scope['path'])}"
        return f"{scope['method']} (no such path)"

    def _limit(self, system: System) -> float:
        if system is System.NETSUITE:
            return self._sandbox.options.concurrency_limit
        return self._sandbox.switches["avidxchange.concurrency_limit"] or float("inf")

    async def _delay(self) -> None:
        if self._sandbox.options.latency_ms:
            await asyncio.sleep(self._sandbox.options.latency_ms / 1000)

    async def _befall(self, scope: Scope, receive: Receive, outlet: _Outlet) -> None:
        fault = self._sandbox.faults.due(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, outlet.send)
            return
        try:
            if fault.do.is_late:
                await self._come_late(fault, scope, receive, outlet)
            else:
                await self._suffer(fault, scope, receive, outlet)
        finally:
            # Also of a caller that has gone before its call was read to the end.
            fault.over += 1

    async def _come_late(self, fault: Fault, scope: Scope, receive: Receive, outlet: _Outlet) -> None:
        # Of a caller that is gone the server keeps no body: it is read while the caller is still there.
        body = await _body(receive)
        if fault.do.drop:
            await _cut(scope)
        async with self._sandbox.faults.held(fault):
            await self._app(scope, body, _nowhere if fault.do.drop else outlet.send)

    async def _suffer(self, fault: Fault, scope: Scope, receive: Receive, outlet: _Outlet) -> None:
        do = fault.do
        if do.drop is Drop.AFTER:
            await self._app(scope, receive, _nowhere)
        await asyncio.sleep(do.delay_ms / 1000)
        async with self._sandbox.faults.held(fault) if do.hold else nullcontext():
            if do.drop:
                await _cut(scope)
            elif do.status:
                await outlet.answer(do.status, *fault.answer())
            else:
                await self._app(scope, receive, outlet.send)

    def _overloaded(self, system: System, path: str) -> tuple[int, bytes, dict[str, str]]:
        if system is System.AVIDXCHANGE:
            problem = FieldProblem("too_many_requests", "Too many requests: wait, then send it again.")
            error = RefusalError(429, problem)
            surfaces = (partner.SURFACE, avidsuite.SURFACE)
            other = [one for one in surfaces if path.startswith(f"{one.prefix}/")]
            answer = JsonAnswer(429, other[0].refused(error)) if other else error.answer()
            return answer.status, answer.content(), _RETRY_AFTER["seconds"]()
        switches = self._sandbox.switches
        found = overloaded(path, switches["netsuite.overload_status"], ACCOUNT_ID)
        headers = found.headers | _RETRY_AFTER[switches["netsuite.overload_retry_after"]]()
        return found.status, msgspec.json.encode(found.body()), headers


_RETRY_AFTER: dict[str, Callable[[], dict[str, str]]] = {
    "none": dict,
    "seconds": lambda: {"retry-after": str(_RETRY_AFTER_S)},
    "date": lambda: {"retry-after": _http_date(_RETRY_AFTER_S)},
}


async def _body(receive: Receive) -> Receive:
    """Read a call's body to its end, and return what hands it out again."""
    whole, more = b"", True
    while more:
        message = await receive()
        whole += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return {"type": "http.request", "body": whole, "more_body": False}

    return again


async def _nowhere(_message: Message) -> None:
    """Take an answer that nobody will see."""


async def _cut(scope: Scope) -> None:
    scope["state"]["transport"].abort()
    # The server learns of the lost connection in its next turn; returning before would make it answer 500.
    await asyncio.sleep(0.01)


def _http_date(seconds: int) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


class _Outlet:
    """Passes an answer on, and counts the codes of a refusal."""

    def __init__(self, send: Send, tally: CallCounts) -> None:
        self._send = send
        self._tally = tally
        self._status = 0
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif self._status >= 400:  # noqa: PLR2004
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                self._tally.refusals.update(refusal_codes(self._status, self._body))
        await self._send(message)

    async def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        headers = {"content-type": "application/json", **headers, "content-length": str(len(body))}
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})
