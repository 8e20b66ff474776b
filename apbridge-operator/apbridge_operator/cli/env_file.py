"""The file of variables, mostly `.env`: what is no secret, and where in the vault the secrets are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import dotenv

from apbridge.errors import UnavailableError
from apbridge.files import close_to_others
from apbridge.vault import REFERENCE, Vault
from apbridge_operator.cli.app import variables_file


def secret_name(variable: str) -> str:
    """Name the secret that a variable refers to, such as `netsuite_client_id`."""
    return os.environ.get(variable, "").removeprefix(REFERENCE) if is_in_vault(variable) else variable.lower()


def is_in_vault(variable: str) -> bool:
    """Return whether a variable names a secret of the vault."""
    return os.environ.get(variable, "").startswith(REFERENCE)


def plain(variables: Iterable[str]) -> dict[str, str]:
    """Return those of some variables whose values are in the file itself."""
    written = dotenv.dotenv_values(variables_file())
    found = {name: written.get(name) or "" for name in variables}
    return {name: value for name, value in found.items() if value and not value.startswith(REFERENCE)}


def keep(values: Mapping[str, str | None]) -> list[str]:
    """Write variables into the file and into this process, without those of None; name those that changed.

    Raises:
        UnavailableError: It cannot be written.
    """
    file = variables_file()
    written = dotenv.dotenv_values(file)
    changed = [name for name, value in values.items() if written.get(name) != value]
    try:
        file.touch(mode=0o600)
        close_to_others(file)
        for name in changed:
            value = values[name]
            if value is None:
                dotenv.unset_key(file, name)
            else:
                dotenv.set_key(file, name, value, quote_mode="auto")
    except OSError as failure:
        raise UnavailableError("APB-CLI-004", file=file, problem=failure.strerror) from failure
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return changed


def keep_secrets(values: Mapping[str, str]) -> list[str]:
    """Put the values of variables into the vault, and into their file; return those that changed.

    Raises:
        SettingError: The vault does not open.
        UnavailableError: One of them cannot be written.
    """
    vault = Vault.open()
    names = {secret_name(variable): value for variable, value in values.items()}
    known = set(vault.names())
    changed = {name: value for name, value in names.items() if name not in known or vault.get(name) != value}
    if changed:
        vault.set(changed)
    references = keep({variable: f"{REFERENCE}{secret_name(variable)}" for variable in values})
    return sorted({*references, *(name for name in values if secret_name(name) in changed)})
