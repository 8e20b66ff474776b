"""Whatever happens, in whatever slices it is seen: both books agree, or it is said why not, to the cent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apbridge_sandbox.testing import running
from tests.halves import OutboundHalf, impatient
from tests.payment_history import History

_VERBS = (
    *("bill", "approve", "pay", "settle") * 3,
    *("inbound", "outbound") * 2,
    *("edit", "by_hand", "take_back", "hold", "fail", "void", "reissue", "time"),
)
_NUMBERS = st.integers(0, 10_000)
_EVENTS = st.lists(st.tuples(st.sampled_from(_VERBS), _NUMBERS, _NUMBERS), min_size=8, max_size=30)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any]]:
    """A company whose vendors and accounts AvidXchange knows already, and the STATE of that run."""
    folder = tmp_path_factory.mktemp("begun")
    with running(vendors=12, bills=0, folder=folder) as sandbox:
        half = OutboundHalf(sandbox, f"sqlite:///{folder}/ledger-0.db", folder / "spool")
        assert half.run() is None
    with impatient():
        yield folder, half.state


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(events=_EVENTS, on_void=st.sampled_from(["delete", "restlet", "reject"]))
def test_any_history(begun: tuple[Path, Any], events: list[tuple[str, int, int]], on_void: str):
    before, outbound_state = begun
    with TemporaryDirectory() as place:
        folder = Path(place)
        for file in before.glob("*.db*"):
            shutil.copy(file, folder)
        with running(vendors=12, bills=0, folder=folder) as sandbox:
            history = History(sandbox, folder, outbound_state, {"on_void": on_void})
            # Something to pay from the beginning: a history without it says little.
            for which in range(3):
                history.happen("bill", which, 4001 * which)
            history.outbound()
            history.happen("approve", 0, 1)
            for verb, which, much in events:
                history.happen(verb, which, much)
            # Each half once more than it takes: what one writes, the other reads.
            for _ in range(2):
                history.outbound()
                history.inbound()
            history.outbound()
            assert [*history.disagreements()] == []
            history.close()
