"""The four plugins as programs, set up as a user without Meltano sets them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from apbridge_sandbox.testing import Running
from demo.meltano import PROGRAMS
from tests import forked
from tests.waiting import PATIENCE


def environment(sandbox: Running, plugin: str, **settings: str) -> dict[str, str]:
    """Return the sandbox's credentials under one plugin's own names, and other settings over them."""
    prefix = plugin.replace("-", "_").upper()
    system = "NETSUITE_" if "netsuite" in plugin else "AVIDXCHANGE_"
    own = {
        f"{prefix}_{name.removeprefix(system)}": value
        for name, value in sandbox.credentials.items()
        if name.startswith(system)
    }
    return {**os.environ, **own, **{f"{prefix}_{name.upper()}": value for name, value in settings.items()}}


def run(
    plugin: str, *options: str, stdin: str = "", env: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run a plugin's program, forked from one process that has imported it."""
    return forked.run(plugin, "--config=ENV", *options, stdin=stdin, env=env, cwd=cwd)


def run_installed(
    plugin: str, *options: str, stdin: str = "", env: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run a plugin's program as it is installed."""
    return subprocess.run(
        [PROGRAMS / plugin, "--config=ENV", *options],
        input=stdin,
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
