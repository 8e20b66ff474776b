"""The jobs of many companies, as processes of Meltano: some at a time, and none waits for one that hangs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Lock, Timer
from time import monotonic
from typing import Any

from apbridge.errors import SettingError
from apbridge.waits import result
from apbridge_operator.cli import meltano
from apbridge_operator.cli.company import ENVIRONMENT
from apbridge_operator.companies import Company

JOBS = ("outbound", "inbound")
PARALLEL = 4
LIMIT_MINUTES = 120

_GRACE_SECONDS = 150
"""How long a job that is stopped may take to keep what it has, and Meltano to make its database.

Less than the three minutes that whoever stops us gives: a job is of a session of its own, and would live on.
"""

_KINDS = ("extractors", "loaders", "utilities", "mappers")
"""Folders of plugins, by Meltano's names."""

_SENTENCE = re.compile(r".*\[error +\] +\S+ +(.*\[APB-[A-Z]+-\d{3}\]).*")
"""An error of a plugin as Meltano logs it."""

_OFFER = "Need help fixing this problem?"
"""What Meltano ends with where something failed: it says nothing of what."""


@dataclass(frozen=True)
class JobEnd:
    """What became of one job.

    Args:
        company: Whose.
        job: Which.
        exit_code: Of Meltano; None where it was not started.
        seconds: How long it took.
        says: What it said last, where it failed.
        log: All that it said; None where it was not started.
    """

    company: str
    job: str
    exit_code: int | None
    seconds: float
    says: str
    log: Path | None

    @property
    def is_well(self) -> bool:
        """Whether it ended well."""
        return self.exit_code == 0

    def as_fields(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        log = None if self.log is None else str(self.log)
        return {**asdict(self), "log": log, "seconds": round(self.seconds, 1), "ok": self.is_well}


def run_all(
    companies: Sequence[Company],
    jobs: Sequence[str],
    clashes: Mapping[str, SettingError],
    *,
    parallel: int,
    limit_seconds: float,
    echo: Callable[[str], None] | None,
) -> list[JobEnd]:
    """Run jobs, those of one company one after the other.

    Args:
        companies: Whose.
        jobs: Which, in their order.
        clashes: What keeps companies from running, by name.
        parallel: Companies at once.
        limit_seconds: How long one job may take.
        echo: Is told each line with its company.

    Raises:
        SettingError: There is no Meltano.
    """
    program = meltano_program()
    turns = _Turns(program, limit_seconds, echo)
    if len(companies) > 1:
        # Several at once would each make or upgrade Meltano's database, and get in each other's way.
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(  # noqa: S603
                [program, "state", "list"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_GRACE_SECONDS,
            )

    def run(company: Company) -> list[JobEnd]:
        if clash := clashes.get(company.name):
            return [JobEnd(company.name, job, None, 0, str(clash), None) for job in jobs]
        return [turns.run(company.name, job) for job in jobs]

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ThreadPoolExecutor(parallel) as pool:
            try:
                begun = [pool.submit(run, company) for company in companies]
                return [one for future in begun for one in result(future)]
            except BaseException:
                turns.stop()
                raise
    finally:
        signal.signal(signal.SIGTERM, before)


class _Turns:
    """Starts one process after the other, and stops all that are under way."""

    def __init__(self, meltano: str, limit_seconds: float, echo: Callable[[str], None] | None) -> None:
        self._meltano = meltano
        self._limit = limit_seconds
        self._echo = echo
        self._lock = Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._is_over = False

    def run(self, company: str, job: str) -> JobEnd:
        """Run a job to its end, whatever that is."""
        began = monotonic()
        with self._lock:
            if self._is_over:
                return JobEnd(company, job, None, 0, "It was not begun.", None)
            process = self._started(company, job)
            self._running.add(process)
        is_late = Event()

        def stop_late() -> None:
            is_late.set()
            _stop(process, signal.SIGTERM)

        kill = Timer(self._limit + _GRACE_SECONDS, _stop, (process, signal.SIGKILL))
        timers = [Timer(self._limit, stop_late), kill]
        for timer in timers:
            timer.daemon = True
            timer.start()
        log = _log(company, job)
        try:
            with process:
                said = self._listen(process, company, log)
            code = process.returncode
        finally:
            for timer in timers:
                timer.cancel()
            with self._lock:
                self._running.discard(process)
        if is_late.is_set():
            said = f"It was stopped after {self._limit / 60:g} minutes. {said}"
        return JobEnd(company, job, code, monotonic() - began, said if code or is_late.is_set() else "", log)

    def stop(self) -> None:
        """Stop all, and begin no more; what does not end by itself is killed."""
        with self._lock:
            self._is_over = True
            for process in self._running:
                _stop(process, signal.SIGTERM)
                kill = Timer(_GRACE_SECONDS, _stop, (process, signal.SIGKILL))
                kill.daemon = True
                kill.start()

    def _started(self, company: str, job: str) -> subprocess.Popen[str]:
        others = {name: value for name, value in os.environ.items() if name != ENVIRONMENT}
        return subprocess.Popen(  # noqa: S603 - Meltano, with a name that the table has checked
            [self._meltano, f"--environment={company}", "run", job],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**others, **own_folder(company)},
            start_new_session=True,
        )

    def _listen(self, process: subprocess.Popen[str], company: str, log: Path) -> str:
        """Write what it says into its log; return its last sentence, or its last line."""
        last = sentence = ""
        assert process.stdout is not None  # noqa: S101 - it was asked for
        with log.open("w", encoding="utf-8") as kept:
            for one in process.stdout:
                kept.write(f"{company} | {one}")
                kept.flush()
                if self._echo:
                    self._echo(f"{company} | {one.rstrip()}")
                if _OFFER not in one:
                    last = one.strip() or last
                if found := _SENTENCE.fullmatch(one.strip()):
                    sentence = found[1]
        return sentence or last


def own_folder(company: str) -> dict[str, str]:
    """Make the folder where Meltano keeps a company's runs; return the variables that tell it so.

    For all runs of a tap Meltano has one file of its STATE and one of its catalog: two that run at once would
    read each other's. The plugins themselves and the database are those of the project.
    """
    project = Path.cwd()
    shared, _ = meltano.folders(os.environ)
    own = project / ".apbridge" / company / "meltano"
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    for kind in _KINDS:
        link, place = own / kind, (project / shared / kind).resolve()
        # To install what is missing, a link to nothing is in Meltano's way. A container may not write there.
        with suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not link.is_symlink():
            with suppress(FileExistsError):
                link.symlink_to(place)
    _, database = meltano.state_places(project, os.environ)
    return {"MELTANO_SYS_DIR_ROOT": str(own), "MELTANO_DATABASE_URI": database}


def _log(company: str, job: str) -> Path:
    """Return where a job's log goes; that of the run before is put aside."""
    log = Path(".apbridge", company, "logs", f"{job}.log")
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    return log


def _stop(process: subprocess.Popen[str], number: int) -> None:
    # The plugins are in its session: they finish the message at hand.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def meltano_program() -> str:
    """Return where Meltano's command is.

    Raises:
        SettingError: There is none.
    """
    beside = Path(sys.executable).with_name("meltano")
    found = str(beside) if beside.exists() else shutil.which("meltano")
    if found is None:
        raise SettingError("APB-CMP-018")
    return found
