from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import keyring
import pytest
from cryptography.fernet import Fernet
from keyring.backends import fail

from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.settings import text
from apbridge.vault import SealedError, UnsealedError, Vault, resolved


def new_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"APBRIDGE_VAULT": str(tmp_path / "vault.json"), "APBRIDGE_VAULT_KEY_FILE": str(tmp_path / "key")}


@pytest.fixture
def vault(environ: dict[str, str]) -> Vault:
    vault = Vault.create(environ)
    vault.set({"token": "s3cret", "key": "-----BEGIN\nline\n"})
    return vault


def refused(environ: Mapping[str, str]) -> str:
    with pytest.raises(SettingError) as found:
        Vault.open(environ)
    return found.value.code


@pytest.mark.usefixtures("vault")
def test_secrets_are_given_back_and_are_in_no_file(environ: dict[str, str], tmp_path: Path):
    found = Vault.open(environ)
    assert found.names() == ["key", "token"]
    assert (found.get("token"), found.get("key")) == ("s3cret", "-----BEGIN\nline\n")
    for file in tmp_path.iterdir():
        assert b"s3cret" not in file.read_bytes()
        assert b"token" not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_is_replaced_and_removed(vault: Vault, environ: dict[str, str]):
    vault.set({"token": "another", "key": None})
    assert Vault.open(environ).names() == ["token"]
    assert Vault.open(environ).get("token") == "another"


def test_two_who_change_it_do_not_undo_each_other(vault: Vault, environ: dict[str, str]):
    other = Vault.open(environ)
    vault.set({"mine": "1"})
    other.set({"theirs": "2"})
    assert Vault.open(environ).names() == ["key", "mine", "theirs", "token"]


@pytest.mark.parametrize(("name", "value"), [("Upper", "x"), ("", "x"), ("a b", "x"), ("good", " \n")])
def test_what_is_no_name_or_no_value_is_refused_and_nothing_changed(
    vault: Vault, environ: dict[str, str], name: str, value: str
):
    with pytest.raises(SettingError, match=r"APB-VLT-01[23]"):
        vault.set({"fine": "1", name: value})
    assert Vault.open(environ).names() == ["key", "token"]


def test_the_key_may_be_in_the_environment(tmp_path: Path):
    environ = {"APBRIDGE_VAULT": str(tmp_path / "vault.json"), "APBRIDGE_VAULT_KEY": new_key()}
    Vault.create(environ).set({"token": "s3cret"})
    assert Vault.open(environ).get("token") == "s3cret"
    assert refused(environ | {"APBRIDGE_VAULT_KEY": new_key()}) == "APB-VLT-003"
    assert refused(environ | {"APBRIDGE_VAULT_KEY": "hello"}) == "APB-VLT-006"
    assert refused({"APBRIDGE_VAULT": environ["APBRIDGE_VAULT"]}) == "APB-VLT-002"


def test_a_key_in_the_environment_is_rotated_by_whoever_sets_it(tmp_path: Path):
    old, new = new_key(), new_key()
    environ = {"APBRIDGE_VAULT": str(tmp_path / "vault.json"), "APBRIDGE_VAULT_KEY": old}
    vault = Vault.create(environ)
    vault.set({"token": "s3cret"})
    with pytest.raises(SettingError, match="APB-VLT-010"):
        vault.rotate()
    Vault.open(environ | {"APBRIDGE_VAULT_KEY": f"{new},{old}"}).rotate()
    assert Vault.open(environ | {"APBRIDGE_VAULT_KEY": new}).get("token") == "s3cret"
    assert refused(environ) == "APB-VLT-003"


class Keyring:
    """What the keyring library does, on a machine that has none."""

    errors = SimpleNamespace(KeyringError=OSError)

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self.kept[service, name] = password


def test_the_key_may_be_in_the_os_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = Keyring()
    monkeypatch.setattr(keyring, "get_password", kept.get_password)
    monkeypatch.setattr(keyring, "set_password", kept.set_password)
    environ = {"APBRIDGE_VAULT": str(tmp_path / "vault.json")}
    Vault.create(environ, in_keyring=True).set({"token": "s3cret"})
    before = dict(kept.kept)
    Vault.open(environ).rotate()
    assert Vault.open(environ).get("token") == "s3cret"
    assert before != kept.kept
    kept.kept.clear()
    assert refused(environ) == "APB-VLT-003"


def test_a_machine_without_a_keyring_is_told_so(tmp_path: Path):
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(SettingError, match="APB-VLT-011"):
            Vault.create({"APBRIDGE_VAULT": str(tmp_path / "vault.json")}, in_keyring=True)
    finally:
        keyring.set_keyring(before)
    assert not (tmp_path / "vault.json").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
@pytest.mark.usefixtures("vault")
def test_a_key_file_that_others_may_read_is_refused(environ: dict[str, str], mode: int):
    Path(environ["APBRIDGE_VAULT_KEY_FILE"]).chmod(mode)
    assert refused(environ) == "APB-VLT-005"


@pytest.mark.usefixtures("vault")
def test_a_key_file_that_is_gone_is_not_made_anew(environ: dict[str, str]):
    key = Path(environ["APBRIDGE_VAULT_KEY_FILE"])
    key.unlink()
    assert refused(environ) == "APB-VLT-003"
    assert not key.exists()


def test_every_way_of_damage_is_said_and_the_file_left_alone(vault: Vault, environ: dict[str, str]):
    file = Path(environ["APBRIDGE_VAULT"])
    whole = file.read_bytes()
    for content in [b"", b"{", b"[]", b"\xff", *(whole[:size] for size in range(1, len(whole) - 3, 7))]:
        file.write_bytes(content)
        assert refused(environ) == "APB-VLT-004"
        with pytest.raises(SettingError):
            vault.set({"more": "1"})
        assert file.read_bytes() == content
    header = json.loads(whole)
    token = header["content"]
    for place in range(10, len(token) - 10, 11):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        file.write_text(json.dumps(header | {"content": changed}))
        assert refused(environ) == "APB-VLT-004"


