"""What others on the machine might read: files of ours, older ones, and what a killed run of Meltano left."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import demo.__main__ as demo_program
from apbridge.avidxchange.settings import CREDENTIALS
from apbridge.declared_settings import AVIDXCHANGE_SETTINGS, NETSUITE_SETTINGS
from apbridge.errors import APBridgeError, UnavailableError
from apbridge.files import keep_private, replace
from apbridge.ledger import Ledger
from apbridge.singer.dry_run import DryRunTally
from apbridge.spool import put
from apbridge.vault import Vault
from apbridge_operator.cli import env_file
from apbridge_operator.cli.app import app as operator
from apbridge_operator.cli.checks import CheckResult, State, files
from apbridge_sandbox.cli import main as sandbox
from demo.meltano import ROOT
from tests.preloaded import PLUGINS

OURS = ("APBRIDGE_", "AVIDXCHANGE_", "MELTANO_", "NETSUITE_", "TAP_", "TARGET_")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """An account that lets everybody read and write what it makes."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's folder to work in that others may come to, with none of our variables."""
    for name in dict(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("XDG_STATE_HOME", f"{folder}/state")
        monkeypatch.setenv("APBRIDGE_VAULT_KEY_FILE", f"{folder}/elsewhere/key")
        yield folder


PROGRAMS: dict[str, Callable[[], Any]] = {
    **{name: partial(plugin.cli, ["--version"]) for name, plugin in PLUGINS.items()},
    "apbridge": lambda: operator(["vault", "list"]),
    "apbridge-sandbox": lambda: sandbox(["credentials", "--db=books/sandbox.db", "--out=given"]),
    "make demo": demo_program.main,
}


def test_no_program_of_ours_is_left_out():
    text = "".join(file.read_text(encoding="utf-8") for file in ROOT.glob("*/pyproject.toml"))
    named = [
        line.split(" = ")[0] for line in text.splitlines() if line.endswith((':main"', ':run"', '.cli"'))
    ]
    assert set(named) < set(PROGRAMS)
    assert len(named) == 6


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_program_writes_is_its_owners_alone(
    program: str, project: Path, monkeypatch: pytest.MonkeyPatch
):
    (project / "books").mkdir()

    def no_sandbox(**_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(demo_program, "ROOT", project)
    monkeypatch.setattr(demo_program, "running", no_sandbox)
    with suppress(SystemExit, APBridgeError):
        PROGRAMS[program]()
    (project / "made").touch()
    assert mode(project / "made") == 0o600
    found = [file for place in ("books", "given", ".demo") for file in (project / place).glob("*")]
    assert {mode(file) for file in found} <= {0o600}


def test_what_an_older_run_left_open_is_closed(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(project))
    folder, ledger, spool = (
        project / ".apbridge",
        project / "elsewhere/ledger.db",
        project / "elsewhere/spool",
    )
    for place in (folder, spool):
        place.mkdir(parents=True)
    url = f"sqlite:///{ledger}"
    with Ledger(url) as opened:
        for file in ledger.parent.glob("ledger.db*"):
            file.chmod(0o666)
        # With the write-ahead log of a run that was killed.
        with Ledger(url):
            assert {mode(file) for file in ledger.parent.glob("ledger.db*")} == {0o600}
        assert opened.identity
    put(str(spool), b"an image")
    keep_private()
    assert [mode(place) for place in (folder, spool)] == [0o700, 0o700]


def test_a_link_in_the_place_of_our_folder_is_not_followed(project: Path):
    other = project / "other"
    other.mkdir(mode=0o755)
    (project / ".apbridge").symlink_to(other)
    keep_private()
    assert mode(other) == 0o755


def test_a_report_takes_the_place_of_one_that_others_may_read(project: Path, monkeypatch: pytest.MonkeyPatch):
    page, dry_run = project / "page.html", project / "dry-run.json"
    for report in (page, dry_run):
        report.touch()
        assert mode(report) == 0o666
    DryRunTally(["bills"]).tell("a-target", str(dry_run), logging.getLogger(), None)
    monkeypatch.setenv("AVIDXCHANGE_LEDGER_URL", f"sqlite:///{project}/ledger.db")
    with pytest.raises(SystemExit):
        operator(["report", f"--output={page}"])
    for report in (page, dry_run):
        assert report.stat().st_size
        assert mode(report) == 0o600


def test_what_is_written_to_a_device_or_a_pipe_leaves_it_there(project: Path):
    pipe, link = project / "pipe", project / "stdout"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    # A terminal: no file can be put in its place, as root could in that of /dev/null.
    reader, terminal = os.openpty()
    waiting = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for output, end in ((pipe, waiting), (link, waiting), (Path(os.ttyname(terminal)), reader)):
            replace(output, b"a report")
            assert os.read(end, 100) == b"a report"
    finally:
        for end in (reader, terminal, waiting):
            os.close(end)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert {file.name for file in project.iterdir()} == {"pipe", "stdout"}


@pytest.mark.parametrize("older", [True, False])
def test_what_a_link_leads_to_is_replaced_and_the_link_stays(project: Path, *, older: bool):
    target, link = project / "reports/page.html", project / "page.html"
    target.parent.mkdir()
    if older:
        target.write_text("an older one")
    link.symlink_to("reports/page.html")
    replace(link, b"a report")
    assert link.is_symlink()
    assert target.read_bytes() == b"a report"
    assert mode(target) == 0o600
    assert [file.name for file in target.parent.iterdir()] == ["page.html"]


def test_a_folder_is_not_replaced(project: Path):
    (project / "page.html").mkdir()
    with pytest.raises(UnavailableError, match="APB-VLT-008"):
        replace(project / "page.html", b"a report")
    assert (project / "page.html").is_dir()


def test_two_who_write_the_same_file_do_not_disturb_each_other(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    page, sync, other = project / "page.html", os.fsync, [b"another"]

    def written_meanwhile(file: int) -> None:
        while other:
            replace(page, other.pop())
        sync(file)

    monkeypatch.setattr(os, "fsync", written_meanwhile)
    replace(page, b"a report")
    assert page.read_bytes() == b"a report"
    assert list(project.iterdir()) == [page]


def test_what_a_killed_process_left_half_written_is_removed_after_an_hour(project: Path):
    page, old, young = (project / name for name in ("key", ".key.0.part", ".key.1.part"))
    for part, minutes in ((old, 61), (young, 59)):
        part.touch()
        os.utime(part, (time.time() - 60 * minutes,) * 2)
    replace(page, b"a key")
    assert (old.exists(), young.exists()) == (False, True)


def test_init_closes_what_it_and_meltano_write(project: Path):
    shutil.copy(ROOT / "meltano.yml", project)
    (project / ".env").write_text("AVIDXCHANGE_USER_TOKEN=plain-token\n")
    (project / ".meltano").mkdir()
    (project / "state/meltano/log").mkdir(parents=True)
    with pytest.raises(SystemExit):
        operator(["init", "--account-id=1234567", "--vault-key-file", str(project.with_suffix(".key"))])
    try:
        closed = (".env", ".meltano", ".apbridge", ".apbridge/vault.json", "state/meltano/log")
        assert {name: mode(project / name) & 0o077 for name in closed} == dict.fromkeys(closed, 0)
        assert "plain-token" not in (project / ".env").read_text()
        assert Vault.open().get("avidxchange_user_token") == "plain-token"
    finally:
        for file in project.parent.glob(f"{project.name}.key*"):
            file.unlink()


def checked(**settings: str) -> dict[str, CheckResult]:
    return {one.subject: one for one in files.results({"a plugin": settings})}


def test_check_names_what_others_may_read(project: Path):
    shutil.copy(ROOT / "meltano.yml", project)
    assert {one.state for one in checked().values()} == {State.OK}
    opened = [".env", "ledger.db", "key.pem", ".meltano/meltano.db"]
    (project / ".meltano").mkdir()
    (project / "spool").mkdir()
    for name in opened:
        (project / name).touch()
    settings = {
        "ledger_url": f"sqlite:///{project}/ledger.db",
        "spool_url": str(project / "spool"),
        "private_key_path": "key.pem",
    }
    found = checked(**settings)["files"]
    assert (found.state, found.code) == (State.WARNING, "APB-CHK-030")
    for name in (*opened, "spool"):
        assert name in found.says
    for name in opened:
        (project / name).chmod(0o600)
    for name in (".meltano", "spool"):
        (project / name).chmod(0o700)
    assert {one.state for one in checked(**settings).values()} == {State.OK}


def test_check_names_what_nobody_can_come_to_not(project: Path):
    (project / ".env").touch()
    project.chmod(0o700)
    assert {one.state for one in checked().values()} == {State.OK}


@pytest.mark.parametrize(
    ("token", "state"), [("plain-token", State.WARNING), ("vault:avidxchange_user_token", State.NOTE)]
)
def test_check_names_what_a_killed_run_of_meltano_left(project: Path, token: str, state: State):
    left = project / ".meltano/run/tap-avidxchange/tap.0c1d.config.json"
    left.parent.mkdir(parents=True)
    left.write_text(f'{{"user_token": "{token}", "company_token": null, "base_url": "https://x"}}')
    found = checked()["run files"]
    assert (found.state, found.code) == (state, "APB-CHK-031")
    assert "run/tap-avidxchange/tap.0c1d.config.json" in found.says
    assert ("user_token" in found.says) == (state is State.WARNING)
    assert "plain-token" not in found.says + found.do


def test_check_names_secrets_that_are_written_plainly(project: Path):
    (project / ".env").write_text("AVIDXCHANGE_USER_TOKEN=plain-token\nOTHER=1\n")
    (project / ".env").chmod(0o600)
    assert "plain secrets" not in checked(user_token="plain-token"), "there is no vault to put it into"
    Vault.create()
    found = checked(user_token="plain-token")["plain secrets"]
    assert (found.state, found.code) == (State.WARNING, "APB-CHK-032")
    assert "AVIDXCHANGE_USER_TOKEN" in found.says
    assert "plain-token" not in found.says + found.do
    (project / ".env").write_text("AVIDXCHANGE_USER_TOKEN=vault:avidxchange_user_token\n")
    assert "plain secrets" not in checked(user_token="vault:avidxchange_user_token")
    (project / "meltano.yml").write_text("plugins: {}\n# user_token: plain-token\n")
    assert "meltano.yml: user_token" in checked(user_token="plain-token")["plain secrets"].says


def test_a_short_secret_is_not_found_in_any_text(project: Path):
    shutil.copy(ROOT / "meltano.yml", project)
    assert {one.state for one in checked(client_secret="s", user_token="version").values()} == {State.OK}


def test_check_survives_a_name_that_is_none(project: Path):
    assert project
    found = checked(private_key_path="a\0b", spool_url="file://\0x", ledger_url="sqlite:///\0")
    assert {one.state for one in found.values()} == {State.OK}


def test_every_secret_setting_is_looked_for():
    named = {one.name for one in (*NETSUITE_SETTINGS, *AVIDXCHANGE_SETTINGS) if one.secret}
    certificate = {"client_certificate", "client_private_key"}
    assert {*CREDENTIALS, *certificate, "private_key"} - {"company_id"} == named


def test_an_older_env_file_is_closed_when_it_is_written(project: Path):
    (project / ".env").touch()
    env_file.keep({"NETSUITE_ACCOUNT_ID": "1234567"})
    assert mode(project / ".env") == 0o600
