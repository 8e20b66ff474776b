"""The PostgreSQL that the tests of the ledger run on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.waiting import until

ROOT = Path(__file__).parents[1]
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.databases import new_database
print(new_database(), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_though_the_run_is_killed(number: signal.Signals):
    command = [sys.executable, "-c", RUN, str(ROOT)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as run:
        assert run.stdout
        url = run.stdout.readline().strip().replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            (number_of_server,) = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone() or (
                "",
            )
        run.send_signal(number)
    folder = Path(parse_qs(urlsplit(url).query)["host"][0])
    until(lambda: not folder.exists())
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert not Path("/proc", number_of_server.split()[0]).exists()