class Crashed(BaseException):
    pass


def crash_at(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let the process die in the middle of its count-th replacement of a file."""
    real, left = Path.replace, [count]

    def replace(self: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise Crashed
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)


@pytest.mark.parametrize("count", range(5))
def test_a_crash_anywhere_in_a_rotation_loses_nothing(
    vault: Vault, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, count: int
):
    with monkeypatch.context() as patched:
        crash_at(patched, count)
        if count < 4:
            with pytest.raises(Crashed):
                vault.rotate()
        else:
            vault.rotate()
    assert Vault.open(environ).get("token") == "s3cret"
    again = Vault.open(environ)
    again.rotate()
    again.set({"after": "1"})
    assert Vault.open(environ).names() == ["after", "key", "token"]
    assert len(Path(environ["APBRIDGE_VAULT_KEY_FILE"]).read_text().split()) == 1


WRITER = """
import itertools
from apbridge.vault import Vault
vault = Vault.open()
print("ready", flush=True)
for number in itertools.count():
    vault.set({"number": str(number) * 999})
    if number % 7 == 6:
        vault.rotate()
"""


@pytest.mark.usefixtures("vault")
def test_a_process_killed_while_it_writes_leaves_a_vault_that_opens(environ: dict[str, str]):
    command = [sys.executable, "-c", WRITER]
    for milliseconds in (3, 11, 29, 53):
        with subprocess.Popen(command, env={**os.environ, **environ}, stdout=-1) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(milliseconds / 1000)
            writer.kill()
        assert Vault.open(environ).get("token") == "s3cret"
    folder = Path(environ["APBRIDGE_VAULT"]).parent
    for part in (left := [folder / ".key.0.part", *folder.glob(".*.part")]):
        part.write_text("half a ke")
        os.utime(part, (time.time() - 7200,) * 2)
    Vault.open(environ).rotate()
    assert not [part for part in left if part.exists()]


@pytest.mark.usefixtures("vault")
def test_many_who_write_at_once_lose_nothing(environ: dict[str, str]):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Vault.open(environ).set({f"n{number}": "x"}), range(40)))
    assert {f"n{number}" for number in range(40)} < set(Vault.open(environ).names())


def test_after_a_rotation_the_old_key_opens_nothing(vault: Vault, environ: dict[str, str], tmp_path: Path):
    old = (tmp_path / "key").read_text()
    vault.rotate()
    (tmp_path / "key").write_text(old)
    assert refused(environ) == "APB-VLT-003"


def test_a_full_disk_leaves_the_old_file(
    vault: Vault, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(UnavailableError, match="No space left"):
            vault.set({"token": "another"})
    assert Vault.open(environ).get("token") == "s3cret"
    assert not list(Path(environ["APBRIDGE_VAULT"]).parent.glob(".*.part"))


@pytest.mark.usefixtures("vault")
def test_a_setting_names_a_secret(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert text({"user_token": "vault:token"}, "user_token") == "s3cret"
    assert text({"user_token": " plain "}, "user_token") == "plain"
    with pytest.raises(SettingError, match=r"apbridge vault set nothing"):
        resolved("vault:nothing")


def test_records_sealed_before_a_rotation_are_still_opened(vault: Vault, environ: dict[str, str]):
    before = vault.record_keys()
    sealed, signed = before.seal(b"12-3456789", "v-1"), before.sign("head", "1")
    assert b"12-3456789" not in sealed
    vault.rotate()
    keys = Vault.open(environ).record_keys()
    assert keys.open(sealed, "v-1") == b"12-3456789"
    assert keys.has_signed(signed, "head", "1")
    assert keys.seal(b"", "v-1")[:20] != sealed[:20]
    assert keys.sign("head", "1") != signed
    other = Vault.create({**environ, "APBRIDGE_VAULT": environ["APBRIDGE_VAULT"] + "2"}).record_keys()
    assert not other.has_signed(signed, "head", "1")
    with pytest.raises(SealedError):
        other.open(sealed, "v-1")


def test_a_seal_opens_for_what_it_was_made_and_unchanged(vault: Vault):
    keys = vault.record_keys()
    sealed = keys.seal(b"content", "avidxchange", "bills", "b-1")
    others = (("avidxchange", "bills", "b-2"), ("netsuite", "bills", "b-1"), ("avidxchange", "billsb-1"), ())
    for about in others:
        with pytest.raises(UnsealedError):
            keys.open(sealed, *about)
    for changed in (b"content", sealed[:-1], sealed[:22], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(UnsealedError):
            keys.open(changed, "avidxchange", "bills", "b-1")
    signed = keys.sign("head", "1")
    for one, about in (
        (signed, ("head", "2")),
        (signed[:-1], ("head", "1")),
        ("", ("head", "1")),
        ("é:é", ()),
    ):
        assert not keys.has_signed(one, *about)


@pytest.mark.usefixtures("vault")
def test_no_error_shows_a_secret_or_a_key(environ: dict[str, str]):
    key = Path(environ["APBRIDGE_VAULT_KEY_FILE"]).read_text().strip()
    wrong = new_key()
    with pytest.raises(APBridgeError) as found:
        Vault.open({"APBRIDGE_VAULT": environ["APBRIDGE_VAULT"], "APBRIDGE_VAULT_KEY": wrong})
    assert key not in str(found.value)
    assert wrong not in str(found.value)
