"""NetSuite: a stub, until its room stands."""

from __future__ import annotations

from starlette.routing import BaseRoute


def routes() -> list[BaseRoute]:
    """Give NetSuite's routes."""
    return []
