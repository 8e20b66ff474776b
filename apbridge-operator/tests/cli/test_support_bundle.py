"""Nothing of the company is in a support bundle: planted wherever something can stand, it is looked for."""

from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge.ledger.tables import records, runs
from apbridge_operator import support
from tests.databases import new_database

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]
NAME, NUMBER, AMOUNT, SECRET = "Zanzibar Plumbing", "ZZ-88123", "98765.43", "s3cr3t-zz"
HOST, ACCOUNT, PERSON = "zz-host.example.com", "7788991", "zelda@zanzibar.example"
PLANTED = (NAME, "Zanzibar", NUMBER, AMOUNT, SECRET, HOST, "zz-host", ACCOUNT, PERSON, "zelda", "zanzibar")
TEXTS = f"{NAME} {NUMBER} {AMOUNT} {SECRET} {HOST} {ACCOUNT} {PERSON}"
SURVEY = {
    "format": 1,
    "apbridge": TEXTS,
    "day": TEXTS,
    "probes": {
        "netsuite.sign_in": {"state": "as expected", "found": {"restlet": True, "levels": ["View", "Edit"]}},
        NAME: {"state": "as expected", "found": {}},
        "netsuite.vendor": {"state": "as expected", "found": {"name": f"{NAME} {ACCOUNT}"}},
        "netsuite.noted": {"state": "as expected", "found": {}, "notes": [{"code": TEXTS, "who": PERSON}]},
    },
}


def planted(url: str) -> None:
    """Write what is looked for into every column that holds a text."""
    with Ledger(url) as ledger:
        run = ledger.start_run("target-avidxchange", "1.0")
        update = RowUpdate(
            "bills", "netsuite-1-vendorbill-1", "1", "0" * 64, Status.REJECTED, code="APB-TAX-001"
        )
        ledger.write(run.id, "avidxchange", [update])
        with run.audited(system="avidxchange", operation=NAME, external_id="b-1", body={"memo": TEXTS}):
            pass
        run.finish("failed", {"bills": {"rejected": 1}, NAME: {NUMBER: 3}}, TEXTS, "APB-HTTP-001")
        ledger.start_run(NAME, SECRET).finish(HOST[:20], {}, TEXTS, NUMBER)
        with ledger.database.writing() as connection:
            texts = dict.fromkeys(("actor", "error", "orchestrator_run"), TEXTS)
            connection.execute(runs.update().values(**texts))
            row = {**dict(connection.execute(records.select()).mappings().one())}
            told = dict.fromkeys(("says", "do", "waits_for", "number", "source_id", "remote_id"), TEXTS)
            own = {"system": NAME, "stream": HOST, "external_id": ACCOUNT, "status": NUMBER, "code": SECRET}
            connection.execute(
                records.insert(), [{**row, **told, **own, "amount": AMOUNT, "currency": "ZZD"}]
            )
            connection.execute(
                records.update().where(records.c.stream == "bills").values(code="APB-TAX-001", **told)
            )


@pytest.fixture(params=["sqlite", "postgresql"])
def project_with_all(request: pytest.FixtureRequest, project: Path) -> Path:
    """A project whose settings, ledger and survey hold what is looked for."""
    shutil.copy(ROOT / "meltano.yml", project)
    url = f"sqlite:///{project}/{HOST}.db" if request.param == "sqlite" else new_database()
    with_host = url if request.param == "sqlite" else f"{url}&application_name={HOST}"
    planted(url)
    declared = yaml.safe_load((ROOT / "meltano.yml").read_text())
    for kind in ("extractors", "loaders"):
        for plugin in declared["plugins"][kind]:
            names = {one["name"]: one.get("kind", "string") for one in plugin["settings"]}
            for name, sort in names.items():
                value = {"array": json.dumps([TEXTS]), "object": json.dumps({NAME: TEXTS}), "integer": "7"}
                variable = f"{plugin['name']}_{name}".upper().replace("-", "_")
                os.environ[variable] = value.get(sort, "true" if sort == "boolean" else TEXTS)
            os.environ[f"{plugin['name']}_ledger_url".upper().replace("-", "_")] = with_host
            certificate = f"{plugin['name']}_certificate".upper().replace("-", "_")
            for variable in (certificate, f"{certificate}_PATH"):
                os.environ.pop(variable, None)
    (project / "apbridge-survey.json").write_text(json.dumps(SURVEY))
    return project


def held(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as opened:
        assert opened.testzip() is None
        assert not opened.comment
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_nothing_that_was_planted_gets_in(project_with_all: Path, apbridge: Apbridge):
    ended = apbridge("support-bundle")
    assert ended.code == 0, ended.err
    file = project_with_all / "apbridge-support.zip"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = held(file)
    for planted_one in PLANTED:
        for name, text in {**found, "the screen": ended.out.replace(str(project_with_all), "")}.items():
            assert planted_one.casefold() not in (name + text).casefold(), (planted_one, name)
    assert not [name for name in found if name not in ended.out and name != "README.txt"]
    # What is of use is there.
    told = {
        name.removesuffix(".json"): json.loads(text) for name, text in found.items() if name.endswith(".json")
    }
    assert told["settings"][0]["target-avidxchange"]["concurrency"] == 7
    assert told["settings"][0]["target-avidxchange"]["ledger_url"] in {"sqlite", "postgresql"}
    (exceptions,) = told["exceptions"]
    mine = {
        "code": "APB-TAX-001",
        "system": "avidxchange",
        "stream": "bills",
        "status": "rejected",
        "count": 1,
    }
    assert mine in exceptions["exceptions"]
    runs_ = told["runs"][0]["runs"]
    assert {one["plugin"] for one in runs_} == {"target-avidxchange", "other"}
    assert {one["code"] for one in runs_} == {"APB-HTTP-001", "other"}
    assert told["audit"][0]["audit_head"]["seq"] == 2
    assert [one["what"] for one in told["health"][0]["health"]]
    assert list(told["survey"]["probes"]) == ["netsuite.sign_in"]
    assert told["versions"]["apbridge"]


def test_what_cannot_be_read_is_said_by_its_code(project: Path, apbridge: Apbridge):
    (project / "apbridge-survey.json").write_text("{")
    os.environ["TARGET_AVIDXCHANGE_LEDGER_URL"] = f"mysql://{SECRET}@{HOST}/x"
    assert apbridge("support-bundle", "--output=it.zip", "--json").code == 0
    found = held(project / "it.zip")
    assert json.loads(found["runs.json"]) == [{"company": 1, "runs": None, "failed": "APB-LED-001"}]
    assert json.loads(found["survey.json"]) == {"failed": "APB-SRV-004"}
    assert not [text for text in found.values() if SECRET in text or HOST in text]


def test_every_setting_of_ours_is_told_by_its_name():
    declared = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    names = {
        one["name"]: one.get("kind")
        for kind in ("extractors", "loaders")
        for plugin in declared[kind]
        for one in plugin["settings"]
    }
    assert set(support.settings_of(dict.fromkeys(names))) == set(names)
    assert {name for name, kind in names.items() if kind == "integer"} == {
        name for name in names if support.settings_of({name: 7}) == {name: 7}
    }
