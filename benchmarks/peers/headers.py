"""Bill headers by SuiteQL: each client by itself, with nothing in its way and with each 7th call refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from benchmarks.reader.server import LIMIT, PAGE_ROWS, serve
from benchmarks.telling import NotMeasuredError, Program, Row, against
from demo.meltano import ROOT
from tests.third_party.programs import THIRD_PARTY
from tests.third_party.tls_proxy import https_proxy

_ACCOUNT, _HOST = "1234567_SB1", "1234567-sb1"
_BASE = f"https://{_HOST}.suitetalk.api.netsuite.com"
_QUERY = (
    "SELECT id, tranid, entity, trandate, foreigntotal, memo, lastmodifieddate"
    "\nFROM transaction\nWHERE type = 'VendBill' ORDER BY id ASC"
)
_CLIENTS = Path(__file__).parent / "clients"
_MODULES = THIRD_PARTY / "netsuite-rest/node_modules"
_OURS = "tap-netsuite-ap's reader"
_OF_LIMIT = 1.2


@dataclass(frozen=True)
class _Peer:
    """One way of reading with somebody's client.

    Args:
        client: Its package, and the folder of its environment.
        way: How it is used, where there are several.
        calls: Calls that it is told to have in flight, where it can be told.
    """

    client: str
    way: str = ""
    calls: int = 0

    @property
    def name(self) -> str:
        told = f"{self.way}, {self.calls} in flight" if self.calls else self.way
        return f"{self.client} ({told})" if told else self.client

    def command(self) -> list[str | Path]:
        """Return how it is run; nothing where it is not installed."""
        script = _CLIENTS / f"with_{self.client.replace('-', '_')}"
        words = [self.way] * bool(self.way) + [str(self.calls)] * bool(self.calls)
        if self.client == "netsuite-rest":
            node = shutil.which("node")
            return [node, script.with_suffix(".js")] if node and (_MODULES / self.client).exists() else []
        python = THIRD_PARTY / self.client / "bin/python"
        return [python, script.with_suffix(".py"), *words] if python.exists() else []


_PEERS = (
    _Peer("netsuite", "one by one"),
    _Peer("netsuite", "gathered"),
    _Peer("netsuite", "gathered", LIMIT),
    _Peer("netsuite-client", "its query"),
    _Peer("netsuite-client", "page by page"),
    _Peer("netsuite-connector", "its query"),
    _Peer("netsuite-connector", "page by page"),
    _Peer("netsuite-oauth-python"),
    _Peer("netsuite-rest"),
    _Peer("restsuite"),
)


@dataclass(frozen=True)
class _Read:
    """What came of a reading."""

    seconds: float
    lost: int
    twice: int
    calls: int
    peak: int
    error: str

    @property
    def facts(self) -> dict[str, float]:
        return {"lost": self.lost, "twice": self.twice, "calls": self.calls, "in flight": self.peak}


def headers(rows: int, latency: float, blocks: Iterable[int]) -> Iterator[Row]:
    """Read headers with each client, first with ours.

    Args:
        rows: How many.
        latency: Seconds until each answer.
        blocks: Of how many calls one is refused by 429, by turns; 0 for none.
    """
    limit = ceil(rows / PAGE_ROWS) * latency / LIMIT
    with _server(rows) as url, TemporaryDirectory() as place:
        folder = Path(place)
        with https_proxy(url.removeprefix("http://"), _HOST, folder) as door:
            for block_every in blocks:
                account = _Account(url, door, folder, rows, latency, block_every)
                case = f"{rows:,} headers at {latency * 1000:.0f} ms"
                case += f", each {block_every}th call 429" if block_every else ""
                ours = account.with_ours()
                bound = None if block_every else _OF_LIMIT
                yield _row(case, _OURS, ours, limit, bound)
                others: dict[str, _Read] = {}
                for peer in _PEERS:
                    if command := peer.command():
                        others[peer.name] = account.with_a_peer(command)
                        yield _row(case, peer.name, others[peer.name], limit)
                    else:
                        yield Row(f"{peer.name}: {case}", None, note="not installed: make .third-party/.done")
                yield _fastest(case, ours, others)


@dataclass(frozen=True)
class _Account:
    """NetSuite as each client finds it: its own names lead to the server, over TLS."""

    url: str
    door: Mapping[str, str]
    folder: Path
    rows: int
    latency: float
    block_every: int

    def with_ours(self) -> _Read:
        path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
        env = {**os.environ, **self.door, "PYTHONPATH": path}
        read = self._read([sys.executable, "-m", "benchmarks.peers.ours", _BASE], env)
        if read.lost or read.twice or read.error:
            message = f"{read.lost} rows were lost by ours, {read.twice} came twice: {read.error}"
            raise NotMeasuredError(message)
        return read

    def with_a_peer(self, command: Sequence[str | Path]) -> _Read:
        secrets = ("CONSUMER_KEY", "CONSUMER_SECRET", "TOKEN_ID", "TOKEN_SECRET")
        env = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            **self.door,
            **{f"NETSUITE_{name}": "0" * 64 for name in secrets},
            "NETSUITE_ACCOUNT": _ACCOUNT,
            "NETSUITE_AUTH_TYPE": "token",
            "HOST": _HOST,
            "SUITEQL": f"{_BASE}/services/rest/query/v1/suiteql",
            "PLAIN_URL": f"{self.url}/services/rest/",
            "NODE_PATH": str(_MODULES),
            "QUERY": _QUERY,
        }
        return self._read(command, env)

    def _read(self, command: Sequence[str | Path], env: Mapping[str, str]) -> _Read:
        self._configure()
        program = Program("reading", command, self.folder, env=env, stdout=subprocess.PIPE)
        with program.stdout or nullcontext() as out:
            said = out.read() if out else b""
        program.ended()
        told, counted = json.loads(said), self._configure()
        came, different = len(told["ids"]), len(set(told["ids"]))
        lost, twice = self.rows - different, came - different
        return _Read(told["seconds"], lost, twice, counted["calls"], counted["peak"], told["error"])

    def _configure(self) -> Any:  # noqa: ANN401
        told = {"latency": self.latency, "block_every": self.block_every}
        return requests.post(f"{self.url}/configure", json=told, timeout=60).json()


def _row(case: str, name: str, read: _Read, limit: float, bound: float | None = None) -> Row:
    note = f"ended with {read.error}" if read.error else ""
    note = note or (f"{read.lost:,} rows lost, and ended well" if read.lost else "")
    told = f"{name}: {case}"
    if note:
        # How fast it ended says nothing where it did not read all.
        return Row(told, read.seconds, "s", facts=read.facts, note=note)
    return against(limit, "the limit", told, read.seconds, bound=bound, facts=read.facts)


def _fastest(case: str, ours: _Read, others: Mapping[str, _Read]) -> Row:
    """Hold ours against the fastest of the others that has read all."""
    case = f"our reader beside the others: {case}"
    whole = {name: read for name, read in others.items() if not (read.lost or read.twice or read.error)}
    if not whole:
        return Row(case, ours.seconds, "s", note="no other read all")
    best = min(whole, key=lambda name: whole[name].seconds)
    return against(whole[best].seconds, best, case, ours.seconds, bound=1, facts={"who read all": len(whole)})


@contextmanager
def _server(rows: int) -> Iterator[str]:
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(rows, there))
    server.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        server.join()
