"""Airflow as its processes: API server, scheduler with LocalExecutor's workers, and the reader of DAGs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from tests.databases import new_database
from tests.third_party.deployed import PYTHON, Deployed
from tests.waiting import PATIENCE, until

WORKERS = 4
_HEARD_OF_SECONDS = 30
"""How long a task may say nothing until it is taken to be gone; five minutes unless told."""

_POLICY = '''"""A task that failed is tried again after seconds and not minutes: the day is short."""

from datetime import timedelta


def task_policy(task):
    task.retry_delay = timedelta(seconds=3)
'''
_OPENER = build_opener(ProxyHandler({}))


class Airflow:
    """An Airflow for a project; ended by `end`.

    Args:
        project: With `schedules.json`.
    """

    def __init__(self, project: Deployed) -> None:
        self._project = project
        self._url = f"http://127.0.0.1:{_free_port()}"
        policy = project.folder / "airflow/config/airflow_local_settings.py"
        policy.parent.mkdir(parents=True)
        policy.write_text(_POLICY, encoding="utf-8")
        self._settings = self._settled(new_database())
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self) -> None:
        """Start it, and wait until it knows the DAGs."""
        folder = self._project.folder
        pools = [str(PYTHON), "orchestrate/airflow/pools.py", "schedules.json", str(WORKERS)]
        (folder / "pools.json").write_bytes(
            subprocess.run(pools, cwd=folder, capture_output=True, check=True).stdout
        )
        steps = [["db", "migrate"], ["pools", "import", "pools.json"]]
        self._project.does("commands", json.dumps(steps), **self._settings)
        port = self._url.rpartition(":")[2]
        for words in (["api-server", "--port", port, "--workers", "1"], ["scheduler"], ["dag-processor"]):
            self._running[words[0]] = self._project.start(
                "commands", json.dumps([words]), log=f"{words[0]}.log", more=self._settings, new_session=True
            )
        wanted = {
            f"apbridge-{one['company']}-{one['name']}"
            for one in json.loads((folder / "schedules.json").read_bytes())
        }
        self._until(lambda: wanted <= set(self.dags()))

    def end(self) -> None:
        """Stop all of it."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE / 10)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def dags(self) -> list[str]:
        """Return the DAGs' names."""
        try:
            return [one["dag_id"] for one in self._ask("/dags?limit=100")["dags"]]
        except URLError:
            return []

    def trigger(self, dag: str) -> None:
        """Have a DAG run now."""
        self._ask(f"/dags/{dag}/dagRuns", {"logical_date": None})

    def until_idle(self) -> None:
        """Wait until no DAG runs."""
        self._until(
            lambda: not self._ask("/dags/~/dagRuns?state=running&state=queued&limit=1")["total_entries"]
        )

    def tries(self) -> list[dict[str, Any]]:
        """Return each try of each task."""
        found = []
        for dag in self.dags():
            for one in self._ask(f"/dags/{dag}/dagRuns/~/taskInstances?limit=1000")["task_instances"]:
                where = f"/dags/{dag}/dagRuns/{one['dag_run_id']}/taskInstances/{one['task_id']}/tries"
                found += self._ask(where)["task_instances"]
        return found

    def runs(self, dag: str, program: str) -> bool:
        """Return whether a DAG's run has such a program under way."""
        return any(program.encode() in _read(process, "cmdline") for process in _programs(dag))

    def worker_of(self, dag: str) -> list[int]:
        """Return the processes of a DAG's run, up to the executor's worker: they would be gone together."""
        programs = _programs(dag)
        scheduler = self._running["scheduler"].pid
        found = {*programs}
        for process in programs:
            above = _parent(process)
            while above not in {0, 1, scheduler}:
                found.add(above)
                above = _parent(above)
        return sorted(found)

    def _until(self, holds: Callable[[], object]) -> None:
        def does() -> object:
            for name, process in self._running.items():
                assert process.poll() is None, (
                    f"{name} has ended:\n{self._project.said(f'{name}.log')[-3000:]}"
                )
            return holds()

        until(does, every=0.5)

    def _ask(self, path: str, body: object = None) -> Any:  # noqa: ANN401
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._url}/api/v2{path}", data, {"Content-Type": "application/json"})  # noqa: S310
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def _settled(self, database: str) -> Mapping[str, str]:
        of_section: dict[str, dict[str, object]] = {
            "CORE": {
                "EXECUTOR": "LocalExecutor",
                "PARALLELISM": WORKERS,
                "EXECUTION_API_SERVER_URL": f"{self._url}/execution/",
                "SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
            },
            "DATABASE": {"SQL_ALCHEMY_CONN": database, "SQL_ALCHEMY_CONN_ASYNC": database},
            "API_AUTH": {"JWT_SECRET": "of-this-day-alone-and-of-no-other-one"},
            "API": {"SECRET_KEY": "of-this-day-alone-and-of-no-other-one"},
            "SCHEDULER": {
                # The day's clock is the sandbox's, and not that on the wall.
                "USE_JOB_SCHEDULE": False,
                "TASK_INSTANCE_HEARTBEAT_TIMEOUT": _HEARD_OF_SECONDS,
                "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 3,
            },
            # They do not change while it runs.
            "DAG_PROCESSOR": {"MIN_FILE_PROCESS_INTERVAL": 3600},
        }
        return {
            f"AIRFLOW__{section}__{name}": str(value)
            for section, settings in of_section.items()
            for name, value in settings.items()
        }


def most_at_once(tries: list[dict[str, Any]]) -> int:
    """Return how many tasks ran at once at most."""
    turns = []
    for one in tries:
        # When a try that was killed ended, nobody knows.
        if one["state"] == "success":
            turns += [
                (datetime.fromisoformat(one["start_date"]), 1),
                (datetime.fromisoformat(one["end_date"]), -1),
            ]
    most = now = 0
    for _, step in sorted(turns):
        now += step
        most = max(most, now)
    return most


def _programs(dag: str) -> list[int]:
    named = f"APBRIDGE_RUN_ID={dag}/".encode()
    everything = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    return [process for process in everything if named in _read(process, "environ")]


def _read(process: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{process}/{what}").read_bytes()
    except OSError:
        return b""


def _parent(process: int) -> int:
    # What is in brackets, its name, may have blanks.
    found = _read(process, "stat").rpartition(b")")[2].split()
    return int(found[1]) if found else 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
