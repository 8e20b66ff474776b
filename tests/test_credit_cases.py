"""The table of `credit_cases.yaml`, through the real tap and the real target, judged by NetSuite's books.

The contracts with AvidXchange take turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.testing import Running, running
from tests.credit_events import CreditScene
from tests.in_process import InboundHalf, impatient

pytestmark = pytest.mark.long

_TABLE = Path(__file__).parent / "credit_cases.yaml"


def _cases() -> Iterator[Any]:
    contracts = cycle(shipped())
    # As text: an amount is what stands there.
    for case in yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader):  # noqa: S506, it makes texts only
        yield pytest.param(case, next(contracts), id=case["case"])


@pytest.fixture(scope="module")
def company() -> Iterator[Running]:
    with running(vendors=12, bills=0) as sandbox, impatient():
        yield sandbox


@pytest.fixture(scope="module")
def clients(company: Running) -> Iterator[dict[str, AvidXchange]]:
    made = {
        profile: AvidXchange(AvidXchangeSettings.from_config(company.avidxchange_settings(profile)))
        for profile in shipped()
    }
    yield made
    for client in made.values():
        client.close()


@pytest.fixture
def sandbox(company: Running) -> Iterator[Running]:
    yield company
    company.control("/control/faults", method="DELETE")
    company.control("/control/switches", method="DELETE")


@pytest.mark.parametrize(("case", "profile"), [*_cases()])
def test_case(
    sandbox: Running,
    clients: Mapping[str, AvidXchange],
    tmp_path: Path,
    case: Mapping[str, Any],
    profile: str,
):
    half = InboundHalf(sandbox, tmp_path, clients[profile], profile)
    scene = CreditScene(sandbox, half, {"on_void": "delete", **case.get("settings", {})})
    scene.enter(case["bills"], {}, {})
    scene.enter_credits(case["credits"])
    for event in case["events"]:
        scene.play(event)

    assert scene.ended is None
    assert scene.held() == case["posted"]
    assert scene.open() == case["open"]
    assert scene.left() == case["left"]
    rejected = scene.rejected()
    assert rejected.keys() == case.get("rejected", {}).keys()
    for name, (code, *words) in case.get("rejected", {}).items():
        found, reason = rejected[name]
        assert (found, [each for each in words if each not in reason]) == (code, []), reason
    if not rejected:
        assert scene.open() == scene.unpaid()

    sandbox.control("/control/calls", method="DELETE")
    scene.play("run")
    assert scene.ended is None
    assert scene.rejected() == rejected
    assert sandbox.calls()["netsuite"]["writes"] == int(case.get("offers again", 0))
    assert (scene.open(), scene.left()) == (case["open"], case["left"])
