from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from apbridge.netsuite.certificate import Certificate
from apbridge.netsuite.keys import SigningKey
from apbridge.vault import Vault
from apbridge_operator.cli import init as setup
from apbridge_operator.key_pair import KINDS, KeyPair
from apbridge_sandbox.testing import Running, running

Apbridge = Callable[..., Any]

ROOT = Path(__file__).parents[3]
SECRETS = ("NETSUITE_CLIENT_ID", "AVIDXCHANGE_COMPANY_TOKEN", "AVIDXCHANGE_USER_TOKEN")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(vendors=2, bills=2) as sandbox:
        yield sandbox


@pytest.fixture
def init(apbridge: Apbridge, project: Path) -> Apbridge:
    """Run `init` as in a new terminal: of our variables only those of `.env` are there."""
    shutil.copy(ROOT / "meltano.yml", project)

    def run(*words: str, **variables: str) -> Any:  # noqa: ANN401
        for name in [name for name in os.environ if name.startswith(("APB", "AVI", "NETS", "TARGET_"))]:
            del os.environ[name]
        os.environ.update(variables)
        return apbridge("init", *words)

    return run


def begun(init: Apbridge, sandbox: Running, *more: str) -> Any:  # noqa: ANN401
    given = sandbox.credentials
    return init(
        f"--account-id={given['NETSUITE_ACCOUNT_ID']}",
        f"--netsuite-url={given['NETSUITE_BASE_URL']}",
        f"--avidxchange-url={given['AVIDXCHANGE_BASE_URL']}",
        "--vault-key-file=../key/vault.key",
        *more,
    )


def finished(init: Apbridge, sandbox: Running, project: Path, *more: str) -> Any:  # noqa: ANN401
    pem = (project / "netsuite-certificate.pem").read_text()
    mapped = sandbox.control("/control/netsuite/map-certificate", {"pem": pem})
    secrets = {**sandbox.credentials, **mapped, "NETSUITE_CLIENT_ID": mapped["client_id"]}
    return init(
        f"--certificate-id={mapped['certificate_id']}", *more, **{name: secrets[name] for name in SECRETS}
    )


def contents(project: Path) -> dict[str, bytes]:
    return {
        str(file): file.read_bytes()
        for file in project.rglob("*")
        if file.is_file() and "ledger" not in file.name
    }


def test_the_first_time_it_says_what_to_upload_where_and_what_is_missing(
    init: Apbridge, sandbox: Running, project: Path
):
    ended = begun(init, sandbox)
    assert ended.code == 1
    for said in (
        "OAuth 2.0 Client Credentials (M2M) Setup",
        "netsuite-certificate.pem",
        "Transactions, Pay Bills: Full",
        *SECRETS,
        "NETSUITE_CERTIFICATE_ID",
        "TARGET_NETSUITE_PAYMENTS_BANK_ACCOUNT",
        "The contract with AvidXchange is the profile avidconnect: ",
        "The documentation that AvidXchange gave you decides",
    ):
        assert said in ended.out
    assert "PRIVATE" not in (project / "netsuite-certificate.pem").read_text()


def test_the_second_time_it_ends_with_a_check(init: Apbridge, sandbox: Running, project: Path):
    begun(init, sandbox)
    ended = finished(init, sandbox, project, "--bank-account=102", "--json")
    assert ended.code == 0, ended.out
    assert json.loads(ended.out)["ok"]
    written = (project / ".env").read_text()
    for name in (*SECRETS, "NETSUITE_CERTIFICATE_ID", "NETSUITE_PRIVATE_KEY"):
        assert f"{name}='vault:{name.lower()}'" in written
    for file in (".env", ".apbridge/vault.json", "../key/vault.key"):
        assert stat.S_IMODE((project / file).stat().st_mode) == 0o600


def test_a_trial_has_its_file_of_variables_and_its_vault_to_itself(
    init: Apbridge, sandbox: Running, project: Path
):
    own = {"APBRIDGE_ENV_FILE": str(project / "trial/.env")}
    given = sandbox.credentials
    init(f"--account-id={given['NETSUITE_ACCOUNT_ID']}", "--vault-key-file=../key/trial.key", **own)
    assert {".env", "vault.json", "netsuite-certificate.pem"} <= {
        file.name for file in (project / "trial").iterdir()
    }
    assert not (project / ".env").exists()
    assert not (project / ".apbridge").exists()
    assert not (project / "netsuite-certificate.pem").exists()
    begun(init, sandbox)
    assert (project / ".apbridge/vault.json").exists()


def test_again_it_changes_nothing_but_what_it_is_told(init: Apbridge, sandbox: Running, project: Path):
    begun(init, sandbox, "--no-restlet")
    finished(init, sandbox, project, "--bank-account=102")
    before = contents(project)
    assert init().code == 0
    assert contents(project) == before
    assert init("--bank-account=103").code == 0
    changed = {name for name, content in contents(project).items() if before[name] != content}
    assert changed == {str(project / ".env")}
    assert "NETSUITE_RESTLET_SCRIPT=''" in (project / ".env").read_text()


def test_a_lost_env_file_loses_no_key(init: Apbridge, sandbox: Running, project: Path):
    begun(init, sandbox)
    finished(init, sandbox, project, "--bank-account=102")
    before = Vault.open().get("netsuite_private_key")
    (project / ".env").unlink()
    assert begun(init, sandbox, "--bank-account=102", "--json").code == 0
    assert Vault.open().get("netsuite_private_key") == before


