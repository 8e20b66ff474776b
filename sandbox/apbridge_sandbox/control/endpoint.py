"""One call to the control API: a JSON body of known fields in, JSON out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.money import Cents, cents


class Order(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is asked for. Amounts are numbers or decimal strings."""


class NoFields(Order):
    """Nothing more to say."""


_Order = TypeVar("_Order")
Handler = Callable[[Sandbox, _Order], Any]

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def route(method: str, path: str, kind: Any, handler: Handler[Any], *, quick: bool = False) -> Route:  # noqa: ANN401
    """Make a route of a plain function.

    Args:
        method: HTTP method.
        path: Under `/control`.
        kind: Type of its body; an empty body is an empty object.
        handler: Answers with what becomes JSON. StepError becomes 409, ValueError 422.
        quick: It touches what lives on the event loop, so it runs there; else on a thread.
    """

    async def endpoint(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        try:
            order = _read(await request.body(), kind)
            answer = handler(sandbox, order) if quick else await run_in_threadpool(handler, sandbox, order)
        except StepError as error:
            return _answer(409, {"message": str(error)})
        except (ValueError, sqlite3.Error) as error:
            return _answer(422, {"message": str(error)})
        return _answer(200, answer)

    return Route(f"/control{path}", endpoint, methods=[method])


def _read(body: bytes, kind: Any) -> Any:  # noqa: ANN401
    return msgspec.convert(_decoder.decode(body or b"{}"), kind, builtin_types=(Decimal,), dec_hook=_hook)


def _hook(kind: type, given: object) -> object:
    assert kind is Cents  # noqa: S101 - the only type here that JSON does not have
    try:
        return cents(Decimal(given) if isinstance(given, str) else given)
    except InvalidOperation as error:
        message = f"{given!r} is no amount"
        raise ValueError(message) from error


def _answer(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
