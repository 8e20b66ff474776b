"""Where a ledger may be: on a real PostgreSQL, started when first asked for."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from glob import glob
from itertools import count
from pathlib import Path

import psycopg
import pytest

_numbers = count(1)


def new_database() -> str:
    """Make an empty PostgreSQL database; give its URL."""
    socket = _server()
    name = f"ledger_{next(_numbers)}"
    with psycopg.connect(host=socket, user="apbridge", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://apbridge@/{name}?host={socket}"


@cache
def _server() -> str:
    """Start PostgreSQL on a socket in a folder of its own; give the folder."""
    initdb = _program("initdb")
    folder = Path(tempfile.mkdtemp(prefix="apbridge-pg-", dir="/tmp"))
    become = _become(folder)
    data = folder / "data"
    subprocess.run(
        [*become, initdb, "-D", data, "-U", "apbridge", "-A", "trust", "-N"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    control = [*become, _program("pg_ctl"), "-D", data, "-w", "-s"]
    subprocess.run([*control, "-o", options, "-l", folder / "log", "start"], check=True, cwd=folder)

    def stop() -> None:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return str(folder)


def _become(folder: Path) -> list[str]:
    """Give what makes a command run as somebody else where we are root: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(folder, user)
    return ["runuser", "-u", user, "--"]


def _program(name: str) -> str:
    found = shutil.which(name) or next(iter(sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"))), None)  # noqa: PTH207
    if found is None:
        if "CI" in os.environ:
            pytest.fail(f"{name} of PostgreSQL is not installed")
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {name} is not installed")
    return found
