"""The table of `bill_cases.yaml`, through the real tap and the real target, judged by both books.

The contracts with AvidXchange take turns.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge.declared_file import from_yaml
from apbridge_sandbox.clock import Clock
from apbridge_sandbox.testing import Running, running
from tests.bill_events import FEW, STREAMS, BillScene
from tests.in_process import InboundHalf, OutboundHalf, impatient

pytestmark = pytest.mark.long

_A_SMALL_COMPANY = """
DELETE FROM ns_account
WHERE accttype NOT IN ('AcctPay', 'Bank') AND acctnumber NOT LIKE '60%' AND acctnumber <> '1250';
DELETE FROM ns_department WHERE id > 3;
DELETE FROM ns_classification WHERE id > 103;
DELETE FROM ns_location WHERE id > 13
"""
_TABLE = Path(__file__).parent / "bill_cases.yaml"


def _cases() -> Iterator[Any]:
    # As text: an amount is what stands there, and `no` is a word.
    contracts = cycle(shipped())
    for case in from_yaml(_TABLE.read_text(encoding="utf-8"), as_text=True).value:
        yield pytest.param(case, next(contracts), id=case["case"])


@dataclass
class Companies:
    """One sandbox, and what a first run of vendors and codes leaves in it under each contract."""

    sandbox: Running
    folder: Path
    books: dict[str, sqlite3.Connection]
    clients: dict[str, AvidXchange]
    states: dict[str, Any]

    def scene(self, profile: str, folder: Path, streams: Sequence[str]) -> BillScene:
        """Put both books, the ledger and the STATE back to where a case begins."""
        assert self.sandbox.sandbox
        with closing(sqlite3.connect(self.sandbox.sandbox.store.path)) as there:
            self.books[profile].backup(there)
        self.sandbox.sandbox.clock = Clock(self.sandbox.sandbox.store)
        back = InboundHalf(self.sandbox, folder, self.clients[profile], profile)
        shutil.copy(self.folder / f"{profile}.db", folder / back.ledger_url.rpartition("/")[2])
        out = OutboundHalf(self.sandbox, back.ledger_url, folder / "spool", profile, self.states[profile])
        # Of a handful of bills and accounts most change at once.
        out.writes = {"brake_percent": 100}
        return BillScene(self.sandbox, replace(out, streams=streams), back, folder)


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Companies]:
    folder = tmp_path_factory.mktemp("beginnings")
    with running(vendors=12, bills=0) as sandbox, impatient():
        assert sandbox.sandbox
        with sandbox.sandbox.store.write() as books:
            for statement in _A_SMALL_COMPANY.split(";"):
                books.execute(statement)
        made = Companies(sandbox, folder, {}, {}, {})
        new = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(sandbox.sandbox.store.path)) as there:
            there.backup(new)
        for profile in shipped():
            settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings(profile))
            made.clients[profile] = AvidXchange(settings)
            with closing(sqlite3.connect(sandbox.sandbox.store.path)) as there:
                new.backup(there)
            out = OutboundHalf(
                sandbox, f"sqlite:///{folder}/{profile}.db", folder / "spool", profile, streams=STREAMS
            )
            assert out.run() is None
            made.states[profile] = out.state
            made.books[profile] = sqlite3.connect(":memory:", check_same_thread=False)
            with closing(sqlite3.connect(sandbox.sandbox.store.path)) as there:
                there.backup(made.books[profile])
        yield made
        for client in made.clients.values():
            client.close()


@pytest.fixture
def clean(companies: Companies) -> Iterator[Companies]:
    yield companies
    companies.sandbox.control("/control/faults", method="DELETE")
    companies.sandbox.control("/control/switches", method="DELETE")


@pytest.mark.parametrize(("case", "profile"), [*_cases()])
def test_case(clean: Companies, tmp_path: Path, case: Mapping[str, Any], profile: str):
    scene = clean.scene(profile, tmp_path, STREAMS if "streams" in case else FEW)
    if "bills" in case:
        scene.play({"enter": case["bills"]})
        scene.play("run")
    for event in case["events"]:
        scene.play(event)

    assert scene.ended is None, scene.ended
    assert {name: str(one) for name, one in scene.invoices().items()} == case["stands"]
    _see_what_is_told(scene, case)
    assert scene.in_silence() == case.get("in silence", {})
    masters = scene.masters()
    for name, code in case.get("masters", {}).items():
        assert masters[name] == code, name
    for words in case.get("said", []):
        assert words in scene.said

    # A further run has nothing to do, but to try again what AvidXchange refuses.
    clean.sandbox.control("/control/calls", method="DELETE")
    scene.play("run")
    assert scene.ended is None, scene.ended
    assert clean.sandbox.calls()["avidxchange"]["written"] == int(case.get("tries again", 0))
    assert {name: str(one) for name, one in scene.invoices().items()} == case["stands"]
    _see_what_is_told(scene, case)


@pytest.mark.parametrize(
    ("refuses", "events"),
    [
        ({"netsuite.missing_permissions": "Lists -> Currency"}, ["full refresh"]),
        ({"netsuite.missing_permissions": "Lists -> Currency"}, []),
        ({"netsuite.hidden_columns": "vendor.legalname, vendor.phone"}, []),
    ],
    ids=["currency, full refresh", "currency", "a column"],
)
def test_what_netsuite_refuses_later_empties_no_vendor(
    clean: Companies, tmp_path: Path, refuses: dict[str, str], events: list[str]
):
    scene = clean.scene("avidconnect", tmp_path, FEW)
    scene.control("/control/netsuite/edit", {"table": "vendor", "id": "13", "set": {"email": "a@b.example"}})
    for event in ({"switch": refuses}, *events):
        scene.play(event)
    clean.sandbox.control("/control/calls", method="DELETE")
    for _ in range(2):
        scene.play({"run reads not": "APB-TNS-002"})
    assert clean.sandbox.calls()["avidxchange"]["writes"] == 0
    clean.sandbox.control("/control/switches", method="DELETE")
    scene.play("run")
    assert scene.ended is None, scene.ended
    # The one that was changed, and nothing else.
    assert clean.sandbox.calls()["avidxchange"]["writes"] == 1


def _see_what_is_told(scene: BillScene, case: Mapping[str, Any]) -> None:
    rows = scene.open_rows()
    told = case.get("told", {})
    shown = {name: (row.code, row.reason) for name, row in rows.items()}
    assert rows.keys() == told.keys(), shown
    for name, (code, *words) in told.items():
        assert rows[name].code == code, shown[name]
        assert [each for each in words if each not in (rows[name].reason or "")] == [], shown[name]
