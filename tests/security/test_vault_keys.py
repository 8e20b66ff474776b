"""The vault and its key: where a key may not be, and an old vault that somebody puts back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keyring
import pytest
from cryptography.fernet import Fernet

from apbridge.errors import SettingError
from apbridge.vault import Vault
from apbridge.vault.keys import InFile, InKeyring, place_of
from apbridge_operator.cli import init
from apbridge_operator.cli.app import app as operator

Refused = Callable[[], str]


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A project with a vault whose key is outside it."""
    project = tmp_path / "repository/project"
    project.mkdir(parents=True)
    (project / "meltano.yml").touch()
    monkeypatch.chdir(project)
    environ = {
        "APBRIDGE_VAULT": str(project / "vault.json"),
        "APBRIDGE_VAULT_KEY_FILE": str(tmp_path / "keys/key"),
    }
    Vault.create(environ).set({"token": "s3cret"})
    return environ


def refused(environ: dict[str, str]) -> str:
    """Open the vault in vain; tell why."""
    with pytest.raises(SettingError) as caught:
        Vault.open(environ)
    assert "s3cret" not in str(caught.value)
    return caught.value.code


def moved(environ: dict[str, str], place: Path) -> dict[str, str]:
    """Move the key."""
    place.parent.mkdir(parents=True, exist_ok=True)
    Path(environ["APBRIDGE_VAULT_KEY_FILE"]).rename(place)
    return environ | {"APBRIDGE_VAULT_KEY_FILE": str(place)}


@pytest.mark.parametrize("root", [None, "{project}"], ids=["here", "as Meltano says"])
def test_a_key_inside_the_project_is_refused(
    environ: dict[str, str], root: str | None, monkeypatch: pytest.MonkeyPatch
):
    project = Path.cwd()
    inside = moved(environ, project / "deep/down/key")
    if root:
        monkeypatch.chdir("/")
        inside |= {"MELTANO_PROJECT_ROOT": str(project)}
    assert refused(inside) == "APB-VLT-017"


def test_a_key_in_the_git_work_tree_of_the_project_is_refused(environ: dict[str, str], tmp_path: Path):
    repository = tmp_path / "repository"
    beside = moved(environ, repository / "keys/key")
    assert Vault.open(beside).get("token") == "s3cret"
    (repository / ".git").mkdir()
    assert refused(beside) == "APB-VLT-017"


def test_no_key_is_made_inside_the_project(environ: dict[str, str]):
    inside = Path.cwd() / "key"
    with pytest.raises(SettingError, match="APB-VLT-017"):
        Vault.create({"APBRIDGE_VAULT": "other.json", "APBRIDGE_VAULT_KEY_FILE": str(inside)})
    assert environ
    assert not inside.exists()


