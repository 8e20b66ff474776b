"""Programs, each run in a process that is forked from one which has imported what ours need.

To import them takes longer than most runs that a test makes. The installed programs themselves are run
where a test says so.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import runpy
import signal
import struct
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE

# Of Linux: prctl(2), capabilities(7), capset(2).
_PR_SET_KEEPCAPS, _CAP_DAC_OVERRIDE, _CAPABILITIES_3 = 8, 1, 0x20080522

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "tests.preloaded", __name__])


def start(
    *command: str,
    env: Mapping[str, str],
    cwd: Path,
    files: tuple[int, int, int],
    waits: Mapping[str, Any] | None = None,
    user: int | None = None,
) -> BaseProcess:
    """Start a program.

    Args:
        command: The name of one of ours, a Python file, or `-c` and code; and its arguments.
        env: The whole of its environment.
        cwd: Where it runs.
        files: What its stdin, stdout and stderr are.
        waits: How long it waits for others, where that is not the usual while: by the names in
            `apbridge.http.retry`.
        user: Whose process it is, and with umask 000, where it is not as the tests are.
    """
    process = _PROCESSES.Process(
        target=_program, args=(command, dict(env), cwd, _Handed(files), dict(waits or {}), user)
    )
    process.start()
    return process


def ended(process: BaseProcess) -> int:
    """Wait for a program, and return its exit code."""
    process.join(PATIENCE)
    process.kill()
    process.join()
    return int(process.exitcode or 0)


class _Handed:
    """Files that a process is given when it is forked.

    They are not offered for it to fetch: one that is killed before it fetches them would leave a pipe open.
    """

    def __init__(self, files: tuple[int, ...]) -> None:
        self._files = files

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, ([DupFd(file) for file in self._files],)


def _take_over(cwd: Path, files: tuple[Any, ...]) -> None:
    """Make the files that were handed to this process its stdin, stdout and stderr, and go to a folder."""
    os.chdir(cwd)
    # Where the tests run in the background, an interrupt is ignored, and so it would be here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        handed = file.detach()
        os.dup2(handed, number)
        os.close(handed)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115


def _program(  # noqa: PLR0917 - what a process is started with
    command: tuple[str, ...],
    env: Mapping[str, str],
    cwd: Path,
    files: tuple[Any, ...],
    waits: Mapping[str, Any],
    user: int | None,
) -> None:
    from apbridge.http import retry  # noqa: PLC0415

    for name, wait in waits.items():
        assert hasattr(retry, name)
        setattr(retry, name, wait)
    os.environ.clear()
    os.environ.update(env)
    if env.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    _take_over(cwd, files)
    main = _main_of(*command)
    if user is not None:
        _become(user)
    main()


def _main_of(name: str, *arguments: str) -> Callable[[], Any]:
    """Return what a program runs, with its arguments where it looks for them."""
    from tests.preloaded import PLUGINS  # noqa: PLC0415

    sys.argv = [name, *arguments]
    if name == "-c":
        code = compile(sys.argv.pop(1), "<string>", "exec")
        return lambda: exec(code, {"__name__": "__main__"})  # noqa: S102, the tests' own code
    if name.endswith(".py"):
        sys.path.insert(0, str(Path(name).parent))
        return lambda: runpy.run_path(name, run_name="__main__")
    if name in PLUGINS:
        return PLUGINS[name].cli
    (entry,) = entry_points(group="console_scripts", name=name)
    return entry.load()  # type: ignore[no-any-return]


def _become(user: int) -> None:
    """Make this a process of a user who lets everybody read and write what it makes."""
    os.umask(0)
    if user != os.geteuid():
        os.setgroups([])
        os.setgid(user)
        # Python and this project may lie where only root may read: of what root may do, that is kept.
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setuid(user)
        kept = 1 << _CAP_DAC_OVERRIDE
        if libc.capset(struct.pack("Ii", _CAPABILITIES_3, 0), struct.pack("6I", kept, kept, 0, 0, 0, 0)):
            raise OSError(ctypes.get_errno(), "capset")
