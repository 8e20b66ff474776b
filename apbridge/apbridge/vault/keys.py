"""Where the vault's key is: in the environment, in a file, or in the OS keyring; never beside what it opens.

A place holds one key a line, the newest first: while the vault moves from one key to the next both are there,
so that a crash in between loses nothing. It also remembers the vault's generation, which counts up at every
change: whoever may write to the vault's file, and not to this place, cannot put an old vault back unnoticed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from cryptography.fernet import Fernet

from apbridge.errors import SettingError
from apbridge.files import OTHERS, locked, replace

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

    def generation_place(self, vault_id: str) -> str | None:
        """Name where the generation of a vault is remembered; None where it cannot be."""

    def generation(self, vault_id: str) -> int:
        """Return the newest generation of a vault that was seen; 0 where none was."""

    def keep_generation(self, vault_id: str, number: int) -> None:
        """Remember the generation of a vault, unless a newer one is remembered."""


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

    def generation_place(self, vault_id: str) -> str | None:  # noqa: ARG002
        """Return None: a process cannot set a variable for others."""
        return None

    def generation(self, vault_id: str) -> int:  # noqa: ARG002
        """Return 0."""
        return 0

    def keep_generation(self, vault_id: str, number: int) -> None:
        """Do nothing."""


class InFile:
    """A file that only its owner may read, where nobody else can put another one in its place.

    Args:
        path: The file.
        project: Folders that it may not be in: what is there goes into copies and into git.
    """

    keeps = True

    def __init__(self, path: Path, project: Sequence[Path]) -> None:
        self._path = path.expanduser()
        self._project = project
        self.name = str(path)

    def read(self) -> list[str]:
        """Return the keys."""
        self._check_place()
        try:
            found = self._path.stat()
            if found.st_mode & OTHERS:
                raise SettingError("APB-VLT-005", file=self._path)
            if found.st_uid != os.geteuid():
                raise SettingError("APB-VLT-015", file=self._path)
            return checked(self._path.read_text(encoding="ascii"), self.name)
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as failure:
            problem = getattr(failure, "strerror", None) or "it is no text"
            raise SettingError("APB-SET-001", setting=KEY_FILE, problem=problem) from failure

    def write(self, keys: Sequence[str]) -> None:
        """Put the keys in place of those that are there, all or none."""
        self._check_place()
        replace(self._path, "".join(f"{key}\n" for key in keys).encode())

    def generation_place(self, vault_id: str) -> str | None:
        """Name the file beside the key."""
        return str(self._generation_file(vault_id))

    def generation(self, vault_id: str) -> int:
        """Return what the file beside the key says."""
        try:
            return int(self._generation_file(vault_id).read_bytes())
        except (OSError, ValueError):
            return 0

    def keep_generation(self, vault_id: str, number: int) -> None:
        """Write it into the file beside the key, unless a newer one is there."""
        file = self._generation_file(vault_id)
        with locked(file):
            if number > self.generation(vault_id):
                replace(file, f"{number}\n".encode())

    def _generation_file(self, vault_id: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{vault_id}.generation")

    def _check_place(self) -> None:
        named, real = Path(os.path.abspath(self._path)), self._path.resolve()  # noqa: PTH100 - as it is named
        if named != real:
            raise SettingError("APB-VLT-016", file=self._path, real=real)
        for folder in self._project:
            if real.is_relative_to(folder):
                raise SettingError("APB-VLT-017", file=self._path, folder=folder)
        for folder in real.parents:
            try:
                found = folder.stat()
            except OSError:
                continue  # it is made when the key is, for its owner alone
            if found.st_uid not in {0, os.geteuid()}:
                raise SettingError("APB-VLT-019", file=self._path, folder=folder)
            if _is_open(found.st_mode):
                raise SettingError("APB-VLT-018", file=self._path, folder=folder)


class InKeyring:
    """The OS keyring: Secret Service, macOS Keychain, Windows Credential Locker."""

    name = "the OS keyring"
    keeps = True

    def __init__(self, vault_id: str) -> None:
        self._vault_id = vault_id

    def read(self) -> list[str]:
        """Return the keys."""
        with self._keyring() as keyring:
            found = keyring.get_password(_SERVICE, self._vault_id)
        return checked(found, self.name) if found else []

    def write(self, keys: Sequence[str]) -> None:
        """Put the keys in place of those that are there."""
        with self._keyring() as keyring:
            keyring.set_password(_SERVICE, self._vault_id, "\n".join(keys))

    def generation_place(self, vault_id: str) -> str | None:
        """Name the keyring's entry."""
        return f"the entry {vault_id}.generation of {_SERVICE} in {self.name}"

    def generation(self, vault_id: str) -> int:
        """Return what the keyring's entry says."""
        with self._keyring() as keyring:
            found = keyring.get_password(_SERVICE, f"{vault_id}.generation")
        return int(found) if found and found.isdecimal() else 0

    def keep_generation(self, vault_id: str, number: int) -> None:
        """Put it into an entry of the keyring, unless a newer one is there."""
        if number <= self.generation(vault_id):
            return
        with self._keyring() as keyring:
            keyring.set_password(_SERVICE, f"{vault_id}.generation", str(number))

    @contextmanager
    def _keyring(self) -> Iterator[Any]:
        """Yield the library; explain in a sentence what it cannot do."""
        try:
            # Only where it is used: the plugins do without it otherwise.
            import keyring  # noqa: PLC0415
            import keyring.errors  # noqa: PLC0415
        except ImportError as failure:
            raise SettingError("APB-VLT-011", problem="keyring is not installed") from failure
        try:
            yield keyring
        except keyring.errors.KeyringError as failure:
            raise SettingError("APB-VLT-011", problem=_first_line(failure)) from failure


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
        return InFile(Path(environ[KEY_FILE]), list(_project_folders(environ)))
    return InKeyring(vault_id) if in_keyring else None


def _project_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the project's folder and the git work tree that it is in, as far as there are any."""
    here = Path(environ.get("MELTANO_PROJECT_ROOT") or "").resolve()
    around = (here, *here.parents)
    project = next((folder for folder in around if (folder / "meltano.yml").exists()), None)
    if project:
        yield project
        yield from (folder for folder in (project, *project.parents) if (folder / ".git").exists())


def _is_open(mode: int) -> bool:
    """Return whether others than its owner may put another file in the place of one in a folder."""
    return bool(mode & (stat.S_IWGRP | stat.S_IWOTH)) and not mode & stat.S_ISVTX


def _first_line(failure: Exception) -> str:
    return (str(failure).splitlines() or [type(failure).__name__])[0].rstrip(".")
