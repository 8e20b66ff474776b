"""The operator's command on a large ledger, against 0.3 s an answer; reconcile of 100,000 bills."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import requests
from requests.cookies import RequestsCookieJar

from apbridge.ledger import Ledger
from apbridge_operator.cli.app import app
from apbridge_operator.console.pages import application
from apbridge_operator.console.serve import listening_at, uvicorn_server
from apbridge_operator.console.sign_in import SignIn
from apbridge_operator.monitoring import Loop, Numbers, health
from apbridge_operator.schedules import Silence
from benchmarks.operator.ledger import fill
from benchmarks.operator.server import DIFFERENT, serve
from benchmarks.telling import NotMeasuredError, Row, against

_ROWS = 100_000
_SMALL = 1000
_LIMIT = 0.3
_TIMES = 9
_BILLS = 100_000
_MOST_CALLS = 2
"""For each 1,000 bills and side."""
_MOST_MB = 300


def measure(*, small: bool) -> Iterator[Row]:
    """Ask a large ledger by commands and on pages, and compare both systems' books."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rows = _SMALL if small else _ROWS
        fill(f"sqlite:///{place / '.apbridge' / 'ledger.db'}", rows)
        yield from _answers(place, rows)
        yield from _pages(place, rows)
    yield from _reconciled(_SMALL if small else _BILLS)


def _answers(place: Path, rows: int) -> Iterator[Row]:
    commands = {
        "exceptions list, first page": ["exceptions", "list"],
        "exceptions list, last page": ["exceptions", "list", f"--page={rows // 5 // 50}"],
        "exceptions list, one reason": ["exceptions", "list", "--code=APB-TAX-020"],
        "audit look-up by bill number": ["audit", "show", f"INV-{rows // 2}"],
        "audit look-up by check number": ["audit", "show", f"CHK-{rows // 20}"],
    }
    here = Path.cwd()
    for what, words in commands.items():
        yield _answer(what, partial(_command, place, words))
    os.chdir(here)  # each command works in its project's folder
    times = 1 if rows == _SMALL else 5
    program = str(Path(sys.executable).parent / "apbridge")
    took = _started([program, f"--project={place}", "exceptions", "list"], times)
    peer = _started([sys.executable, "-c", "import sqlalchemy, typer, rich.table"], times)
    yield against(peer, "Python with its libraries", "exceptions list, as a program of its own", took)


def _started(command: list[str], times: int) -> float:
    run = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
    return median(_timed(run) for _ in range(times))


def _pages(place: Path, rows: int) -> Iterator[Row]:
    with (
        Ledger(f"sqlite:///{place / '.apbridge' / 'ledger.db'}") as ledger,
        listening_at("127.0.0.1", 0) as listening,
    ):
        tokens: list[str] = []
        sign_in = SignIn("owner", None, tokens.append)
        running = uvicorn_server(application([Loop(ledger, None, Silence())], sign_in))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        last = rows * 7 // 1000
        try:
            opened = requests.get(f"{address}/?token={tokens[0]}", timeout=60, allow_redirects=False)
            address += opened.headers["location"].rstrip("/")
            for path in ("/", "/exceptions", f"/exceptions?page={last}", f"/history?number=INV-{rows // 2}"):
                yield _answer(f"console {path}", partial(_get, address + path, opened.cookies))
        finally:
            running.should_exit = True
            thread.join()
        # Each time from the ledger: what the console serves it keeps for some seconds.
        loop = Loop(ledger, None, Silence())
        yield _answer("/health", partial(health, loop))
        yield _answer("/metrics", lambda: Numbers([loop]).text())


def _reconciled(bills: int) -> Iterator[Row]:
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(bills, there))
    server.start()
    try:
        url = here.recv()
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "benchmarks.operator.reconciling", url], check=True, stdout=subprocess.PIPE
        )
        calls = requests.get(f"{url}/calls", timeout=60).json()
    finally:
        here.send(None)
        server.join()
    told = json.loads(done.stdout)
    if (told["bills"], told["differences"], told["by_hand"]) != (
        bills,
        bills // DIFFERENT,
        bills // DIFFERENT,
    ):
        message = f"reconcile told {told}, of {bills} bills one in {DIFFERENT} paid by hand"
        raise NotMeasuredError(message)
    what = f"reconcile of {bills:,} bills"
    yield Row(what, told["seconds"], "s", facts={"differences": told["differences"]})
    allowed = _MOST_CALLS * bills / 1000
    for side, count in calls.items():
        yield against(allowed, "2 for each 1,000", f"{what}: {side}", count, "calls", bound=1)
    memory = told["peak_mb"]
    yield against(_MOST_MB, "the most", f"{what}: memory", memory, "MB", bound=1)


def _command(place: Path, words: list[str]) -> None:
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        app([f"--project={place}", *words])
    if not said.getvalue().strip():
        message = f"{' '.join(words)} said nothing"
        raise NotMeasuredError(message)


def _get(address: str, cookies: RequestsCookieJar) -> None:
    requests.get(address, timeout=60, cookies=cookies).raise_for_status()


def _answer(what: str, ask: Callable[[], object]) -> Row:
    ask()
    worked = process_time()
    took = median(_timed(ask) for _ in range(_TIMES))
    worked = (process_time() - worked) / _TIMES
    return against(_LIMIT, "the most", what, took, bound=1, facts={"CPU s": round(worked, 3)})


def _timed(ask: Callable[[], Any]) -> float:
    began = perf_counter()
    ask()
    return perf_counter() - began
