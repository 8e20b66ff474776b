"""What a run with nothing new costs, in the account that the sandbox is by default."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from apbridge.schemas.identifiers import DIMENSIONS
from apbridge_sandbox.switches import declared
from apbridge_sandbox.testing import running
from tests.in_process import OutboundHalf

MOST_CALLS = 14
STREAMS = {"vendors", "gl_accounts", "bills", *(stream for stream, _ in DIMENSIONS.values())}


def test_an_outbound_run_with_nothing_new_makes_few_calls_though_columns_are_refused(tmp_path: Path):
    assert declared()["netsuite.hidden_columns"].default
    with running(vendors=4, bills=6) as sandbox:
        assert sandbox.sandbox
        ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
        outbound = OutboundHalf(sandbox, ledger, tmp_path / "spool", "avidconnect")
        for _ in range(3):
            assert outbound.write(outbound.read(STREAMS)) is None
            sandbox.sandbox.clock.advance(timedelta(minutes=10))
        sandbox.control("/control/calls", method="DELETE")
        assert outbound.write(outbound.read(STREAMS)) is None
        calls = sandbox.calls()
        assert sum(system["total"] for system in calls.values()) <= MOST_CALLS
        assert sum(system["writes"] for system in calls.values()) == 0
        assert calls["netsuite"]["refusals"] == {}
