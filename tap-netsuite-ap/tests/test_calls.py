"""How few calls a first reading makes: NetSuite's calls are what an account has least of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apbridge_sandbox.switches import declared
from apbridge_sandbox.testing import running
from tap_netsuite_ap.manifest import manifest

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

pytestmark = pytest.mark.long


def test_a_thousand_bills_with_lines_orders_and_images_take_at_most_thirty_calls(
    account_of: type[SandboxTap],
):
    """In the account that the sandbox is by default, which refuses columns: each refusal is a call too."""
    assert declared()["netsuite.hidden_columns"].default
    usual = [entry.name for entry in manifest().streams if entry.is_selected]
    with running(vendors=250, bills=1000) as sandbox:
        synced = account_of(sandbox).sync(only=usual)
        calls = sandbox.calls()["netsuite"]
    bills = synced.records("bills")
    assert len(bills) == 1000
    assert sum(len(bill["images"]) for bill in bills) == 455
    assert not any(bill["images_left_out"] for bill in bills)
    assert sum(len(bill["lines"]) for bill in bills) > 2500
    assert sum(bool(bill["purchase_orders"]) for bill in bills) > 50
    assert all(synced.records(name) for name in usual)
    assert calls["refusals"]
    assert calls["total"] <= 30
