"""`meltano run` with nothing new, both ways, against one of a tap and a target that do nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from apbridge_sandbox.testing import Running, running
from benchmarks.telling import NotMeasuredError, Row, against
from demo.meltano import PROGRAMS, ROOT, meltano_run, pay_a_month

_JOBS = ("outbound", "inbound")
_VENDORS, _BILLS = 50, 200
_TIMES = 5
_MOST = 1.5
_PROJECT = """
default_environment: prod
project_id: nothing
send_anonymous_usage_stats: false
cli: {disable_version_check: true}
environments: [{name: prod}]
plugins:
  extractors:
  - {name: tap-nothing, namespace: tap_nothing, executable: ./tap, capabilities: [catalog, discover, state]}
  loaders:
  - {name: target-nothing, namespace: target_nothing, executable: ./target}
"""
_PROGRAM = """#!{python}
import sys
sys.path.insert(0, {root!r})
from benchmarks.start.bare import {plugin}
{plugin}.cli()
"""


@dataclass(frozen=True)
class _Took:
    """What one run took, of all its processes."""

    seconds: float
    processor: float


def measure(*, small: bool) -> Iterator[Row]:
    """Run each job and one of nothing by turns."""
    times = 1 if small else _TIMES
    with TemporaryDirectory() as place, _idle_sandbox(Path(place), small=small) as sandbox:
        folder = Path(place)
        nothing = _project_of_nothing(folder / "nothing")
        if not small:
            # What its first run alone does is not measured.
            _run(nothing)
        took: dict[str, list[_Took]] = {name: [] for name in (*_JOBS, "nothing")}
        calls = dict.fromkeys(took, 0)
        for _ in range(times):
            took["nothing"].append(_run(nothing))
            for job in _JOBS:
                sandbox.control("/control/calls", method="DELETE")
                took[job].append(_run(partial(meltano_run, job, folder, sandbox.credentials)))
                calls[job] = _calls(sandbox)
    for job in _JOBS:
        yield from _rows(job, took[job], took["nothing"], calls[job])


@contextmanager
def _idle_sandbox(folder: Path, *, small: bool) -> Iterator[Running]:
    """Start a sandbox, and run the loop until there is nothing new."""
    vendors, bills = (3, 3) if small else (_VENDORS, _BILLS)
    with running(vendors=vendors, bills=bills, folder=folder, in_process=False) as sandbox:
        _job("outbound", folder, sandbox)
        # Nothing was paid of a small company: there is nothing new inbound.
        if not small:
            pay_a_month(sandbox)
            for job in ("inbound", "outbound", "inbound", "outbound"):
                _job(job, folder, sandbox)
        yield sandbox


def _job(name: str, folder: Path, sandbox: Running) -> None:
    if meltano_run(name, folder, sandbox.credentials):
        raise NotMeasuredError((folder / f"{name}.log").read_text("utf-8")[-2000:])


def _project_of_nothing(folder: Path) -> Callable[[], int]:
    """Make a project whose tap and target do nothing, and return what runs it."""
    folder.mkdir()
    (folder / "meltano.yml").write_text(_PROJECT, encoding="utf-8")
    for name, plugin in (("tap", "BareTap"), ("target", "BareTarget")):
        program = _PROGRAM.format(python=sys.executable, root=str(ROOT), plugin=plugin)
        (folder / name).write_text(program, encoding="utf-8")
        (folder / name).chmod(0o700)
    command = [str(PROGRAMS / "meltano"), f"--env-file={os.devnull}", "run", "tap-nothing", "target-nothing"]
    return lambda: subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode  # noqa: S603


def _run(run: Callable[[], int]) -> _Took:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    if run():
        message = "a run failed"
        raise NotMeasuredError(message)
    seconds, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return _Took(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _calls(sandbox: Running) -> int:
    """Return how many calls a run has made."""
    systems = sandbox.calls().values()
    if any(system["writes"] for system in systems):
        message = "something was written where nothing was new"
        raise NotMeasuredError(message)
    return sum(system["total"] for system in systems)


def _rows(job: str, ours: list[_Took], nothing: list[_Took], calls: int) -> Iterator[Row]:
    """Tell the medians of a job: its seconds, and its processor time."""
    of, facts = "meltano run of nothing", {"calls": calls}
    seconds, bare = (median(one.seconds for one in took) for took in (ours, nothing))
    yield against(bare, of, f"{job}, nothing new", seconds, bound=_MOST, facts=facts)
    seconds, bare = (median(one.processor for one in took) for took in (ours, nothing))
    yield against(bare, of, f"{job}, nothing new: CPU", seconds, "s of CPU", bound=_MOST, facts=facts)
