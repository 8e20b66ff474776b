"""How calls, time and memory of tap and target grow from 1,000 to 100,000 bills with lines."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.outbound import server as avidxchange
from benchmarks.outbound.messages import bills, company, write
from benchmarks.reader import measured
from benchmarks.reader import server as netsuite
from benchmarks.telling import NotMeasuredError, Program, Row, Used, against
from demo.meltano import PROGRAMS

_SIZES = (1_000, 10_000, 100_000)
_SMALL = {"tap-netsuite-ap": (1000, 2000, 4000), "target-avidxchange": (10, 20, 40)}
_TIMES = 3
"""Runs of all sizes but the greatest, of which the middle one counts: the shorter, the more is chance."""
_GROWTH = 1.1
"""How much more each further bill may cost among the last nine tenths than among the first."""
_MOST_MB = 200


@dataclass(frozen=True)
class _Run:
    bills: int
    used: Used
    calls: int
    ledger_mb: float = 0


def measure(*, small: bool) -> Iterator[Row]:
    """Let the tap read and the target write ever more bills, at no latency, all of them new."""
    times = 1 if small else _TIMES
    for program, run in (("tap-netsuite-ap", _tap), ("target-avidxchange", _target)):
        sizes = _SMALL[program] if small else _SIZES
        runs = [_middle(run, size, 1 if size == sizes[-1] else times) for size in sizes]
        for one in runs:
            facts = {
                "calls": one.calls,
                **one.used.facts(),
                **({"ledger MB": round(one.ledger_mb, 1)} if one.ledger_mb else {}),
            }
            yield Row(f"{program}, {one.bills:,} bills", one.used.seconds, "s", facts=facts)
        yield _growth(f"{program}, calls for 1,000 more", runs, "calls", lambda one: one.calls)
        yield _growth(f"{program}, seconds for 1,000 more", runs, "s", lambda one: one.used.seconds)
        few, many = runs[-2].used.peak_mb, runs[-1].used.peak_mb
        of = f"that of {sizes[-2]:,} bills"
        yield against(few, of, f"{program}, memory at {sizes[-1]:,}", many, "MB", bound=_GROWTH)
        yield against(_MOST_MB, "the most", f"{program}, most memory", many, "MB", bound=1)


def _growth(case: str, runs: list[_Run], unit: str, cost: Callable[[_Run], float]) -> Row:
    first, last = (
        1000 * (cost(more) - cost(less)) / (more.bills - less.bills) for less, more in (runs[:2], runs[1:])
    )
    of = f"{runs[0].bills:,} to {runs[1].bills:,}"
    return against(first, of, f"{case}, beyond {runs[1].bills:,}", last, unit, bound=_GROWTH)


def _middle(run: Callable[[int], _Run], size: int, times: int) -> _Run:
    runs = [run(size) for _ in range(times)]
    middle = median(one.used.seconds for one in runs)
    return next(one for one in runs if one.used.seconds == middle)


def _tap(size: int) -> _Run:
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=netsuite.serve, args=(size, there))
    server.start()
    try:
        run = measured(here.recv(), "tap", size, 0)
    finally:
        here.send(None)
        server.join()
    return _Run(size, Used(run.seconds, run.processor, run.peak_mb), run.calls)


def _target(size: int) -> _Run:
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=avidxchange.serve, args=(there,))
    server.start()
    try:
        with TemporaryDirectory() as place:
            folder = Path(place)
            settings = {
                "COMPANY_TOKEN": "company",
                "USER_TOKEN": "user",
                "BASE_URL": here.recv(),
                "LEDGER_URL": f"sqlite:///{folder / 'ledger.db'}",
            }
            env = {**os.environ, **{f"TARGET_AVIDXCHANGE_{name}": value for name, value in settings.items()}}
            messages = write(folder / "messages", [*company(), *bills(size)])
            with messages.open("rb") as given:
                command = [str(PROGRAMS / "target-avidxchange"), "--config=ENV"]
                used = Program("target", command, folder, env=env, stdin=given).ended()
            here.send(0.0)
            counts = json.loads(here.recv())
            ledger = sum(one.stat().st_size for one in folder.glob("ledger.db*")) / 2**20
    finally:
        here.send(None)
        server.join()
    if counts["writes"] != size + len(company()):
        message = f"{counts['writes']:,} writes were made of {size:,} bills"
        raise NotMeasuredError(message)
    return _Run(size, used, counts["calls"], ledger)
