from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from apbridge.ledger import Ledger

if "databases" not in sys.modules:
    spec = importlib.util.spec_from_file_location("databases", Path(__file__).parents[1] / "databases.py")
    assert spec
    assert spec.loader
    sys.modules["databases"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["databases"])


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Give places for ledgers that are not there yet, all of one kind."""
    numbers = count()

    def new() -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path}/ledger{next(numbers) or ''}.db"
        return str(sys.modules["databases"].new_database())

    return new


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """Give a place for a ledger that is not there yet."""
    return new_url()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url) as opened:
        yield opened
