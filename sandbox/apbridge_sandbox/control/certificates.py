"""Orders to NetSuite's sign-in: what an administrator, time and a refresh do to certificates."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from starlette.routing import Route

from apbridge_sandbox.avidxchange.lifecycle import StepError
from apbridge_sandbox.certificates import INTEGRATION_ROLE, SYSTEM_ENTITY, create_integration, map_certificate
from apbridge_sandbox.clock import stamp
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.endpoint import NoFields, Order, route


class Map(Order):
    """A certificate to map, as PEM; to a new integration unless one is named."""

    pem: str
    client_id: str | None = None
    role: int = INTEGRATION_ROLE
    entity: str = SYSTEM_ENTITY


class Expire(Order):
    """When certificates end, from now by real time; all of them unless one is named. Less than 0 is past."""

    in_days: float
    certificate_id: str | None = None


def routes() -> list[Route]:
    """Return the routes."""
    return [
        route("POST", "/netsuite/map-certificate", Map, _map),
        route("POST", "/netsuite/expire-certificate", Expire, _expire),
        route("POST", "/netsuite/refresh", NoFields, _refresh),
    ]


def _map(sandbox: Sandbox, order: Map) -> Any:  # noqa: ANN401
    with sandbox.store.write() as conn:
        client_id = order.client_id or create_integration(conn, "AP bridge")
        certificate_id = map_certificate(conn, client_id, order.pem, order.role, order.entity)
    return {"client_id": client_id, "certificate_id": certificate_id}


def _expire(sandbox: Sandbox, order: Expire) -> Any:  # noqa: ANN401
    ends = stamp(datetime.now(timezone.utc) + timedelta(days=order.in_days))
    with sandbox.store.write() as conn:
        changed = conn.execute(
            "UPDATE ns_certificate SET valid_until = ? WHERE certificate_id = COALESCE(?, certificate_id)",
            (ends, order.certificate_id),
        ).rowcount
    if not changed:
        message = f"there is no certificate {order.certificate_id}"
        raise StepError(message)
    return {"valid_until": ends}


def _refresh(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    """Refresh the account from production: its mappings and tokens are gone, its integrations stay."""
    with sandbox.store.write() as conn:
        mappings = conn.execute("DELETE FROM ns_certificate").rowcount
        conn.execute("DELETE FROM ns_token")
        conn.execute("DELETE FROM ns_access_token")
    return {"mappings_cleared": mappings}
