"""Programs as `subprocess` runs them, but forked from one process that has imported what they need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any

from typing_extensions import Self

from tests.programs import start
from tests.waiting import PATIENCE


def run(
    *command: str | Path,
    stdin: str | bytes = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; `Program` tells what it is called with."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as error:
        given.write(stdin.encode() if isinstance(stdin, str) else stdin)
        given.seek(0)
        code = Program(*command, stdin=given, stdout=out, stderr=error, env=env, cwd=cwd).wait(PATIENCE)
        return subprocess.CompletedProcess(command, code, _read(out), _read(error))


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


class Program:
    """A program that runs: `subprocess.Popen`, as far as tests need it.

    Args:
        *command: A plugin's name, `apbridge`, a Python file, or `-c` and code; and its arguments.
        stdin: A file, or `PIPE`; nothing otherwise.
        stdout: As `stdin`; this process's own otherwise.
        stderr: As `stdout`.
        env: The whole of its environment; this process's own otherwise.
        cwd: Where it runs; here otherwise.
    """

    def __init__(
        self,
        *command: str | Path,
        stdin: IO[Any] | int | None = None,
        stdout: IO[Any] | int | None = None,
        stderr: IO[Any] | int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        files: list[int] = []
        theirs: list[int] = []
        for number, file in enumerate((stdin, stdout, stderr)):
            if file == subprocess.PIPE:
                reading, writing = os.pipe()
                if number == 0:
                    self.stdin = os.fdopen(writing, "w", encoding="utf-8")
                    files.append(reading)
                else:
                    self.stdout = os.fdopen(reading, encoding="utf-8")
                    files.append(writing)
                theirs.append(files[-1])
            elif isinstance(file, int) or (file is None and number == 0):
                files.append(os.open(os.devnull, os.O_RDWR))
                theirs.append(files[-1])
            else:
                files.append(number if file is None else file.fileno())
        self._process = start(
            *map(str, command),
            env=os.environ if env is None else env,
            cwd=cwd or Path.cwd(),
            files=(files[0], files[1], files[2]),
        )
        for number in theirs:
            os.close(number)
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in (self.stdin, self.stdout):
            if pipe:
                pipe.close()
        self.wait(PATIENCE)

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for its end, and return its exit code.

        Raises:
            TimeoutExpired: It has not ended by then.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout)
        return int(self._process.exitcode)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.pid and self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it runs."""
        self._process.kill()
