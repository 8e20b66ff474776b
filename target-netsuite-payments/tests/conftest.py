"""One sandbox for all tests; each takes open bills that no other test has touched."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from apbridge.http import retry
from apbridge_sandbox.testing import running

from .company import OpenBill, OpenCredit, PostingCompany
from .program import Target


@pytest.fixture(scope="session")
def _company() -> Iterator[PostingCompany]:
    with running(vendors=16, bills=900) as sandbox:
        yield PostingCompany(sandbox)


@pytest.fixture
def company(_company: PostingCompany) -> Iterator[PostingCompany]:
    _company.forget_calls()
    yield _company
    _company.calm()


@pytest.fixture
def target(company: PostingCompany, tmp_path: Path) -> Target:
    return Target(company.sandbox, tmp_path)


@pytest.fixture
def pair(company: PostingCompany) -> tuple[OpenBill, OpenCredit]:
    """A bill, and a credit of 10.00 of its vendor."""
    bill = company.bill()
    return bill, company.credit(bill, "10.00")


@pytest.fixture
def another_target(company: PostingCompany, tmp_path: Path) -> Callable[[], Target]:
    """Make targets with ledgers of their own: a lost ledger, or another machine."""
    made = count(1)

    def make() -> Target:
        folder = tmp_path / f"other-{next(made)}"
        folder.mkdir()
        return Target(company.sandbox, folder)

    return make


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSES", (0.0, 0.05, 0.1))


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
