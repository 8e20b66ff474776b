"""The DAG file in a real Airflow, on a real PostgreSQL, with a real Meltano on the sandbox."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.testing import Running, running
from tests.databases import new_database
from tests.project import run
from tests.third_party.deployed import DAGS, PYTHON, Deployed
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.long

OUTBOUND, INBOUND = "apbridge-prod-outbound-every-30-minutes", "apbridge-prod-inbound-every-15-minutes"
NOTIFY = "apbridge-prod-notify"


@contextmanager
def deployed(folder: Path, latency_ms: int = 0) -> Iterator[tuple[Deployed, Running]]:
    with running(vendors=6, bills=8, latency_ms=latency_ms) as sandbox:
        yield Deployed(folder, sandbox.credentials), sandbox


def test_to_read_the_file_starts_nothing_and_calls_nobody_and_no_run_overlaps(tmp_path: Path):
    found = json.loads(
        Deployed(tmp_path, {"NETSUITE_ACCOUNT_ID": "1234567"})
        .does("shape", str(DAGS / "apbridge_dags.py"))
        .splitlines()[-1]
    )
    each: dict[str, Any] = {"catchup": False, "max_active_runs": 1, "company": "prod"}
    runs: dict[str, Any] = {
        **each,
        "pool": "netsuite-1234567",
        "retries": 4,
        "backs_off": True,
        "limit": 6 * 3600,
        "tells": ["_tell"],
    }
    assert found == {
        OUTBOUND: {**runs, "every": "*/30 * * * *", "command": ["orchestrate/job", "prod", "outbound"]},
        INBOUND: {**runs, "every": "*/15 * * * *", "command": ["orchestrate/job", "prod", "inbound"]},
        NOTIFY: {
            **each,
            "every": "*/15 * * * *",
            "command": ["apbridge", "notify"],
            "pool": "default_pool",
            "retries": 0,
            "backs_off": False,
            "limit": 600,
            "tells": [],
        },
    }


def test_a_dag_run_delivers_and_its_name_is_in_the_ledger_and_on_the_trail(tmp_path: Path):
    with deployed(tmp_path) as (there, sandbox):
        pools = subprocess.run(
            [PYTHON, DAGS / "pools.py", "schedules.json"], cwd=tmp_path, capture_output=True, check=True
        )
        (tmp_path / "pools.json").write_bytes(pools.stdout)
        url = new_database()
        steps = [["db", "migrate"], ["pools", "import", "pools.json"], ["dags", "test", OUTBOUND]]
        database = {f"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN{suffix}": url for suffix in ("", "_ASYNC")}
        said = there.does("commands", json.dumps(steps), **database)
        assert "bills 6 delivered" in said
        assert "Run completed" in said
        assert len(sandbox.books()["avidxchange"]["invoices"]) == 6
    ((plugin, status, name),) = there.runs()
    assert (plugin, status) == ("target-avidxchange", "finished")
    assert str(name).startswith(f"{OUTBOUND}/manual__")
    trail = run(tmp_path, "apbridge", "audit", "show", "--json").stdout
    assert {one["actor"].partition(", started by ")[2] for one in json.loads(trail)} == {name}


def test_no_process_outlives_a_task_that_is_stopped(tmp_path: Path):
    with deployed(tmp_path, latency_ms=500) as (there, sandbox):
        task = there.start("task", str(DAGS / "apbridge_dags.py"), OUTBOUND)
        until(lambda: sandbox.calls()["netsuite"]["by_operation"])
        assert set(there.started(OUTBOUND)) >= {"timeout", "meltano", "tap-netsuite-ap"}, there.said()
        task.send_signal(signal.SIGTERM)
        assert task.wait(PATIENCE) == 128 + signal.SIGTERM
        assert there.started(OUTBOUND) == []


def test_no_process_outlives_a_task_that_is_killed_though_it_says_nothing(tmp_path: Path):
    there = Deployed(tmp_path, {"NETSUITE_ACCOUNT_ID": "1234567"})
    # One that writes would notice that nobody listens any more.
    (tmp_path / "orchestrate").unlink()
    (tmp_path / "orchestrate").mkdir()
    job = tmp_path / "orchestrate/job"
    job.write_text('#!/bin/bash\ntrap "touch ended; exit" TERM\ntouch begun\nsleep 300 & wait\n', "utf-8")
    job.chmod(0o700)
    task = there.start("task", str(DAGS / "apbridge_dags.py"), OUTBOUND)
    until((tmp_path / "begun").exists)
    task.kill()
    task.wait(PATIENCE)
    until((tmp_path / "ended").exists)
    until(lambda: there.started(OUTBOUND) == [])


def test_a_failure_without_a_code_says_what_was_said_last_of_it(tmp_path: Path):
    there = Deployed(tmp_path, {"NETSUITE_ACCOUNT_ID": "1234567"})
    (tmp_path / "orchestrate").unlink()
    (tmp_path / "orchestrate").mkdir()
    job = tmp_path / "orchestrate/job"
    job.write_text(
        '#!/bin/bash\necho No such job\necho "meltano  Need help fixing this problem? Visit"\nexit 1\n',
        "utf-8",
    )
    job.chmod(0o700)
    said = there.does("task", str(DAGS / "apbridge_dags.py"), OUTBOUND)
    (failed,) = [line for line in said.splitlines() if line.startswith("failed: ")]
    assert failed == "failed: exit code 1: No such job"


def test_a_failure_says_its_sentence_and_is_told_at_once(tmp_path: Path):
    there = Deployed(tmp_path, {"AVIDXCHANGE_PROFILE": "nowhere.yaml", "NETSUITE_ACCOUNT_ID": "1234567"})
    said = there.does("task", str(DAGS / "apbridge_dags.py"), OUTBOUND)
    (failed,) = [line for line in said.splitlines() if line.startswith("failed: ")]
    assert "exit code 1" in failed
    assert "[APB-" in failed
    assert "Nothing has run" in said.partition(failed)[2]
