"""Where the vault's key is: in the environment, in a file, or in the OS keyring; never beside what it opens.

A place holds one key a line, the newest first: while the vault moves from one key to the next both are there,
so that a crash in between loses nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from cryptography.fernet import Fernet

from apbridge.errors import SettingError
from apbridge.vault.files import replace

KEY, KEY_FILE = "APBRIDGE_VAULT_KEY", "APBRIDGE_VAULT_KEY_FILE"
_SERVICE = "apbridge vault"


def key_id(key: str) -> str:
    """Return the name under which the vault's file says which key it was written with."""
    return hashlib.sha256(b"apbridge vault key " + key.encode()).hexdigest()[:12]


def checked(text: str, place: str) -> list[str]:
    """Read the keys in a text, the newest first.

    Raises:
        SettingError: There is none, or one is no key.
    """
    keys = text.replace(",", "\n").split()
    try:
        for key in keys:
            Fernet(key)
    except ValueError as failure:
        raise SettingError("APB-VLT-006", place=place) from failure
    if not keys:
        raise SettingError("APB-VLT-006", place=place)
    return keys


class KeyStore(Protocol):
    """A place for keys."""

    name: str
    keeps: bool
    """Whether a key can be put there from here."""

    def read(self) -> list[str]:
        """Return the keys, the newest first; none where there never was one.

        Raises:
            SettingError: They cannot be had.
        """

    def write(self, keys: Sequence[str]) -> None:
        """Keep these keys.

        Raises:
            SettingError: This place cannot.
        """


class InEnvironment:
    """The variable `APBRIDGE_VAULT_KEY`: whoever sets it keeps the key."""

    name = KEY
    keeps = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def read(self) -> list[str]:
        """Return the keys."""
        return checked(self._environ[KEY], self.name)

    def write(self, keys: Sequence[str]) -> None:
        """Refuse: a process cannot set the variable for others."""
        if list(keys) != self.read():
            raise SettingError("APB-VLT-010")


class InFile:
    """A file that only its owner may read."""

    keeps = True

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser()
        self.name = str(path)

    def read(self) -> list[str]:
        """Return the keys."""
        try:
            mode = self._path.stat().st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise SettingError("APB-VLT-005", file=self._path)
            return checked(self._path.read_text(encoding="ascii"), self.name)
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as failure:
            problem = getattr(failure, "strerror", None) or "it is no text"
            raise SettingError("APB-SET-001", setting=KEY_FILE, problem=problem) from failure

    def write(self, keys: Sequence[str]) -> None:
        """Put the keys in place of those that are there, all or none."""
        replace(self._path, "".join(f"{key}\n" for key in keys).encode())


class InKeyring:
    """The OS keyring: Secret Service, macOS Keychain, Windows Credential Locker."""

    name = "the OS keyring"
    keeps = True

    def __init__(self, vault_id: str) -> None:
        self._vault_id = vault_id

    def read(self) -> list[str]:
        """Return the keys."""
        keyring = self._keyring()
        try:
            found = keyring.get_password(_SERVICE, self._vault_id)
        except keyring.errors.KeyringError as failure:
            raise SettingError("APB-VLT-011", problem=_first_line(failure)) from failure
        return checked(found, self.name) if found else []

    def write(self, keys: Sequence[str]) -> None:
        """Put the keys in place of those that are there."""
        keyring = self._keyring()
        try:
            keyring.set_password(_SERVICE, self._vault_id, "\n".join(keys))
        except keyring.errors.KeyringError as failure:
            raise SettingError("APB-VLT-011", problem=_first_line(failure)) from failure

    def _keyring(self) -> Any:  # noqa: ANN401
        try:
            # Only where it is used: the plugins do without it otherwise.
            import keyring  # noqa: PLC0415
            import keyring.errors  # noqa: PLC0415
        except ImportError as failure:
            raise SettingError("APB-VLT-011", problem="keyring is not installed") from failure
        return keyring


def place_of(vault_id: str, *, in_keyring: bool, environ: Mapping[str, str] = os.environ) -> KeyStore | None:
    """Return where the key of a vault is.

    Args:
        vault_id: The vault's own name in the keyring.
        in_keyring: The vault's key was put into the OS keyring.
        environ: Variables; they come before the keyring.
    """
    if environ.get(KEY):
        return InEnvironment(environ)
    if environ.get(KEY_FILE):
        return InFile(Path(environ[KEY_FILE]))
    return InKeyring(vault_id) if in_keyring else None


def _first_line(failure: Exception) -> str:
    return (str(failure).splitlines() or [type(failure).__name__])[0].rstrip(".")
