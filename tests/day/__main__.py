"""A day of schedules in minutes: `python -m tests.day`, or `make day`.

Three companies, two of them of one NetSuite account, with ledgers, bookmarks and limits in PostgreSQL and
images in an object store. After each step of the sandbox's clock Airflow's scheduler starts every schedule on
four workers, and one of these is killed in the middle of its calls. At the end both systems' books judge.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import yaml

from demo.meltano import ROOT
from tests.databases import new_database
from tests.day.companies import Company, three
from tests.day.orchestrator import WORKERS, Airflow, most_at_once
from tests.object_stores import new_bucket, variables
from tests.project import run
from tests.third_party.deployed import Deployed
from tests.waiting import held, until

HOURS = 24
LIMIT = 5
"""Calls that a NetSuite account takes at once."""

_FEWEST = 4
"""Steps until a bill is entered, paid, posted, and its payment voided."""

_BILLS = 6
"""That a company enters at each step."""

_CAUGHT = 3
"""Calls that are in flight when the worker is killed."""

_FOLDER, _PLUGINS = ROOT / ".day/project", ROOT / ".day/meltano"


def main() -> int:
    """Replay a day; return the exit code: 1 where something is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.day")
    parser.add_argument(
        "--steps", type=int, default=12, help=f"in how many the day goes by; {_FEWEST} at least"
    )
    steps = max(_FEWEST, parser.parse_args().steps)
    began = time.monotonic()
    # Whoever stops it leaves nothing running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    with three() as companies:
        day = Day(_FOLDER, companies)
        try:
            day.begin()
            for number in range(steps):
                day.step(number, steps)
            wrong = [*day.wrong()]
        finally:
            day.airflow.end()
        _say(f"{time.monotonic() - began:.0f} s in all, {_processor_seconds():.0f} s of processor time")
    for one in wrong:
        _say(f"WRONG: {one}")
    if not wrong:
        _say("All books agree, and no account took more calls at once than it may.")
    return min(len(wrong), 1)


