"""Bills sent to AvidXchange, against the limit of its calls; unchanged ones, against a plain target."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.outbound.messages import bills, company, write
from benchmarks.outbound.server import serve

_NEW = 2000
_UNCHANGED = 10_000
_LATENCY = 0.1
_CONCURRENCY = 8
_TARGET = (str(Path(sys.executable).parent / "target-avidxchange"), "--config=ENV")
_PLAIN = (sys.executable, "-m", "benchmarks.outbound.plain")
_COLUMNS = "{:<16} {:>7} {:>8} {:>7} {:>7} {:>5}  {}\n"


class _Company:
    """A folder with a ledger, and the server that the target writes to."""

    def __init__(self, folder: Path, url: str, pipe: Connection) -> None:
        self._folder = folder
        self._pipe = pipe
        own = {
            "COMPANY_TOKEN": "company",
            "USER_TOKEN": "user",
            "BASE_URL": url,
            "CONCURRENCY": str(_CONCURRENCY),
            "LEDGER_URL": f"sqlite:///{folder / 'ledger.db'}",
        }
        self._env = {**os.environ, **{f"TARGET_AVIDXCHANGE_{name}": value for name, value in own.items()}}

    def counts(self, latency: float = 0.0) -> dict[str, int]:
        """Return what was asked since last time, and set how long an answer takes from now on."""
        self._pipe.send(latency)
        counts: dict[str, int] = json.loads(self._pipe.recv())
        return counts

    def seconds(self, command: tuple[str, ...], messages: Path) -> float:
        """Run a target over a file of messages, as a process of its own."""
        began = perf_counter()
        with messages.open("rb") as given, (self._folder / "log").open("wb") as log:
            ended = subprocess.run(  # noqa: S603
                command, stdin=given, stdout=subprocess.DEVNULL, stderr=log, env=self._env, check=False
            )
        if ended.returncode:
            sys.exit((self._folder / "log").read_text("utf-8")[-2000:])
        return perf_counter() - began


def main() -> None:
    """Measure, and print a table."""
    sys.stdout.write(_COLUMNS.format("what", "bills", "seconds", "calls", "writes", "peak", ""))
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there,))
    server.start()
    try:
        with TemporaryDirectory() as place:
            folder = Path(place)
            _measure(_Company(folder, here.recv(), here), folder)
    finally:
        here.send(None)
        server.join()


def _measure(there: _Company, folder: Path) -> None:
    there.seconds(_TARGET, write(folder / "company", company()))
    there.counts(_LATENCY)
    new = there.seconds(_TARGET, write(folder / "new", bills(_NEW)))
    limit = _NEW * _LATENCY / _CONCURRENCY
    counts = there.counts()
    _tell("new", _NEW, new, counts, f"{new / limit:.2f} of the limit {limit:.1f} s")
    if counts["writes"] != _NEW:
        sys.exit("Not every bill was sent: nothing was measured.")
    many = write(folder / "many", bills(_UNCHANGED))
    there.seconds(_TARGET, many)
    there.counts()
    unchanged = there.seconds(_TARGET, many)
    counts = there.counts()
    plain = there.seconds(_PLAIN, many)
    _tell("unchanged", _UNCHANGED, unchanged, counts, f"{unchanged / plain:.2f} of the plain target")
    if counts["writes"]:
        sys.exit("Bills were sent again: what was measured is no run with nothing new.")
    _tell("plain target", _UNCHANGED, plain, there.counts(), "validates and drops")


def _tell(what: str, count: int, seconds: float, counts: dict[str, Any], beside: str) -> None:
    facts = (what, f"{count:,}", f"{seconds:.2f}", counts["calls"], counts["writes"], counts["peak"], beside)
    sys.stdout.write(_COLUMNS.format(*facts))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
