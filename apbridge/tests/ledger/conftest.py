from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from apbridge.ledger import Ledger
from tests.databases import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Give places for ledgers that are not there yet, all of one kind."""
    numbers = count()

    def new() -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path}/ledger{next(numbers) or ''}.db"
        return new_database()

    return new


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """Give a place for a ledger that is not there yet."""
    return new_url()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url) as opened:
        yield opened
