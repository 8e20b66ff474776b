"""Serves both systems on one loopback port and the control API on another."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from apbridge_sandbox import avidxchange, control, netsuite
from apbridge_sandbox.avidxchange import avidsuite, partner
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.middleware import CallMiddleware

HOST = "127.0.0.1"

_GRACE = 1
"""Seconds that calls under way have to end."""


class Server:
    """A running sandbox: `run` serves until `stop` is called or a signal comes.

    Args:
        sandbox: What is served.
        port: Of both systems; 0 takes a free one.
        control_port: Of the control API; 0 takes a free one.

    Raises:
        OSError: A port is taken.
    """

    def __init__(self, sandbox: Sandbox, *, port: int = 0, control_port: int = 0) -> None:
        self._sockets = [_listen(port), _listen(control_port)]
        self.port, self.control_port = (sock.getsockname()[1] for sock in self._sockets)
        app = _ByPort({self.port: systems_app(sandbox), self.control_port: control_app(sandbox)})
        self._uvicorn = _PromptServer(
            uvicorn.Config(
                app,
                http=_DroppableProtocol,
                lifespan="off",
                log_level="warning",
                access_log=False,
                proxy_headers=False,
            )
        )

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve; calls `on_ready` once, when both ports answer."""
        self._uvicorn.on_ready = on_ready
        self._uvicorn.run(sockets=self._sockets)

    def stop(self) -> None:
        """Ask the running server to end."""
        self._uvicorn.end()


def systems_app(sandbox: Sandbox) -> ASGIApp:
    """Compose NetSuite, at the root, and AvidXchange, under `/avidconnect`, `/partner` and `/avidsuite`."""
    routes: list[BaseRoute] = [
        _HEALTH,
        *avidxchange.routes(),
        *partner.routes(),
        *avidsuite.routes(),
        *netsuite.routes(),
    ]
    app = Starlette(routes=routes)
    app.state.sandbox = sandbox
    return CallMiddleware(app, sandbox, routes)


def control_app(sandbox: Sandbox) -> ASGIApp:
    """Compose the control API."""
    app = Starlette(routes=[_HEALTH, *control.routes()])
    app.state.sandbox = sandbox
    return app


async def _health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ready"})


_HEALTH = Route("/health", _health, methods=["GET"])


class _ByPort:
    def __init__(self, apps: dict[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._apps[scope["server"][1]](scope, receive, send)


class _PromptServer(uvicorn.Server):
    """Announces when it is ready, and ends at once: uvicorn looks each 100 ms, and tests start hundreds."""

    on_ready: Callable[[], None]
    _loop: asyncio.AbstractEventLoop | None = None
    _over: asyncio.Event

    def end(self) -> None:
        """End the server, from another thread."""
        if self._loop:
            # In the loop: once the flag is up, the loop may be over before another thread can wake it.
            self._loop.call_soon_threadsafe(self._end)
        else:
            self.should_exit = True

    def _end(self) -> None:
        self.should_exit = True
        self._over.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        self.on_ready()

    async def main_loop(self) -> None:
        ticking = asyncio.ensure_future(super().main_loop())
        over = asyncio.ensure_future(self._over.wait())
        await asyncio.wait((ticking, over), return_when=asyncio.FIRST_COMPLETED)
        ticking.cancel()
        over.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or ():
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if tasks := set(self.server_state.tasks):
            _, late = await asyncio.wait(tasks, timeout=_GRACE)
            for task in late:
                task.cancel()


class _DroppableProtocol(H11Protocol):
    """Hands the connection to the handlers as `state.transport`, so that a fault can cut it."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def _listen(port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer takes 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError:
        sock.close()
        raise
    return sock
