"""Purchase orders, which invoices are matched with: they flow one way, in."""

from __future__ import annotations

from apbridge_sandbox.avidxchange.answers import JsonAnswer, RefusalError
from apbridge_sandbox.avidxchange.bodies import OrderBody, content
from apbridge_sandbox.avidxchange.checks import problems_of_order
from apbridge_sandbox.avidxchange.endpoint import AvidXchangeCall
from apbridge_sandbox.avidxchange.listing import listed
from apbridge_sandbox.avidxchange.records import checked_external_id, find, item, next_id, put, shown

TABLE = "ax_purchase_order"


def put_order(call: AvidXchangeCall) -> JsonAnswer:
    """Create or change a purchase order. The same content again changes nothing.

    Raises:
        RefusalError: 422: its vendor or a GL code is not known.
    """
    body = call.json(OrderBody)
    key = {"external_id": checked_external_id(call.path["external_id"])}
    with call.sandbox.store.write() as conn:
        known = find(conn, TABLE, key)
        if known is None or known["content"] != content(body):
            if problems := problems_of_order(conn, body):
                raise RefusalError(422, *problems)
            number = known["id"] if known else next_id(conn, TABLE)
            moment = call.sandbox.clock.stamp()
            put(conn, TABLE, {"id": number, **key, "content": content(body), "modified_at": moment})
        written = find(conn, TABLE, key)
    assert written  # noqa: S101 - it was there or has just been put
    return JsonAnswer(200 if known else 201, item(written))


def list_orders(call: AvidXchangeCall) -> JsonAnswer:
    """List purchase orders."""
    return listed(call, TABLE, shown)
