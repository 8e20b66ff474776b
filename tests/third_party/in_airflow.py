"""What a test has Airflow's own Python do with the DAG file.

Run as a program by that Python, with what is to be done, the DAG file and, for `task`, a DAG's id.
"""

from __future__ import annotations

import json
import runpy
import signal
import sys
from collections.abc import Callable
from types import FrameType, SimpleNamespace
from typing import Any

from airflow.__main__ import main as airflow
from airflow.sdk import DAG

_STARTS_OR_CALLS = ("os.exec", "os.fork", "os.posix_spawn", "os.system", "socket.connect", "subprocess.Popen")


def dags(file: str) -> dict[str, DAG]:
    """Return the DAGs of a file, which may neither start a program nor call anybody to tell them."""
    is_read = False

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STARTS_OR_CALLS and not is_read:
            message = f"{event} at parse time: {arguments}"
            raise RuntimeError(message)

    sys.addaudithook(refuse)
    found = runpy.run_path(file)
    is_read = True
    return {one.dag_id: one for one in found.values() if isinstance(one, DAG)}


def shape(file: str) -> None:
    """Print what each DAG is like."""
    print(
        json.dumps(
            {
                name: {
                    "every": getattr(dag.timetable, "expression", None),
                    "catchup": dag.catchup,
                    "max_active_runs": dag.max_active_runs,
                    "command": task.command,
                    "company": task.company,
                    "pool": task.pool,
                    "retries": task.retries,
                    "backs_off": bool(task.retry_exponential_backoff),
                    "limit": task.execution_timeout.total_seconds(),
                    "tells": [one.__name__ for one in _callbacks(task)],
                }
                for name, dag in dags(file).items()
                for task in dag.tasks
            }
        )
    )


def _callbacks(task: Any) -> list[Any]:
    found = task.on_failure_callback or []
    return found if isinstance(found, list) else [found]


def task(file: str, name: str) -> None:
    """Run the task of a DAG, and stop it at SIGTERM as Airflow's task runner does; tell of its failure."""
    (found,) = dags(file)[name].tasks
    context = {"dag_run": SimpleNamespace(dag_id=name, run_id="manual__1"), "task": found}

    def stop(number: int, _frame: FrameType | None) -> None:
        found.on_kill()
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    try:
        print("last line:", found.execute(context))
    except Exception as failure:  # noqa: BLE001 - whatever it raises, Airflow logs
        print("failed:", failure)
        for tell in _callbacks(found):
            tell(context)


def commands(text: str) -> None:
    """Run commands of Airflow, one after another: each alone would import all of it again."""
    for words in json.loads(text):
        sys.argv = ["airflow", *words]
        airflow()


if __name__ == "__main__":
    does: dict[str, Callable[..., None]] = {"shape": shape, "task": task, "commands": commands}
    does[sys.argv[1]](*sys.argv[2:])
