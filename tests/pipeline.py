"""The outbound pipe as two processes, and the STATE kept between its runs as Meltano keeps it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from apbridge_sandbox.testing import Running
from tests.plugins import environment
from tests.programs import ended, start


@dataclass(frozen=True)
class Ended:
    """Exit codes of a run, and what both programs logged."""

    tap: int
    target: int
    said: str


@dataclass(frozen=True)
class Pipe:
    """tap-netsuite-ap into target-avidxchange, with one ledger, one spool and one STATE in one folder."""

    sandbox: Running
    folder: Path
    name: str = "run"
    reads: Mapping[str, str] = field(default_factory=dict)
    """Settings of the tap beside the usual ones."""
    patience: float | None = None
    """How many seconds a call may keep failing, where that is not the usual while."""

    @property
    def state(self) -> Path:
        """Where the acknowledged STATE is kept."""
        return self.folder / "state.json"

    @property
    def ledger(self) -> Path:
        """Where the ledger is."""
        return self.folder / "ledger.db"

    def run(self, **settings: str) -> Ended:
        """Run to whatever end, with settings of the target beside the usual ones."""
        with self.begun(**settings) as (tap, target):
            pass
        said = "".join(log.read_text("utf-8") for log in self._logs())
        return Ended(int(tap.exitcode or 0), int(target.exitcode or 0), said)

    def run_well(self) -> str:
        """Run to an end that must be good; return what was said."""
        ended = self.run()
        assert (ended.tap, ended.target) == (0, 0), ended.said
        return ended.said

    @contextmanager
    def begun(self, **settings: str) -> Iterator[tuple[BaseProcess, BaseProcess]]:
        """Run; after the block wait for both programs and keep the newest STATE."""
        arguments = [f"--state={self.state}"] if self.state.exists() else []
        spool = {"spool_url": str(self.folder / "spool")}
        own = {**spool, **self.reads}
        # In so small a company more than a tenth of the bills may be withdrawn at once.
        usual = {"ledger_url": f"sqlite:///{self.ledger}", "brake_percent": "100"}
        into = {**spool, **usual, **settings}
        states = self.folder / f"{self.name}.states"
        tap_log, target_log = self._logs()
        reading, writing = os.pipe()
        with states.open("wb") as out, tap_log.open("wb") as told, target_log.open("wb") as replied:
            tap = self._start("tap-netsuite-ap", own, arguments, (0, writing, told.fileno()))
            target = self._start("target-avidxchange", into, [], (reading, out.fileno(), replied.fileno()))
        os.close(reading)
        os.close(writing)
        try:
            yield tap, target
        finally:
            for process in (target, tap):
                ended(process)
        whole = [line for line in states.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        if whole:
            self.state.write_bytes(whole[-1])

    def rows(self, query: str) -> list[Any]:
        """Ask the ledger."""
        with sqlite3.connect(self.ledger) as connection:
            return connection.execute(query).fetchall()

    def _start(
        self, plugin: str, settings: Mapping[str, str], arguments: list[str], files: tuple[int, int, int]
    ) -> BaseProcess:
        env = environment(self.sandbox, plugin, **settings)
        waits = {} if self.patience is None else {"GIVE_UP_AFTER": self.patience}
        return start(plugin, "--config=ENV", *arguments, env=env, cwd=self.folder, files=files, waits=waits)

    def _logs(self) -> tuple[Path, Path]:
        return self.folder / f"{self.name}-tap.log", self.folder / f"{self.name}-target.log"
