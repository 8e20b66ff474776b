from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from apbridge.ledger import Ledger
from apbridge.ledger.tables import runs

Apbridge = Callable[..., Any]
ROOT = Path(__file__).parents[3]
DAILY = """
default_environment: prod
jobs:
- {name: outbound, tasks: [tap-netsuite-ap target-avidxchange]}
- {name: inbound, tasks: [tap-avidxchange target-netsuite-payments]}
schedules:
- {name: out, interval: '@daily', job: outbound}
- {name: in, interval: '@daily', job: inbound}
"""


def test_the_shipped_schedules_are_listed_for_people_and_for_programs(apbridge: Apbridge, project: Path):
    shutil.copy(ROOT / "meltano.yml", project)
    os.environ["NETSUITE_ACCOUNT_ID"] = "1234567"
    listed = apbridge("schedules").out
    assert "outbound-every-30-minutes" in listed
    assert "*/15 * * * *" in listed
    assert json.loads(apbridge("schedules", "--json").out) == [
        {
            "name": name,
            "job": name.partition("-")[0],
            "interval": interval,
            "company": "prod",
            "account": "1234567",
        }
        for name, interval in [
            ("outbound-every-30-minutes", "*/30 * * * *"),
            ("inbound-every-15-minutes", "*/15 * * * *"),
        ]
    ]


def test_each_company_has_every_schedule(apbridge: Apbridge, project: Path):
    settings = "[{name: account_id}, {name: company}]"
    plugins = f"plugins: {{extractors: [{{name: tap-netsuite-ap, settings: {settings}}}]}}"
    included = "include_paths: [companies.meltano.yml]"
    (project / "meltano.yml").write_text(f"{DAILY}{included}\n{plugins}\n")
    table = 'acme: {netsuite: {account_id: "1"}}, borealis: {netsuite: {account_id: "2"}}'
    (project / "companies.yaml").write_text(f"companies: {{{table}}}\n")
    assert apbridge("companies", "write").code == 0
    found = json.loads(apbridge("schedules", "--json").out)
    assert [(one["company"], one["account"], one["name"]) for one in found] == [
        (company, account, name)
        for company, account in (("acme", "1"), ("borealis", "2"))
        for name in ("out", "in")
    ]


def test_without_a_project_there_is_none(apbridge: Apbridge):
    assert json.loads(apbridge("schedules", "--json").out) == []


@pytest.mark.parametrize(
    "text", ["schedules: [one]", "schedules: [{interval: x}]", "schedules: {}", "jobs: [{tasks: []}]"]
)
def test_schedules_that_are_none_are_said(apbridge: Apbridge, project: Path, text: str):
    (project / "meltano.yml").write_text(text)
    ended = apbridge("schedules")
    assert (ended.code, ended.out) == (2, "")
    assert "APB-CLI-003" in ended.err


def test_an_interval_that_is_none_is_said_by_all_that_go_by_it(apbridge: Apbridge, project: Path):
    (project / "meltano.yml").write_text("schedules: [{name: often, interval: now and then}]")
    for command in ("schedules", "notify", "report", "console"):
        ended = apbridge(command)
        assert (ended.code, ended.out) == (2, "")
        assert "Schedule often in meltano.yml" in ended.err


def test_what_runs_daily_is_not_silent_after_three_hours(apbridge: Apbridge, project: Path):
    with Ledger(f"sqlite:///{project}/.apbridge/ledger.db") as ledger:
        for plugin in ("target-avidxchange", "target-netsuite-payments"):
            ledger.start_run(plugin, "1.0").finish("finished", {})
        with ledger.database.writing() as connection:
            ago = datetime.now(timezone.utc) - timedelta(hours=3)
            connection.execute(update(runs).values(finished_at=ago, started_at=ago))
    (project / "meltano.yml").write_text(DAILY)
    assert apbridge("notify").code == 0
    apbridge("report")
    assert "No run has ended well" not in (project / "apbridge.html").read_text()
    (project / "meltano.yml").write_text(DAILY.replace("@daily", "*/30 * * * *"))
    apbridge("report")
    assert "No run has ended well" in (project / "apbridge.html").read_text()
    assert apbridge("notify", "--quiet-hours=4").code == 0
    assert apbridge("notify").code == 4
