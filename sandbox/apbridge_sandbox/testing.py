"""Start a sandbox for a test: on free ports, in this process or in its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from apbridge_sandbox.clock import OPENING
from apbridge_sandbox.company import CompanySize
from apbridge_sandbox.context import Options, Sandbox
from apbridge_sandbox.credentials import issue
from apbridge_sandbox.server import HOST, Server
from apbridge_sandbox.store import Store
from apbridge_sandbox.switches.like import told_by

_PATIENCE = 300
"""Seconds until the sandbox is taken to have failed: a busy machine is slow and not wrong."""


# The sandbox is on this machine: no proxy is between, and none is looked for at each call.
_OPENER = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Running:
    """A running sandbox.

    Attributes:
        netsuite_url: Base URL of NetSuite.
        avidxchange_url: Base URL of AvidXchange in the style of `avidconnect`.
        partner_url: Base URL of AvidXchange in the style of `partner`.
        avidsuite_url: Base URL of AvidXchange in the style of `avidsuite`.
        control_url: Base URL of the control API.
        credentials: The `.env`'s names and values, base URLs included.
        folder: Where the `.env`, the key and the books lie.
        sandbox: The sandbox itself, where it runs in this process.
    """

    netsuite_url: str
    avidxchange_url: str
    partner_url: str
    avidsuite_url: str
    control_url: str
    credentials: dict[str, str]
    folder: Path
    sandbox: Sandbox | None

    def avidxchange_settings(self, surface: str) -> dict[str, str]:
        """Return what a client of AvidXchange is set to, for a surface."""
        names = {
            "avidconnect": ("company_token", "user_token"),
            "partner": ("client_id", "client_secret", "company_id"),
            "avidsuite": ("user_name", "password", "gateway_key", "time_zone"),
        }[surface]
        credentials = {name: self.credentials[f"AVIDXCHANGE_{name.upper()}"] for name in names}
        return {"profile": surface, "base_url": self.url_of(surface), **credentials}

    def url_of(self, surface: str) -> str:
        """Return the base URL of a surface of AvidXchange."""
        urls = {
            "avidconnect": self.avidxchange_url,
            "partner": self.partner_url,
            "avidsuite": self.avidsuite_url,
        }
        return urls[surface]

    def control(self, path: str, body: object = None, *, method: str = "POST") -> Any:  # noqa: ANN401
        """Call the control API, such as `control("/control/payments/pay", {"all": True})`.

        Raises:
            urllib.error.HTTPError: It refused.
        """
        request = Request(  # noqa: S310
            self.control_url + path,
            data=None if body is None else msgspec.json.encode(body),
            method=method,
            headers={"content-type": "application/json"},
        )
        with _OPENER.open(request, timeout=_PATIENCE) as answer:
            return msgspec.json.decode(answer.read())

    def calls(self) -> Any:  # noqa: ANN401
        """Return what was asked of each system since the last reset."""
        return self.control("/control/calls", method="GET")

    def books(self) -> Any:  # noqa: ANN401
        """Return both books; amounts are decimal strings."""
        return self.control("/control/books", method="GET")


@contextmanager
def running(
    *,
    seed: int = CompanySize.seed,
    vendors: int = 12,
    bills: int = 20,
    latency_ms: int = 0,
    concurrency_limit: int = Options.concurrency_limit,
    folder: Path | None = None,
    in_process: bool = True,
    token_based: bool = False,
    like: Path | None = None,
) -> Iterator[Running]:
    """Run a sandbox with fresh credentials, and end it.

    Args:
        seed: Of the company.
        vendors: Number of vendors.
        bills: Number of bills.
        latency_ms: Added to every answer.
        concurrency_limit: Calls that NetSuite allows in flight.
        folder: Where to keep the books; one of its own, removed at the end, otherwise.
        in_process: In a thread of this process, else by the command `apbridge-sandbox serve`.
        token_based: Whether to issue credentials for token-based sign-in besides.
        like: The file of an `apbridge survey`: NetSuite behaves as that account.
    """
    options = Options(CompanySize(seed, vendors, bills), latency_ms, concurrency_limit)
    start = partial(_in_thread, like=like) if in_process else partial(_as_command, like=like)
    with tempfile.TemporaryDirectory() as own:
        place = folder or Path(own)
        with start(place / "sandbox.db", options) as (port, control_port, sandbox):
            url = f"http://{HOST}:{port}"
            store = sandbox.store if sandbox else Store(place / "sandbox.db")
            env = issue(store, place, url, token_based=token_based)
            if not sandbox:
                store.close()
            yield Running(
                netsuite_url=url,
                avidxchange_url=env["AVIDXCHANGE_BASE_URL"],
                partner_url=env["AVIDXCHANGE_PARTNER_BASE_URL"],
                avidsuite_url=env["AVIDXCHANGE_AVIDSUITE_BASE_URL"],
                control_url=f"http://{HOST}:{control_port}",
                credentials=env,
                folder=place,
                sandbox=sandbox,
            )


@contextmanager
def _in_thread(db: Path, options: Options, like: Path | None) -> Iterator[tuple[int, int, Sandbox]]:
    options = options.like(told_by(like)) if like else options
    is_new = not db.exists()
    if is_new:
        db.write_bytes(_seeded(options.company))
    sandbox = Sandbox(db, options)
    if is_new:
        sandbox.clock.start_at(OPENING)
    else:
        sandbox.seed_if_empty()
    server = Server(sandbox)
    ready = Event()
    thread = Thread(target=server.run, args=(ready.set,), name="sandbox")
    thread.start()
    try:
        if not ready.wait(_PATIENCE):
            message = "the sandbox did not start"
            raise RuntimeError(message)
        yield server.port, server.control_port, sandbox
    finally:
        server.stop()
        thread.join()
        sandbox.close()


@lru_cache(maxsize=8)
def _seeded(company: CompanySize) -> bytes:
    """Return the books of a company: it is made once, and tests that start hundreds take copies."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder, "sandbox.db"), Options(company))
        sandbox.seed_if_empty()
        sandbox.close()
        return sandbox.store.path.read_bytes()


@contextmanager
def _as_command(db: Path, options: Options, like: Path | None) -> Iterator[tuple[int, int, None]]:
    command = [sys.executable, "-m", "apbridge_sandbox", "serve", f"--db={db}"]
    command += ["--port=0", "--control-port=0", f"--seed={options.company.seed}"]
    command += [f"--vendors={options.company.vendors}", f"--bills={options.company.bills}"]
    command += [f"--latency-ms={options.latency_ms}"]
    command += [f"--concurrency-limit={options.concurrency_limit}"]
    command += [f"--like={like}"] if like else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield *_ports(process), None
        finally:
            process.terminate()


def _ports(process: subprocess.Popen[str]) -> tuple[int, int]:
    assert process.stdout  # noqa: S101 - it was asked for
    said = process.stdout.readline()
    if not said.startswith("ready "):
        message = f"the sandbox did not start: {said or 'it ended'}"
        raise RuntimeError(message)
    urls = dict(word.split("=", 1) for word in said.split()[1:])
    return int(urls["netsuite"].rpartition(":")[2]), int(urls["control"].rpartition(":")[2])
