"""Orders to AvidXchange: what people, or another program, have entered there before us."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from starlette.routing import Route

from apbridge_sandbox.avidxchange import masters
from apbridge_sandbox.avidxchange.answers import RefusalError
from apbridge_sandbox.avidxchange.bodies import read
from apbridge_sandbox.avidxchange.linking import enter
from apbridge_sandbox.avidxchange.masters import Master
from apbridge_sandbox.company.spellings import entered_before
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.endpoint import Order, route


class Entered(Order):
    """Records in `avidconnect`'s words, each with an `externalId` where another program gave it one.

    `dimension` says whose values they are.
    """

    records: list[dict[str, Any]]
    dimension: str | None = None


class FirstDayOrder(Order):
    """How many vendors were there before us: NetSuite's in other spellings, near namesakes, others."""

    alike: int
    namesakes: int = 0
    others: int = 0


_VENDORS = """
SELECT v.id, v.altname, v.taxidnum, a.addr1, a.city, a.state, a.zip
FROM ns_vendor v JOIN ns_vendoraddressbookentityaddress a ON a.nkey = v.defaultbillingaddress ORDER BY v.id
"""


def routes() -> list[Route]:
    """Return the routes."""
    kinds = {
        "vendors": masters.VENDOR,
        "gl-accounts": masters.GL_ACCOUNT,
        "dimension-values": masters.DIMENSION_VALUE,
    }
    return [
        route("POST", "/avidxchange/enter/first-day", FirstDayOrder, _enter_first_day),
        *_entering(kinds),
    ]


def _entering(kinds: Mapping[str, Master]) -> list[Route]:
    return [
        route("POST", f"/avidxchange/enter/{path}", Entered, partial(_enter, of))
        for path, of in kinds.items()
    ]


def _enter_first_day(sandbox: Sandbox, order: FirstDayOrder) -> Any:  # noqa: ANN401
    with sandbox.store.connection() as conn:
        vendors = [dict(row) for row in conn.execute(_VENDORS)]
    records = entered_before(vendors, alike=order.alike, namesakes=order.namesakes, others=order.others)
    ids = _enter(masters.VENDOR, sandbox, Entered(records=records))["ids"]
    ours = [str(one["id"]) for one in vendors]
    near = ours[order.alike : order.alike + order.namesakes]
    return {
        "alike": dict(zip(ours[: order.alike], ids, strict=False)),
        "namesakes": dict(zip(near, ids[order.alike :], strict=False)),
    }


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
