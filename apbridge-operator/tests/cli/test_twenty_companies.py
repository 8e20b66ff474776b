"""Twenty companies in one project, each with its own NetSuite account and AvidXchange company on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger
from apbridge.vault import Vault
from apbridge_operator.cli import environments, meltano
from apbridge_sandbox.testing import Running, running
from demo.meltano import ROOT
from tests.in_process import OutboundHalf, impatient

NAMES = [f"firm-{number:02}" for number in range(1, 21)]
SECRETS = {
    "NETSUITE": ("client_id", "certificate_id", "private_key"),
    "AVIDXCHANGE": ("company_token", "user_token"),
}
Apbridge = Callable[..., Any]


@dataclass
class Firms:
    """The project, its sandboxes by company, and what was acknowledged of each."""

    folder: Path
    sandboxes: dict[str, Running]
    variables: dict[str, str]
    states: dict[str, Any] = field(default_factory=dict)

    def config(self, company: str, plugin: str) -> dict[str, Any]:
        """Return a plugin's settings in the environment of a company, as Meltano would give them."""
        given = {"MELTANO_ENVIRONMENT": company, **self.variables}
        return meltano.config(self.folder, plugin, given)

    def half(self, company: str, **writes: object) -> OutboundHalf:
        """Return the outbound half of a company, in its environment, with other settings over it."""
        target = {**self.config(company, "target-avidxchange"), **writes}
        return OutboundHalf(
            self.sandboxes[company],
            target["ledger_url"],
            Path(target["spool_url"]),
            "avidconnect",
            state=deepcopy(self.states.get(company, {})),
            streams=("vendors",),
            reads=self.config(company, "tap-netsuite-ap"),
            writes=target,
        )

    def run(self, company: str, **writes: object) -> APBridgeError | None:
        """Run it, and keep what was acknowledged; return what ended it, if something did."""
        half = self.half(company, **writes)
        ended = half.run()
        self.states[company] = half.state
        return ended

    def calls(self) -> list[Any]:
        return [sandbox.calls() for sandbox in self.sandboxes.values()]


@pytest.fixture(scope="module")
def firms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firms]:
    """All twenty, each after one run: the books are alike to the last id."""
    folder = tmp_path_factory.mktemp("project")
    before, where = dict(os.environ), Path.cwd()
    os.chdir(folder)
    for name in before:
        if name.startswith(("APBRIDGE_", "AVIDXCHANGE_", "MELTANO_", "NETSUITE_", "TAP_", "TARGET_")):
            del os.environ[name]
    os.environ["APBRIDGE_VAULT_KEY_FILE"] = str(folder.parent / "vault.key")
    (folder / "meltano.yml").write_text((ROOT / "meltano.yml").read_text())
    with ExitStack() as stack:
        sandboxes = {name: stack.enter_context(running(vendors=1, bills=0)) for name in NAMES}
        variables: dict[str, str] = {}
        secrets: dict[str, str | None] = {}
        table: dict[str, Any] = {}
        for number, (name, sandbox) in enumerate(sandboxes.items(), start=7001):
            assert sandbox.sandbox
            with sandbox.sandbox.store.write() as connection:
                connection.execute("UPDATE ax_company SET id = ?", (number,))
            given = {**sandbox.credentials}
            given["NETSUITE_PRIVATE_KEY"] = Path(given["NETSUITE_PRIVATE_KEY_PATH"]).read_text()
            for system, settings in SECRETS.items():
                for setting in settings:
                    variable = f"{system}_{setting.upper()}"
                    secrets[f"{name}/{variable.lower()}"] = given[variable]
                    own = f"{name.upper().replace('-', '_')}_{variable}"
                    variables[own] = f"vault:{name}/{variable.lower()}"
            table[name] = {
                "netsuite": {
                    "account_id": given["NETSUITE_ACCOUNT_ID"],
                    "base_url": given["NETSUITE_BASE_URL"],
                },
                "avidxchange": {"company_id": str(number), "base_url": given["AVIDXCHANGE_BASE_URL"]},
                "target-avidxchange": {"brake_percent": 100},
            }
        Vault.create().set(secrets)
        (folder / "companies.yaml").write_text(yaml.safe_dump({"companies": table}))
        (folder / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in variables.items()))
        assert environments.write(folder)
        found = Firms(folder, sandboxes, variables)
        for name in NAMES:
            assert found.run(name) is None
        yield found
    os.chdir(where)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def project(firms: Firms) -> Iterator[Path]:
    """The project's folder, which the commands run in."""
    before = dict(os.environ)
    yield firms.folder
    os.environ.clear()
    os.environ.update(before)


def others(index: int) -> tuple[str, str]:
    """Return a company and the next one."""
    return NAMES[index], NAMES[(index + 1) % len(NAMES)]


def ledger_url(firms: Firms, company: str) -> str:
    return str(firms.config(company, "target-avidxchange")["ledger_url"])


def test_each_has_its_own_books_and_nothing_of_another(firms: Firms):
    for name, sandbox in firms.sandboxes.items():
        assert len(sandbox.books()["avidxchange"]["vendors"]) == 1
        assert (firms.folder / ".apbridge" / name / "ledger.db").exists()
        assert firms.states[name]["apbridge"]["company"] == name
        with Ledger(ledger_url(firms, name), company=name) as ledger:
            company = ledger.identity.origin("avidxchange")
        assert company
        assert company.facts["company"] == firms.config(name, "target-avidxchange")["company_id"]


