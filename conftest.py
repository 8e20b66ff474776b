"""For every test of the project."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.contracts import left_out
from tests.statements import share

# Where a real account is set up in this very folder, its vault is no business of any test.
os.environ["APBRIDGE_VAULT"] = str(Path(os.devnull, "vault.json"))

# Programs that a test starts tell where they crashed, as pytest's own processes do.
os.environ["PYTHONFAULTHANDLER"] = "1"

# Nothing that is imported or collected is garbage; each process that runs tests collects all of them.
gc.disable()

_ALLOCATIONS = 50_000
"""New objects between two searches for garbage, in place of 700: between runs a test makes little of it."""


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Put the environment back whole: a command sets what is in `.env`, and what `init` has made."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let every test that runs by contract run under each of them."""
    parser.addoption(
        "--every-contract", action="store_true", help="leave no contract out: tests/contracts.py"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files that take long before all others, else in the order of chance.

    Of tests that run by contract most run under one; whoever names one by its id is given that.
    """
    if not config.getoption("--every-contract") and not any("[" in one for one in config.args):
        left = {*left_out(items)}
        config.hook.pytest_deselected(items=[*left])
        items[:] = [item for item in items if item not in left]
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Search for garbage seldom, and never in what was imported and collected: it only slows the tests."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])


# How long an example takes says how busy the machine is and nothing about the code; how long it takes to be
# drawn, neither. A test that suppresses a check of its own names this one again: lists are not added up.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

share()
