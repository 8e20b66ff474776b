"""Places in flight that processes share: of one machine in a folder, of many in PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import psycopg
import pytest
from psycopg import sql
from typing_extensions import LiteralString

from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.http import SharedPlaces, advisory_locks, places, places_at
from apbridge_sandbox.testing import Running, running
from tests.databases import new_database
from tests.waiting import until

MOST = 5
OTHER = """
import sys
from apbridge.http import places_at
locks = places_at(sys.argv[1], system="NetSuite", account="1234567_SB1")._locks
for line in sys.stdin:
    print(eval(line), flush=True)
"""
CALLER = """
import json, sys
from threading import Event, Thread
from apbridge.netsuite import NetSuite, NetSuiteSettings

netsuite = NetSuite(NetSuiteSettings.from_config(json.loads(sys.argv[1])))
done, calls = Event(), [0] * 5

def call(number):
    while not done.is_set():
        netsuite.suiteql("SELECT id FROM vendor ORDER BY id ASC", purpose="read vendors")
        calls[number] += 1

if sys.argv[2] == "calls":
    threads = [Thread(target=call, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    done.set()
    for thread in threads:
        thread.join()
    print(sum(calls), netsuite.session.counts.retries)
else:
    with netsuite.session.limiter.slot(), netsuite.session.limiter.slot():
        print("held", flush=True)
        sys.stdin.read()
"""


@pytest.fixture(params=["folder", "postgresql"])
def limits_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database() if request.param == "postgresql" else str(tmp_path / "limits")


@contextmanager
def process(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script until the block ends."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


@contextmanager
def other(limits_url: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[str], str]]]:
    """Yield another process, and what it does when it is asked with its `locks`."""
    with process(OTHER, limits_url) as started:

        def does(what: str) -> str:
            assert started.stdin
            assert started.stdout
            started.stdin.write(f"{what}\n")
            started.stdin.flush()
            return started.stdout.readline().strip()

        yield started, does


@contextmanager
def opened(limits_url: str, **more: Any) -> Iterator[SharedPlaces]:  # noqa: ANN401
    found = places_at(limits_url, system="NetSuite", account="1234567_SB1", **more)
    yield found
    found.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=3, bills=1, latency_ms=20, concurrency_limit=MOST) as sandbox:
        yield sandbox


def test_four_processes_never_have_a_sixth_call_in_flight_and_a_killed_one_keeps_no_place(
    sandbox: Running, limits_url: str
):
    config = {
        name.removeprefix("NETSUITE_").lower(): value
        for name, value in sandbox.credentials.items()
        if name.startswith("NETSUITE_")
    }
    told = json.dumps({**config, "limits_url": limits_url})
    sandbox.control("/control/calls", method="DELETE")

    def calls() -> Any:  # noqa: ANN401
        return sandbox.calls()["netsuite"]

    with process(CALLER, told, "holds") as holder, ExitStack() as running_callers:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        callers = [running_callers.enter_context(process(CALLER, told, "calls")) for _ in range(3)]
        until(lambda: calls()["peak_concurrency"] >= MOST - 2 and calls()["total"] > 30)
        assert calls()["peak_concurrency"] == MOST - 2, "two places are held by another"
        holder.kill()
        until(lambda: calls()["peak_concurrency"] >= MOST)
        before = calls()["total"]
        until(lambda: calls()["total"] > before + 60)
        ended = [caller.communicate()[0].split() for caller in callers]
    assert all(int(made) > 0 and retries == "0" for made, retries in ended)
    assert (calls()["peak_concurrency"], calls()["refusals"]) == (MOST, {})


def test_who_waits_longest_comes_first_and_who_is_gone_waits_no_longer(limits_url: str):
    with opened(limits_url) as ours, other(limits_url) as (process, does):
        assert ours._locks.lock(1, in_turn=True) == 1
        assert does("locks.lock(1, in_turn=True)") == "None"
        does("locks.queue()")
        ours._locks.unlock(1)
        assert ours._locks.lock(1, in_turn=True) is None
        theirs = int(does("locks._ticket"))

        def comes_after() -> bool:
            ours._locks.leave_queue()
            ours._locks.queue()
            return ours._locks._ticket > theirs  # type: ignore[attr-defined, no-any-return]

        until(comes_after)
        assert ours._locks.lock(1, in_turn=True) is None
        assert does("locks.lock(1, in_turn=True)") == "1"
        does("locks.unlock(1)")
        assert ours._locks.lock(1, in_turn=True) is None, "it still waits"
        assert ours._locks.lock(1, in_turn=False) == 1, "the order is a courtesy"
        ours._locks.unlock(1)
        process.kill()
        until(lambda: ours._locks.lock(1, in_turn=True))


def test_who_is_halted_while_it_waits_holds_up_each_of_the_others_once(
    limits_url: str, monkeypatch: pytest.MonkeyPatch
):
    with opened(limits_url) as ours, other(limits_url) as (_, does):
        assert does("locks.lock(1, in_turn=True)") == "1"
        does("locks.queue()")
        does("locks.unlock(1)")
        assert ours._locks.lock(1, in_turn=True) is None
        monkeypatch.setattr(places, "IN_TURN", 0.05)
        with ours.place(1):
            pass
        assert ours._locks.lock(1, in_turn=True) == 1
        does("locks.leave_queue()")
        does("locks.queue()")
        ours._locks.unlock(1)
        assert ours._locks.lock(1, in_turn=True) is None, "it waits anew: it goes on"


def test_who_waited_for_its_own_process_comes_no_sooner_for_it(tmp_path: Path):
    looked: list[bool] = []
    with opened(str(tmp_path)) as ours, other(str(tmp_path)) as (_, does), ours._locks.turn:
        lock = ours._locks.lock

        def seen(most: int, *, in_turn: bool) -> int | None:
            looked.append(in_turn)
            return lock(most, in_turn=in_turn)

        assert does("locks.lock(1, in_turn=True)") == "1"
        assert seen(1, in_turn=True) is None
        does("locks.queue()")
        ours._locks.lock = seen  # type: ignore[method-assign]
        try:
            with ThreadPoolExecutor(1) as pool:
                waits = pool.submit(ours._waited_for, 1, monotonic() - places.IN_TURN)
                until(lambda: len(looked) > 1)
                does("locks.unlock(1)")
                does("locks.leave_queue()")
                assert waits.result() == 1
        finally:
            ours._locks.lock = lock  # type: ignore[method-assign]
    assert looked[1], "it has not waited for others yet"


def test_who_may_hold_fewer_takes_the_first(limits_url: str):
    with opened(limits_url) as ours, other(limits_url) as (_, does):
        assert [ours._locks.lock(5, in_turn=True) for _ in range(3)] == [5, 4, 3]
        assert [does("locks.lock(2, in_turn=True)") for _ in range(3)] == ["2", "1", "None"]
        assert ours._locks.lock(5, in_turn=True) is None
        ours._locks.unlock(4)
        assert does("locks.lock(2, in_turn=True)") == "None"
        assert does("locks.lock(5, in_turn=True)") == "4"


def test_two_clients_of_one_process_share_places_too(limits_url: str):
    with opened(limits_url) as one, opened(limits_url) as another, ExitStack() as inside:
        with ThreadPoolExecutor(1) as pool, one.place(1):
            waits = pool.submit(inside.enter_context, another.place(1))
            until(lambda: another._locks._ticket)  # type: ignore[attr-defined]
            assert not waits.done()
        waits.result()
        assert one._locks.lock(1, in_turn=True) is None


def test_places_of_another_account_are_others(limits_url: str):
    with opened(limits_url) as one, one.place(1):
        another = places_at(limits_url, system="NetSuite", account="7654321")
        with another.place(1):
            pass
        another.close()


def test_a_stop_ends_the_wait(limits_url: str):
    stop = Event()
    with opened(limits_url) as one, opened(limits_url, stop=stop) as another:
        with ThreadPoolExecutor(2) as pool, one.place(1):
            waits = [pool.submit(another.place(1).__enter__) for _ in range(2)]
            until(lambda: another._locks._ticket)  # type: ignore[attr-defined]
            stop.set()
            assert {wait.exception().code for wait in waits} == {"APB-HTTP-010"}  # type: ignore[union-attr]
        with one.place(1):
            pass


def test_a_wait_that_is_too_long_is_told_and_given_up(
    limits_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(places, "TOLD_AFTER", 0.0)
    caplog.set_level("INFO")
    with opened(limits_url) as one, opened(limits_url) as another, one.place(3), one.place(3), one.place(3):
        monkeypatch.setattr(places, "GIVE_UP_AFTER", 0.05)
        with pytest.raises(UnavailableError, match="for one of the 3 places"), another.place(3):
            pass
        assert "NetSuite: other jobs hold all 3 places in flight; waiting for one" in caplog.messages


def test_a_folder_is_private_and_its_files_bear_the_account(tmp_path: Path):
    folder = tmp_path / "made here" / "limits"
    found = places_at(f"file://{tmp_path}/made%20here/limits", system="NetSuite", account="../x")
    with found.place(1):
        (file,) = folder.iterdir()
        assert file.name == "netsuite-___x.lock"
        assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
        assert places_at(str(folder), system="NetSuite", account="../x")._locks is found._locks


def test_a_folder_of_two_names_holds_the_same_places(tmp_path: Path):
    (tmp_path / "other name").symlink_to(tmp_path / "limits")
    with opened(str(tmp_path / "limits")) as one, opened(str(tmp_path / "other name")) as same, one.place(1):
        assert same._locks.lock(1, in_turn=True) is None


def test_a_file_that_is_removed_meanwhile_lets_nobody_through_twice(tmp_path: Path):
    with opened(str(tmp_path)) as ours, other(str(tmp_path)) as (_, does):
        assert ours._locks.lock(2, in_turn=True) == 2
        next(tmp_path.iterdir()).unlink()
        assert does("locks.lock(2, in_turn=True)") == "2"
        assert ours._locks.lock(2, in_turn=True) is None, "one is in flight that nobody else sees"
        ours._locks.unlock(2)
        assert ours._locks.lock(2, in_turn=True) == 1, "the other has the second"


def test_a_session_that_is_ended_meanwhile_lets_nobody_through_twice():
    url = new_database()
    with opened(url) as ours:
        assert ours._locks.lock(2, in_turn=True) == 2
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert ours._locks.lock(2, in_turn=True) is None, "one is in flight that nobody else sees"
        ours._locks.queue()
        ours._locks.unlock(2)
        assert ours._locks.lock(2, in_turn=True) == 2
        ours._locks.leave_queue()


def test_the_url_of_a_ledger_will_do_whatever_schema_it_names():
    url = new_database()
    with opened(f"{url}&schema=acme") as one, opened(url) as another, one.place(1):
        assert another._locks.lock(1, in_turn=True) is None


def test_a_server_that_restarts_is_waited_for_and_no_longer_than_that(monkeypatch: pytest.MonkeyPatch):
    url = new_database()
    place = url.replace("+psycopg", "")
    elsewhere = place.replace(name := place.split("/")[3].split("?")[0], "postgres")
    with opened(url) as ours, psycopg.connect(elsewhere, autocommit=True) as server:

        def lets_in(told: LiteralString) -> None:
            server.execute(
                sql.SQL(f"ALTER DATABASE {{}} ALLOW_CONNECTIONS {told}").format(sql.Identifier(name))
            )
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

        assert ours._locks.lock(1, in_turn=True) == 1
        ours._locks.unlock(1)
        lets_in("false")
        assert ours._locks.lock(1, in_turn=True) is None
        ours._locks.queue()
        lets_in("true")
        until(lambda: ours._locks.lock(1, in_turn=True))
        ours._locks.unlock(1)
        lets_in("false")
        monkeypatch.setattr(advisory_locks, "RESTARTS", 0.0)
        with pytest.raises(UnavailableError, match="not currently accepting"), ours.place(1):
            pass


def test_a_pooler_that_keeps_no_session_is_refused():
    with opened(new_database()) as ours:
        with ours.place(1):
            ours._locks._session += 1  # type: ignore[attr-defined]  # as if another had answered
        with pytest.raises(UnavailableError, match="PgBouncer"), ours.place(1):
            pass


@pytest.mark.parametrize(
    ("limits_url", "says"),
    [
        ("postgresql+psycopg://me:secret@127.0.0.1:1/limits?x=secret", "limits_url is not valid"),
        ("postgres://me:secret@127.0.0.1:1/limits", "connection"),
        ("s3://me:secret@bucket/limits", "neither a folder nor"),
        ("postgresql://me:9%secret@127.0.0.1:1/limits", "limits_url is not valid.*%25"),
        ("postgresql://me:a@secret@127.0.0.1:1/limits", "limits_url is not valid.*%40"),
        ("postgresql://me:9?secret@127.0.0.1:1/limits", "in 'postgresql', cannot be used"),
        ("/dev/null/\ud800", "cannot be used"),
        ("/dev/null/limits", "cannot be used: Not a directory"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_goes_out(limits_url: str, says: str):
    with pytest.raises(APBridgeError, match=says) as raised, opened(limits_url) as ours, ours.place(1):
        pytest.fail("a call went out")
    assert "secret" not in str(raised.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        pytest.raises(SettingError, match="APB-HTTP-008"),
        opened("postgresql://limits") as ours,
        ours.place(1),
    ):
        pass
