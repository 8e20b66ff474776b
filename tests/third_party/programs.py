"""Other people's programs, each in an environment of its own, made by `make .third-party/.done`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from demo.meltano import ROOT
from tests.waiting import PATIENCE

THIRD_PARTY = ROOT / ".third-party"


def run(
    program: Path, *options: str, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path
) -> str:
    """Run a program, which has to succeed, and return what it wrote."""
    done = subprocess.run(
        [program, *options],
        input=stdin,
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-3000:] or done.stdout[-3000:]
    return done.stdout
