"""The loop on two machines, one after the other: all that they share is a database and an object store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apbridge_sandbox.testing import Running
from demo.books import BothBooks
from tests.databases import new_database
from tests.inbound import BANKS
from tests.object_stores import new_bucket
from tests.plugins import environment, run
from tests.project import new_project
from tests.project import run as project_run

MOST_CALLS = 5
ID = "prod:tap-netsuite-ap-to-target-avidxchange"
OUT = ("tap-netsuite-ap", "target-avidxchange")
IN = ("tap-avidxchange", "target-netsuite-payments")


@dataclass(frozen=True)
class Machine:
    """A machine with an empty folder, which it loses with all that it has written there."""

    folder: Path
    sandbox: Running
    shared: Mapping[str, str]

    def run(self, tap: str, target: str, state: str, *, dies_in: str | None = None) -> str:
        """Run a tap into a target, from a STATE on; return the STATE that is acknowledged last.

        Args:
            tap: Its name.
            target: Its name.
            state: Where the run before ended, wherever that was.
            dies_in: The stream in whose middle the tap dies.
        """
        self.folder.mkdir()
        (self.folder / "state.json").write_text(state, encoding="utf-8")
        read = self._run(tap, "--state=state.json").splitlines(keepends=True)
        if dies_in:
            of_stream = [number for number, line in enumerate(read) if is_record(line, dies_in)]
            read = read[: of_stream[len(of_stream) // 2]]
        written = self._run(target, stdin="".join(read), code=int(dies_in is not None))
        left = sorted(file.name for file in self.folder.rglob("*") if file.is_file())
        assert left == ["state.json"], "whatever else a run writes would be lost"
        shutil.rmtree(self.folder)
        return [state, *written.splitlines()][-1]

    def _run(self, plugin: str, *options: str, stdin: str = "", code: int = 0) -> str:
        env = environment(self.sandbox, plugin, **self.shared)
        done = run(plugin, *options, stdin=stdin, env=env, cwd=self.folder)
        assert done.returncode == code, done.stderr
        return done.stdout


def is_record(line: str, stream: str) -> bool:
    message = json.loads(line)
    return bool(message["type"] == "RECORD" and message["stream"] == stream)


def test_a_second_machine_goes_on_where_the_first_ended(changing_company: Running, tmp_path: Path):
    sandbox, database = changing_company, new_database()
    shared = {
        "ledger_url": database,
        "limits_url": database,
        "spool_url": f"{new_bucket()}/acme",
        "bank_accounts": json.dumps(BANKS),
    }
    first, second = (Machine(tmp_path / name, sandbox, shared) for name in ("first", "second"))

    def differing() -> list[str]:
        books = BothBooks(sandbox.books(), sandbox.credentials["NETSUITE_ACCOUNT_ID"])
        return [line.what for line in books.compare() if not line.agree]

    def writes(system: str) -> dict[str, int]:
        done = sandbox.calls()[system]["by_operation"]
        return {name: number for name, number in done.items() if name.startswith(("PUT", "POST", "PATCH"))}

    state = first.run(*OUT, "{}", dies_in="bills")
    assert "Images, by their hash" in differing()
    state = second.run(*OUT, state)
    assert differing() == []
    invoices = sandbox.books()["avidxchange"]["invoices"]
    sent = writes("avidxchange")
    assert sent["PUT /avidconnect/v1/invoices/{external_id}"] == len(invoices)
    with_image = [one for one in invoices if one["image"]]
    assert sent["PUT /avidconnect/v1/invoices/{external_id}/image"] == len(with_image) > 0

    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    paid = [{"external_id": one["externalId"]} for one in invoices]
    pay = {"invoices": paid, "method": "check", "one_payment_per": "invoice"}
    sandbox.control("/control/payments/pay", pay)
    sandbox.control("/control/payments/settle", {"ids": "all"})
    state = second.run(*IN, "{}", dies_in="payments")
    assert "Payments settled and posted" in differing()
    first.run(*IN, state)
    assert differing() == []
    calls = sandbox.calls()["netsuite"]
    assert calls["writes"] == len(paid)
    assert calls["peak_concurrency"] <= MOST_CALLS


def test_meltano_finds_the_bookmarks_that_another_machine_has_left(tmp_path: Path):
    shared = {"MELTANO_DATABASE_URI": new_database()}
    bookmarks = {"singer_state": {"bookmarks": {"bills": {"replication_key_value": "2026-11-02T00:00:00Z"}}}}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        project = new_project(tmp_path / name)
        if name == "first":
            kept = project_run(
                project, "meltano", "state", "set", "--force", ID, json.dumps(bookmarks), secrets=shared
            )
        else:
            kept = project_run(project, "meltano", "state", "get", ID, secrets=shared)
        assert kept.returncode == 0, kept.stderr
        assert not (project / ".meltano/meltano.db").exists()
    assert json.loads(kept.stdout) == bookmarks
