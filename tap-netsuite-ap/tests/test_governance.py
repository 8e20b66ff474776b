"""How many calls are in flight: what NetSuite grants, what a setting says, and what it costs to know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apbridge_sandbox.testing import running
from tap_netsuite_ap import bills

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

pytestmark = pytest.mark.long

LIMITS = "GET /services/rest/system/v1/governanceLimits"


@pytest.fixture(scope="module")
def premium(account_of: type[SandboxTap]) -> Iterator[SandboxTap]:
    """An account that takes eight calls at once."""
    with running(vendors=30, bills=150, concurrency_limit=8) as sandbox:
        # What is refused for another reason is not what these tests count.
        sandbox.control("/control/switches", {"netsuite.hidden_columns": ""})
        yield account_of(sandbox)


@pytest.fixture(autouse=True)
def _counted(premium: SandboxTap) -> None:
    premium.sandbox.control("/control/calls", method="DELETE")


def test_a_first_reading_takes_as_many_calls_as_netsuite_grants(
    premium: SandboxTap, monkeypatch: pytest.MonkeyPatch
):
    # As many calls for lines as a large company has.
    monkeypatch.setattr(bills, "BILLS_A_LINE_QUERY", 10)
    control = premium.sandbox.control
    for slow in (20, 500, 5000):
        control("/control/calls", method="DELETE")
        control("/control/faults", {"match": {"path": "suiteql"}, "do": {"delay_ms": slow}})
        first = premium.sync()
        control("/control/faults", method="DELETE")
        calls = premium.sandbox.calls()["netsuite"]
        if calls["peak_concurrency"] > 5:
            break  # the slower the answers, the surer that many are under way though this machine is busy
    assert calls["by_operation"][LIMITS] == 1
    assert 5 < calls["peak_concurrency"] <= 8
    assert calls["refusals"] == {}
    premium.sync(first.state)
    assert premium.sandbox.calls()["netsuite"]["by_operation"][LIMITS] == 1, "the later runs do not ask"


def test_a_setting_holds_and_costs_no_call(premium: SandboxTap):
    premium.sync(concurrency=3)
    calls = premium.sandbox.calls()["netsuite"]
    assert LIMITS not in calls["by_operation"]
    assert calls["peak_concurrency"] <= 3


def test_where_the_role_may_not_see_the_limit_it_is_five(
    premium: SandboxTap, caplog: pytest.LogCaptureFixture
):
    control = premium.sandbox.control
    missing = "netsuite.missing_permissions"
    dates = "netsuite.accounting_line_dates"
    control("/control/switches", {missing: "Setup -> Integration Management", dates: "kept"})
    try:
        whole = premium.sync()
    finally:
        control("/control/switches", {missing: "", dates: "null"})
    calls = premium.sandbox.calls()["netsuite"]
    assert calls["by_operation"][LIMITS] == 1
    assert calls["peak_concurrency"] <= 5
    assert len(whole.ids()) == 150
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("status", [400, 401])
def test_more_calls_than_the_account_takes_lose_nothing(
    premium: SandboxTap, status: int, tmp_path: Path, small_pages: None
):
    """NetSuite says it with 429, which every seventh call of another test is answered with, and otherwise."""
    assert small_pages is None
    control = premium.sandbox.control
    control("/control/switches", {"netsuite.overload_status": status})
    try:
        whole = premium.sync(only="bills", concurrency=12, spool_url=str(tmp_path))
    finally:
        control("/control/switches", {"netsuite.overload_status": 429})
    refusals = premium.sandbox.calls()["netsuite"]["refusals"]
    code = "CONCURRENCY_LIMIT_EXCEEDED" if status == 400 else "INVALID_LOGIN"
    assert refusals[code] > 0
    books = premium.books()
    assert sorted(whole.ids()) == sorted(books)
    assert all(
        premium.told(bill) == books[bill["id"]] for bill in whole.records("bills") if bill["is_eligible"]
    )
