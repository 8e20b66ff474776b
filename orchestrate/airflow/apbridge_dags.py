"""A DAG for each schedule of each company, and one a company that tells what somebody should know.

What there is to schedule is read from a file that deployment writes (README.md in this folder): Airflow reads
this file again and again, and to ask Meltano each time would take seconds.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable
from airflow.sdk.exceptions import AirflowException

PROJECT = Path(os.environ.get("APBRIDGE_PROJECT", "/srv/apbridge"))
SCHEDULES = Path(os.environ.get("APBRIDGE_SCHEDULES") or PROJECT / "schedules.json")
ZONE = os.environ.get("TZ") or "UTC"
"""Schedules go by the workers' clock, as silence does: see `apbridge notify`."""

LIMIT = timedelta(hours=6)
"""How long a run may take; a first sync of a large company takes longest."""

GRACE = timedelta(minutes=3)
"""How long a run that is stopped may take to finish its calls in flight, before it is killed."""

_SENTENCE = re.compile(r"\[APB-[A-Z]+-\d+\]")
_OFFER = "Need help fixing this problem?"
"""What Meltano ends with where something failed: it says nothing of what."""

_TOLD = 4
"""`apbridge notify` ends with it when it told something."""


class Program(BaseOperator):
    """Runs a program in the project's folder and logs what it says.

    No process of it outlives the task: whatever ends the task, all of them get SIGTERM, finish their calls in
    flight, and are killed after `GRACE`.

    Args:
        command: The program, of the project's folder or its environment, and its arguments.
        company: The Meltano environment.
        good: Exit codes of an end that is well.
    """

    def __init__(
        self, *, command: Sequence[str], company: str, good: Sequence[int] = (0,), **options: Any
    ) -> None:
        super().__init__(**options)
        self.command = list(command)
        self.company = company
        self.good = list(good)
        self._running: subprocess.Popen[str] | None = None

    def execute(self, context: Mapping[str, Any]) -> str:
        """Run it; return its last line."""
        run = context["dag_run"]
        environment = _environment(self.company, f"{run.dag_id}/{run.run_id}")
        said = ""
        with subprocess.Popen(
            [*_guard(), *self.command],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as self._running:
            for line in self._running.stdout or ():
                self.log.info("%s", line.rstrip())
                # Meltano may write a trace of its own after the sentence that says what to do.
                if _SENTENCE.search(line) or not (_SENTENCE.search(said) or _OFFER in line):
                    said = line.strip() or said
        if self._running.returncode not in self.good:
            raise AirflowException(f"exit code {self._running.returncode}: {said}")
        return said

    def on_kill(self) -> None:
        """Stop it, and wait until nothing of it is left."""
        if self._running is None:
            return
        group = self._running.pid
        _signal(group, signal.SIGTERM)
        ends = time.monotonic() + GRACE.total_seconds()
        while _signal(group, 0) and time.monotonic() < ends:
            self._running.poll()
            time.sleep(0.1)
        _signal(group, signal.SIGKILL)


def _guard() -> list[str]:
    """Return what stops a program whose task was killed and can stop nothing any more."""
    dies_with_the_task = ["setpriv", "--pdeathsig=TERM"] if shutil.which("setpriv") else []
    most = (LIMIT + GRACE).total_seconds()
    return [*dies_with_the_task, "timeout", f"--kill-after={GRACE.total_seconds():.0f}", f"{most:.0f}"]


def _environment(company: str, run_id: str) -> dict[str, str]:
    """Return the variables of a program: this process's own without Airflow's, whose database they name."""
    others = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))
    }
    path = f"{PROJECT / '.venv/bin'}{os.pathsep}{others.get('PATH', os.defpath)}"
    return {**others, "PATH": path, "MELTANO_ENVIRONMENT": company, "APBRIDGE_RUN_ID": run_id}


def _signal(group: int, number: int) -> bool:
    """Send a signal to all processes of a program; return whether there is one."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _tell(context: Mapping[str, Any]) -> None:
    """Tell of a failure now and not only when the DAG for it comes round: the ledger knows what was told."""
    task, run = context["task"], context["dag_run"]
    environment = _environment(task.company, f"{run.dag_id}/{run.run_id}")
    subprocess.run(
        ["apbridge", "notify"],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )


def _dags(schedules: Sequence[Mapping[str, str | None]]) -> Iterator[DAG]:
    common: dict[str, Any] = {
        "start_date": datetime(2026, 1, 1, tzinfo=timezone.utc),
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["apbridge"],
        "is_paused_upon_creation": False,
    }
    for one in schedules:
        company = str(one["company"])
        interval = one["interval"]
        with DAG(
            f"apbridge-{company}-{one['name']}",
            schedule=CronTriggerTimetable(interval, timezone=ZONE) if interval else None,
            description=f"{one['job']} of {company}",
            **common,
        ) as dag:
            Program(
                task_id="run",
                command=["orchestrate/job", company, str(one["job"])],
                company=company,
                # One run at a time for a NetSuite account: its limit of calls is that of all its companies.
                pool=f"netsuite-{one['account']}",
                retries=4,
                retry_delay=timedelta(minutes=2),
                retry_exponential_backoff=True,
                max_retry_delay=timedelta(minutes=30),
                execution_timeout=LIMIT,
                on_failure_callback=_tell,
            )
        yield dag
    for company in dict.fromkeys(str(one["company"]) for one in schedules):
        with DAG(
            f"apbridge-{company}-notify",
            schedule=CronTriggerTimetable("*/15 * * * *", timezone=ZONE),
            description=f"What somebody should know of {company}, each thing once",
            **common,
        ) as dag:
            Program(
                task_id="notify",
                command=["apbridge", "notify"],
                company=company,
                good=[0, _TOLD],
                execution_timeout=timedelta(minutes=10),
            )
        yield dag


for _dag in _dags(json.loads(SCHEDULES.read_text(encoding="utf-8"))):
    globals()[_dag.dag_id] = _dag
