"""Bills sent to AvidXchange, against the limit of its calls or of the processor; unchanged ones."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.outbound.messages import bills, company, write
from benchmarks.outbound.server import serve
from benchmarks.telling import NotMeasuredError, Program, Row, Used, against

_NEW = 2000
_UNCHANGED = 10_000
_SMALL = (20, 100)
_LATENCY = 0.1
_CONCURRENCY = 8
_MOST = 100
"""Invoices of one call of the profile `partner`."""
_OF_LIMIT = 1.3
_SIGN_IN = {
    "avidconnect": {"COMPANY_TOKEN": "company", "USER_TOKEN": "user"},
    "partner": {"PROFILE": "partner", "CLIENT_ID": "client", "CLIENT_SECRET": "given", "COMPANY_ID": "1"},
}
_TARGET = (str(Path(sys.executable).parent / "target-avidxchange"), "--config=ENV")
_PLAIN = (sys.executable, str(Path(__file__).with_name("plain.py")))


class _Company:
    """A folder with a ledger, and the server that the target writes to."""

    def __init__(self, folder: Path, url: str, pipe: Connection, profile: str = "avidconnect") -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._pipe = pipe
        own = {
            **_SIGN_IN[profile],
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

    def run(self, command: Sequence[str], messages: Path) -> Used:
        """Run a target over a file of messages, as a program of its own."""
        with messages.open("rb") as given:
            return Program("target", command, self._folder, env=self._env, stdin=given).ended()

    def ledger_mb(self) -> float:
        """Return how large the ledger is."""
        return sum(one.stat().st_size for one in self._folder.glob("ledger.db*")) / 2**20


def measure(*, small: bool) -> Iterator[Row]:
    """Send new bills, and then many that are known already."""
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there,))
    server.start()
    try:
        with TemporaryDirectory() as place:
            folder = Path(place)
            some, many = _SMALL if small else (_NEW, _UNCHANGED)
            url = here.recv()
            yield from _runs(_Company(folder, url, here), folder, some, many)
            yield from _batches(lambda name: _Company(folder / name, url, here, "partner"), folder, some)
    finally:
        here.send(None)
        server.join()


def _runs(there: _Company, folder: Path, some: int, many: int) -> Iterator[Row]:
    there.run(_TARGET, write(folder / "company", company()))
    there.counts(_LATENCY)
    before = there.ledger_mb()
    new = there.run(_TARGET, write(folder / "new", bills(some)))
    counts = there.counts()
    if counts["writes"] != some:
        message = f"{counts['writes']} writes were made of {some} new bills"
        raise NotMeasuredError(message)
    limit = some * _LATENCY / _CONCURRENCY
    facts = {**_facts(counts, new), "ledger MB more": round(there.ledger_mb() - before, 1)}
    case = f"{some:,} new bills of five lines at {_LATENCY * 1000:.0f} ms"
    yield against(limit, "the limit", case, new.seconds, facts=facts)
    known = write(folder / "many", bills(many))
    there.run(_TARGET, known)
    there.counts()
    unchanged = there.run(_TARGET, known)
    counts = there.counts()
    if counts["writes"]:
        message = f"{counts['writes']} writes were made where nothing was new"
        raise NotMeasuredError(message)
    plain = there.run(_PLAIN, known)
    facts, case = _facts(counts, unchanged), f"{many:,} unchanged bills"
    yield against(plain.seconds, "a target that drops all", case, unchanged.seconds, facts=facts)


def _batches(there: Callable[[str], _Company], folder: Path, some: int) -> Iterator[Row]:
    """Send new bills several a call: without a latency, where the processor is the limit, and with one."""
    given, seconds = write(folder / "new", bills(some)), 0.0
    for latency in (0.0, _LATENCY):
        one = there(f"at {latency}")
        one.run(_TARGET, write(folder / "company", company()))
        one.counts(latency)
        new = one.run(_TARGET, given)
        counts = one.counts()
        if counts["writes"] != some:
            message = f"{counts['writes']} writes were made of {some} new bills"
            raise NotMeasuredError(message)
        case = f"{some:,} new bills of five lines at {latency * 1000:.0f} ms, {_MOST} a call"
        facts = _facts(counts, new)
        if latency:
            full = ceil(some / _MOST)
            limit = max(seconds, full * latency / _CONCURRENCY) + (counts["calls"] - full) * latency
            yield against(limit, "its own limit", case, new.seconds, bound=_OF_LIMIT, facts=facts)
        else:
            seconds = new.seconds
            yield Row(case, seconds, "s", facts=facts)


def _facts(counts: dict[str, int], used: Used) -> dict[str, float]:
    return {
        "calls": counts["calls"],
        "writes": counts["writes"],
        "in flight": counts["peak"],
        **used.facts(),
    }
