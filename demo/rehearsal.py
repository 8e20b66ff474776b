"""Meltano on the sandbox: what a rehearsal of the loop needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(sys.executable).parent


def meltano_run(
    job: str,
    folder: Path,
    credentials: Mapping[str, str],
    *,
    tell: Callable[[str], None] = lambda _line: None,
) -> int:
    """Run a job of `meltano.yml` in the `demo` environment, its state, ledger, spool and logs in one folder.

    Args:
        job: `outbound` or `inbound`.
        folder: Where they go.
        credentials: Those of the sandbox, by their names in an `.env`.
        tell: Given each line that Meltano logs.

    Returns:
        Meltano's exit code.
    """
    environment = {
        **os.environ,
        **credentials,
        "MELTANO_ENVIRONMENT": "demo",
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        "APBRIDGE_DEMO": str(folder),
    }
    command = [PROGRAMS / "meltano", "run", job]
    # Meltano writes each plugin's settings to a file while it runs: for nobody else to read.
    with (
        subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, umask=0o077, text=True, stdout=-1, stderr=subprocess.STDOUT
        ) as run,
        (folder / f"{job}.log").open("a", encoding="utf-8") as log,
    ):
        for line in run.stdout or ():
            log.write(line)
            tell(line.rstrip())
    return run.returncode
