"""The `avidsuite` surface: who is let in, how calls are refused, and what it writes in a way of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apbridge_sandbox.avidxchange.answers import RefusalError
from apbridge_sandbox.avidxchange.avidsuite.sign_in import let_in
from apbridge_sandbox.avidxchange.names import names_of
from apbridge_sandbox.avidxchange.surface import Surface
from apbridge_sandbox.calls import AVIDSUITE_PREFIX
from apbridge_sandbox.clock import COMPANY_ZONE

NAMES = names_of("avidsuite")

GL_ACCOUNTS = "GL Account"
"""The group of enterprise codes that the GL accounts are."""

_GROUPS = {"department": "Department", "class": "Class", "location": "Location"}


def refused(error: RefusalError) -> dict[str, Any]:
    """Return a refusal in this surface's form."""
    problem = error.problems[0]
    return {"exception": {"reason": problem.code, "detail": problem.message}}


SURFACE = Surface(AVIDSUITE_PREFIX, let_in, refused)


def dimension_of(group: str) -> str:
    """Return the dimension that a group of enterprise codes is."""
    return next((name for name, told in _GROUPS.items() if told == group), group)


def group_of(dimension: str) -> str:
    """Return the group of enterprise codes that a dimension is."""
    return _GROUPS.get(dimension, dimension)


def local(instant: str | None, between: str = " ") -> str | None:
    """Write an instant as the company's clocks show it, and without their zone."""
    if instant is None:
        return None
    moment = datetime.fromisoformat(instant.replace("Z", "+00:00"))
    return f"{moment.astimezone(COMPANY_ZONE):%Y-%m-%d{between}%H:%M:%S}"
