"""A trial, then another account in the same folder: a sentence, and no bill that is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory
from apbridge_sandbox.testing import Running, running
from demo.books import BothBooks
from tests.in_process import InboundHalf
from tests.pipeline import Pipe


@pytest.fixture(scope="module")
def tried() -> Iterator[Running]:
    with running(seed=1, vendors=8, bills=30) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def real() -> Iterator[Running]:
    """Other companies of the same kind: every internal id is there too."""
    with running(seed=2, vendors=8, bills=30) as sandbox:
        yield sandbox


def disagreements(sandbox: Running) -> list[Any]:
    compared = BothBooks(sandbox.books(), sandbox.credentials["NETSUITE_ACCOUNT_ID"]).compare()
    return [line for line in compared if not line.agree]


def writes(sandbox: Running) -> int:
    return sum(int(system["writes"]) for system in sandbox.calls().values())


def host(sandbox: Running) -> str:
    return sandbox.netsuite_url.removeprefix("http://")


def test_another_account_in_the_same_folder_stops_and_one_of_its_own_is_complete(
    tried: Running, real: Running, tmp_path: Path
):
    (tmp_path / "same").mkdir()
    (tmp_path / "own").mkdir()
    Pipe(tried, tmp_path / "same").run_well()
    before = writes(real)

    again = Pipe(real, tmp_path / "same")
    state = again.state.read_bytes()
    ended = again.run()
    assert (ended.tap, ended.target) == (1, 1)
    for said in ("APB-SNG-030", host(tried), host(real), "environment of its own"):
        assert said in ended.said
    assert again.state.read_bytes() == state
    with Ledger(f"sqlite:///{again.ledger}") as ledger:
        latest = RunHistory(ledger).runs("target-avidxchange", limit=1)[0]
    assert latest.status == "failed"
    assert "APB-LED-012" in str(latest.error)

    again.state.unlink()  # as --full-refresh does
    ended = again.run()
    assert ended.target == 1
    assert "APB-LED-012" in ended.said
    assert host(tried) in ended.said
    assert writes(real) == before

    Pipe(real, tmp_path / "own").run_well()
    assert disagreements(real) == []
    assert BothBooks(real.books(), real.credentials["NETSUITE_ACCOUNT_ID"]).invoices


def test_inbound_too(tmp_path: Path):
    def half(sandbox: Running, **kept: Any) -> InboundHalf:  # noqa: ANN401
        client = AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect")))
        return InboundHalf(sandbox, tmp_path, client, "avidconnect", **kept)

    with running(seed=3, vendors=8, bills=30) as first, running(seed=4, vendors=8, bills=30) as second:
        for sandbox in (first, second):
            (tmp_path / sandbox.netsuite_url[-5:]).mkdir()
            Pipe(sandbox, tmp_path / sandbox.netsuite_url[-5:]).run_well()
            sandbox.control("/control/invoices/approve", {"external_ids": "all"})
            sandbox.control("/control/payments/pay", {"all": True})
            sandbox.control("/control/payments/settle", {"ids": "all"})
        done = half(first)
        assert done.run() is None
        before = writes(second)
        moved = half(second, state=done.state)
        moved.run()
        assert isinstance(moved.tap_ended, SettingError)
        assert moved.tap_ended.code == "APB-SNG-030"
        ended = half(second).run()
        assert ended is not None
        assert ended.code == "APB-LED-012"
        assert writes(second) == before


def test_another_login_stops_where_no_call_says_which_company_it_is(tmp_path: Path):
    with running(seed=5, vendors=6, bills=12) as sandbox:
        Pipe(sandbox, tmp_path).run_well()
        sandbox.control("/control/invoices/approve", {"external_ids": "all"})
        sandbox.control("/control/payments/pay", {"all": True})
        sandbox.control("/control/payments/settle", {"ids": "all"})
        assert sandbox.sandbox is not None
        another = {"user_name": "another@harborview.example", "password": "another's"}
        with sandbox.sandbox.store.write() as books:
            books.execute("INSERT INTO ax_user VALUES (:user_name, :password)", another)

        def half(state: Any, **changes: str) -> InboundHalf:  # noqa: ANN401
            config = {**sandbox.avidxchange_settings("avidsuite"), **changes}
            client = AvidXchange(AvidXchangeSettings.from_config(config))
            return InboundHalf(sandbox, tmp_path, client, "avidsuite", state=state)

        done = half({})
        assert done.run() is None
        moved = half(done.state, **another)
        moved.run()
        assert isinstance(moved.tap_ended, SettingError)
        assert moved.tap_ended.code == "APB-SNG-030"
        before = writes(sandbox)
        # The ledger knows it too, without the bookmarks.
        ended = half({}, **another).run()
        assert ended is not None
        assert ended.code == "APB-LED-012"
        login = str(ended.facts["found"].login)
        vouched_for = half(done.state, **another, same_company_login=login)
        assert vouched_for.run() is None
        assert vouched_for.tap_ended is None
        assert half(vouched_for.state, **another).run() is None, "the new login is the known one from then on"
        assert writes(sandbox) == before