@pytest.mark.parametrize("index", range(20))
def test_the_wrong_ledger_state_and_secret_are_refused_by_name_before_anything_is_asked(
    firms: Firms, index: int
):
    name, other = others(index)
    before = firms.calls()
    half = firms.half(name, ledger_url=ledger_url(firms, other))
    messages = half.read(("vendors",))
    read = firms.calls()
    ended = half.write(messages)
    assert ended is not None
    assert (ended.code, f"of company {other}" in ended.says, f"of company {name}" in ended.says) == (
        "APB-CMP-010",
        True,
        True,
    )
    assert firms.calls() == read
    # Its own NetSuite was asked; nobody else was.
    assert [one for one in zip(before, read, strict=True) if one[0] != one[1]] == [
        (before[index], read[index])
    ]

    half = firms.half(name)
    half.state = deepcopy(firms.states[other])
    assert half.read(("vendors",))
    tap = half.tap_ended
    assert tap is not None
    assert tap.code == "APB-CMP-011"
    assert f"those of company {other}, and this run is of company {name}" in tap.says
    secret = firms.config(other, "target-avidxchange")["user_token"]
    ended = firms.half(name, user_token=secret).write("")
    assert ended is not None
    assert ended.code == "APB-CMP-012"
    assert f"user_token of company {name} names {secret}, a secret of company {other}" in ended.says
    assert firms.calls() == read


@pytest.mark.parametrize("index", [0, 19])
def test_the_wrong_token_is_refused_by_name_on_the_first_run_too(firms: Firms, index: int, tmp_path: Path):
    name, other = others(index)
    theirs = firms.sandboxes[other].avidxchange_settings("avidconnect")
    writes = {key: theirs[key] for key in ("base_url", "company_token", "user_token")}
    own = firms.config(name, "target-avidxchange")["company_id"]
    found = firms.config(other, "target-avidxchange")["company_id"]
    first = firms.half(name, **writes, ledger_url=f"sqlite:///{tmp_path}/new.db")
    first.state = {}
    before = [sandbox.books()["avidxchange"] for sandbox in firms.sandboxes.values()]
    ended = first.run()
    assert ended is not None
    assert ended.code == "APB-CMP-013"
    assert f"of company {name} sign in to AvidXchange company {found}" in ended.says
    assert f"company_id says {own}" in ended.says
    # Where it is declared nowhere, the ledger knows it.
    again = firms.half(name, **writes, company_id=None)
    ended = again.run()
    assert ended is not None
    assert ended.code == "APB-LED-012"
    assert f"company {own} " in ended.says
    assert f"company {found} " in ended.says
    assert [sandbox.books()["avidxchange"] for sandbox in firms.sandboxes.values()] == before


def test_one_that_is_down_does_not_hold_up_nineteen(firms: Firms, apbridge: Apbridge):
    down = NAMES[6]
    nowhere = {"base_url": "http://127.0.0.1:9/avidconnect"}
    for sandbox in firms.sandboxes.values():
        vendor = sandbox.books()["netsuite"]["vendors"][0]["id"]
        edit = {"table": "vendor", "id": vendor, "set": {"phone": "555-0100"}}
        sandbox.control("/control/netsuite/edit", edit)
        # What is changed in the second in which a run begins is the next one's.
        sandbox.control("/control/clock", {"advance_seconds": 60})
    with impatient(give_up_after=0.1):
        ended = {name: firms.run(name, **(nowhere if name == down else {})) for name in NAMES}
    assert [name for name, failure in ended.items() if failure] == [down]
    told = [sandbox.books()["avidxchange"]["vendors"][0]["phone"] for sandbox in firms.sandboxes.values()]
    assert [name for name, phone in zip(NAMES, told, strict=True) if phone != "555-0100"] == [down]
    # Whoever is told of it reads whose it is.
    notices = json.loads(apbridge("notify", "--json").out)
    failed = [one for one in notices if "A run failed" in one["title"]]
    assert [(one["company"], one["title"]) for one in failed] == [(down, f"{down}: A run failed")]
    # The next run brings what was left.
    assert firms.run(down) is None
    assert firms.sandboxes[down].books()["avidxchange"]["vendors"][0]["phone"] == "555-0100"


def test_commands_go_over_all_some_or_one(firms: Firms, apbridge: Apbridge):
    assert apbridge("companies", "check").code == 0
    listed = json.loads(apbridge("companies", "list", "--json").out)
    assert [one["company"] for one in listed] == NAMES
    some = ("--company=firm-03", "--company=firm-01")
    lines = apbridge("reconcile", "--json", *some).out.splitlines()
    assert [json.loads(line)["company"] for line in lines] == ["firm-03", "firm-01"]
    # One that does not answer is said, and the other is compared all the same.
    firms.sandboxes["firm-03"].control(
        "/control/faults", {"match": {"path": "/avidconnect/"}, "do": {"status": 503}}
    )
    with impatient(give_up_after=0.1):
        ended = apbridge("reconcile", "--json", *some)
    firms.sandboxes["firm-03"].control("/control/faults", method="DELETE")
    first, second = map(json.loads, ended.out.splitlines())
    assert (ended.code, first["company"], "error" in first, "error" in second) == (3, "firm-03", True, False)
    trails = [json.loads(line) for line in apbridge("audit", "verify", "--json").out.splitlines()]
    assert [one["company"] for one in trails] == NAMES
    assert len({one["head"] for one in trails}) == 20
    assert apbridge("audit", "show").code == 2
    assert apbridge("audit", "show", "--company=firm-02").code == 0
