from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from apbridge.ledger import Ledger, RowUpdate, Status
from tests.waiting import PATIENCE

Apbridge = Callable[..., Any]
PROGRAM = Path(sys.executable).parent / "apbridge"


@pytest.mark.usefixtures("empty_ledger")
def test_the_report_is_written_to_a_file(apbridge: Apbridge, project: Path):
    ended = apbridge("report", "--output=state.html")
    assert (ended.code, ended.out) == (0, "Written: state.html\n")
    page = (project / "state.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "Not compared yet" in page
    ended = apbridge("report", "--output=nowhere/state.html")
    assert ended.code == 2
    assert "APB-CON-003" in ended.err


@pytest.mark.usefixtures("empty_ledger")
@pytest.mark.parametrize(
    ("password", "words", "code"),
    [
        ("", (), "APB-CON-001"),
        ("a long password", (), "APB-CON-005"),
        ("short", ("--allow-plain-http",), "APB-CON-004"),
    ],
)
def test_the_console_is_for_this_machine_alone_unless_more_is_said(
    apbridge: Apbridge, password: str, words: tuple[str, ...], code: str
):
    os.environ["APBRIDGE_CONSOLE_PASSWORD"] = password
    ended = apbridge("console", "--host=0.0.0.0", "--port=0", *words)
    assert ended.code == 2
    assert code in ended.err


@pytest.mark.usefixtures("empty_ledger")
@pytest.mark.parametrize("password", [None, "a long password"])
def test_the_console_serves_until_it_is_stopped(project: Path, password: str | None):
    env = {**os.environ, "NO_PROXY": "127.0.0.1"} | (
        {"APBRIDGE_CONSOLE_PASSWORD": password} if password else {}
    )
    command = [str(PROGRAM), f"--project={project}", "console", "--port=0", "--json"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        printed = json.loads(process.stdout.readline())["address"]
        address = printed.partition("?")[0]
        without = requests.get(address, timeout=PATIENCE)
        with requests.Session() as visit:
            opened = visit.get(printed, timeout=PATIENCE)
        another = json.loads(process.stdout.readline())["address"]
        again = requests.get(printed, timeout=PATIENCE)
        known = requests.get(address, timeout=PATIENCE, auth=("ap", password or "a long password"))
        process.terminate()
    assert "State of the loop" in opened.text
    assert another.startswith(f"{address}?token=")
    assert another != printed
    assert without.status_code == again.status_code == (401 if password else 403)
    assert known.status_code == (200 if password else 403)


def test_a_record_that_the_vault_sealed_is_shown_without_its_secrets(apbridge: Apbridge, project: Path):
    os.environ["APBRIDGE_VAULT_KEY_FILE"] = str(project / "key")
    assert apbridge("vault", "set", "anything", stdin="x").code == 0
    payload = {"number": "INV-1", "tax_id": "12-3456789", "iban": "DE89370400440532013000"}
    with Ledger(f"sqlite:///{project}/.apbridge/ledger.db") as ledger:
        entry = RowUpdate(
            "bills", "netsuite-1-vendorbill-1", "1", "h", Status.REJECTED, says="No.", payload=payload
        )
        ledger.write(1, "avidxchange", [entry])
        (row,) = ledger.all_rows("avidxchange", "bills")
        assert row.payload == payload
    for words in ((), ("--json",)):
        said = apbridge("exceptions", "show", "INV-1", *words).out
        assert '"INV-1"' in said
        assert "12-3456789" not in said
        assert "DE8937" not in said


@pytest.mark.parametrize(
    "words", [("exceptions", "list"), ("report", "--output=r.html"), ("notify",)], ids=" ".join
)
def test_in_a_folder_without_a_project_nothing_is_said_to_be_well(
    apbridge: Apbridge, project: Path, words: tuple[str, ...]
):
    ended = apbridge(*words)
    assert ended.code == 2
    assert "[APB-CLI-006]" in ended.err
    assert list(project.iterdir()) == []
