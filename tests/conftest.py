"""One sandbox with a small company for the tests that only read, and others for those that write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apbridge_sandbox.testing import Running, running


@pytest.fixture(scope="session")
def company() -> Iterator[Running]:
    """A company that nobody changes."""
    with running(vendors=40, bills=120) as sandbox:
        yield sandbox


@pytest.fixture
def changing_company() -> Iterator[Running]:
    """A company of one test's own."""
    with running(vendors=20, bills=40) as sandbox:
        yield sandbox
