"""The ten firms: what their accounts are like."""

from __future__ import annotations

import pytest

from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.switches import Switches
from tests.accounts.accounts import Account, accounts


@pytest.mark.parametrize("account", accounts(), ids=lambda one: one.name)
def test_the_sandbox_can_be_this_account(account: Account):
    Switches().set(account.switches)
    assert account.contract in shipped()


def test_they_are_ten():
    assert len({account.name for account in accounts()}) == 10
