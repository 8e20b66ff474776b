"""What was measured, kept: a line for each benchmark and run in a history, and the newest of each."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.telling.row import Row

HERE = Path(__file__).parents[1]
HISTORY = HERE / "history.jsonl"
RESULTS = HERE / "results.json"
_EXACT = 1000
"""Figures from here on are kept as they are."""
QUIET = 0.25
"""Cores that others may keep busy, on average, for a machine to be quiet."""


@dataclass(frozen=True)
class Measured:
    """One benchmark's rows, and when and on what they were measured.

    Attributes:
        name: The benchmark.
        commit: Of the code, with `+` where it was changed since.
        date: When it ended, in UTC.
        cores: Of the machine.
        python: Its version.
        others: Cores that were busy with anything else meanwhile, on average; None where that is not known.
        rows: Its rows, as JSON has them.
    """

    name: str
    commit: str
    date: str
    cores: int
    python: str
    others: float | None
    rows: list[dict[str, Any]]

    @property
    def was_quiet(self) -> bool:
        """Return whether nothing else was at work that would change the figures."""
        return self.others is not None and self.others <= QUIET


class Clock:
    """Tells how busy the machine has been with other things since this was made."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = monotonic(), _busy(), _own()

    def others(self) -> float | None:
        """Return how many cores were busy with what is neither this process nor a child of it, on average."""
        now = _busy()
        if now is None or self._busy is None:
            return None
        seconds = now - self._busy - (_own() - self._own)
        return round(max(seconds, 0.0) / max(monotonic() - self._began, 0.01), 2)


def measured(name: str, rows: Iterable[Row], others: float | None) -> Measured:
    """Say when and on what a benchmark's rows were measured: now, and here.

    Args:
        name: The benchmark.
        rows: What it told.
        others: Cores that were busy with anything else.
    """
    told = [
        {**asdict(row), "figure": _digits(row.figure), "ratio": _digits(row.ratio), "met": row.met}
        for row in rows
    ]
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Measured(name, _commit(), date, os.cpu_count() or 1, platform.python_version(), others, told)


def keep(new: Measured, history: Path = HISTORY, results: Path = RESULTS) -> None:
    """Add what was measured to the history, and put it in the place of what was known of that benchmark.

    Args:
        new: What was measured.
        history: A file of JSON lines, one for each benchmark and run.
        results: A JSON file with the newest of each benchmark.
    """
    line = json.dumps(asdict(new), ensure_ascii=False)
    with history.open("a", encoding="utf-8") as kept:
        kept.write(line + "\n")
    newest = {one.name: asdict(one) for one in read(results)} | {new.name: asdict(new)}
    told = json.dumps([newest[name] for name in sorted(newest)], ensure_ascii=False, indent=1)
    results.write_text(told + "\n", encoding="utf-8")


def read(results: Path = RESULTS) -> Iterator[Measured]:
    """Yield the newest of each benchmark, in the order of their names."""
    if results.exists():
        for one in json.loads(results.read_text(encoding="utf-8")):
            yield Measured(**one)


def _digits(figure: float | None) -> float | None:
    return None if figure is None else float(f"{figure:.4g}") if figure < _EXACT else figure


def _commit() -> str:
    def git(*words: str) -> str:
        command = ["git", "-C", str(HERE), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return done.stdout.strip() if done.returncode == 0 else ""

    # What was measured may have been written by this very run.
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "..", *_NOT_CODE)
    return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")


_NOT_CODE = (":!history.jsonl", ":!results.json", ":!results.svg", ":(top,exclude)docs")


def _busy() -> float | None:
    """Return the seconds that all cores together have worked since the machine began, where it tells."""
    try:
        told = Path("/proc/stat").read_text(encoding="ascii").split(maxsplit=9)
    except OSError:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft = map(int, told[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)
