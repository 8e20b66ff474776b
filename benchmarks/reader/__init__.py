"""Bill headers read from NetSuite, against what the account's limit allows and against a bare loop."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from typing import Any

import requests

from benchmarks.reader.server import LIMIT, serve

_SIZES = (60_000, 1_000_000)
_LATENCIES = (0.0, 0.05, 0.25)
_COLUMNS = "{:>9} {:>7} {:<10} {:>8} {:>8} {:>8} {:>6} {:>5} {:>8} {:>8}  {}"


@dataclass(frozen=True)
class _Run:
    rows: int
    seconds: float
    processor: float
    early_mb: float
    peak_mb: float
    calls: int
    peak: int


def _run(url: str, way: str, rows: int, latency: float, block_every: int = 0) -> _Run:
    def configure() -> Any:  # noqa: ANN401
        told = {"latency": latency, "block_every": block_every}
        return requests.post(f"{url}/configure", json=told, timeout=60).json()

    configure()
    # One reader's memory must not be another's.
    command = [sys.executable, "-m", "benchmarks.reader.reading", way, url, str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
    run = _Run(**json.loads(done.stdout), **configure())
    if run.rows != rows:
        sys.exit(f"{run.rows} rows came, not {rows}")
    return run


def _tell(latency: float, what: str, run: _Run, beside: str) -> None:
    memory = f"{run.early_mb:.0f}", f"{run.peak_mb:.0f}"
    rate = f"{run.rows / run.seconds:,.0f}"
    took = f"{run.seconds:.2f}", f"{run.processor:.2f}"
    counts = run.calls, run.peak
    facts = (f"{run.rows:,}", f"{latency * 1000:.0f}", what, *took, rate, *counts, *memory, beside)
    sys.stdout.write(_COLUMNS.format(*facts) + "\n")
    sys.stdout.flush()


def _measure(url: str, rows: int) -> None:
    is_small = rows == _SIZES[0]
    for latency in _LATENCIES:
        run = _run(url, "reader", rows, latency)
        if latency:
            limit = ceil(rows / 1000) * latency / LIMIT
            _tell(latency, "reader", run, f"{run.seconds / limit:.2f} of the limit {limit:.2f} s")
        else:
            loop = _run(url, "bare loop", rows, latency)
            _tell(latency, "bare loop", loop, "")
            _tell(latency, "reader", run, f"{run.seconds / loop.seconds:.2f} of the bare loop")
        if is_small:
            whole = _run(url, "tap", rows, latency)
            limit = whole.calls * latency / LIMIT
            beside = f"{whole.seconds / limit:.2f} of the limit {limit:.2f} s" if latency else ""
            _tell(latency, "tap", whole, beside)
    if is_small:
        blocked = _run(url, "reader", rows, latency, block_every=7)
        _tell(latency, "7th is 429", blocked, f"{blocked.seconds / run.seconds:.2f} of the clean run")


def main() -> None:
    """Measure, and print a table."""
    names = ("rows", "ms", "what", "seconds", "of CPU", "rows/s", "calls", "peak", "MB early", "MB peak", "")
    sys.stdout.write(_COLUMNS.format(*names) + "\n")
    context = get_context("spawn")
    for rows in _SIZES:
        here, there = context.Pipe()
        server = context.Process(target=serve, args=(rows, there))
        server.start()
        try:
            _measure(here.recv(), rows)
        finally:
            here.send(None)
            server.join()
