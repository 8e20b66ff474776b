"""Bill headers read from NetSuite, against what the account's limit allows and against a bare loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from benchmarks.reader.server import LIMIT, serve
from benchmarks.telling import NotMeasuredError, Program, Row, against

_SIZES = (60_000, 1_000_000)
_LATENCIES = (0.0, 0.05, 0.25)
_SLOWEST = _LATENCIES[-1]
_SMALL = 3_000
_OF_LIMIT = 1.2
"""The most that a reading may take of the limit, at the slowest."""


@dataclass(frozen=True)
class Run:
    """One reading, and what it took."""

    rows: int
    images: int
    seconds: float
    processor: float
    early_mb: float
    peak_mb: float
    calls: int
    peak: int

    @property
    def facts(self) -> dict[str, float]:
        """What is told beside a figure of it."""
        return {
            "CPU s": round(self.processor, 2),
            "calls": self.calls,
            "in flight": self.peak,
            "MB early": round(self.early_mb),
            "MB at most": round(self.peak_mb),
        }


def measure(*, small: bool) -> Iterator[Row]:
    """Read as many headers as a large company has, and many more."""
    context = get_context("spawn")
    for rows in (_SMALL,) if small else _SIZES:
        here, there = context.Pipe()
        server = context.Process(target=serve, args=(rows, there))
        server.start()
        try:
            yield from _readings(here.recv(), rows, (0.0, 0.01) if small else _LATENCIES)
        finally:
            here.send(None)
            server.join()


def _readings(url: str, rows: int, latencies: tuple[float, ...]) -> Iterator[Row]:
    is_large = rows == _SIZES[-1]
    for latency in latencies:
        at = f"at {latency * 1000:.0f} ms"
        run = measured(url, "reader", rows, latency)
        what = f"{rows:,} headers {at}"
        if latency:
            limit = ceil(rows / 1000) * latency / LIMIT
            bound = _OF_LIMIT if latency == _SLOWEST else None
            yield against(limit, "the limit", what, run.seconds, bound=bound, facts=run.facts)
        else:
            loop = measured(url, "bare loop", rows, latency)
            yield Row(f"{what}, bare loop", loop.seconds, "s", facts=loop.facts)
            yield against(loop.seconds, "the bare loop", what, run.seconds, facts=run.facts)
        if not is_large:
            whole = measured(url, "tap", rows, latency)
            what, limit = f"{rows:,} bills with lines {at}, tap", whole.calls * latency / LIMIT
            if latency:
                yield against(limit, "the limit", what, whole.seconds, facts=whole.facts)
            else:
                yield Row(what, whole.seconds, "s", facts=whole.facts)
    if not is_large:
        blocked = measured(url, "reader", rows, latency, block_every=7)
        what = f"{rows:,} headers {at}, each 7th call 429"
        yield against(run.seconds, "the clean run", what, blocked.seconds, facts=blocked.facts)


def measured(url: str, way: str, rows: int, latency: float, block_every: int = 0) -> Run:
    """Read in some way, in a process of its own.

    Raises:
        NotMeasuredError: Not every row came.
    """

    def configure() -> Any:  # noqa: ANN401
        told = {"latency": latency, "block_every": block_every}
        return requests.post(f"{url}/configure", json=told, timeout=60).json()

    configure()
    run = Run(**_reading(way, url, rows), **configure())
    if run.rows != rows:
        message = f"{run.rows:,} rows came, not {rows:,}"
        raise NotMeasuredError(message)
    return run


def _reading(way: str, url: str, rows: int) -> dict[str, Any]:
    """Read in a process of its own, for one reader's memory must not be another's; return what it told."""
    # Here: it brings the sandbox with it, whose memory would count as the reader's.
    from demo.meltano import ROOT  # noqa: PLC0415

    command = [sys.executable, "-m", "benchmarks.reader.reading", way, url, str(rows)]
    with TemporaryDirectory() as place:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
        program = Program("reading", command, Path(place), env=env, stdout=subprocess.PIPE)
        with program.stdout or nullcontext() as out:
            told: dict[str, Any] = json.loads(out.read() if out else "{}")
        program.ended()
    return told
