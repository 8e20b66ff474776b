"""The operator's command on a large ledger, against 0.3 s an answer; reconcile of 100,000 bills."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
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
from apbridge_operator.schedules import Silence
from benchmarks.operator.ledger import fill
from benchmarks.operator.server import serve

_ROWS = 100_000
_LIMIT = 0.3
_TIMES = 9
_BILLS = 100_000
_MOST_CALLS = 2
"""For each 1,000 bills and side."""
_MOST_MB = 300


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        fill(f"sqlite:///{place / '.apbridge' / 'ledger.db'}", _ROWS)
        _answers(place)
        _pages(place)
    _reconcile()


def _answers(place: Path) -> None:
    commands = {
        "exceptions list, first page": ["exceptions", "list"],
        "exceptions list, last page": ["exceptions", "list", f"--page={_ROWS // 5 // 50}"],
        "exceptions list, one reason": ["exceptions", "list", "--code=APB-TAX-020"],
        "audit look-up by bill number": ["audit", "show", f"INV-{_ROWS // 2}"],
        "audit look-up by check number": ["audit", "show", f"CHK-{_ROWS // 20}"],
    }
    here = Path.cwd()
    for what, words in commands.items():
        _tell(what, partial(_command, place, words))
    os.chdir(here)  # each command works in its project's folder
    program = str(Path(sys.executable).parent / "apbridge")
    took = _started([program, f"--project={place}", "exceptions", "list"])
    peer = _started([sys.executable, "-c", "import sqlalchemy, typer, rich.table"])
    _say("… as a program of its own", f"{took:.3f} s", f"{took / peer:.2f} of Python with its libraries")


def _started(command: list[str]) -> float:
    run = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
    return median(_timed(run) for _ in range(5))


def _pages(place: Path) -> None:
    with (
        Ledger(f"sqlite:///{place / '.apbridge' / 'ledger.db'}") as ledger,
        listening_at("127.0.0.1", 0) as listening,
    ):
        tokens: list[str] = []
        running = uvicorn_server(application(ledger, None, Silence(), SignIn("owner", None, tokens.append)))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            opened = requests.get(f"{address}/?token={tokens[0]}", timeout=60, allow_redirects=False)
            address += opened.headers["location"].rstrip("/")
            for path in ("/", "/exceptions", "/exceptions?page=700", f"/history?number=INV-{_ROWS // 2}"):
                _tell(f"console {path}", partial(_get, address + path, opened.cookies))
        finally:
            running.should_exit = True
            thread.join()


def _reconcile() -> None:
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(_BILLS, there))
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
    if told["bills"] != _BILLS or told["unexplained"]:
        sys.exit(f"reconcile compared {told['bills']} bills, {told['unexplained']} unexplained")
    _say(f"reconcile of {_BILLS:,} bills", f"{told['seconds']:.1f} s", f"{told['differences']} differences")
    for side, count in calls.items():
        each = count / (_BILLS / 1000)
        _say(f"… calls to {side}", f"{count}", f"{each / _MOST_CALLS:.2f} of {_MOST_CALLS} for 1,000 bills")
    _say("… memory", f"{told['peak_mb']:.0f} MB", f"{told['peak_mb'] / _MOST_MB:.2f} of {_MOST_MB} MB")


def _command(place: Path, words: list[str]) -> None:
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        app([f"--project={place}", *words])
    if not said.getvalue().strip():
        sys.exit(f"{' '.join(words)} said nothing")


def _get(address: str, cookies: RequestsCookieJar) -> None:
    requests.get(address, timeout=60, cookies=cookies).raise_for_status()


def _tell(what: str, ask: Callable[[], None]) -> None:
    ask()
    worked = process_time()
    took = median(_timed(ask) for _ in range(_TIMES))
    worked = (process_time() - worked) / _TIMES
    _say(what, f"{took:.3f} s", f"{took / _LIMIT:.2f} of {_LIMIT} s; {worked:.3f} s of it at work")


def _timed(ask: Callable[[], Any]) -> float:
    began = perf_counter()
    ask()
    return perf_counter() - began


def _say(what: str, figure: str, beside: str) -> None:
    sys.stdout.write(f"  {what:<34} {figure:>10}  {beside}\n")
    sys.stdout.flush()
