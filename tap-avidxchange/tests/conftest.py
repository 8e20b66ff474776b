"""A company of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.testing import running
from tests.avidxchange_company import PayingCompany


@pytest.fixture(params=shipped())
def company(request: pytest.FixtureRequest) -> Iterator[PayingCompany]:
    """A company, under every contract that ships: what holds under one must hold under the other."""
    with running(vendors=1, bills=0) as sandbox:
        yield PayingCompany(sandbox, request.param)
