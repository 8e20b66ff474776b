"""A project of one's own in an empty folder: Meltano's file, and the plugins that `make setup` installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from demo.meltano import PROGRAMS, ROOT
from tests.waiting import PATIENCE

OURS = ("APBRIDGE_", "AVIDXCHANGE_", "MELTANO_", "NETSUITE_", "TAP_", "TARGET_")


def new_project(folder: Path, plugins: Path = ROOT / ".meltano") -> Path:
    """Make one, with the plugins of one of Meltano's folders."""
    shutil.copy(ROOT / "meltano.yml", folder)
    (folder / ".meltano").mkdir()
    for kind in ("extractors", "loaders", "utilities"):
        # Where one was set up otherwise, Meltano removes it, for all, and finds nothing here to install.
        for plugin in (plugins / kind).iterdir():
            program = plugin / "venv/bin" / plugin.name
            assert program.exists(), f"{program} is missing: remove {plugins}/.done and run `make` again"
        (folder / ".meltano" / kind).symlink_to(plugins / kind)
    return folder


def run(
    project: Path, *words: str, secrets: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `apbridge` or `meltano` there, with none of our variables set but those given.

    By an account that lets everybody read and write what it makes.
    """
    return subprocess.run(
        [PROGRAMS / words[0], *words[1:]],
        cwd=project,
        env={**environment(project), **(secrets or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        umask=0,
    )


def environment(project: Path) -> dict[str, str]:
    """Return this process's variables without ours; Meltano's logs go into the project, to be seen."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    own = {"MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false", "XDG_STATE_HOME": str(project / ".state")}
    return {**others, **own}
