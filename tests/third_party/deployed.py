"""A project beside a real Airflow, as people deploy it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory
from demo.meltano import PROGRAMS, ROOT
from tests.project import environment, new_project, run
from tests.third_party.programs import THIRD_PARTY
from tests.waiting import PATIENCE

PYTHON = THIRD_PARTY / "airflow/bin/python"
DAGS = ROOT / "orchestrate/airflow"


class Deployed:
    """A project as it is deployed beside Airflow: README.md of the DAG file's folder.

    Args:
        folder: An empty one, or one with `companies.yaml` in it.
        credentials: Variables that all of it has.
        plugins: Meltano's folder of them.
    """

    def __init__(self, folder: Path, credentials: dict[str, str], plugins: Path = ROOT / ".meltano") -> None:
        self.folder = new_project(folder, plugins)
        if (folder / "companies.yaml").exists():
            for words in (("apbridge", "companies", "write"), ("meltano", "state", "list")):
                done = run(folder, *words, secrets=credentials)
                assert done.returncode == 0, done.stderr
        (folder / ".venv").symlink_to(PROGRAMS.parent)
        (folder / "orchestrate").symlink_to(ROOT / "orchestrate")
        told = run(folder, "apbridge", "schedules", "--json", secrets=credentials)
        (folder / "schedules.json").write_text(told.stdout, encoding="utf-8")
        self.variables = {
            # What Airflow's Python imports is its own.
            **{name: value for name, value in environment(folder).items() if name != "PYTHONPATH"},
            **credentials,
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "APBRIDGE_PROJECT": str(folder),
        }

    def start(
        self,
        *words: str,
        log: str = "log",
        more: Mapping[str, str] | None = None,
        new_session: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Have Airflow's Python do something; what it says is in a file of the folder."""
        with (self.folder / log).open("wb") as file:
            return subprocess.Popen(
                [PYTHON, Path(__file__).with_name("in_airflow.py"), *words],
                cwd=self.folder,
                env={**self.variables, **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=new_session,
            )

    def does(self, *words: str, **more: str) -> str:
        """Have Airflow's Python do something to its end; return what it said."""
        ended = self.start(*words, more=more).wait(2 * PATIENCE)
        said = self.said()
        assert ended == 0, said[-3000:]
        return said

    def said(self, log: str = "log") -> str:
        """Return what it said so far."""
        return (self.folder / log).read_text(encoding="utf-8", errors="replace")

    def started(self, dag: str) -> list[str]:
        """Return the programs that a task has started here, and those that they did."""
        found = []
        ours = {f"APBRIDGE_PROJECT={self.folder}".encode(), f"APBRIDGE_RUN_ID={dag}/manual__1".encode()}
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if ours <= set((process / "environ").read_bytes().split(b"\0")):
                    words = (process / "cmdline").read_bytes().split(b"\0")
                    names = [Path(word.decode()).name for word in words]
                    found.append(next((name for name in names if not name.startswith("python")), ""))
        return found

    def runs(self) -> list[tuple[str, str, str | None]]:
        """Return the runs that the ledger knows, the newest first."""
        with Ledger(f"sqlite:///{self.folder}/.apbridge/ledger.db") as ledger:
            return [(one.plugin, one.status, one.orchestrator_run) for one in RunHistory(ledger).runs()]
