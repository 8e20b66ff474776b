"""Where a ledger may be: on a real PostgreSQL, started when first asked for."""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import psycopg

from tests.waiting import until

_SERVER = Path(__file__).with_name("database_server.py")
_numbers = count(1)


def new_database() -> str:
    """Make an empty PostgreSQL database; give its URL."""
    socket = _server()
    name = f"ledger_{next(_numbers)}"
    with _connected(socket) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://apbridge@/{name}?host={socket}"


@cache
def _server() -> str:
    """Start PostgreSQL on a socket in a folder of its own; give the folder."""
    folder = tempfile.mkdtemp(prefix="apbridge-pg-", dir="/tmp")
    # In a session of its own: who interrupts the tests from the keyboard does not interrupt its end.
    server = subprocess.Popen(
        [sys.executable, _SERVER, folder], stdin=subprocess.PIPE, start_new_session=True
    )

    def stop() -> None:
        assert server.stdin
        server.stdin.close()
        server.wait()

    atexit.register(stop)

    def answers() -> bool:
        assert server.poll() is None, "PostgreSQL could not be started"
        try:
            _connected(folder).close()
        except psycopg.OperationalError:
            return False
        return True

    until(answers)
    return folder


def _connected(socket: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=socket, user="apbridge", dbname="postgres", autocommit=True)
