"""A process of its own for the JavaScript engine: a crash of the engine ends that process and no other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import IO, Any

import msgspec

_PROGRAM = Path(__file__).parent / "netsuite" / "suitescript" / "interpreter.py"


class CrashError(Exception):
    """The process ended while a script ran."""


class ScriptProcess:
    """Runs scripts, one at a time, in a process that is started when it is first needed and after a crash.

    It ends with this one: it reads its jobs from a pipe, and the pipe ends. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, job: Mapping[str, Any], ask: Callable[[str, str], str]) -> dict[str, Any]:
        """Run a script.

        Args:
            job: What `interpreter.py` takes.
            ask: Answers what the script asks: an operation and its argument, and the answer, as JSON.

        Raises:
            CrashError: The process ended. The next job has a new one.
        """
        with self._lock:
            process = self._process or self._start()
            try:
                told = self._tell(process, job)
                while "ask" in told:
                    told = self._tell(process, {"answer": ask(told["ask"], told["argument"])})
            except (BrokenPipeError, EOFError):
                code = process.wait()
                self._end()
                message = f"The script engine crashed (exit code {code})."
                raise CrashError(message) from None
            except BaseException:
                # Whoever comes next must not hear the rest of this.
                self._end()
                raise
            return told

    def close(self) -> None:
        """End the process, where there is one."""
        with self._lock:
            self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        # In a session of its own: who interrupts the sandbox from the keyboard does not interrupt a script.
        command = [sys.executable, "-I", "-X", "faulthandler", str(_PROGRAM)]
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, on a program beside this file
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()

    def _tell(self, process: subprocess.Popen[bytes], told: Mapping[str, Any]) -> dict[str, Any]:
        writing, reading = _pipe(process.stdin), _pipe(process.stdout)
        writing.write(msgspec.json.encode(told) + b"\n")
        writing.flush()
        line = reading.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return msgspec.json.decode(line, type=dict[str, Any])


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe  # noqa: S101 - it was asked for
    return pipe
