"""The tables of payments and of credits, through the real tap and the real target, judged by both books.

The contracts with AvidXchange take turns. Cases that leave each other alone share the runs of the programs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge.errors import APBridgeError
from apbridge_sandbox.testing import Running, running
from tests.case_books import Seen
from tests.credit_events import CreditScene
from tests.in_process import InboundHalf, impatient
from tests.payment_table import Case, groups

pytestmark = pytest.mark.long

_GROUPS = [*groups()]


@dataclass
class Played:
    """Cases that were played.

    Attributes:
        scenes: By name of the case.
        seen: What was in the books at the end.
        again: What was there after one more run.
        ended: What ended the last run that the cases name, and that one more, if something did.
        writes: How often that one tried to write.
    """

    scenes: Mapping[str, CreditScene]
    seen: Seen
    again: Seen
    ended: Sequence[APBridgeError | None]
    writes: int


class Stage:
    """One company in which all cases are played, each once.

    Args:
        sandbox: Both systems.
        clients: What the tap asks AvidXchange by, for each contract.
        folder: For the ledgers.
    """

    def __init__(self, sandbox: Running, clients: Mapping[str, AvidXchange], folder: Path) -> None:
        self._sandbox = sandbox
        self._clients = clients
        self._folder = folder
        self._played: dict[str, Played | Exception] = {}

    def played(self, cases: Sequence[Case]) -> Played:
        """Return what became of some cases that are played together."""
        first = cases[0]
        if first.name not in self._played:
            with self._as_before():
                try:
                    self._played[first.name] = self._play(cases)
                except Exception as failure:  # noqa: BLE001, whatever it is, none of these cases is played
                    self._played[first.name] = failure
        found = self._played[first.name]
        if isinstance(found, Exception):
            raise found
        return found

    def _play(self, cases: Sequence[Case]) -> Played:
        first = cases[0]
        folder = self._folder / str(len(self._played))
        folder.mkdir()
        half = InboundHalf(self._sandbox, folder, self._clients[first.profile], first.profile)
        scenes = {case.name: CreditScene(self._sandbox, half, case.settings) for case in cases}
        for case in cases:
            told, scene = case.told, scenes[case.name]
            scene.enter(told["bills"], told.get("unsubmitted", {}), told.get("captured", {}))
            scene.enter_credits(told.get("credits", {}))
        programs, left = scenes[first.name], {case.name: deque(case.events) for case in cases}
        while any(left.values()):
            for name, events in left.items():
                while events and (event := events.popleft()) != "run":
                    scenes[name].play(event)
            programs.play("run")
        ended, seen = programs.ended, programs.see()
        programs.ended = None
        self._sandbox.control("/control/calls", method="DELETE")
        programs.play("run")
        writes = self._sandbox.calls()["netsuite"]["writes"]
        return Played(scenes, seen, programs.see(), [ended, programs.ended], writes)

    @contextmanager
    def _as_before(self) -> Iterator[None]:
        before = self._open_periods()
        yield
        control = self._sandbox.control
        control("/control/faults", method="DELETE")
        control("/control/switches", method="DELETE")
        active = {"table": "vendor", "id": "11", "set": {"isinactive": "F"}}
        control("/control/netsuite/edit", active)
        for period in before - self._open_periods():
            edit = {"table": "accountingperiod", "id": period, "set": {"aplocked": "F"}}
            control("/control/netsuite/edit", edit)

    def _open_periods(self) -> set[str]:
        assert self._sandbox.sandbox
        with self._sandbox.sandbox.store.connection() as connection:
            rows = connection.execute("SELECT id FROM ns_accountingperiod WHERE aplocked = 'F'")
            return {str(row["id"]) for row in rows}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with running(vendors=12, bills=0) as sandbox, impatient():
        clients = {
            profile: AvidXchange(AvidXchangeSettings.from_config(sandbox.avidxchange_settings(profile)))
            for profile in shipped()
        }
        yield Stage(sandbox, clients, tmp_path_factory.mktemp("cases"))
        for client in clients.values():
            client.close()


@pytest.mark.parametrize(
    ("cases", "case"), [pytest.param(cases, case, id=case.name) for cases in _GROUPS for case in cases]
)
def test_case(stage: Stage, cases: Sequence[Case], case: Case):
    played = stage.played(cases)
    scene, told = played.scenes[case.name], case.told
    assert played.ended == [None, None]
    scene.show(played.seen)
    assert scene.held() == case.posted
    assert scene.linked() == told.get("linked", {})
    assert scene.open() == told["open"]
    assert scene.left() == told.get("left", {})
    for name, looks in told.get("looks", {}).items():
        for what, expected in looks.items():
            _see(scene, name, what, expected)
    for words in told.get("said", []):
        assert words in played.seen.said
    rejected = scene.rejected()
    assert rejected.keys() == told.get("rejected", {}).keys()
    for name, (code, *words) in told.get("rejected", {}).items():
        found, reason = rejected[name]
        assert (found, [each for each in words if each not in reason]) == (code, []), reason
    if not rejected:
        unsubmitted = {name: told["open"][name] for name in told.get("unsubmitted", {})}
        assert scene.open() == {**scene.unpaid(), **unsubmitted}

    scene.show(played.again)
    assert scene.rejected() == rejected
    assert scene.held() == case.posted
    assert scene.open() == told["open"]
    assert scene.left() == told.get("left", {})


@pytest.mark.parametrize("cases", _GROUPS, ids=lambda cases: f"{cases[0].name}, and {len(cases) - 1} more")
def test_one_more_run_writes_nothing(stage: Stage, cases: Sequence[Case]):
    assert stage.played(cases).writes == sum(int(case.told.get("offers again", 0)) for case in cases)


def _see(scene: CreditScene, name: str, what: str, expected: str) -> None:
    found: Any = scene.looks(name)["memo" if what == "without" else what]
    match (what, expected):
        case ("without", _):
            assert expected not in found
        case ("number", "its number"):
            assert found == scene.numbers[name]
        case ("number", _):
            assert found.startswith(expected.removeprefix("begins with "))
        case ("memo", _):
            assert expected in found
        case ("printed", _):
            assert found is (expected == "yes")
        case ("day", "today"):
            assert found == scene.see().today.isoformat()
        case ("day", "next month"):
            assert date.fromisoformat(found) == (
                scene.see().today.replace(day=1) + timedelta(days=32)
            ).replace(day=1)
        case _:
            assert found == expected
