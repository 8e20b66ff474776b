"""Secrets that stand plainly in the file of variables, or in a key file that it names: into the vault."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from apbridge.errors import SettingError
from apbridge.netsuite.keys import SigningKey
from apbridge_operator.cli import context, env_file
from apbridge_operator.cli.app import variables_file
from apbridge_operator.cli.checks.files import SECRETS
from apbridge_operator.cli.company import at_work

_LARGEST = 2**20
"""Bytes of a file beside that of the variables which may be a copy of it."""


@dataclass(frozen=True)
class MovedSecrets:
    """What was moved into the vault.

    Args:
        variables: Whose values; they name secrets of the vault now.
        removed: Key files that are not needed any more.
        left: Key files that are outside the project, or could not be removed.
        copies: Files beside that of the variables which hold one of the values too.
    """

    variables: Sequence[str]
    removed: Sequence[Path] = ()
    left: Sequence[Path] = ()
    copies: Sequence[Path] = ()

    def told(self) -> Iterator[str]:
        """Yield it in words, line by line; nothing where nothing was moved."""
        if self.variables:
            yield f"Moved into the vault, and out of {variables_file()}: {', '.join(self.variables)}."
        for file in self.removed:
            yield f"Removed {file}: its key is in the vault."
        for file in self.left:
            yield f"{file} still holds the key that is in the vault now: remove it, if nothing else needs it."
        for file in self.copies:
            yield f"{file} holds secrets that are in the vault now: remove it."


def of_plugins() -> list[str]:
    """Name the secrets that a plugin may be given by a variable of its own; those are of no one company."""
    plugins = () if at_work() else context.PLUGINS
    return [f"{plugin.replace('-', '_')}_{name}".upper() for plugin in plugins for name in SECRETS]


def secrets_moved(
    variables: Collection[str], key_files: Collection[str], certificates: Collection[str]
) -> MovedSecrets:
    """Put what stands plainly in the file of variables into the vault, whether this profile needs it or not.

    Args:
        variables: Whose values are secret.
        key_files: Those of them that may be a file in its place, `<name>_PATH`: it is read, and removed where
            it is the project's own.
        certificates: Likewise; their files are no secret and stay.

    Raises:
        SettingError: The vault does not open.
        UnavailableError: A variable cannot be written.
    """
    plain = env_file.plain(variables)
    keys = {name: file for name, file in _files(key_files).items() if _is_key(file)}
    read = keys | _files(certificates)
    plain |= {name: file.read_text(encoding="utf-8") for name, file in read.items()}
    if not plain:
        return MovedSecrets(())
    env_file.keep_secrets(plain)
    removed = [file for file in keys.values() if _removed(file)]
    # Last: where this ends in between, the next time finds the file by it.
    env_file.keep(dict.fromkeys(f"{name}_PATH" for name in read))
    left = [file for file in keys.values() if file not in removed]
    return MovedSecrets(
        [env_file.own_name(name) for name in plain], removed, left, list(_copies(plain, (*removed, *left)))
    )


def _files(variables: Collection[str]) -> dict[str, Path]:
    """Return the readable files that stand in place of variables."""
    named = env_file.plain([f"{name}_PATH" for name in variables])
    files = {name.removesuffix("_PATH"): Path(path).expanduser() for name, path in named.items()}
    return {name: file for name, file in files.items() if not env_file.value(name) and _text(file)}


def _text(file: Path) -> str | None:
    with suppress(OSError, ValueError):
        return file.read_text(encoding="utf-8").strip()
    return None


def _is_key(file: Path) -> bool:
    with suppress(SettingError):
        SigningKey.from_pem(_text(file) or "")
        return True
    return False


def _removed(file: Path) -> bool:
    """Remove a key file of the project; what is elsewhere may be somebody else's."""
    own = {Path.cwd().resolve(), variables_file().absolute().parent.resolve()}
    if file.is_symlink() or own.isdisjoint(file.resolve().parents):
        return False
    try:
        file.unlink()
    except OSError:
        return False
    return True


def _copies(secrets: Mapping[str, str], known: Collection[Path]) -> Iterator[Path]:
    """Yield the files that look like copies of that of the variables, and hold a secret."""
    own = variables_file()
    for file in sorted(own.absolute().parent.glob(f"{own.name}*")):
        if file.name == own.name or file in known or not file.is_file() or file.stat().st_size > _LARGEST:
            continue
        text = _text(file) or ""
        if any(value.strip() in text for value in secrets.values()):
            yield file
