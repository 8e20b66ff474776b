"""Under which of the contracts that ship a test runs: decided here, for all of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest

from apbridge.avidxchange.profile_files import shipped

UNDER_EACH = (
    "apbridge/tests/avidxchange/",  # the profiles themselves
    "apbridge-operator/tests/cli/test_learn.py",
    "apbridge-operator/tests/cli/test_profile.py",
    "apbridge-operator/tests/cli/test_trying.py",
    "tap-avidxchange/tests/test_reading.py",
    "target-avidxchange/tests/test_doubt.py",
    "target-avidxchange/tests/test_first_day.py",
    "target-avidxchange/tests/test_refusals.py",
    "target-avidxchange/tests/test_withdrawal.py",
    "tests/test_openapi.py",
    "tests/test_outbound_doubt.py",
)
"""Where what is proved may differ from contract to contract: reading, refusals, doubt, links.

The loop, the reconciliation and the first day (`test_every_contract.py`, `test_reconcile*.py`,
`test_first_day.py`) name the contracts themselves. Every other test that runs by contract runs under one,
drawn from its name: it is about what is done with what was read, and each contract is drawn many times.
"""


def left_out(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that need not run: those that run under another contract already."""
    return [item for item in items if isinstance(item, pytest.Function) and _is_left_out(item)]


def _is_left_out(item: pytest.Function) -> bool:
    spoken = [value for value in _parameters(item).values() if value in shipped()]
    if len(spoken) != 1 or item.nodeid.startswith(UNDER_EACH):
        return False
    others = sorted(str(value) for value in _parameters(item).values() if value != spoken[0])
    name = " ".join((item.nodeid.partition("[")[0], *others))
    return spoken[0] != shipped()[zlib.crc32(name.encode()) % len(shipped())]


def _parameters(item: pytest.Function) -> dict[str, object]:
    found = getattr(item, "callspec", None)
    return {name: value for name, value in found.params.items() if isinstance(value, str)} if found else {}
