"""docs/recovery.md, carried out: a backup, more work both ways, the machine is lost, and both books agree."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apbridge_sandbox.testing import Running, running
from demo.books import BothBooks
from demo.meltano import ROOT
from tests.project import new_project, run

pytestmark = pytest.mark.long

PAGE = ROOT / "docs/recovery.md"
KEY = "vault.key"


def commands() -> dict[str, list[str]]:
    """Return the commands of the page's parts."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    fenced = re.compile(r"^ *```\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    return {
        part.split("\n", 1)[0]: [
            line.strip() for block in fenced.findall(part) for line in block.strip().splitlines()
        ]
        for part in parts
    }


def well(project: Path, command: str) -> str:
    ended = run(project, *command.split())
    assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr[-3000:]}"
    return ended.stdout


class Firm:
    """A company that has a loop running, and people at work in both systems."""

    def __init__(self, sandbox: Running) -> None:
        self.sandbox = sandbox
        self._bills = 0

    def goes_on(self) -> None:
        """Enter bills in NetSuite, and have AvidXchange pay whatever it has."""
        numbers = [f"LATE-{self._bills + more}" for more in range(3)]
        self._bills += len(numbers)
        lines = [{"account": "6010", "amount": "120.50"}]
        bills = [{"vendor": "11", "tranid": number, "lines": lines} for number in numbers]
        self.sandbox.control("/control/netsuite/bills", {"bills": bills})

    def pays(self, every: int = 1) -> int:
        """Have AvidXchange pay every so many of what it has open."""
        self.sandbox.control("/control/invoices/approve", {"external_ids": "all"})
        invoices = sorted(
            self.sandbox.books()["avidxchange"]["invoices"], key=lambda one: str(one["externalId"])
        )
        chosen = [{"external_id": one["externalId"]} for one in invoices if one["status"] == "approved"][
            ::every
        ]
        order = {"invoices": chosen, "method": "ach", "one_payment_per": "vendor"}
        self.sandbox.control("/control/payments/pay", order)
        self.sandbox.control("/control/clock", {"advance_days": 2})
        return len(self.sandbox.control("/control/payments/settle", {"ids": "all"})["ids"])

    def disagreements(self) -> list[Any]:
        account = self.sandbox.credentials["NETSUITE_ACCOUNT_ID"]
        return [line for line in BothBooks(self.sandbox.books(), account).compare() if not line.agree]

    def posted(self) -> list[str]:
        """Return the external ids of all payments in NetSuite that are ours."""
        payments = self.sandbox.books()["netsuite"]["payments"]
        return [str(one["externalid"]) for one in payments if one["externalid"]]


@pytest.fixture(scope="module")
def firm() -> Iterator[Firm]:
    with running(vendors=12, bills=40, in_process=False) as sandbox:
        yield Firm(sandbox)


@pytest.fixture(scope="module")
def place(firm: Firm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a backup and the vault's key are, of a machine that went on for a while and is gone."""
    place = tmp_path_factory.mktemp("place")
    project = place / "old"
    project.mkdir()
    new_project(project)
    variables = "".join(f"{name}={value}\n" for name, value in firm.sandbox.credentials.items())
    (project / ".env").write_text(variables)
    banks = " ".join(f"--bank-account={one}" for one in ("102:USD:1", "103:CAD:1", "107:CAD:2", "108:USD:2"))
    well(project, f"apbridge init --vault-key-file={place}/safe/{KEY} {banks}")
    well(project, "meltano run outbound")
    assert firm.pays(every=3)
    well(project, "meltano run inbound")
    for command in commands()["Make a backup"]:
        well(project, command)
    firm.goes_on()
    well(project, "meltano run outbound")
    assert firm.pays(every=2)
    well(project, "meltano run inbound")
    assert firm.disagreements() == []
    # What it remembers beside the key is gone too.
    shutil.copy(place / "safe" / KEY, place / KEY)
    shutil.rmtree(place / "safe")
    shutil.rmtree(project)
    return place


def machine(place: Path, name: str) -> Path:
    project = place / name
    project.mkdir()
    return new_project(project)


def test_recovered_by_the_page_both_books_agree_and_nothing_is_there_twice(firm: Firm, place: Path):
    firm.goes_on()
    before = firm.posted()
    project = machine(place, "new")
    told = [well(project, command) for command in commands()["Recover"]]
    assert "meltano run --full-refresh outbound" in told[0]
    assert firm.disagreements() == []
    assert sorted(firm.posted()) == sorted(before)
    assert firm.pays()
    well(project, "meltano run outbound inbound")
    assert firm.disagreements() == []
    assert len(set(firm.posted())) == len(firm.posted()) > len(before)
    ended = well(project, "apbridge audit verify")
    assert "The trail is whole" in ended


def test_whoever_forgets_the_full_refresh_makes_nothing_twice_either(firm: Firm, place: Path):
    firm.goes_on()
    before = firm.posted()
    project = machine(place, "hasty")
    well(project, commands()["Recover"][0])
    assert set(well(project, "meltano state list").split()) == {
        "prod:tap-netsuite-ap-to-target-avidxchange",
        "prod:tap-avidxchange-to-target-netsuite-payments",
    }
    well(project, "meltano run outbound inbound")
    assert firm.disagreements() == []
    assert sorted(firm.posted()) == sorted(before)
