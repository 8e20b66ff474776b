"""A plugin's program as `subprocess.run` would run it, but forked from one process that has imported it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryFile

from tests.programs import ended, start


def run(plugin: str, *options: str, stdin: str = "", cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a plugin's program to its end."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as error:
        given.write(stdin.encode())
        given.seek(0)
        files = (given.fileno(), out.fileno(), error.fileno())
        code = ended(start(plugin, *options, env=os.environ, cwd=cwd, files=files))
        said = []
        for file in (out, error):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess([plugin, *options], code, *said)