class Day:
    """A day of three companies.

    Args:
        folder: An empty one, for the project.
        companies: They.
    """

    def __init__(self, folder: Path, companies: list[Company]) -> None:
        self._companies = companies
        ledgers = new_database()
        table = {
            "ledger_url": f"{ledgers}&schema=<company>",
            "spool_url": f"{new_bucket()}/<company>",
            "companies": {one.name: one.declared() for one in companies},
        }
        (folder / "companies.yaml").write_text(yaml.safe_dump(table), encoding="utf-8")
        self._bookmarks = new_database()
        self._shared = {
            **variables(),
            "APBRIDGE_EXTRAS": "[postgres,s3]",
            "MELTANO_DATABASE_URI": self._bookmarks,
            "TAP_NETSUITE_AP_LIMITS_URL": ledgers,
            "TARGET_NETSUITE_PAYMENTS_LIMITS_URL": ledgers,
            **{name: value for one in companies for name, value in one.secrets().items()},
        }
        self._project = Deployed(folder, self._shared, _PLUGINS)
        self.airflow = Airflow(self._project)
        self._killed = ""

    def begin(self) -> None:
        """Start Airflow."""
        began = time.monotonic()
        self.airflow.begin()
        dags = len(self.airflow.dags())
        _say(f"Airflow has begun: {WORKERS} workers, {dags} DAGs, {time.monotonic() - began:.0f} s")

    def step(self, number: int, steps: int) -> None:
        """Let some hours go by in which people do something, and run all that is due."""
        began = time.monotonic()
        is_last = number == steps - 1
        for sandbox in self._sandboxes():
            sandbox.control("/control/clock", {"advance_seconds": HOURS * 3600 // steps})
        for company in self._companies:
            if is_last:
                company.ends()
            else:
                company.enters(_BILLS)
                company.pays()
        kills = number == steps // 2
        if kills:
            self._hold()
        for dag in self.airflow.dags():
            self.airflow.trigger(dag)
        if kills:
            self._kill()
        self.airflow.until_idle()
        self._lose_what_is_local()
        told = ", a worker killed" if kills else ""
        _say(f"{HOURS * (number + 1) // steps:2} h{told}: {time.monotonic() - began:.0f} s")

    def wrong(self) -> Iterator[str]:
        """Yield what is not as it must be, and say what there was."""
        for company in self._companies:
            for line in company.differing():
                yield f"{company.name}: {line.what}: NetSuite {line.netsuite}, AvidXchange {line.avidxchange}"
            yield from (f"{company.name}: {name} is there twice" for name in company.said_twice())
        for words in (("reconcile",), ("audit", "verify")):
            ended = run(self._project.folder, "apbridge", *words, secrets=self._shared)
            if ended.returncode:
                yield f"apbridge {' '.join(words)}: {ended.stdout[-3000:]}{ended.stderr[-3000:]}"
        yield from self._calls()
        yield from self._runs()

    def _calls(self) -> Iterator[str]:
        for number, sandbox in enumerate(self._sandboxes(), 1):
            calls = sandbox.calls()
            peak = calls["netsuite"]["peak_concurrency"]
            told = ", ".join(
                f"{name} {one['total']} calls, {one['writes']} writes" for name, one in calls.items()
            )
            refused = calls["netsuite"]["refusals"]
            _say(f"sandbox {number}: {told}; NetSuite {peak} at once at most, refused {refused}")
            if peak > LIMIT:
                yield f"NetSuite {number} had {peak} calls in flight"

    def _runs(self) -> Iterator[str]:
        tries = self.airflow.tries()
        states = Counter(one["state"] for one in tries)
        most = most_at_once(tries)
        _say(f"{len(tries)} tries of tasks, at most {most} at once: {dict(states)}")
        last = {(one["dag_id"], one["dag_run_id"]): one for one in tries}
        for (dag, name), one in last.items():
            if one["state"] != "success":
                yield f"{dag}/{name} ended as {one['state']}"
        again = [dag for (dag, _), one in last.items() if one["try_number"] > 1]
        if self._killed not in again:
            yield f"{self._killed} was killed, and nobody tried it again"
        if most > WORKERS:
            yield f"{most} tasks ran at once"

    def _sandboxes(self) -> list[Any]:
        found = {id(one): one for each in self._companies for one in (each.netsuite, each.avidxchange)}
        return [*found.values()]

    # A worker is killed

    def _hold(self) -> None:
        """Keep the first invoices of the first company on the wire."""
        self._companies[0].avidxchange.control(
            "/control/faults",
            {"match": {"method": "PUT", "path": "/invoices/[^/]+$", "times": _CAUGHT}, "do": {"hold": True}},
        )

    def _kill(self) -> None:
        """Kill a worker and all that it has started, while they are there, as if its machine were gone."""
        company = self._companies[0]
        control = company.avidxchange.control
        (dag,) = [one for one in self.airflow.dags() if one.startswith(f"apbridge-{company.name}-outbound")]
        until(lambda: held(control) == _CAUGHT, every=0.1)
        # What NetSuite is still at work on for a tap that is killed would count there, and no more here.
        until(lambda: not self.airflow.runs(dag, "tap-netsuite-ap"), every=0.1)
        gone = self.airflow.worker_of(dag)
        for process in gone:
            os.kill(process, signal.SIGKILL)
        _say(f"killed {dag}: {len(gone)} processes with {held(control)} calls in flight")
        control("/control/faults/let-go", {})
        until(lambda: held(control) == 0)
        control("/control/faults", method="DELETE")
        self._killed = dag
        self._forget_the_dead(company)

    def _forget_the_dead(self, company: Company) -> None:
        """Let the five minutes go by after which Meltano takes a run that says nothing for dead."""
        with psycopg.connect(self._bookmarks.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "UPDATE runs SET last_heartbeat_at = last_heartbeat_at - interval '6 minutes'"
                " WHERE state = 'RUNNING' AND job_name LIKE %s",
                (f"{company.name}:tap-netsuite-ap-%",),
            )

    def _lose_what_is_local(self) -> None:
        """Have the next step done by machines that have nothing of this one."""
        folder = self._project.folder
        for place in (
            folder / ".apbridge",
            folder / ".state",
            folder / ".meltano/run",
            folder / ".meltano/logs",
        ):
            shutil.rmtree(place, ignore_errors=True)


def _processor_seconds() -> float:
    """Return what all took but PostgreSQL and the object store, which run on."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
