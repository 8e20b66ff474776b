"""A sandbox for the tests of a module, and calls of AvidXchange with its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from apbridge_sandbox.testing import Running, running
from tests.waiting import PATIENCE


class SignedInAvidXchange(requests.Session):
    """Calls paths of AvidXchange with good tokens."""

    def __init__(self, sandbox: Running) -> None:
        super().__init__()
        self._base = sandbox.avidxchange_url
        self.headers["X-Company-Token"] = sandbox.credentials["AVIDXCHANGE_COMPANY_TOKEN"]
        self.headers["X-User-Token"] = sandbox.credentials["AVIDXCHANGE_USER_TOKEN"]

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        """Call a path."""
        return super().request(method, self._base + url, timeout=PATIENCE, **options)


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Running) -> Running:
    """A sandbox as it starts: its company, an empty AvidXchange, no faults, no counts."""
    served.control("/control/seed", {})
    for forgotten in ("faults", "switches", "calls"):
        served.control(f"/control/{forgotten}", method="DELETE")
    return served


@pytest.fixture
def avidxchange(sandbox: Running) -> Iterator[SignedInAvidXchange]:
    with SignedInAvidXchange(sandbox) as session:
        yield session
