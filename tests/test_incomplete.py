"""A tap that fails, for as long as it lasts: told once, red with its own sentence, and it ends no silence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from apbridge.ledger import Ledger
from apbridge.ledger.run_history import PastRun, RunHistory
from apbridge.ledger.tables import runs
from apbridge_operator.console.overview import Overview, overview
from apbridge_operator.console.serve import report
from apbridge_operator.health import Level
from apbridge_operator.notices import due, telling
from apbridge_operator.schedules import Silence
from apbridge_sandbox.testing import Running, running
from demo.books import BothBooks
from demo.meltano import meltano_run
from tests.beginnings import Beginnings
from tests.pipeline import Pipe
from tests.waiting import held, until

pytestmark = pytest.mark.long

OUTBOUND = "NetSuite to AvidXchange"


@pytest.fixture
def company() -> Iterator[Running]:
    with running(vendors=4, bills=8) as sandbox:
        yield sandbox


@pytest.fixture
def pipe(tmp_path: Path, beginnings: Beginnings) -> Iterator[Pipe]:
    """A pipe after its first run."""
    with beginnings.company(tmp_path, vendors=3, bills=4) as sandbox:
        yield Pipe(sandbox, tmp_path, patience=1.0)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'ledger.db'}"


def latest(folder: Path) -> PastRun:
    with Ledger(url(folder)) as ledger:
        return RunHistory(ledger).runs("target-avidxchange", limit=1)[0]


def last_good(folder: Path) -> PastRun | None:
    with Ledger(url(folder)) as ledger:
        return RunHistory(ledger).last_good("target-avidxchange")


def outbound(seen: Overview) -> Any:  # noqa: ANN401
    """Return what the page says of the direction, and how well it is."""
    (sign,) = [one for one in seen.signs if one.what == OUTBOUND]
    return sign


def shown(folder: Path) -> tuple[Any, str]:
    """Return what the page says of the direction, and the whole of the report."""
    with Ledger(url(folder)) as ledger:
        return outbound(overview(ledger, None, Silence())), report(ledger, None, Silence())


def told(folder: Path) -> list[tuple[str, str]]:
    """Return what is told now of the direction, which is remembered."""
    with Ledger(url(folder)) as ledger:
        found = [one for one in due(ledger, None, Silence()) if one.says.startswith(OUTBOUND)]
        for one in found:
            with telling(ledger, one) as is_ours:
                assert is_ours
    return [(one.title, one.says) for one in found]


def three_hours_pass(folder: Path) -> None:
    """Let all runs so far be of three hours ago."""
    with Ledger(url(folder)) as ledger, ledger.database.writing() as connection:
        ago = datetime.now(timezone.utc) - timedelta(hours=3)
        connection.execute(update(runs).values(started_at=ago, finished_at=ago))


def bookmarks(pipe: Pipe) -> dict[str, str]:
    """Return how far each stream is read, as the next run is told."""
    kept = json.loads(pipe.state.read_bytes())["bookmarks"]
    return {
        name: one["replication_key_value"] for name, one in kept.items() if "replication_key_value" in one
    }


def down(pipe: Pipe) -> Pipe:
    pipe.sandbox.control("/control/faults", {"match": {"path": "/services/"}, "do": {"drop": "before"}})
    return pipe


def unavailable(pipe: Pipe) -> Pipe:
    pipe.sandbox.control("/control/faults", {"match": {"path": "/services/"}, "do": {"status": 503}})
    return pipe


def expired(pipe: Pipe) -> Pipe:
    pipe.sandbox.control("/control/netsuite/expire-certificate", {"in_days": -1})
    return pipe


def wrong_client(pipe: Pipe) -> Pipe:
    return Pipe(pipe.sandbox, pipe.folder, reads={"client_id": "0" * 64}, patience=pipe.patience)


def mended(pipe: Pipe) -> None:
    pipe.sandbox.control("/control/faults", method="DELETE")
    pipe.sandbox.control("/control/netsuite/expire-certificate", {"in_days": 300})


@pytest.mark.parametrize("cause", [down, unavailable, expired, wrong_client])
def test_it_is_told_once_and_is_red_until_a_run_ends_well(pipe: Pipe, cause: Callable[[Pipe], Pipe]):
    read_to = bookmarks(pipe)
    three_hours_pass(pipe.folder)
    good = last_good(pipe.folder)
    assert [title for title, _ in told(pipe.folder)] == ["Nothing has run"]

    failing = cause(pipe)
    for news in (["A run failed"], []):
        ended = failing.run()
        assert (ended.tap, ended.target) == (1, 1)
        assert "Internal error" not in ended.said
        # The tap's own sentence, as its log has it.
        log = (pipe.folder / "run-tap.log").read_text("utf-8")
        (code,) = set(re.findall(r"\[APB-[A-Z]+-\d+\]", re.sub(r"(?m)^.*\| WARNING .*$", "", log)))
        run = latest(pipe.folder)
        assert run.status == "incomplete"
        assert code in str(run.error)
        assert last_good(pipe.folder) == good
        sign, page = shown(pipe.folder)
        assert sign.level is Level.BAD
        assert str(run.error) in sign.says
        assert code in page
        assert [title for title, _ in told(pipe.folder)] == news
    assert bookmarks(pipe) == read_to

    mended(pipe)
    pipe.run_well()
    assert latest(pipe.folder).status == "finished"
    assert shown(pipe.folder)[0].level is Level.GOOD
    assert told(pipe.folder) == []


def test_a_first_run_that_fails_is_told_and_the_next_delivers_all(company: Running, tmp_path: Path):
    pipe = Pipe(company, tmp_path, patience=1.0)
    failing = wrong_client(pipe)
    assert (failing.run().target, bookmarks(pipe)) == (1, {})
    assert latest(pipe.folder).status == "incomplete"
    assert {title for title, _ in told(pipe.folder)} == {"A run failed", "Nothing has run"}
    pipe.run_well()
    books = BothBooks(pipe.sandbox.books(), pipe.sandbox.credentials["NETSUITE_ACCOUNT_ID"])
    assert [line for line in books.compare() if not line.agree] == []


def test_a_tap_that_is_killed_is_told_though_it_said_nothing(pipe: Pipe):
    pipe.sandbox.control("/control/faults", {"match": {"path": "/services/rest/query"}, "do": {"hold": True}})
    with pipe.begun() as (tap, target):
        until(lambda: held(pipe.sandbox.control))
        tap.kill()
    assert target.exitcode == 1
    run = latest(pipe.folder)
    assert run.status == "incomplete"
    assert "the tap ended before it had read gl_accounts" in str(run.error)
    assert [title for title, _ in told(pipe.folder)] == ["A run failed"]
    mended(pipe)
    pipe.run_well()


def test_meltano_fails_the_run_and_the_ledger_has_the_taps_sentence(company: Running, tmp_path: Path):
    credentials = {**company.credentials, "NETSUITE_CLIENT_ID": "0" * 64}
    said: list[str] = []
    assert meltano_run("outbound", tmp_path, credentials, tell=said.append) == 1
    run = latest(tmp_path)
    assert run.status == "incomplete"
    assert "client_id" in str(run.error)
    assert any("[APB-SNG-032]" in line for line in said)
