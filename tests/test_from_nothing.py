"""From an empty folder to the whole loop by `apbridge init` and `meltano run` alone; no secret in a file."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from apbridge.vault import Vault
from apbridge_sandbox.testing import Running, running
from demo.__main__ import MOST_IDLE_CALLS
from demo.books import BothBooks
from demo.meltano import PROGRAMS, ROOT, pay_a_month
from tests.project import environment, new_project, run
from tests.waiting import until

pytestmark = pytest.mark.long

_TICK = 100_000_000
"""Longer than between two ticks of the clock that files are stamped by, in nanoseconds."""

LEFT = ".meltano/run/*/*.config.json"
"""The settings of a run, as Meltano writes them for its plugins."""

BANKS = ["102:USD:1", "103:CAD:1", "107:CAD:2", "108:USD:2"]


@dataclass
class Journey:
    """What a person did, what was said, where secrets were seen, and what others might have read."""

    project: Path
    tried: subprocess.CompletedProcess[str]
    """The trial that the README describes, which came before the real account."""
    left: set[str]
    """What the trial left in the folder."""
    sandbox: Running
    said: list[str]
    seen: set[str]
    opened: set[str]
    checked: Any
    paid: int
    first_calls: Any
    second_calls: Any
    books: Any
    """After the first run each way."""
    after: Any
    """After the second."""


class SecretWatch:
    """Looks for secrets, again and again: in every file of a project, and in every process's words.

    It also looks for what others may do something with, and come to from the project's folder.
    """

    def __init__(self, project: Path, secrets: list[str]) -> None:
        self.seen: set[str] = set()
        self.opened: set[str] = set()
        self._project = project
        self._secrets = [secret.encode() for secret in secrets]
        self._read: dict[str, tuple[int, ...]] = {}
        self._older = _processes()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the block ends, and once more."""
        done = Event()

        def look_on() -> None:
            while not done.wait(0.05):
                self.look()

        thread = Thread(target=look_on)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._read.clear()
            self.look()

    def look(self) -> None:
        """Look once, at what has changed since the last time."""
        running = _processes()
        # A number may be given again.
        self._older &= running
        for process in running - self._older:
            self._look_at(Path("/proc", process, "cmdline"))
        self._look_into(self._project, reached=True)

    def _look_into(self, folder: Path, *, reached: bool) -> None:
        """Look into a folder; whether others come to it decides what they may do there."""
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if reached and status.st_mode & 0o077 and not entry.is_symlink():
                        self.opened.add(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        self._look_into(Path(entry), reached=reached and bool(status.st_mode & 0o011))
                    elif not entry.is_dir():
                        self._look_at_changed(entry.path, entry.stat())

    def _look_at_changed(self, file: str, status: os.stat_result) -> None:
        change = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if self._read.get(file) != change:
            self._look_at(Path(file))
            # What was written just now may be written again at what the clock of files calls the same time.
            if time.time_ns() - status.st_ctime_ns > _TICK:
                self._read[file] = change

    def _look_at(self, place: Path) -> None:
        with suppress(OSError):
            content = place.read_bytes()
            self.seen |= {f"{place}: {secret!r}" for secret in self._secrets if secret in content}


def _processes() -> set[str]:
    return {name for name in os.listdir("/proc") if name.isdecimal()}  # noqa: PTH208, asked twenty times a second


def kill_a_run(project: Path) -> None:
    """Kill Meltano, and what it started, once it has written the settings of a run."""
    assert not list(project.glob(LEFT))
    command = [str(PROGRAMS / "meltano"), "run", "--state-id-suffix=killed", "inbound"]
    with subprocess.Popen(
        command, cwd=project, env=environment(project), umask=0, start_new_session=True, stdout=-1, stderr=-3
    ) as run:
        until(lambda: list(project.glob(LEFT)) or run.poll() is not None)
        os.killpg(run.pid, signal.SIGKILL)
    assert list(project.glob(LEFT))


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    project = new_project(tmp_path_factory.mktemp("project"))
    tried, left = trial(project)
    key_file = tmp_path_factory.mktemp("elsewhere") / "vault.key"
    with running(vendors=60, bills=240, in_process=False) as sandbox:
        given = sandbox.credentials
        said: list[str] = []
        init = ["apbridge", "init", "--json"]
        first = run(
            project,
            *init,
            f"--account-id={given['NETSUITE_ACCOUNT_ID']}",
            f"--netsuite-url={given['NETSUITE_BASE_URL']}",
            f"--avidxchange-url={given['AVIDXCHANGE_BASE_URL']}",
            f"--vault-key-file={key_file}",
            *banks(),
        )
        assert first.returncode == 1, first.stderr
        # What the administrator does with the certificate that it left.
        pem = (project / json.loads(first.stdout)["upload"]).read_text(encoding="utf-8")
        mapped = sandbox.control("/control/netsuite/map-certificate", {"pem": pem})
        secrets = {
            "NETSUITE_CLIENT_ID": mapped["client_id"],
            "AVIDXCHANGE_COMPANY_TOKEN": given["AVIDXCHANGE_COMPANY_TOKEN"],
            "AVIDXCHANGE_USER_TOKEN": given["AVIDXCHANGE_USER_TOKEN"],
        }
        second = run(project, *init, f"--certificate-id={mapped['certificate_id']}", secrets=secrets)
        assert second.returncode == 0, second.stdout + second.stderr
        kept = {
            "APBRIDGE_VAULT": str(project / ".apbridge/vault.json"),
            "APBRIDGE_VAULT_KEY_FILE": str(key_file),
        }
        private_key = Vault.open(kept).get("netsuite_private_key")
        watch = SecretWatch(
            project, [*secrets.values(), private_key.splitlines()[1], key_file.read_text().strip()]
        )
        with watch.watching():
            kill_a_run(project)
            checked = run(project, "meltano", "invoke", "apbridge:check", "--json")
            assert checked.returncode == 0, checked.stdout + checked.stderr[-3000:]
            sandbox.control("/control/calls", method="DELETE")

            def run_job(*jobs: str) -> None:
                ended = run(project, "meltano", "run", *jobs)
                assert ended.returncode == 0, ended.stderr[-3000:]
                said.extend((ended.stdout, ended.stderr))

            run_job("outbound")
            paid = pay_a_month(sandbox)
            run_job("inbound")
            calls, books = sandbox.calls(), sandbox.books()
            sandbox.control("/control/calls", method="DELETE")
            run_job("outbound", "inbound")
        said += [first.stdout, first.stderr, second.stdout, second.stderr]
        yield Journey(
            project,
            tried,
            left,
            sandbox,
            said,
            watch.seen,
            watch.opened,
            json.loads(checked.stdout),
            paid,
            calls,
            sandbox.calls(),
            books,
            sandbox.books(),
        )


def documented() -> list[str]:
    """Return the commands by which the README tries it out, line by line."""
    blocks: list[str] = re.findall(
        r"```\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (block,) = [one for one in blocks if "MELTANO_ENVIRONMENT=demo" in one]
    return block.splitlines()


def trying(project: Path, port: int) -> str:
    """Return those commands as a script, with a small company on a free port."""
    lines = [f"cd {project}", "umask 000", *documented()]
    script = "\n".join(lines).replace("8400", str(port))
    serve = f"serve --port {port} --control-port 0 --vendors 6 --bills 12"
    # A person does not type faster than the sandbox starts.
    answers = f"until curl -fs http://127.0.0.1:{port}/health; do sleep 0.2; done"
    assert " &\n" in script
    return script.replace("serve", serve, 1).replace(
        " &\n", f" &\nsandbox=$!; trap 'kill $sandbox' EXIT\n{answers}\n"
    )


def files(project: Path) -> set[str]:
    """Name what is there of one's own, but for Meltano's plugins and logs."""
    found = (Path(folder, name) for folder, _, names in os.walk(project) for name in names)
    return {str(one.relative_to(project)) for one in found if not {".meltano", ".state"} & {*one.parts}}


def trial(project: Path) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """Try it out as documented; return how that ended, and what is in the folder since then."""
    programs = project / ".venv/bin"
    programs.mkdir(parents=True)
    shutil.copy(PROGRAMS / "activate", programs)
    before = files(project)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tried = run_script(project, trying(project, port))
    left = files(project) - before
    shutil.rmtree(project / ".venv")
    return tried, left


def banks() -> list[str]:
    return [f"--bank-account={bank}" for bank in BANKS]


def run_script(project: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run commands as somebody types them, with none of our variables set before."""
    return subprocess.run(
        ["/bin/bash", "-e", "-c", script],
        cwd=project,
        env={**environment(project), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_trial_as_documented_leaves_the_folder_to_the_real_account(journey: Journey):
    assert journey.tried.returncode == 0, journey.tried.stdout[-2000:] + journey.tried.stderr[-3000:]
    assert {one.split("/")[0] for one in journey.left} == {".trial"}


def test_both_books_agree_in_every_line(journey: Journey):
    books = BothBooks(journey.books, journey.sandbox.credentials["NETSUITE_ACCOUNT_ID"])
    assert [line for line in books.compare() if not line.agree] == []
    assert len(books.invoices) > 150
    assert journey.paid > 50


def test_no_invoice_came_before_its_vendor_and_codes(journey: Journey):
    assert journey.first_calls["avidxchange"]["refusals"] == {}
    # The columns that the account hides are refused, once.
    assert journey.first_calls["netsuite"]["refusals"].keys() == {"INVALID_PARAMETER"}


def test_calls_stay_within_the_accounts_limit(journey: Journey):
    assert journey.first_calls["netsuite"]["peak_concurrency"] <= 5


def test_a_second_run_writes_nothing_and_asks_little(journey: Journey):
    systems = journey.second_calls.values()
    assert sum(system["writes"] for system in systems) == 0
    assert sum(system["total"] for system in systems) <= MOST_IDLE_CALLS
    assert journey.after == journey.books


def test_no_secret_was_in_any_file_nor_process_list_nor_log(journey: Journey):
    assert journey.seen == set()
    tokens = [journey.sandbox.credentials[name] for name in journey.sandbox.credentials if "TOKEN" in name]
    assert len(tokens) == 2
    for text in journey.said:
        assert not [token for token in tokens if token in text]


def test_meltano_knows_both_schedules():
    listed = subprocess.run(
        [PROGRAMS / "meltano", "schedule", "list", "--format=json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert '"interval": "*/30 * * * *"' in listed
    assert '"interval": "*/15 * * * *"' in listed


def test_nobody_else_may_read_what_meltano_and_our_programs_write(journey: Journey):
    assert journey.opened == {str(journey.project / "meltano.yml")}


def test_what_a_killed_run_left_is_named_and_holds_no_secret(journey: Journey):
    (left,) = [one for one in journey.checked["checks"] if one["subject"] == "run files"]
    assert (left["state"], left["code"]) == ("note", "APB-CHK-031")
    assert all(str(file.relative_to(journey.project)) in left["says"] for file in journey.project.glob(LEFT))
    assert left["says"].endswith("Secrets in them: none.")