def given_away(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file or a folder be another account's, which only root could do."""
    stat = Path.stat

    def seen(path: Path, **how: bool) -> os.stat_result:
        found = stat(path, **how)
        return os.stat_result([*found[:4], os.geteuid() + 1, *found[5:]]) if path == place else found

    monkeypatch.setattr(Path, "stat", seen)


def test_a_key_of_another_account_is_refused(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    given_away(Path(environ["APBRIDGE_VAULT_KEY_FILE"]), monkeypatch)
    assert refused(environ) == "APB-VLT-015"


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("mode", [0o755, 0o1777])
def test_a_key_in_a_folder_of_another_account_is_refused(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int, mode: int
):
    elsewhere = moved(environ, tmp_path / "others/deep/key")
    folder = Path(elsewhere["APBRIDGE_VAULT_KEY_FILE"]).parents[depth]
    folder.chmod(mode)
    assert Vault.open(elsewhere).get("token") == "s3cret"
    given_away(folder, monkeypatch)
    assert refused(elsewhere) == "APB-VLT-019"


def test_a_key_through_a_link_is_refused(environ: dict[str, str], tmp_path: Path):
    (tmp_path / "link").symlink_to(environ["APBRIDGE_VAULT_KEY_FILE"])
    (tmp_path / "folder").symlink_to(tmp_path / "keys")
    for through in ("link", "folder/key"):
        assert refused(environ | {"APBRIDGE_VAULT_KEY_FILE": str(tmp_path / through)}) == "APB-VLT-016"


@pytest.mark.parametrize("mode", [0o720, 0o702])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_key_where_others_may_put_another_is_refused(
    environ: dict[str, str], tmp_path: Path, mode: int, depth: int
):
    key = tmp_path / "open/deep/key"
    elsewhere = moved(environ, key)
    key.parents[depth].chmod(mode)
    assert refused(elsewhere) == "APB-VLT-018"
    # As /tmp is: others may put files there, and replace none.
    key.parents[depth].chmod(0o1777)
    assert Vault.open(elsewhere).get("token") == "s3cret"


def test_an_old_vault_that_is_put_back_is_noticed(environ: dict[str, str], tmp_path: Path):
    file = Path(environ["APBRIDGE_VAULT"])
    old = file.read_bytes()
    Vault.open(environ).set({"token": "another"})
    newest = file.read_bytes()
    file.write_bytes(old)
    assert refused(environ) == "APB-VLT-014"
    with pytest.raises(SettingError, match="APB-VLT-014"):
        Vault.create(environ)
    assert file.read_bytes() == old
    file.write_bytes(newest)
    assert Vault.open(environ).get("token") == "another"
    # Whoever means it says so where the vault's key is.
    file.write_bytes(old)
    (generation,) = (tmp_path / "keys").glob("*.generation")
    assert generation.stat().st_mode & 0o077 == 0
    generation.unlink()
    assert Vault.open(environ).get("token") == "s3cret"


def test_a_vault_that_is_written_while_it_is_read_is_no_old_one(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    looked, writer = InFile.generation, Vault.open(environ)

    def meanwhile(place: InFile, vault_id: str) -> int:
        monkeypatch.setattr(InFile, "generation", looked)
        writer.set({"token": "another"})
        return looked(place, vault_id)

    monkeypatch.setattr(InFile, "generation", meanwhile)
    assert Vault.open(environ).get("token") == "another"


def test_an_old_vault_that_is_put_back_under_another_id_is_noticed(environ: dict[str, str]):
    file = Path(environ["APBRIDGE_VAULT"])
    old = json.loads(file.read_bytes())
    Vault.open(environ).set({"token": "another"})
    file.write_text(json.dumps(old | {"id": "0" * 32}))
    assert refused(environ) == "APB-VLT-004"


def test_a_vault_without_an_id_inside_is_refused(environ: dict[str, str]):
    """What seals the id is no use where it may be missing."""
    file = Path(environ["APBRIDGE_VAULT"])
    fernet = Fernet(Path(environ["APBRIDGE_VAULT_KEY_FILE"]).read_text().strip())
    header = json.loads(file.read_bytes())
    content = json.loads(fernet.decrypt(header["content"]))
    del content["id"]
    file.write_text(json.dumps(header | {"content": fernet.encrypt(json.dumps(content).encode()).decode()}))
    assert refused(environ) == "APB-VLT-004"


def test_whoever_reads_slowly_does_not_count_back(environ: dict[str, str], tmp_path: Path):
    (generation,) = (tmp_path / "keys").glob("*.generation")
    store = place_of("", in_keyring=False, environ=environ)
    assert store
    vault_id = json.loads(Path(environ["APBRIDGE_VAULT"]).read_bytes())["id"]
    store.keep_generation(vault_id, 7)
    store.keep_generation(vault_id, 6)
    assert int(generation.read_text()) == 7


def test_many_who_read_at_once_do_not_count_back(environ: dict[str, str], tmp_path: Path):
    (generation,) = (tmp_path / "keys").glob("*.generation")
    vault_id = generation.name.split(".")[-2]
    store = place_of(vault_id, in_keyring=False, environ=environ)
    assert store
    for _ in range(10):
        generation.unlink()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: store.keep_generation(vault_id, number), reversed(range(1, 9))))
        assert int(generation.read_text()) == 8


def test_an_old_vault_is_noticed_on_a_machine_that_only_read_the_newest(
    environ: dict[str, str], tmp_path: Path
):
    file = Path(environ["APBRIDGE_VAULT"])
    old = file.read_bytes()
    Vault.open(environ).set({"token": "another"})
    for generation in (tmp_path / "keys").glob("*.generation"):
        generation.unlink()
    Vault.open(environ)
    file.write_bytes(old)
    assert refused(environ) == "APB-VLT-014"


def test_an_old_vault_is_noticed_where_the_key_is_in_the_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda service, name: kept.get((service, name)))
    monkeypatch.setattr(
        keyring, "set_password", lambda service, name, password: kept.update({(service, name): password})
    )
    environ = {"APBRIDGE_VAULT": str(tmp_path / "vault.json")}
    Vault.create(environ, in_keyring=True).set({"token": "s3cret"})
    old = (tmp_path / "vault.json").read_bytes()
    Vault.open(environ).set({"token": "another"})
    (tmp_path / "vault.json").write_bytes(old)
    assert refused(environ) == "APB-VLT-014"
    ((_, entry),) = (names for names in kept if names[1].endswith(".generation"))
    InKeyring(entry.removesuffix(".generation")).keep_generation(entry.removesuffix(".generation"), 1)
    assert refused(environ) == "APB-VLT-014"


def test_a_copy_of_the_project_with_a_key_file_of_its_own_leaves_production_alone(environ: dict[str, str]):
    vault, key = Path(environ["APBRIDGE_VAULT"]), Path(environ["APBRIDGE_VAULT_KEY_FILE"])
    trial = {"APBRIDGE_VAULT": str(vault.with_name("trial.json")), "APBRIDGE_VAULT_KEY_FILE": f"{key}.trial"}
    shutil.copy(vault, trial["APBRIDGE_VAULT"])
    shutil.copy(key, trial["APBRIDGE_VAULT_KEY_FILE"])
    Vault.open(trial).set({"token": "another"})
    Vault.open(trial).rotate()
    assert Vault.open(environ).get("token") == "s3cret"


def test_a_vault_of_before_generations_opens_and_is_counted_from_then_on(
    environ: dict[str, str], tmp_path: Path
):
    vault = Vault.open(environ)
    (generation,) = (tmp_path / "keys").glob("*.generation")
    assert int(generation.read_text()) == 2
    generation.unlink()
    vault.set({"token": "another"})
    assert int(generation.read_text()) == 3


def test_init_puts_the_key_where_a_link_leads(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A home that is reached through a link is no reason to refuse it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "home")
    monkeypatch.setattr("typer.get_app_dir", lambda name: str(tmp_path / "linked" / name))
    monkeypatch.setattr(init, "results", lambda: ())
    for name in ("APBRIDGE_VAULT", "APBRIDGE_VAULT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert environ
    with pytest.raises(SystemExit):
        operator(["init", "--account-id=1234567"])
    assert list((tmp_path / "home/apbridge").glob("*.key"))
