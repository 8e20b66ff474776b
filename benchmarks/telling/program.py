"""A program that is measured: how long it takes, and what of processor and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.telling.row import NotMeasuredError

_LAUNCHER = Path(__file__).with_name("launch.py")
_SHOWN = 2000
"""Characters of a log's end."""


@dataclass(frozen=True)
class Used:
    """What one program took.

    Attributes:
        seconds: From its start to its end.
        processor: Seconds of processor time.
        peak_mb: Its greatest memory.
    """

    seconds: float
    processor: float
    peak_mb: float

    def facts(self, name: str = "") -> dict[str, float]:
        """Return them for a row, under the name of the program."""
        begin = f"{name} " if name else ""
        return {f"{begin}CPU s": round(self.processor, 2), f"{begin}MB at most": round(self.peak_mb)}


class Program:
    """A running program, whose log goes to a file.

    Args:
        name: Of its files.
        command: What to run.
        folder: Where it works and its files go.
        env: Its environment; that of this process unless given.
        stdin: Where it reads from; nowhere unless given.
        stdout: Where it writes to; nowhere unless given.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        stdin: IO[Any] | int = subprocess.DEVNULL,
        stdout: IO[Any] | int = subprocess.DEVNULL,
    ) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        self._told = folder / f"{name}.json"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", _LAUNCHER, self._told, *command],
                cwd=folder,
                env=env,
                stdin=stdin,
                stdout=stdout,
                stderr=log,
            )
        self.stdout = self._process.stdout

    def ended(self) -> Used:
        """Wait for its end, and return what it took.

        Raises:
            NotMeasuredError: It ended with an error.
        """
        if self._process.wait():
            message = f"{self.name} ended with an error: {self._log.read_text(encoding='utf-8')[-_SHOWN:]}"
            raise NotMeasuredError(message)
        return Used(**json.loads(self._told.read_text(encoding="ascii")))
