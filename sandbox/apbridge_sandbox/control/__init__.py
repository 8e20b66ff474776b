"""The control API: what happens in the company and in AvidXchange, and what goes wrong on the way."""

from __future__ import annotations

from starlette.routing import BaseRoute

from apbridge_sandbox.control import (
    approvals,
    avidxchange,
    bills,
    books,
    certificates,
    documents,
    masters,
    netsuite,
    orders,
    sandbox,
    vendor_credits,
)


def routes() -> list[BaseRoute]:
    """Return the control API's routes, under `/control`."""
    return [
        *sandbox.routes(),
        *avidxchange.routes(),
        *masters.routes(),
        *netsuite.routes(),
        *documents.routes(),
        *vendor_credits.routes(),
        *approvals.routes(),
        *certificates.routes(),
        *bills.routes(),
        *orders.routes(),
        *books.routes(),
    ]
