"""The whole loop with real Meltano, judged by the sandbox's own books."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.testing import Running, running
from demo.__main__ import MOST_IDLE_CALLS
from demo.books import BothBooks
from demo.meltano import PROGRAMS, ROOT, meltano_run, pay_a_month

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class LoopRun:
    """What was seen after each step of the loop."""

    sandbox: Running
    folder: Path
    paid: int
    first_calls: Any
    second_calls: Any
    before: Any
    after: Any


@pytest.fixture(scope="module")
def loop_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopRun]:
    folder = tmp_path_factory.mktemp("loop")
    with running(vendors=60, bills=240, folder=folder, in_process=False) as sandbox:

        def run(job: str) -> None:
            said: list[str] = []
            assert meltano_run(job, folder, sandbox.credentials, tell=said.append) == 0, "\n".join(said[-40:])

        run("outbound")
        paid = pay_a_month(sandbox)
        run("inbound")
        first_calls, before = sandbox.calls(), sandbox.books()
        sandbox.control("/control/calls", method="DELETE")
        run("outbound")
        run("inbound")
        yield LoopRun(sandbox, folder, paid, first_calls, sandbox.calls(), before, sandbox.books())


def test_both_books_agree_in_every_line(loop_run: LoopRun):
    books = BothBooks(loop_run.before, loop_run.sandbox.credentials["NETSUITE_ACCOUNT_ID"])
    lines = books.compare()
    assert [line for line in lines if not line.agree] == []
    assert len(books.invoices) > 150
    assert loop_run.paid > 50


def test_no_invoice_came_before_its_vendor_and_codes(loop_run: LoopRun):
    assert loop_run.first_calls["avidxchange"]["refusals"] == {}
    assert loop_run.first_calls["netsuite"]["refusals"] == {}


def test_calls_stay_within_the_accounts_limit(loop_run: LoopRun):
    assert loop_run.first_calls["netsuite"]["peak_concurrency"] <= 5


def test_a_second_run_writes_nothing_and_asks_little(loop_run: LoopRun):
    systems = loop_run.second_calls.values()
    assert sum(system["writes"] for system in systems) == 0
    assert sum(system["total"] for system in systems) <= MOST_IDLE_CALLS
    assert loop_run.after == loop_run.before


def test_no_secret_is_in_any_log(loop_run: LoopRun):
    credentials = loop_run.sandbox.credentials
    names = ("AVIDXCHANGE_COMPANY_TOKEN", "AVIDXCHANGE_USER_TOKEN", "NETSUITE_CLIENT_ID")
    key = Path(credentials["NETSUITE_PRIVATE_KEY_PATH"]).read_text(encoding="utf-8").splitlines()[1]
    logs = [(loop_run.folder / f"{job}.log").read_text(encoding="utf-8") for job in ("outbound", "inbound")]
    for secret in (*(credentials[name] for name in names), key):
        assert not [log for log in logs if secret in log]


def test_meltano_knows_both_schedules():
    listed = subprocess.run(
        [PROGRAMS / "meltano", "schedule", "list", "--format=json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert '"interval": "*/30 * * * *"' in listed
    assert '"interval": "*/15 * * * *"' in listed
