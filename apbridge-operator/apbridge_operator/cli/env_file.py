"""The file of variables, mostly `.env`: what is no secret, and where in the vault the secrets are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import dotenv

from apbridge.errors import UnavailableError
from apbridge.files import close_to_others
from apbridge.json import dumps
from apbridge.vault import OWNER_END, REFERENCE, Vault
from apbridge_operator.cli import environments, meltano
from apbridge_operator.cli.app import variables_file
from apbridge_operator.cli.company import at_work, environ

_SETTINGS_OF = {
    "TARGET_NETSUITE_PAYMENTS_": "target-netsuite-payments",
    "NETSUITE_": "target-netsuite-payments",
    "AVIDXCHANGE_": "target-avidxchange",
}


def own_name(variable: str) -> str:
    """Return the name under which a variable is in the file: a company's begin with its name."""
    company = at_work()
    is_own = company and variable.startswith(tuple(_SETTINGS_OF))
    return environments.variable(company, variable) if company and is_own else variable


def value(variable: str) -> str:
    """Return the value of a variable; of a company's also what is declared. Empty where there is none."""
    if own_name(variable) == variable:
        return os.environ.get(variable, "")
    plugin, setting = _setting(variable)
    found = meltano.config(Path(), plugin, environ()).get(setting, "")
    return found if isinstance(found, str) else dumps(found).decode()


def is_declared(variable: str) -> bool:
    """Return whether `companies.yaml` says the setting of a variable, which counts for more."""
    company = at_work()
    if company is None or own_name(variable) == variable:
        return False
    plugin, setting = _setting(variable)
    return setting in company.of(plugin)


def _setting(variable: str) -> tuple[str, str]:
    """Return which plugin's setting a variable is for."""
    prefix, plugin = next(one for one in _SETTINGS_OF.items() if variable.startswith(one[0]))
    return plugin, variable.removeprefix(prefix).lower()


def default_secret(variable: str) -> str:
    """Name the secret that a variable refers to unless told, such as `acme/netsuite_client_id`."""
    company = at_work()
    return f"{company.name}{OWNER_END}{variable.lower()}" if company else variable.lower()


def secret_name(variable: str) -> str:
    """Name the secret that a variable refers to."""
    return value(variable).removeprefix(REFERENCE) if is_in_vault(variable) else default_secret(variable)


def is_in_vault(variable: str) -> bool:
    """Return whether a variable names a secret of the vault."""
    return value(variable).startswith(REFERENCE)


def plain(variables: Iterable[str]) -> dict[str, str]:
    """Return those of some variables whose values are in the file itself."""
    written = dotenv.dotenv_values(variables_file())
    found = {name: written.get(own_name(name)) or "" for name in variables}
    return {name: value for name, value in found.items() if value and not value.startswith(REFERENCE)}


def keep(values: Mapping[str, str | None]) -> list[str]:
    """Write variables into the file and into this process, without those of None; name those that changed.

    Raises:
        UnavailableError: It cannot be written.
    """
    file = variables_file()
    written = dotenv.dotenv_values(file)
    values = {own_name(name): value for name, value in values.items()}
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
