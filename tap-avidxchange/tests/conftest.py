"""A company of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.avidxchange_company import Company

from apbridge_sandbox.testing import running


@pytest.fixture
def company() -> Iterator[Company]:
    with running(vendors=1, bills=0) as sandbox:
        yield Company(sandbox)
