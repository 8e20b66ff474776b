"""A key that is there is kept in use until the next one works, and what was plain is in the vault alone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge.netsuite.keys import SigningKey
from apbridge.vault import Vault
from apbridge_operator.cli import context
from apbridge_sandbox.certificates import self_signed
from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]
OURS = ("APBRIDGE_", "AVIDXCHANGE_", "NETSUITE_", "TAP_", "TARGET_")


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(vendors=1, bills=1) as sandbox:
        yield sandbox


@pytest.fixture
def apbridge_anew(apbridge: Apbridge) -> Apbridge:
    """Run the command as in a new terminal: of our variables only those of the file are there."""

    def run(*words: str, **variables: str) -> Any:  # noqa: ANN401
        for name in [name for name in os.environ if name.startswith(OURS)]:
            del os.environ[name]
        os.environ.update(variables)
        return apbridge(*words)

    return run


@pytest.fixture
def tried(apbridge_anew: Apbridge, sandbox: Running, project: Path) -> Apbridge:
    """What the trial of the README leaves: credentials that the sandbox hands out, and `init`."""
    shutil.copy(ROOT / "meltano.yml", project)
    shutil.copy(sandbox.folder / "private_key.pem", project)
    given = {**sandbox.credentials, "NETSUITE_PRIVATE_KEY_PATH": str(project / "private_key.pem")}
    given["TAP_AVIDXCHANGE_USER_TOKEN"] = given["AVIDXCHANGE_USER_TOKEN"]
    (project / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    shutil.copy(project / ".env", project / ".env.bak")
    ended = apbridge_anew("init", "--bank-account=102", "--vault-key-file=../key/vault.key")
    assert ended.code == 0, ended
    (project / "said").write_text(ended.out)
    return apbridge_anew


def signs_in() -> bool:
    """Sign in as each of both plugins would."""
    for plugin in (context.TAP_NETSUITE, context.TARGET_NETSUITE):
        with NetSuite(NetSuiteSettings.from_config(context.config(plugin))) as netsuite:
            netsuite.suiteql("SELECT 1 AS one FROM dual", limit=1, purpose="try")
    return True


def mapped(sandbox: Running, pem: str) -> str:
    order = {"pem": pem, "client_id": sandbox.credentials["NETSUITE_CLIENT_ID"]}
    return str(sandbox.control("/control/netsuite/map-certificate", order)["certificate_id"])


def test_no_secret_is_left_beside_the_vault_and_what_moved_is_said(
    tried: Apbridge, sandbox: Running, project: Path
):
    said = (project / "said").read_text()
    secrets = [
        value for name, value in sandbox.credentials.items() if name.endswith(("TOKEN", "SECRET", "PASSWORD"))
    ]
    secrets.append((sandbox.folder / "private_key.pem").read_text().splitlines()[1])
    assert len(secrets) > 4
    assert ".env.bak holds secrets that are in the vault now: remove it" in said
    (project / ".env.bak").unlink()
    for file in project.rglob("*"):
        found = file.read_bytes() if file.is_file() else b""
        assert not [one for one in secrets if one.encode() in found], file
    for name in ("AVIDXCHANGE_USER_TOKEN", "NETSUITE_PRIVATE_KEY", "TAP_AVIDXCHANGE_USER_TOKEN"):
        assert f"{name}='vault:{name.lower()}'" in (project / ".env").read_text()
        assert name in said.splitlines()[0]
    assert "private_key.pem: its key is in the vault" in said
    assert not (project / "private_key.pem").exists()
    ended = tried("init", "--json")
    assert (ended.code, json.loads(ended.out)["moved"]) == (0, [])


def test_a_key_file_outside_the_project_stays_and_is_said(
    apbridge_anew: Apbridge, sandbox: Running, project: Path
):
    given = {**sandbox.credentials, "NETSUITE_PRIVATE_KEY_PATH": str(sandbox.folder / "private_key.pem")}
    (project / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    said = apbridge_anew("init", "--bank-account=102", "--vault-key-file=../key/vault.key").out
    assert "private_key.pem still holds the key" in said
    assert (sandbox.folder / "private_key.pem").exists()
    assert "PRIVATE_KEY_PATH" not in (project / ".env").read_text()
    assert signs_in()


def test_what_is_no_key_stays_where_it_is(apbridge_anew: Apbridge, sandbox: Running, project: Path):
    (project / "other.pem").write_text("not a key")
    given = {**sandbox.credentials, "NETSUITE_PRIVATE_KEY_PATH": "other.pem"}
    (project / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    assert apbridge_anew("init", "--bank-account=102", "--vault-key-file=../key/vault.key").code == 1
    assert (project / "other.pem").read_text() == "not a key"
    assert "NETSUITE_PRIVATE_KEY_PATH=other.pem" in (project / ".env").read_text()


def test_after_the_trial_a_rotation_works_and_again(tried: Apbridge, project: Path):
    for _ in range(2):
        ended = tried("certificate", "rotate", "--json")
        assert ended.code == 0, ended.err
        assert "NETSUITE_CERTIFICATE='vault:netsuite_certificate'" in (project / ".env").read_text()
        assert (project / "netsuite-certificate.pem").read_text() == Vault.open().get("netsuite_certificate")
        assert tried("certificate", "revoke").code == 0
        assert tried("check").code == 0
        assert signs_in()


def test_a_new_key_is_used_once_its_certificate_works_and_the_old_one_until_then(
    tried: Apbridge, sandbox: Running, project: Path
):
    assert tried("init").code == 0
    before = Vault.open().get("netsuite_private_key")
    ended = tried("init", "--new-key")
    assert ended.code == 1
    for said in ("the one in use stays", "(M2M) Setup", "apbridge init --certificate-id"):
        assert said in ended.out
    pem = (project / "netsuite-certificate.pem").read_text()
    assert pem in ended.out
    assert Vault.open().get("netsuite_private_key") == before
    assert signs_in()
    # Told again, it is the same key: its certificate may be with an administrator.
    told = json.loads(tried("init", "--new-key", "--json").out)
    assert told["missing"] == ["NETSUITE_CERTIFICATE_ID"]
    assert (project / told["upload"]).read_text() == pem
    assert "A new key waits in the vault" in tried("init").out
    ended = tried("init", "--certificate-id=nobody", "--json")
    assert (ended.code, json.loads(ended.err)["error"]["code"]) == (2, "APB-CRT-008")
    assert signs_in()
    ended = tried("init", f"--certificate-id={mapped(sandbox, pem)}")
    assert ended.code == 0, ended
    assert "It has signed in" in ended.out
    vault = Vault.open()
    assert vault.get("netsuite_private_key") not in {before, ""}
    assert (vault.get("netsuite_certificate"), vault.get("netsuite_private_key.old")) == (pem, before)
    assert signs_in()
    assert tried("certificate", "revoke").code == 0


def test_an_id_of_the_key_in_use_is_known_from_that_of_the_next(
    tried: Apbridge, sandbox: Running, project: Path
):
    assert tried("certificate", "rotate").code == 0  # from now on its certificate is known
    in_use = (project / "netsuite-certificate.pem").read_text()
    tried("init", "--new-key")
    sandbox.control("/control/netsuite/refresh", {})
    again = mapped(sandbox, in_use)
    assert tried("init", f"--certificate-id={again}").code == 0
    vault = Vault.open()
    assert (vault.get("netsuite_certificate"), vault.get("netsuite_certificate_id")) == (in_use, again)
    assert "netsuite_private_key.next" in vault.names()


def test_where_the_one_in_use_has_expired_a_new_key_is_the_way_out(
    tried: Apbridge, sandbox: Running, project: Path
):
    assert tried("certificate", "rotate").code == 0
    vault = Vault.open()
    order = {"in_days": -1, "certificate_id": vault.get("netsuite_certificate_id")}
    sandbox.control("/control/netsuite/expire-certificate", order)
    key = SigningKey.from_pem(vault.get("netsuite_private_key")).key
    began = datetime.now(timezone.utc) - timedelta(days=40)
    vault.set({"netsuite_certificate": self_signed(key, begins=began, lasts=timedelta(days=39))})
    assert "APB-NS-004" in tried("check").out
    ended = tried("certificate", "status")
    assert ended.code == 1
    assert "expired on" in ended.out
    assert "expires on" not in ended.out
    assert vault.get("netsuite_certificate_id") in ended.out
    assert tried("init", "--new-key").code == 1
    new = mapped(sandbox, (project / "netsuite-certificate.pem").read_text())
    assert tried("init", f"--certificate-id={new}").code == 0
    assert signs_in()


class CommandKilled(BaseException):
    pass


@pytest.mark.parametrize("step", range(1, 7))
def test_broken_off_anywhere_nothing_is_lost(
    tried: Apbridge, sandbox: Running, project: Path, monkeypatch: pytest.MonkeyPatch, step: int
):
    count = [0]

    def counted_to(step: int) -> None:
        count[0] += 1
        if count[0] == step:
            raise CommandKilled

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def kept(*arguments: Any) -> Any:  # noqa: ANN401
            counted_to(step)
            done = real(*arguments)
            counted_to(step)
            return done

        return kept

    def whole() -> None:
        tried("init", "--new-key")
        pem = (project / "netsuite-certificate.pem").read_text()
        ids[pem] = ids.get(pem) or mapped(sandbox, pem)
        assert tried("init", f"--certificate-id={ids[pem]}").code == 0

    ids: dict[str, str] = {}

    before = Vault.open().get("netsuite_private_key")
    with monkeypatch.context() as patched:
        patched.setattr(Vault, "set", counted(Vault.set))
        with pytest.raises(CommandKilled):
            whole()
    assert signs_in()
    if Vault.open().get("netsuite_private_key") == before:
        whole()
    assert Vault.open().get("netsuite_private_key") != before
    assert signs_in()
