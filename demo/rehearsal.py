"""A sandbox of one's own and Meltano beside it: what a rehearsal of the loop needs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(sys.executable).parent


class Sandbox:
    """A running sandbox, steered over its control API."""

    def __init__(self, url: str, control_url: str, environment: Mapping[str, str]) -> None:
        self.url = url
        self.control_url = control_url
        self.environment = environment

    def post(self, path: str, **body: Any) -> Any:  # noqa: ANN401
        """Do something in either system, such as `invoices/approve`."""
        return self._answer("POST", path, body)

    def get(self, path: str) -> Any:  # noqa: ANN401
        """Read what the sandbox knows: `books` or `calls`."""
        return self._answer("GET", path, None)

    def forget_calls(self) -> None:
        """Count calls from zero again."""
        self._answer("DELETE", "calls", None)

    def _answer(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401
        answer = requests.request(method, f"{self.control_url}/control/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[Sandbox]:
    """Run a freshly seeded sandbox in a folder of its own until the block ends.

    Args:
        folder: Emptied first; holds the books (`sandbox.db`), the credentials and the logs.
        options: More options of `apbridge-sandbox serve`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    port, control_port = _free_ports(2)
    url = f"http://127.0.0.1:{port}"
    command = PROGRAMS / "apbridge-sandbox"
    books = ["--db", str(folder / "sandbox.db")]
    with (folder / "sandbox.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(  # noqa: S603
            [command, "serve", *books, "--port", str(port), "--control-port", str(control_port), *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        _wait_until_ready(server, folder / "sandbox.log")
        subprocess.run(  # noqa: S603
            [command, "credentials", *books, "--out", str(folder), "--url", url],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
        environment = dict(line.split("=", 1) for line in lines if line)
        yield Sandbox(url, f"http://127.0.0.1:{control_port}", environment)
    finally:
        server.terminate()
        server.wait(timeout=20)


def meltano_run(
    job: str,
    folder: Path,
    environment: Mapping[str, str],
    *,
    tell: Callable[[str], None] = lambda _line: None,
) -> int:
    """Run a job of `meltano.yml` with its state in a folder of its own.

    Args:
        job: `outbound` or `inbound`.
        folder: Where state and logs go.
        environment: The credentials, as the sandbox wrote them.
        tell: Given each line that Meltano logs.

    Returns:
        Meltano's exit code.
    """
    settings = {
        **os.environ,
        **environment,
        "MELTANO_ENVIRONMENT": "demo",
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        "MELTANO_PROJECT_ROOT": str(ROOT),
    }
    with (
        subprocess.Popen(  # noqa: S603
            [PROGRAMS / "meltano", "run", job],
            cwd=ROOT,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Meltano writes each plugin's configuration to a file while it runs: for nobody else to read.
            umask=0o077,
        ) as run,
        (folder / f"{job}.log").open("a", encoding="utf-8") as log,
    ):
        assert run.stdout is not None  # noqa: S101
        for line in run.stdout:
            log.write(line)
            tell(line.rstrip())
    return run.returncode


def _wait_until_ready(server: subprocess.Popen[str], log: Path) -> None:
    assert server.stdout is not None  # noqa: S101
    for line in server.stdout:
        if "ready" in line:
            return
    message = f"The sandbox did not start; {log} says why."
    raise SystemExit(message)


def _free_ports(count: int) -> list[int]:
    with _sockets(count) as bound:
        return [found.getsockname()[1] for found in bound]


@contextmanager
def _sockets(count: int) -> Iterator[list[socket.socket]]:
    bound = [socket.socket() for _ in range(count)]
    try:
        for each in bound:
            each.bind(("127.0.0.1", 0))
        yield bound
    finally:
        for each in bound:
            each.close()
