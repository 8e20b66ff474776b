"""The Meltano environment of each company, written anew from `companies.yaml` into a file of their own.

What is a variable of the project's becomes the company's: `$NETSUITE_CLIENT_ID` is `$ACME_NETSUITE_CLIENT_ID`
in the environment acme. What the project gives as a value holds for all, but for what tells one company from
another: that is never taken from the project.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from apbridge.avidxchange.settings import SIGNING_IN
from apbridge.errors import SettingError
from apbridge.files import replace
from apbridge.settings import COMPANY
from apbridge_operator.cli import meltano
from apbridge_operator.companies import AVIDXCHANGE, NETSUITE, PLUGINS, Company, companies
from apbridge_operator.companies import FILE as TABLE

FILE = "companies.meltano.yml"

_HEAD = f"# Written by `apbridge companies write` from {TABLE}: change that.\n"
_OWN = {
    NETSUITE: (
        "account_id",
        "client_id",
        "certificate_id",
        "private_key",
        "private_key_path",
        "certificate",
        "certificate_path",
    ),
    AVIDXCHANGE: SIGNING_IN,
}
"""What tells one company from another, by system."""

BANKS = ("bank_account", "bank_accounts")
"""The settings of target-netsuite-payments that say where money comes from: in no two accounts the same."""

_PLACES = ("ledger_url", "spool_url", "links", "dry_run_report", COMPANY)
_PROJECTS = re.compile(r"\$\{?((?:NETSUITE|AVIDXCHANGE)_\w+)\}?")


class _Dumper(yaml.SafeDumper):
    """Quotes what might be a number: Meltano reads YAML 1.2, where 1e3, 0o17 and 0987 are some."""


def _quoted(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "'" if value[:1] in set("0123456789+-.") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _quoted)


def variable(company: Company, name: str) -> str:
    """Return a company's own name of a variable, such as `ACME_NETSUITE_CLIENT_ID`."""
    return company.prefix + name


def own_variables() -> list[str]:
    """Return the variables that would give all companies what each has to have of its own."""
    return [
        f"{plugin.upper().replace('-', '_')}_{setting.upper()}"
        for plugin, system in PLUGINS.items()
        for setting in (*_OWN[system], *_PLACES, *(BANKS if plugin == "target-netsuite-payments" else ()))
    ]


def written(project: Path) -> list[Any]:
    """Return the environments of the companies as their file has them.

    Raises:
        SettingError: It cannot be read.
    """
    return list((meltano.document(project / FILE) or {}).get("environments") or ())


def wanted(project: Path, chosen: Sequence[Company]) -> list[dict[str, Any]]:
    """Return the environments as they should be.

    Raises:
        SettingError: `meltano.yml` is not there or cannot be read, or something is declared of a company that
            no plugin knows.
    """
    document = meltano.document(project / meltano.FILE)
    if document is None:
        raise SettingError("APB-CLI-006", folder=project.resolve())
    plugins = [
        (kind, entry)
        for kind, entries in (document.get("plugins") or {}).items()
        for entry in entries or ()
        if entry.get("name") in PLUGINS
    ]
    taken = {one.get("name") for one in document.get("environments") or ()}
    return [_environment(company, plugins, taken) for company in chosen]


def write(project: Path) -> bool:
    """Write the file anew, where it is not as it should be; return whether it was not.

    Raises:
        SettingError: As of `wanted`; or Meltano would not look at the file.
        UnavailableError: It cannot be written.
    """
    table = companies(project)
    found = wanted(project, table)
    shared = str(meltano.config(project, "target-avidxchange", os.environ).get("ledger_url"))
    if shared.startswith("postgres") and any(one.ledger_url.startswith("sqlite") for one in table):
        raise SettingError("APB-CMP-016")
    if FILE not in ((meltano.document(project / meltano.FILE) or {}).get("include_paths") or ()):
        raise SettingError("APB-CMP-005", file=FILE)
    if found == written(project):
        return False
    text = yaml.dump({"environments": found}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    replace(project / FILE, (_HEAD + text).encode())
    return True


def require_written(project: Path, chosen: Sequence[Company]) -> None:
    """Check that companies have the environments that the table says.

    Raises:
        SettingError: One has not: it would run with what was said before, or as the project of one company.
    """
    there = {one.get("name"): one for one in written(project)}
    found = wanted(project, chosen)
    if stale := [one["name"] for one in found if there.get(one["name"]) != one]:
        raise SettingError("APB-CMP-006", file=FILE, companies=", ".join(stale))
    if given := [name for name in own_variables() if name in os.environ]:
        raise SettingError("APB-CMP-004", variables=", ".join(given))


def _environment(
    company: Company, plugins: Sequence[tuple[str, Mapping[str, Any]]], taken: set[Any]
) -> dict[str, Any]:
    if company.name in taken:
        raise SettingError("APB-CMP-015", company=company.name)
    known = {entry["name"]: {one["name"] for one in entry.get("settings") or ()} for _, entry in plugins}
    _require_known(company, known)
    configs: dict[str, list[dict[str, Any]]] = {}
    for kind, entry in plugins:
        config = dict(_config(company, entry, known[entry["name"]]))
        configs.setdefault(kind, []).append({"name": entry["name"], "config": config})
    return {"name": company.name, "config": {"plugins": configs}}


def _config(company: Company, entry: Mapping[str, Any], known: set[str]) -> Iterator[tuple[str, Any]]:
    plugin, given = entry["name"], entry.get("config") or {}
    system = PLUGINS[plugin]
    for name, value in given.items():
        if isinstance(value, str) and (found := _PROJECTS.fullmatch(value)):
            yield name, f"${variable(company, found[1])}"
    for name in _OWN[system]:
        if name in known:
            yield name, f"${variable(company, f'{system.upper()}_{name.upper()}')}"
    for name in BANKS:
        if name in known:
            yield name, f"${variable(company, f'TARGET_NETSUITE_PAYMENTS_{name.upper()}')}"
    places = {
        COMPANY: company.name,
        "ledger_url": company.ledger_url,
        "spool_url": company.spool_url,
        "links": f"$MELTANO_PROJECT_ROOT/companies/{company.name}/links.csv",
        "dry_run_report": f"$MELTANO_PROJECT_ROOT/.apbridge/{company.name}/dry-run-{plugin}.json",
    }
    yield from ((name, value) for name, value in places.items() if name in known)
    yield from ((name, value) for name, value in company.of(plugin).items() if name in known)


def _require_known(company: Company, known: Mapping[str, set[str]]) -> None:
    for part, settings in company.settings.items():
        plugins = [plugin for plugin, system in PLUGINS.items() if part in {plugin, system}]
        has = set[str]().union(*(known.get(plugin, set()) for plugin in plugins))
        if unknown := [name for name in (*settings, COMPANY) if name not in has]:
            names = " and ".join(plugins)
            raise SettingError(
                "APB-CMP-003", company=company.name, field=f"{part}.{unknown[0]}", plugins=names
            )
