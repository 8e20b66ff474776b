"""Where a ledger may be: on a real PostgreSQL, started when first asked for."""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

from apbridge.ledger import Ledger
from tests.waiting import until

_SERVER = Path(__file__).with_name("database_server.py")
_numbers = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Return places for ledgers that are not there yet, all of one kind."""
    numbers = count()

    def new() -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path}/ledger{next(numbers) or ''}.db"
        return new_database()

    return new


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """Return a place for a ledger that is not there yet."""
    return new_url()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url) as opened:
        yield opened


def new_database() -> str:
    """Make an empty PostgreSQL database; return its URL."""
    socket = _server()
    name = f"ledger_{next(_numbers)}"
    with _connected(socket) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://apbridge@/{name}?host={socket}"


@cache
def _server() -> str:
    """Start PostgreSQL on a socket in a folder of its own; return the folder."""
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
