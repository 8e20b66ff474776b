"""Orders to AvidXchange: what people, or another program, have entered there before us."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from starlette.routing import Route

from apbridge_sandbox.avidxchange import masters
from apbridge_sandbox.avidxchange.answers import RefusalError
from apbridge_sandbox.avidxchange.bodies import read
from apbridge_sandbox.avidxchange.linking import enter
from apbridge_sandbox.avidxchange.masters import Master
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.endpoint import Order, route


class Entered(Order):
    """Records in `avidconnect`'s words, each with an `externalId` where another program gave it one.

    `dimension` says whose values they are.
    """

    records: list[dict[str, Any]]
    dimension: str | None = None


def routes() -> list[Route]:
    """Return the routes."""
    kinds = {
        "vendors": masters.VENDOR,
        "gl-accounts": masters.GL_ACCOUNT,
        "dimension-values": masters.DIMENSION_VALUE,
    }
    return [
        route("POST", f"/avidxchange/enter/{path}", Entered, partial(_enter, of))
        for path, of in kinds.items()
    ]


def _enter(of: Master, sandbox: Sandbox, order: Entered) -> Any:  # noqa: ANN401
    within = {"dimension": order.dimension or ""} if of.has_dimension else {}
    moment = sandbox.clock.stamp()
    ids = []
    with sandbox.store.write() as conn:
        for record in order.records:
            external_id = record.pop("externalId", None)
            try:
                body = read(msgspec.json.encode(record), of.body)
                ids.append(enter(conn, moment, of, body, within, external_id)["id"])
            except RefusalError as refused:
                raise ValueError(str(refused)) from refused
    return {"ids": ids}
