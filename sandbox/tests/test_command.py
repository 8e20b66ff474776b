"""The command, run as people run it."""

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from apbridge_sandbox.store import Store, StoreError
from apbridge_sandbox.testing import running
from tests.waiting import PATIENCE, until

NAMES = {
    "NETSUITE_ACCOUNT_ID",
    "NETSUITE_CLIENT_ID",
    "NETSUITE_CERTIFICATE_ID",
    "NETSUITE_PRIVATE_KEY_PATH",
    "NETSUITE_RESTLET_SCRIPT",
    "NETSUITE_RESTLET_DEPLOY",
    "AVIDXCHANGE_COMPANY_TOKEN",
    "AVIDXCHANGE_USER_TOKEN",
    "AVIDXCHANGE_CLIENT_ID",
    "AVIDXCHANGE_CLIENT_SECRET",
    "AVIDXCHANGE_COMPANY_ID",
    "AVIDXCHANGE_USER_NAME",
    "AVIDXCHANGE_PASSWORD",
    "AVIDXCHANGE_GATEWAY_KEY",
    "AVIDXCHANGE_TIME_ZONE",
}


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "apbridge_sandbox", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def _env(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_credentials_of_token_based_sign_in_are_for_the_asking(tmp_path: Path):
    asked = ("credentials", f"--db={tmp_path / 'new.db'}", f"--out={tmp_path}", "--token-based")
    done = _run(*asked)
    assert done.returncode == 0, done.stderr
    added = {f"NETSUITE_{name}" for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "TOKEN_ID", "TOKEN_SECRET")}
    assert set(_env(tmp_path)) == NAMES | added


