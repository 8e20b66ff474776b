"""A published tap for spreadsheets feeds both targets by `stream_maps`: the examples, in Meltano."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from apbridge_operator.records import RecordCheck
from apbridge_sandbox.testing import Running, running
from demo.meltano import PROGRAMS, ROOT
from tests.another_erp import EXAMPLE, TAP, expected, in_avidxchange, writes
from tests.project import environment
from tests.third_party.programs import THIRD_PARTY
from tests.waiting import PATIENCE

pytestmark = pytest.mark.long

SHEETS = THIRD_PARTY / "tap-spreadsheets/bin/tap-spreadsheets"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(vendors=3, bills=12) as sandbox:
        yield sandbox


def installed(example: Path, folder: Path) -> Path:
    """Copy an example's project as it stands, but for where its plugins are installed."""
    project = folder / example.name
    shutil.copytree(example, project)
    own = folder / "tap-another-erp"
    own.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{TAP}" "$@"\n', encoding="utf-8")
    own.chmod(0o700)
    programs = {"tap-another-erp": own, "tap-spreadsheets": SHEETS}
    told = yaml.safe_load((project / "meltano.yml").read_text(encoding="utf-8"))
    for plugin in (*told["plugins"]["extractors"], *told["plugins"]["loaders"]):
        if plugin.pop("pip_url", None):
            plugin["executable"] = str(programs.get(plugin["name"], PROGRAMS / plugin["name"]))
    (project / "meltano.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    return project


def run(project: Path, job: str, sandbox: Running, **settings: str) -> str:
    """Run a job, which has to succeed; return what was said."""
    done = subprocess.run(
        [PROGRAMS / "meltano", "run", job],
        cwd=project,
        env={**environment(project), **sandbox.credentials, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def invoked(project: Path, plugin: str, into: str, *elsewhere: str) -> list[str]:
    """Return the codes of what is wrong with what a plugin writes, invoked by Meltano."""
    command = [str(PROGRAMS / "meltano"), "--log-level=warning", "invoke", plugin]
    with subprocess.Popen(
        command, cwd=project, env=environment(project), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as tap:
        assert tap.stdout
        check = RecordCheck(into, elsewhere, most=3)
        check.read(tap.stdout)
    assert tap.returncode == 0
    return [str(one) for one in check.mistakes.problems]


def test_maps_of_columns_make_the_records_that_a_tap_of_its_own_makes(sandbox: Running, tmp_path: Path):
    project = installed(EXAMPLE, tmp_path)
    ledger = {"TARGET_AVIDXCHANGE_LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db"}
    assert invoked(project, "tap-spreadsheets-masters", "target-avidxchange") == []
    elsewhere = ("vendors", "gl_accounts")
    assert invoked(project, "tap-spreadsheets-bills", "target-avidxchange", *elsewhere) == []
    run(project, "outbound-by-spreadsheets", sandbox, **ledger)
    assert in_avidxchange(sandbox) == expected(EXAMPLE / "export")

    before = writes(sandbox)
    run(project, "outbound", sandbox, **ledger)
    assert in_avidxchange(sandbox) == expected(EXAMPLE / "export")
    assert writes(sandbox) == before


def test_payments_of_another_payer_are_posted_once(sandbox: Running, tmp_path: Path):
    project = installed(ROOT / "examples/another-payer", tmp_path)
    account = sandbox.credentials["NETSUITE_ACCOUNT_ID"]
    books = sandbox.books()["netsuite"]["bills"]
    bills = [one for one in books if (one["status"], one["currency"], one["subsidiary"]) == ("A", "USD", "1")]
    assert bills
    with (project / "export/payments.csv").open(encoding="utf-8", newline="") as shown:
        (row,) = csv.DictReader(shown)
    rows = [
        {
            **row,
            "payment_no": str(9000 + place),
            "bill": f"netsuite-{account}-vendorbill-{bill['id']}",
            "check_no": str(20117 + place),
            "amount": bill["unpaid"],
        }
        for place, bill in enumerate(bills)
    ]
    with (project / "export/payments.csv").open("w", encoding="utf-8", newline="") as export:
        written = csv.DictWriter(export, row)
        written.writeheader()
        written.writerows(rows)
    assert invoked(project, "tap-spreadsheets", "target-netsuite-payments") == []

    ledger = {"TARGET_NETSUITE_PAYMENTS_LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db"}
    run(project, "inbound", sandbox, **ledger)
    due = {(f"avidxchange-payment-payer-{one['payment_no']}", one["check_no"], one["amount"]) for one in rows}
    payments = sandbox.books()["netsuite"]["payments"]
    assert due <= {(one["externalid"], one["tranid"], one["total"]) for one in payments}
    before = writes(sandbox)
    os.utime(project / "export/payments.csv")
    run(project, "inbound", sandbox, **ledger)
    assert writes(sandbox) == before
