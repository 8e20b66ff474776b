"""What is on this machine: the vault, the ledger, Meltano's state."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from errno import EACCES
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from apbridge import settings
from apbridge.avidxchange import AvidXchangeSettings
from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger
from apbridge.ledger.database import shown
from apbridge.mapping import Coding
from apbridge.netsuite import NetSuiteSettings
from apbridge.origin import Origin
from apbridge.vault import Vault, vault_file
from apbridge_operator.answers import kept_answers
from apbridge_operator.cli import meltano
from apbridge_operator.cli.checks.result import CheckResult, State


def vault() -> Iterator[CheckResult]:
    """Look whether the vault opens, where there is one."""
    if not vault_file().exists():
        return
    try:
        names = Vault.open().names()
    except APBridgeError as error:
        yield CheckResult.of("vault", error)
    else:
        yield CheckResult.ok("vault", f"It opens; it holds {len(names)} secrets.")


def mapping(config: Mapping[str, Any]) -> Iterator[CheckResult]:
    """Look at the tables that target-avidxchange maps codes by."""
    try:
        Coding.from_config(config)
    except APBridgeError as error:
        yield CheckResult.of("mapping", error)
    else:
        says = "Its tables are valid; `apbridge mapping check` holds them against open bills."
        yield CheckResult.ok("mapping", says)


def ledgers(configs: Mapping[str, Mapping[str, Any]]) -> Iterator[CheckResult]:
    """Look at the ledger by the settings, by name, of both targets and of whatever else uses it."""
    try:
        urls = {settings.required_text(config, "ledger_url"): plugin for plugin, config in configs.items()}
    except APBridgeError as error:
        yield CheckResult.of("ledger", error)
        return
    if len(urls) > 1:
        several = APBridgeError("APB-CHK-020", plugins=" and ".join(urls.values()))
        yield CheckResult.of("ledger", several, State.WARNING)
    ends = list(_ends(configs))
    company = next((one["company"] for one in configs.values() if one.get("company")), None)
    for url in urls:
        yield from _ledger(url, ends, company)


def _ends(configs: Mapping[str, Mapping[str, Any]]) -> Iterator[Origin]:
    """Yield which account and which company the settings name; where one is wrong, others say so."""
    with suppress(APBridgeError):
        yield AvidXchangeSettings.from_config(configs["target-avidxchange"]).origin
    with suppress(APBridgeError):
        yield NetSuiteSettings.from_config(configs["target-netsuite-payments"]).origin


def _ledger(url: str, ends: Sequence[Origin], company: str | None) -> Iterator[CheckResult]:
    try:
        with Ledger(url, company=company) as ledger:
            ledger.identity.see(*ends)
            kept = kept_answers(ledger)
    except APBridgeError as error:
        yield CheckResult.of("ledger", error)
        return
    yield CheckResult.ok("ledger", f"{shown(sqlalchemy.make_url(url))} is reached and up to date.")
    for one in kept:
        yield from (
            CheckResult.of("answers", says, State.WARNING) for change, says in one.told() if not change.back
        )


def state() -> Iterator[CheckResult]:
    """Check that Meltano can keep its bookmarks."""
    backend, database = meltano.state_places(Path(), os.environ)
    kind = backend.partition(":")[0]
    if kind != "systemdb":
        yield CheckResult.ok(
            "state", f"Meltano keeps it in a place of kind {kind}, which is not looked at from here."
        )
        return
    try:
        url = sqlalchemy.make_url(database)
        if url.drivername == "sqlite":
            _writable(Path(str(url.database)))
        else:
            engine = sqlalchemy.create_engine(url)
            with engine.connect() as connection:
                connection.execute(sqlalchemy.text("SELECT 1"))
            engine.dispose()
    except (ImportError, OSError, SQLAlchemyError) as failure:
        problem = getattr(failure, "strerror", None) or type(failure).__name__
        yield CheckResult.of("state", APBridgeError("APB-CHK-021", problem=problem))
    else:
        yield CheckResult.ok("state", f"Meltano keeps it in {shown(url)}.")


def _writable(file: Path) -> None:
    place = file if file.exists() else next((one for one in file.parents if one.exists()), Path())
    if not (os.access(place, os.W_OK) and (place == file or place.is_dir())):
        raise PermissionError(EACCES, f"{place} may not be written to")
