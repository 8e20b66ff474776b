"""Another ERP's tap feeds target-avidxchange: the example, by plain pipes."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from apbridge.schemas.identifiers import KINDS
from apbridge_operator.records import TAKEN, RecordCheck
from apbridge_sandbox.testing import Running, running
from demo.meltano import ROOT
from target_avidxchange.target import TargetAvidXchange
from tests import forked
from tests.another_erp import EXAMPLE, TAP, expected, in_avidxchange, writes
from tests.plugins import environment
from tests.plugins import run as run_plugin
from tests.test_documents import commands

DOCUMENT = ROOT / "docs/another-system.md"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(vendors=1, bills=0) as sandbox:
        yield sandbox


class Outbound:
    """The tap and the target with one ledger and one STATE.

    Args:
        sandbox: Where AvidXchange is.
        folder: Where the export and all else is.
    """

    def __init__(self, sandbox: Running, folder: Path) -> None:
        self.export = folder / "export"
        self._folder = folder
        self._env = environment(sandbox, "target-avidxchange", ledger_url=f"sqlite:///{folder}/ledger.db")
        shutil.copytree(EXAMPLE / "export", self.export)
        (folder / "config.json").write_text(json.dumps({"folder": "export"}), encoding="utf-8")

    def run(self, *elsewhere: str) -> str:
        """Run once; what the tap writes must pass the check. Return what the target said."""
        state = self._folder / "state.json"
        goes_on = ["--state=state.json"] if state.exists() else []
        env = dict(os.environ)
        tap = forked.run(TAP, "--config=config.json", *goes_on, env=env, cwd=self._folder)
        assert tap.returncode == 0, tap.stderr
        words = [word for stream in elsewhere for word in ("--elsewhere", stream)]
        checked = forked.run(
            "apbridge", "records", "check", *words, stdin=tap.stdout, env=env, cwd=self._folder
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
        target = run_plugin("target-avidxchange", stdin=tap.stdout, env=self._env, cwd=self._folder)
        assert target.returncode == 0, target.stderr
        state.write_text(target.stdout.splitlines()[-1], encoding="utf-8")
        return target.stderr


def test_avidxchange_has_what_the_export_says_and_a_second_run_writes_nothing(
    sandbox: Running, tmp_path: Path
):
    outbound = Outbound(sandbox, tmp_path)
    outbound.run()
    assert in_avidxchange(sandbox) == expected(outbound.export)
    before = writes(sandbox)
    outbound.run("vendors")
    assert writes(sandbox) == before


def test_a_deletion_and_a_change_follow(sandbox: Running, tmp_path: Path):
    outbound = Outbound(sandbox, tmp_path)
    outbound.run()
    bills, lines = outbound.export / "bills.csv", outbound.export / "bill_lines.csv"
    deleted = bills.read_text(encoding="utf-8").replace(
        "310.00,310.00,,,,2026-11-03 09:16:00", "310.00,310.00,,,yes,2026-11-05 09:00:00"
    )
    changed = deleted.replace("99.99,99.99,,,,2026-11-04 08:30:00", "89.99,89.99,,,,2026-11-05 09:30:00")
    bills.write_text(changed, encoding="utf-8")
    lines.write_text(lines.read_text(encoding="utf-8").replace("99.99", "89.99"), encoding="utf-8")
    outbound.run("vendors")
    assert len(expected(outbound.export)["invoices"]) == 2
    assert in_avidxchange(sandbox) == expected(outbound.export)


def test_vendors_of_one_name_are_two_and_not_taken_for_one_that_avidxchange_had_before(
    sandbox: Running, tmp_path: Path
):
    outbound = Outbound(sandbox, tmp_path)
    outbound.run()
    with (outbound.export / "suppliers.csv").open("a", encoding="utf-8") as suppliers:
        suppliers.write("16,Blue Ridge Plumbing LLC,,,,2026-11-05 08:00:00\n")
    # Without a ledger all that AvidXchange has is looked at.
    (tmp_path / "ledger.db").unlink()
    (tmp_path / "state.json").unlink()
    outbound.run()
    assert in_avidxchange(sandbox) == expected(outbound.export)


def test_what_our_own_tap_writes_is_right(company: Running, tmp_path: Path):
    env = environment(company, "tap-netsuite-ap", spool_url=str(tmp_path / "spool"))
    told = run_plugin("tap-netsuite-ap", env=env, cwd=tmp_path).stdout
    check = RecordCheck("target-avidxchange", (), most=3)
    check.read(io.BytesIO(told.encode()))
    assert check.mistakes.problems == []
    assert check.streams["bills"].records == len(company.books()["netsuite"]["bills"])


def test_check_shows_what_is_wrong_in_a_table_and_as_json(tmp_path: Path):
    shutil.copytree(EXAMPLE / "export", tmp_path / "export")
    suppliers = tmp_path / "export/suppliers.csv"
    suppliers.write_text(suppliers.read_text(encoding="utf-8").replace("\n13,", "\n15,"), encoding="utf-8")
    (tmp_path / "config.json").write_text(json.dumps({"folder": "export"}), encoding="utf-8")
    env = dict(os.environ)
    tap = forked.run(TAP, "--config=config.json", env=env, cwd=tmp_path)
    (tmp_path / "told.jsonl").write_text(tap.stdout, encoding="utf-8")

    shown = forked.run("apbridge", "records", "check", "told.jsonl", env=env, cwd=tmp_path)
    assert shown.returncode == 1
    assert "anothererp-main-vendor-13 of vendors, which no record tells" in shown.stdout
    told = forked.run("apbridge", "records", "check", "told.jsonl", "--json", env=env, cwd=tmp_path)
    (problem,) = json.loads(told.stdout)["problems"]
    assert (problem["code"], problem["count"]) == ("APB-RCD-003", 1)

    gone = forked.run("apbridge", "records", "check", "nowhere.jsonl", env=env, cwd=tmp_path)
    assert (gone.returncode, "APB-RCD-001" in gone.stderr) == (2, True)
    wrong = forked.run("apbridge", "records", "check", "--elsewhere=suppliers", env=env, cwd=tmp_path)
    assert (wrong.returncode, "APB-SNG-008" in wrong.stderr) == (2, True)


def test_the_document_says_what_streams_are_called_and_how():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == KINDS
    # What a target makes sinks of it takes.
    sinks = vars(TargetAvidXchange)["sink_classes"].func(None)
    assert TAKEN["target-avidxchange"] == tuple(sinks)


def test_the_document_s_commands_do_what_it_says(tmp_path: Path):
    shutil.copytree(EXAMPLE, tmp_path / "examples/another-erp")
    folder, env = tmp_path, dict(os.environ)
    payment = {
        "id": "payer-9001",
        "external_id": "avidxchange-payment-payer-9001",
        "status": "processing",
        "amount": 98,
        "allocations": [],
        "modified_at": "2026-11-05T09:00:00Z",
    }
    messages = [
        {"type": "SCHEMA", "stream": "payments", "schema": {"properties": {}}},
        {"type": "RECORD", "stream": "payments", "record": payment},
        {"type": "STATE", "value": {"bookmarks": {"payments": {}}}},
    ]
    ran = []
    for command in commands(DOCUMENT):
        words, _, output = command.partition(" > ")
        name, *arguments = words.split()
        if name == "cd":
            folder = folder / arguments[0]
        elif name in {"python", "apbridge"}:
            program = [folder / arguments.pop(0)] if name == "python" else [name]
            done = forked.run(*program, *arguments, env=env, cwd=folder)
            assert done.returncode == 0, done.stdout + done.stderr
            ran.append(command)
            if output:
                (folder / output).write_text(done.stdout, encoding="utf-8")
                bills = [line for line in done.stdout.splitlines() if '"bills"' in line]
                (folder / "bills.jsonl").write_text("\n".join(bills), encoding="utf-8")
                payments = "\n".join(map(json.dumps, messages))
                (folder / "payments.jsonl").write_text(payments, encoding="utf-8")
    assert len(ran) == 5
