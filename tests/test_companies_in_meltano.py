"""Three companies run by Meltano itself, all at once, and one of them has another's tokens."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from apbridge.ledger import Ledger
from apbridge_sandbox.testing import Running, running
from tests.project import new_project, run

pytestmark = pytest.mark.long

NAMES = ("acme", "bolt", "carp")


def declared(sandbox: Running, company_id: int) -> dict[str, dict[str, str]]:
    given = sandbox.credentials
    netsuite = [
        *("account_id", "base_url", "certificate_id", "private_key_path"),
        *("restlet_script", "restlet_deploy"),
    ]
    return {
        "netsuite": {name: given[f"NETSUITE_{name.upper()}"] for name in netsuite},
        "avidxchange": {"base_url": given["AVIDXCHANGE_BASE_URL"], "company_id": str(company_id)},
    }


def test_companies_run_at_once_and_the_tokens_of_another_stop_that_one_alone(tmp_path: Path):
    project = new_project(tmp_path)
    secrets = {}
    with ExitStack() as stack:
        sandboxes = [stack.enter_context(running(vendors=2, bills=8)) for _ in range(2)]
        table = {}
        for number, (name, sandbox) in enumerate(zip(NAMES, [*sandboxes, sandboxes[0]], strict=True), 7001):
            if name != "carp":
                assert sandbox.sandbox
                with sandbox.sandbox.store.write() as connection:
                    connection.execute("UPDATE ax_company SET id = ?", (number,))
            table[name] = declared(sandbox, number)
            for variable in ("NETSUITE_CLIENT_ID", "AVIDXCHANGE_COMPANY_TOKEN", "AVIDXCHANGE_USER_TOKEN"):
                secrets[f"{name.upper()}_{variable}"] = sandbox.credentials[variable]
        (project / "companies.yaml").write_text(yaml.safe_dump({"companies": table}))
        assert run(project, "apbridge", "companies", "write").returncode == 0

        words = ("companies", "run", "--job=outbound", "--parallel=3", "--json")
        ended = run(project, "apbridge", *words, secrets=secrets)
        assert ended.returncode == 1, ended.stderr
        found = {one["company"]: one for one in json.loads(ended.stdout)["runs"]}
        assert [name for name in NAMES if not found[name]["ok"]] == ["carp"]
        said = "of company carp sign in to AvidXchange company 7001, and the setting company_id says 7003"
        assert said in found["carp"]["says"]

        first, second = ([*sandbox.books()["avidxchange"]["invoices"]] for sandbox in sandboxes)
        assert len(first) == len(second) > 0

    # Everything that is kept is the company's own.
    with sqlite3.connect(project / ".meltano" / "meltano.db") as connection:
        states = connection.execute("SELECT state_id FROM state ORDER BY state_id").fetchall()
    pair = "tap-netsuite-ap-to-target-avidxchange"
    assert [state for (state,) in states] == [f"{name}:{pair}" for name in ("acme", "bolt")]
    for name in ("acme", "bolt"):
        Ledger(f"sqlite:///{project}/.apbridge/{name}/ledger.db", company=name).close()
        assert (project / ".apbridge" / name / "logs" / "outbound.log").exists()
        assert list((project / ".apbridge" / "spool" / name).rglob("*"))
    assert not (project / ".apbridge" / "ledger.db").exists()