def test_secrets_in_an_env_file_move_into_the_vault(init: Apbridge, sandbox: Running, project: Path):
    (project / ".env").write_text("# ours\nAVIDXCHANGE_USER_TOKEN=plain-token\nOTHER=1\n")
    begun(init, sandbox)
    written = (project / ".env").read_text()
    assert "plain-token" not in written
    assert "AVIDXCHANGE_USER_TOKEN='vault:avidxchange_user_token'" in written
    assert "# ours\n" in written
    assert "OTHER=1\n" in written
    assert Vault.open().get("avidxchange_user_token") == "plain-token"


def test_what_the_sandbox_hands_out_is_taken_over(init: Apbridge, sandbox: Running, project: Path):
    shutil.copy(sandbox.folder / ".env", project)
    ended = init("--vault-key-file=../key/vault.key", "--bank-account=102", "--json")
    assert ended.code == 0, ended.out
    for name in SECRETS:
        assert sandbox.credentials[name] not in (project / ".env").read_text()
    assert not (project / "netsuite-certificate.pem").exists()


def test_after_a_sandbox_refresh_the_same_certificate_is_mapped_again(
    init: Apbridge, apbridge: Apbridge, project: Path
):
    with running(vendors=1, bills=1) as sandbox:
        begun(init, sandbox)
        finished(init, sandbox, project, "--bank-account=102")
        sandbox.control("/control/netsuite/refresh", {})
        ended = apbridge("check")
        assert ended.code == 1
        certificate = (project / "netsuite-certificate.pem").read_text()
        assert certificate in ended.out
        assert "netsuite-certificate.pem" in ended.out
        order = {"pem": certificate, "client_id": Vault.open().get("netsuite_client_id")}
        mapped = sandbox.control("/control/netsuite/map-certificate", order)
        assert init(f"--certificate-id={mapped['certificate_id']}").code == 0


def test_bank_accounts_by_currency_and_subsidiary(init: Apbridge, sandbox: Running, project: Path):
    begun(init, sandbox)
    ended = finished(init, sandbox, project, "--bank-account=102:USD:1", "--bank-account=103:CAD", "--json")
    assert ended.code == 0
    assert {"bank account 102", "bank account 103"} < {
        one["subject"] for one in json.loads(ended.out)["checks"]
    }


@pytest.mark.parametrize("told", ["x", "1:USD:2:3", ""])
def test_what_is_no_bank_account_is_refused(init: Apbridge, sandbox: Running, told: str):
    ended = begun(init, sandbox, f"--bank-account={told}")
    assert (ended.code, "APB-SET-001" in ended.err) == (2, True)


def test_what_is_no_account_id_is_refused(init: Apbridge):
    ended = init("--account-id=x.example.com/", "--vault-key-file=../key/vault.key")
    assert (ended.code, "APB-NS-001" in ended.err) == (2, True)


def test_the_vaults_key_goes_outside_the_project(
    init: Apbridge,
    sandbox: Running,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr("typer.get_app_dir", lambda name: str(home / name))
    init(f"--account-id={sandbox.credentials['NETSUITE_ACCOUNT_ID']}")
    (key,) = (home / "apbridge").glob("*.key")
    assert f"APBRIDGE_VAULT_KEY_FILE='{key}'" in (project / ".env").read_text()
    assert not list(project.rglob("*.key"))


class Terminal:
    """Somebody at a terminal, who types these answers."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def __call__(self, _: str, **__: object) -> str:
        return self.answers.pop(0)


def test_somebody_at_a_terminal_is_asked(
    init: Apbridge, sandbox: Running, project: Path, monkeypatch: pytest.MonkeyPatch
):
    """With the upload done in NetSuite while the questions wait."""
    given = sandbox.credentials
    begun(init, sandbox)
    pem = (project / "netsuite-certificate.pem").read_text()
    mapped = sandbox.control("/control/netsuite/map-certificate", {"pem": pem})
    terminal = Terminal(
        mapped["client_id"],
        mapped["certificate_id"],
        given["AVIDXCHANGE_COMPANY_TOKEN"],
        given["AVIDXCHANGE_USER_TOKEN"],
        "102",
    )
    monkeypatch.setattr("typer.prompt", terminal)
    monkeypatch.setattr(setup, "_is_a_terminal", lambda: True)
    ended = init()
    assert ended.code == 0, ended.out + ended.err
    assert terminal.answers == []
    assert "102: 1010" in ended.out


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_key_pair_is_one_that_netsuite_takes(kind: str):
    pair = KeyPair.make(kind, "1234567_SB1")
    key = SigningKey.from_pem(pair.private_key)
    certificate = Certificate.from_pem(pair.certificate)
    certificate.check(key)
    assert certificate.ends - certificate.begins == timedelta(days=730)
    found = x509.load_pem_x509_certificate(pair.certificate.encode())
    assert found.subject.rfc4514_string() == "CN=apbridge 1234567_SB1"
    assert key.algorithm == {"ec": "ES256", "rsa": "PS256"}[kind]
    if isinstance(key.key, RSAPrivateKey):
        assert key.key.key_size == 4096
    assert pair.private_key not in repr(pair)