def test_credentials_before_there_is_a_sandbox(tmp_path: Path):
    done = _run("credentials", f"--db={tmp_path / 'new.db'}", f"--out={tmp_path / 'keys'}")
    assert done.returncode == 0, done.stderr
    env = _env(tmp_path / "keys")
    assert env.keys() == NAMES
    assert env["NETSUITE_ACCOUNT_ID"] == "1234567_SB1"
    key = Path(env["NETSUITE_PRIVATE_KEY_PATH"])
    assert key == tmp_path / "keys" / "private_key.pem"
    load_pem_private_key(key.read_bytes(), password=None)
    for file in (key, tmp_path / "keys" / ".env"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for secret in (env["AVIDXCHANGE_COMPANY_TOKEN"], env["AVIDXCHANGE_USER_TOKEN"]):
        assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize("there", [(".env",), ("private_key.pem",), (".env", "private_key.pem")])
def test_what_is_in_the_folder_is_replaced_only_by_force(tmp_path: Path, there: tuple[str, ...]):
    project = tmp_path / "project"
    project.mkdir()
    for name in there:
        (project / name).write_text("AVIDXCHANGE_COMPANY_TOKEN=vault:avidxchange_company_token\n")
    before = {file: file.read_bytes() for file in project.iterdir()}
    asked = ("credentials", f"--db={tmp_path / 'new.db'}", f"--out={project}")
    refused = _run(*asked)
    assert refused.returncode == 1
    assert all(str(project / name) in refused.stderr for name in there)
    assert "--force" in refused.stderr
    assert {file: file.read_bytes() for file in project.iterdir()} == before
    assert not (tmp_path / "new.db").exists()
    forced = _run(*asked, "--force")
    assert forced.returncode == 0, forced.stderr
    assert _env(project).keys() == NAMES


def test_a_link_that_leads_nowhere_is_not_replaced_either(tmp_path: Path):
    link = tmp_path / ".env"
    link.symlink_to(tmp_path / "elsewhere")
    refused = _run("credentials", f"--db={tmp_path / 'new.db'}", f"--out={tmp_path}")
    assert refused.returncode == 1
    assert link.is_symlink()


def test_served_as_a_command_and_served_again(tmp_path: Path):
    with running(folder=tmp_path, in_process=False, seed=3, vendors=9, bills=15) as first:
        assert first.sandbox is None
        headers = {
            "X-Company-Token": first.credentials["AVIDXCHANGE_COMPANY_TOKEN"],
            "X-User-Token": first.credentials["AVIDXCHANGE_USER_TOKEN"],
        }
        assert requests.get(first.avidxchange_url + "/v1/company", headers=headers, timeout=PATIENCE).ok
        first.control("/control/clock", {"advance_days": 3})
        before = first.books()
    with running(folder=tmp_path, in_process=False, seed=4, vendors=9, bills=16) as second:
        assert second.books() == before
        assert second.control("/control/clock", method="GET")["now"].startswith("2026-11-05T16:")
        assert requests.get(second.avidxchange_url + "/v1/company", headers=headers, timeout=PATIENCE).ok
        url = f"--url={second.netsuite_url}/"
        again = ("credentials", f"--db={tmp_path / 'sandbox.db'}", f"--out={tmp_path}", url, "--force")
        assert _run(*again).returncode == 0
        env = _env(tmp_path)
        assert env["NETSUITE_BASE_URL"] == second.netsuite_url
        assert env["AVIDXCHANGE_BASE_URL"] == second.avidxchange_url
        assert env["AVIDXCHANGE_PARTNER_BASE_URL"] == second.partner_url
        assert env["AVIDXCHANGE_AVIDSUITE_BASE_URL"] == second.avidsuite_url
        fresh = headers | {"X-User-Token": env["AVIDXCHANGE_USER_TOKEN"]}
        assert requests.get(second.avidxchange_url + "/v1/company", headers=fresh, timeout=PATIENCE).ok

        taken = second.netsuite_url.rpartition(":")[2]
        refused = _run("serve", f"--db={tmp_path / 'other.db'}", f"--port={taken}", "--control-port=0")
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert "in use" in refused.stderr


@pytest.mark.parametrize("command", ["serve", "credentials"])
def test_a_file_of_another_version(tmp_path: Path, command: str):
    file = tmp_path / "old.db"
    store = Store(file)
    with store.write() as conn:
        conn.execute("PRAGMA user_version = 1")
    store.close()
    with pytest.raises(StoreError, match="another version"):
        Store(file)
    done = _run(command, f"--db={file}", *(["--out", str(tmp_path)] if command == "credentials" else []))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: old.db was made by another version")


@pytest.mark.parametrize("way", ["connection", "write"])
def test_the_books_are_closed_when_nobody_uses_them_any_more(tmp_path: Path, way: str):
    """SQLite's library crashes where a connection is closed that another thread is using."""
    store = Store(tmp_path / "a.db")
    inside, go_on = Event(), Event()

    def use() -> sqlite3.Connection:
        with getattr(store, way)() as conn:
            inside.set()
            go_on.wait(PATIENCE)
            conn.execute("SELECT 1")
            lent: sqlite3.Connection = conn
            return lent

    with ThreadPoolExecutor(2) as pool:
        using = pool.submit(use)
        assert inside.wait(PATIENCE)
        closing = pool.submit(store.close)
        until(lambda: store._is_closed)
        assert not closing.done()
        with pytest.raises(StoreError, match="closed"):
            store.setting("a")
        go_on.set()
        lent = using.result()
        closing.result()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        lent.execute("SELECT 1")


def _insert_twice(conn: sqlite3.Connection) -> None:
    for _ in range(2):
        conn.execute("INSERT INTO sandbox_setting VALUES ('a', 'b')")


def test_a_write_is_all_or_nothing(tmp_path: Path):
    store = Store(tmp_path / "a.db")
    with pytest.raises(sqlite3.IntegrityError), store.write() as conn:
        _insert_twice(conn)
    assert store.setting("a") is None
    with store.connection() as reader, store.write() as conn:
        conn.execute("INSERT INTO sandbox_setting VALUES ('a', 'b')")
        assert reader.execute("SELECT COUNT(*) FROM sandbox_setting").fetchone()[0] == 0
    assert store.setting("a") == "b"
    store.close()
