"""Programs as `subprocess.run` runs them, but forked from one process that has imported what they need."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.programs import Handed, ended, start, take_over

_Files = tuple[int, int, int]


def run(
    plugin: str, *options: str, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run a plugin's program to its end, in this process's environment or in another."""

    def begin(files: _Files) -> BaseProcess:
        return start(plugin, *options, env=os.environ if env is None else env, cwd=cwd, files=files)

    return _completed([plugin, *options], begin, stdin)


def run_file(file: Path, *options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a file as a program to its end."""

    def begin(files: _Files) -> BaseProcess:
        # The process that `tests.programs` has prepared.
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=_file, args=(str(file), options, cwd, Handed(files)))
        process.start()
        return process

    return _completed([str(file), *options], begin, "")


def _completed(
    command: list[str], begin: Callable[[_Files], BaseProcess], stdin: str
) -> subprocess.CompletedProcess[str]:
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as error:
        given.write(stdin.encode())
        given.seek(0)
        code = ended(begin((given.fileno(), out.fileno(), error.fileno())))
        said = []
        for file in (out, error):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(command, code, *said)


def _file(file: str, options: tuple[str, ...], cwd: Path, files: tuple[Any, ...]) -> None:
    take_over(cwd, files)
    sys.argv = [file, *options]
    runpy.run_path(file, run_name="__main__")
