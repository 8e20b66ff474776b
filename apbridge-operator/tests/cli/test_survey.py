from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]
FILE = "apbridge-survey.json"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=3, bills=6) as sandbox:
        yield sandbox


@pytest.fixture
def company(sandbox: Running, project: Path) -> Iterator[Running]:
    shutil.copy(ROOT / "meltano.yml", project)
    os.environ.update(sandbox.credentials)
    yield sandbox
    sandbox.control("/control/switches", method="DELETE")


def lacking(company: Running, *permissions: str) -> None:
    company.control("/control/switches", {"netsuite.missing_permissions": ", ".join(permissions)})


def test_it_ends_in_a_table_and_a_file(company: Running, project: Path, apbridge: Apbridge):
    ended = apbridge("survey")
    assert ended.code == 0, ended.out + ended.err
    written = json.loads((project / FILE).read_text())
    assert set(written) == {"format", "apbridge", "day", "probes"}
    for name in written["probes"]:
        assert name in ended.out
    assert "0 different, will fail" in ended.out
    assert company.credentials["NETSUITE_ACCOUNT_ID"] not in ended.out


def test_what_will_fail_comes_last_with_what_to_do(company: Running, apbridge: Apbridge):
    lacking(company, "Setup -> Manage Accounting Periods")
    ended = apbridge("survey")
    assert ended.code == 1
    *_, last = (line for line in ended.out.splitlines() if line.startswith(("different", "as expected")))
    assert last.startswith("different, will fail")
    assert "statuses: A, B; signs: -1" in ended.out
    assert "add it to the role" in " ".join(ended.out.split())


def test_what_has_changed_for_the_worse_is_said(company: Running, project: Path, apbridge: Apbridge):
    company.control("/control/switches", {"netsuite.accounting_line_dates": "kept"})
    assert apbridge("survey", "--output=before.json").code == 0
    before = json.loads((project / "before.json").read_text())
    before["probes"]["netsuite.release"]["found"]["bind_parameters"] = True
    (project / "before.json").write_text(json.dumps(before))
    company.control("/control/switches", {"netsuite.accounting_line_dates": "null"})
    worse = apbridge("survey", "--against=before.json", "--json")
    assert worse.code == 1, "nothing fails, but less is told than before"
    said = [one["says"] for one in json.loads(worse.out)["changes"]]
    assert said == [
        "netsuite.release, bind_parameters: was yes, is no.",
        "netsuite.balance_dates was as expected and is different, handled so.",
        "netsuite.balance_dates, told: was all, is none.",
    ]


def test_settings_that_are_missing_are_a_result(company: Running, project: Path, apbridge: Apbridge):
    assert company
    del os.environ["NETSUITE_CLIENT_ID"], os.environ["AVIDXCHANGE_BASE_URL"]
    ended = apbridge("survey", "--json")
    assert ended.code == 1
    probes = json.loads((project / FILE).read_text())["probes"]
    assert set(probes) == {"netsuite.sign_in", "avidxchange.sign_in"}
    assert {note["code"] for one in probes.values() for note in one["notes"]} == {"APB-SRV-008"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "apbridge": "1", "day": "x", "probes": {}}'])
def test_another_file_is_no_earlier_survey(company: Running, project: Path, apbridge: Apbridge, text: str):
    assert company
    (project / "before.json").write_text(text)
    ended = apbridge("survey", "--against=before.json")
    assert ended.code == 2
    assert "APB-SRV-004" in ended.err


def test_a_folder_that_is_not_there_is_said(company: Running, apbridge: Apbridge):
    assert company
    ended = apbridge("survey", "--output=nowhere/survey.json")
    assert ended.code == 2
    assert "APB-SRV-003" in ended.err
