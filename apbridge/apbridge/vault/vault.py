"""The vault's file: its form, and what may be done with it.

The file is JSON: a format number, the vault's own id, the id of the key that it was written with, whether
that key is in the OS keyring, and everything else as one Fernet token (AES-128-CBC with HMAC-SHA256), its
generation and once more its id too. It is only ever replaced whole.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken

from apbridge.errors import APBridgeError, SettingError
from apbridge.files import locked, replace
from apbridge.json import loads
from apbridge.vault.keys import InKeyring, KeyStore, key_id, place_of
from apbridge.vault.records import RecordKeys

REFERENCE = "vault:"
"""What a setting begins with that names a secret in place of giving it."""

OWNER_END = "/"
"""What is between a company's name and the rest in the name of a secret that is its alone."""

FILE = "APBRIDGE_VAULT"
_DEFAULT_FILE = ".apbridge/vault.json"
_FORMAT = 1
_NAME = re.compile(r"([a-z][a-z0-9-]{0,29}/)?[a-z0-9][a-z0-9_.-]{0,79}")


def vault_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the vault is: `APBRIDGE_VAULT`, or `.apbridge/vault.json` in the project's folder."""
    named = environ.get(FILE)
    return Path(named) if named else Path(environ.get("MELTANO_PROJECT_ROOT", ""), _DEFAULT_FILE)


def resolved(value: str) -> str:
    """Return a setting's value, from the vault where it is `vault:<name>`.

    Raises:
        SettingError: The vault cannot be opened, or has no such secret.
    """
    return Vault.open().get(value.removeprefix(REFERENCE)) if value.startswith(REFERENCE) else value


def record_keys(environ: Mapping[str, str] = os.environ) -> RecordKeys | None:
    """Return the keys that records outside the vault are sealed with; None where there is no vault.

    Raises:
        SettingError: There is one, and it cannot be opened.
    """
    return Vault.open(environ).record_keys() if vault_file(environ).exists() else None


@dataclass
class _State:
    """What was read, and what it is written back with."""

    header: dict[str, Any]
    place: KeyStore
    keys: list[str]
    content: dict[str, Any]


class Vault:
    """An open vault. Every change is safe on disk when it returns.

    Use `open` or `create`.
    """

    def __init__(self, environ: Mapping[str, str], state: _State) -> None:
        self.path = vault_file(environ)
        self._environ = environ
        self._state = state

    @classmethod
    def open(cls, environ: Mapping[str, str] = os.environ) -> Vault:
        """Open the vault that is there.

        Raises:
            SettingError: There is none, its key is missing or another one, it is damaged, or older than one
                that was seen here.
        """
        return cls(environ, _read(environ))

    @classmethod
    def create(cls, environ: Mapping[str, str] = os.environ, *, in_keyring: bool = False) -> Vault:
        """Make an empty vault where there is none, and its key where that has no place yet.

        Args:
            environ: Variables.
            in_keyring: Put the key into the OS keyring where no variable names another place.

        Raises:
            SettingError: There is no place for its key.
        """
        path = vault_file(environ)
        with locked(path):
            if path.exists():
                return cls.open(environ)
            vault_id = uuid4().hex
            place = place_of(vault_id, in_keyring=in_keyring, environ=environ)
            if place is None:
                raise SettingError("APB-VLT-002", file=path)
            keys = place.read()
            if not keys:
                keys = [_new_key()]
                place.write(keys)
            header = {"format": _FORMAT, "id": vault_id, "in_keyring": isinstance(place, InKeyring)}
            content = {"secrets": {}, "record_keys": [_new_key()]}
            vault = cls(environ, _State(header, place, keys, content))
            vault._write()
        return vault

    @property
    def place(self) -> str:
        """Where its key is, in words."""
        return self._state.place.name

    def names(self) -> list[str]:
        """Return the names of the secrets."""
        return sorted(self._state.content["secrets"])

    def get(self, name: str) -> str:
        """Return a secret.

        Raises:
            SettingError: There is none of that name.
        """
        try:
            return str(self._state.content["secrets"][name])
        except KeyError:
            raise SettingError("APB-VLT-007", name=name, file=self.path) from None

    def set(self, secrets: Mapping[str, str | None]) -> None:
        """Keep secrets, in place of those of the same names; None removes one. All of it or nothing.

        Raises:
            SettingError: A name or a value is not one.
        """
        for name, value in secrets.items():
            if not _NAME.fullmatch(name):
                raise SettingError("APB-VLT-012", name=name)
            if value is not None and not value.strip():
                raise SettingError("APB-VLT-013", name=name)
        with locked(self.path):
            # Another process may have changed it since it was opened.
            self._state = _read(self._environ)
            kept = {**self._state.content["secrets"], **secrets}
            self._state.content["secrets"] = {
                name: value for name, value in kept.items() if value is not None
            }
            self._write()

    def rotate(self) -> None:
        """Encrypt everything with a new key, and seal records with a new one from now on.

        The new key is kept before the vault is written with it, and the old one until after, so that a
        crash in between leaves a vault that opens.

        Raises:
            SettingError: The key is in the environment, and no new one is there.
        """
        with locked(self.path):
            self._state = state = _read(self._environ)
            # After a crash the new key is there already.
            if key_id(state.keys[0]) == state.header["key_id"]:
                state.keys.insert(0, _new_key())
                state.place.write(state.keys)
            state.content["record_keys"].insert(0, _new_key())
            self._write()
            if state.place.keeps:
                del state.keys[1:]
                state.place.write(state.keys)

    def record_keys(self) -> RecordKeys:
        """Return the keys that records outside the vault are sealed with."""
        return RecordKeys(self._state.content["record_keys"], partial(_record_keys, self._environ))

    def _write(self) -> None:
        state = self._state
        # With the id inside, an old vault under another name, whose generation nobody remembers, is none.
        state.content |= {
            "id": state.header["id"],
            "generation": state.content.get("generation", 0) + 1,
        }
        token = Fernet(state.keys[0]).encrypt(json.dumps(state.content).encode())
        state.header |= {"key_id": key_id(state.keys[0]), "content": token.decode()}
        replace(self.path, json.dumps(state.header, indent=1).encode() + b"\n")
        # After a crash in between the vault is the newer one, which is as good.
        _keep_generation(state)


