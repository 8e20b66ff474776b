"""Who else may read what lies here, what a killed run left, plain secrets, and the spool."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dotenv
import fsspec
import sqlalchemy
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy.exc import ArgumentError

from apbridge import json
from apbridge.declared_settings import AVIDXCHANGE_SETTINGS, NETSUITE_SETTINGS
from apbridge.errors import APBridgeError
from apbridge.files import FOLDER, is_open_to_others
from apbridge.settings import spool_of
from apbridge.vault import REFERENCE, vault_file
from apbridge_operator.cli import meltano
from apbridge_operator.cli.app import variables_file
from apbridge_operator.cli.checks.result import CheckResult, State

SECRETS = [one.name for one in (*NETSUITE_SETTINGS, *AVIDXCHANGE_SETTINGS) if one.secret]
_SHORTEST = 8
"""Characters of a value that is found in a text by no chance."""

Configs = Mapping[str, Mapping[str, Any]]


def results(configs: Configs) -> Iterator[CheckResult]:
    """Look at files and folders.

    Args:
        configs: Settings of the four plugins, by name.
    """
    yield from _spools(configs)
    found = [*_open(configs), *_left_behind(), *_plain(configs)]
    yield from found or [
        CheckResult.ok("files", "Nobody else may read them, and no secret is in a plain one.")
    ]


def _spools(configs: Configs) -> Iterator[CheckResult]:
    """Check that the target looks for images where the tap puts them."""
    plugins: dict[str, str] = {}
    try:
        for plugin in ("tap-netsuite-ap", "target-avidxchange"):
            url = spool_of(configs.get(plugin, {}))
            plugins[next(map(str, _folder(url)), url.rstrip("/"))] = plugin
    except APBridgeError as error:
        yield CheckResult.of("spool", error)
        return
    if len(plugins) > 1:
        yield CheckResult.of("spool", APBridgeError("APB-CHK-022", plugins=" and ".join(plugins.values())))


def _open(configs: Configs) -> Iterator[CheckResult]:
    if opened := [str(place) for place in dict.fromkeys(_places(configs)) if is_open_to_others(place)]:
        error = APBridgeError("APB-CHK-030", files=", ".join(opened), paths=" ".join(opened))
        yield CheckResult.of("files", error, State.WARNING)


def _places(configs: Configs) -> Iterator[Path]:
    yield from (variables_file(), Path(FOLDER), vault_file())
    if Path(meltano.FILE).exists():
        yield from meltano.folders(os.environ)
    for config in configs.values():
        yield from (Path(str(config[name])) for name in ("private_key_path",) if config.get(name))
        if "ledger_url" in config:
            yield from _database(str(config["ledger_url"]))
        if "spool_url" in config:
            yield from _folder(str(config["spool_url"]))
    yield from _database(meltano.state_places(Path(), os.environ)[1])


def _database(url: str) -> Iterator[Path]:
    try:
        found = sqlalchemy.make_url(url)
    except ArgumentError:
        return  # whoever opens it says so
    if found.drivername == "sqlite" and found.database:
        yield Path(found.database)


def _folder(url: str) -> Iterator[Path]:
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError):
        return
    if isinstance(filesystem, LocalFileSystem):
        yield Path(path)


def _left_behind() -> Iterator[CheckResult]:
    """Find the settings that Meltano wrote for plugins of a run, and removes when the run ends."""
    run = meltano.folders(os.environ)[0] / "run"
    left = sorted(run.glob("**/*.config.json"))
    if not left:
        return
    held = sorted({name for file in left for name in _held(file)})
    error = APBridgeError(
        "APB-CHK-031", files=", ".join(map(str, left)), held=", ".join(held) or "none", run=run
    )
    yield CheckResult.of("run files", error, State.WARNING if held else State.NOTE)


def _held(file: Path) -> Iterable[str]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return ()
    return [name for name in SECRETS if _is_plain(found.get(name))] if isinstance(found, dict) else ()


def _plain(configs: Configs) -> Iterator[CheckResult]:
    values = {
        str(config[name]): name
        for config in configs.values()
        for name in SECRETS
        if _is_plain(config.get(name))
    }
    if vault_file().exists():
        written = dotenv.dotenv_values(variables_file())
        yield from _named(variables_file(), [name for name, value in written.items() if value in values])
    project = Path(meltano.FILE)
    read = project.read_text(encoding="utf-8") if project.exists() else ""
    named = {name for value, name in values.items() if len(value) >= _SHORTEST and value in read}
    yield from _named(project, sorted(named))


def _named(file: Path, names: list[str]) -> Iterator[CheckResult]:
    if names:
        error = APBridgeError("APB-CHK-032", file=file, names=", ".join(names))
        yield CheckResult.of("plain secrets", error, State.WARNING)


def _is_plain(value: object) -> bool:
    return bool(value) and not str(value).startswith(REFERENCE)
