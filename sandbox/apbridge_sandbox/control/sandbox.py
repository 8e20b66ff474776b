"""Orders to the sandbox itself: its company, clock, faults and switches, and what it counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.routing import Route

from apbridge_sandbox.company import CompanySize, seed_company
from apbridge_sandbox.context import Sandbox
from apbridge_sandbox.control.endpoint import NoFields, Order, route
from apbridge_sandbox.faults import Fault


class Seed(Order):
    """The company to make; what is left out is as the sandbox was started."""

    seed: int | None = None
    vendors: int | None = None
    bills: int | None = None


class Advance(Order):
    """How far to move the clock."""

    advance_seconds: int = 0
    advance_days: int = 0


def routes() -> list[Route]:
    """Return the routes."""
    return [
        route("POST", "/seed", Seed, _seed),
        route("POST", "/clock", Advance, _advance),
        route("GET", "/clock", NoFields, _clock),
        route("POST", "/faults", Fault, _add_fault, quick=True),
        route("GET", "/faults", NoFields, _faults, quick=True),
        route("DELETE", "/faults", NoFields, _clear_faults, quick=True),
        route("POST", "/faults/let-go", NoFields, _let_go, quick=True),
        route("POST", "/switches", dict[str, Any], _set_switches, quick=True),
        route("GET", "/switches", NoFields, _switches, quick=True),
        route("DELETE", "/switches", NoFields, _reset_switches, quick=True),
        route("GET", "/calls", NoFields, _calls, quick=True),
        route("DELETE", "/calls", NoFields, _reset_calls, quick=True),
    ]


def _seed(sandbox: Sandbox, order: Seed) -> Any:  # noqa: ANN401
    usual = sandbox.options.company
    size = CompanySize(
        seed=usual.seed if order.seed is None else order.seed,
        vendors=order.vendors or usual.vendors,
        bills=order.bills or usual.bills,
    )
    seed_company(sandbox.store, sandbox.clock, size)
    return size


def _advance(sandbox: Sandbox, order: Advance) -> Any:  # noqa: ANN401
    sandbox.clock.advance(timedelta(days=order.advance_days, seconds=order.advance_seconds))
    return {"now": sandbox.clock.stamp()}


def _clock(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    return {"now": sandbox.clock.stamp()}


def _add_fault(sandbox: Sandbox, order: Fault) -> Any:  # noqa: ANN401
    sandbox.faults.in_force.append(order)
    return sandbox.faults.in_force


def _faults(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    return sandbox.faults.in_force


def _clear_faults(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    sandbox.faults.clear()
    return []


def _let_go(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    sandbox.faults.let_go()
    return sandbox.faults.in_force


def _set_switches(sandbox: Sandbox, order: dict[str, Any]) -> Any:  # noqa: ANN401
    sandbox.switches.set(order)
    return dict(sandbox.switches)


def _switches(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    return dict(sandbox.switches)


def _reset_switches(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    sandbox.switches.reset()
    return dict(sandbox.switches)


def _calls(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    return sandbox.calls.as_json()


def _reset_calls(sandbox: Sandbox, _order: NoFields) -> Any:  # noqa: ANN401
    sandbox.calls.reset()
    return sandbox.calls.as_json()