def _record_keys(environ: Mapping[str, str]) -> list[str]:
    keys: list[str] = _read(environ).content["record_keys"]
    return keys


def _read(environ: Mapping[str, str]) -> _State:
    path = vault_file(environ)
    stored, header = _stored(path)
    vault_id, written_with, token = header["id"], header["key_id"], header["content"].encode()
    place = place_of(vault_id, in_keyring=bool(header.get("in_keyring")), environ=environ)
    if place is None:
        raise SettingError("APB-VLT-002", file=path)
    keys = place.read()
    fitting = next((key for key in keys if key_id(key) == written_with), None)
    if fitting is None:
        raise SettingError("APB-VLT-003", file=path, place=place.name)
    try:
        content = loads(Fernet(fitting).decrypt(token))
    except (InvalidToken, ValueError) as failure:
        raise SettingError("APB-VLT-004", file=path, problem="its content was changed") from failure
    if content.get("id") != vault_id:
        raise SettingError("APB-VLT-004", file=path, problem="its id was changed")
    state = _State(header, place, keys, content)
    seen, found = place.generation(vault_id), content.get("generation", 0)
    if found > seen:
        _keep_generation(state)
    if found >= seen:
        return state
    # Another process may have written it between the two looks: the file first, then its generation.
    if path.read_bytes() != stored:
        return _read(environ)
    raise SettingError("APB-VLT-014", file=path, place=place.generation_place(vault_id))


def _stored(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Read the file, and what it holds."""
    try:
        stored = path.read_bytes()
        header = loads(stored)
        for name in ("id", "key_id", "content"):
            header[name] = str(header[name])
        written_in = header["format"]
    except FileNotFoundError:
        raise SettingError("APB-VLT-001", file=path) from None
    except OSError as failure:
        raise SettingError("APB-VLT-004", file=path, problem=failure.strerror) from failure
    except (AttributeError, LookupError, TypeError, ValueError) as failure:
        raise SettingError("APB-VLT-004", file=path, problem="it is not whole") from failure
    if written_in != _FORMAT:
        raise SettingError("APB-VLT-004", file=path, problem="another version of apbridge wrote it")
    return stored, header


def _keep_generation(state: _State) -> None:
    # Where nothing can be written, as beside a key that is mounted, an old vault is not noticed.
    with suppress(APBridgeError):
        state.place.keep_generation(str(state.header["id"]), state.content["generation"])


def _new_key() -> str:
    return Fernet.generate_key().decode()
