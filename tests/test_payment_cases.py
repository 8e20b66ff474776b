"""The table of `payment_cases.yaml`, through the real tap and the real target, judged by both books.

The contracts with AvidXchange take turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.testing import Running, running
from tests.in_process import InboundHalf, impatient
from tests.payment_events import Scene

pytestmark = pytest.mark.long

_TABLE = Path(__file__).parent / "payment_cases.yaml"


def _cases() -> Iterator[Any]:
    # As text: an amount is what stands there, and `no` is a word.
    contracts = cycle(shipped())
    for case in yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader):  # noqa: S506, it makes texts only
        choices = [(None, None)]
        if "each" in case:
            ((setting, values),) = case["each"].items()
            choices = [(setting, value) for value in values]
        for setting, value in choices:
            name = case["case"] if value is None else f"{case['case']}, {value}"
            yield pytest.param(case, next(contracts), setting, value, id=name)


@pytest.fixture(scope="module")
def _sandbox() -> Iterator[Running]:
    with running(vendors=12, bills=0) as sandbox, impatient():
        yield sandbox


@pytest.fixture(scope="module")
def clients(_sandbox: Running) -> Iterator[dict[str, AvidXchange]]:
    """One client for each contract."""
    made = {
        profile: AvidXchange(AvidXchangeSettings.from_config(_sandbox.avidxchange_settings(profile)))
        for profile in shipped()
    }
    yield made
    for client in made.values():
        client.close()


@pytest.fixture
def sandbox(_sandbox: Running) -> Iterator[Running]:
    before = _periods(_sandbox)
    yield _sandbox
    _sandbox.control("/control/faults", method="DELETE")
    _sandbox.control("/control/switches", method="DELETE")
    edit = {"table": "vendor", "id": "11", "set": {"isinactive": "F"}}
    _sandbox.control("/control/netsuite/edit", edit)
    for period in before - _periods(_sandbox):
        _sandbox.control(
            "/control/netsuite/edit", {"table": "accountingperiod", "id": period, "set": {"aplocked": "F"}}
        )


def _periods(sandbox: Running) -> set[str]:
    assert sandbox.sandbox
    with sandbox.sandbox.store.connection() as connection:
        return {
            str(row["id"])
            for row in connection.execute("SELECT id FROM ns_accountingperiod WHERE aplocked = 'F'")
        }


@pytest.mark.parametrize(("case", "profile", "setting", "value"), [*_cases()])
def test_case(  # noqa: PLR0917, pytest gives them by name
    sandbox: Running,
    clients: Mapping[str, AvidXchange],
    tmp_path: Path,
    case: Mapping[str, Any],
    profile: str,
    setting: str | None,
    value: str | None,
):
    settings = dict(case.get("settings", {}))
    if setting in {"on_void", "closed_period"}:
        settings[setting] = value
    if "concurrency" in settings:
        settings["concurrency"] = int(settings["concurrency"])
    scene = Scene(sandbox, InboundHalf(sandbox, tmp_path, clients[profile], profile), settings)
    scene.enter(case["bills"], case.get("unsubmitted", {}), case.get("captured", {}))
    for event in case["events"]:
        scene.play(_chosen(event, value))

    assert scene.ended is None
    posted = case["posted"]
    assert scene.held() == posted.get(value, posted)
    assert scene.linked() == case.get("linked", {})
    assert scene.open() == case["open"]
    for name, looks in case.get("looks", {}).items():
        for what, expected in looks.items():
            _see(scene, name, what, expected)
    for words in case.get("said", []):
        assert words in scene.said
    rejected = scene.rejected()
    assert rejected.keys() == case.get("rejected", {}).keys()
    for name, (code, *words) in case.get("rejected", {}).items():
        found, reason = rejected[name]
        assert (found, [each for each in words if each not in reason]) == (code, []), reason
    if not rejected:
        unsubmitted = {name: case["open"][name] for name in case.get("unsubmitted", {})}
        assert scene.open() == {**scene.unpaid(), **unsubmitted}

    sandbox.control("/control/calls", method="DELETE")
    scene.play("run")
    assert scene.ended is None
    assert scene.rejected() == rejected
    assert sandbox.calls()["netsuite"]["writes"] == int(case.get("offers again", 0))
    assert scene.open() == case["open"]


def _chosen(event: Any, value: str | None) -> Any:  # noqa: ANN401
    """Put the value at hand where an event says `each`, or undoes."""
    if not isinstance(event, dict):
        return event
    ((verb, about),) = event.items()
    if verb == "undo":
        return {value: about}
    if isinstance(about, dict):
        return {verb: {name: value if told == "each" else told for name, told in about.items()}}
    return event


def _see(scene: Scene, name: str, what: str, expected: str) -> None:
    found = scene.looks(name)["memo" if what == "without" else what]
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
            assert found == scene.today.isoformat()
        case ("day", "next month"):
            assert date.fromisoformat(found) == (scene.today.replace(day=1) + timedelta(days=32)).replace(
                day=1
            )
        case _:
            assert found == expected
