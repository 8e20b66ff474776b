"""What a company must not begin without: the ledger that had its NetSuite account until now."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs

from apbridge import settings
from apbridge.errors import SettingError, UnavailableError
from apbridge.ledger.database import in_schemas_beside, named
from apbridge.ledger.identity import LedgerOwner, owner_of
from apbridge_operator.cli import context, meltano
from apbridge_operator.cli.company import ENVIRONMENT, working_for
from apbridge_operator.companies import AVIDXCHANGE, NETSUITE, Company


def left_behind(companies: Sequence[Company]) -> Iterator[tuple[str, SettingError]]:
    """Yield the companies that would begin anew beside a ledger of theirs, each with what to say.

    It is that of the project, which was of one company before, or of the company under another name.

    Args:
        companies: All of the table.

    Raises:
        SettingError: The project's ledger has a URL that is not usable.
    """
    names = {one.name for one in companies}
    places = _own_places(companies)
    left = [
        (url, found)
        for url in (*_of_nobody(names), *_in_schemas_of_nobody(places.values()))
        for found in _owners(url)
        if NETSUITE in found.origins and found.company not in names
    ]
    for company in companies if left else ():
        own = places.get(company.name)
        with working_for(company):
            beside = [url for url, found in left if url != own and _is_of_one_at_work(found)]
            if beside and own and not any(found.origins for found in _owners(own)):
                account = context.config(context.TARGET_NETSUITE).get("account_id")
                ledger = named(beside[0])
                told = {"company": company.name, "account": account, "ledger": ledger}
                yield company.name, SettingError("APB-CMP-020", **told)


def _own_places(companies: Sequence[Company]) -> dict[str, str]:
    """Return where the ledgers of companies are to be, by name; without what is no setting."""
    found: dict[str, str] = {}
    for company in companies:
        with working_for(company), suppress(SettingError):
            found[company.name] = (
                settings.text(context.config(context.TARGET_AVIDXCHANGE), "ledger_url") or ""
            )
    return found


def _in_schemas_of_nobody(places: Iterable[str]) -> Iterator[str]:
    """Yield the ledgers of no company of the table in the databases where companies have a schema each."""
    databases: dict[str, str] = {}
    schemas: set[str] = set()
    for url in places:
        database, _, query = url.partition("?")
        if own := parse_qs(query).get("schema"):
            databases.setdefault(database, url)
            schemas.update(own)
    for url in databases.values():
        # One that is not there now, or is no setting, keeps no company of another one from its run.
        with suppress(UnavailableError, SettingError):
            beside = in_schemas_beside(url)
            yield from (place for schema, place in beside.items() if schema not in schemas)


def _of_nobody(names: Collection[str]) -> Iterator[str]:
    """Yield where the ledger of no company of the table may be: the project's, and those of other names."""
    alone = {name: value for name, value in os.environ.items() if name != ENVIRONMENT}
    if url := settings.text(meltano.config(Path(), context.TARGET_AVIDXCHANGE, alone), "ledger_url"):
        yield url
    for file in sorted(Path.cwd().glob(".apbridge/*/ledger.db")):
        if file.parent.name not in names:
            yield f"sqlite:///{file}"


def _owners(url: str) -> Iterator[LedgerOwner]:
    # One that is not there now keeps no other company from its run.
    with suppress(UnavailableError):
        yield owner_of(url)


def _is_of_one_at_work(found: LedgerOwner) -> bool:
    """Return whether a ledger may be between the two systems of the company at work."""
    now = {
        (NETSUITE, "account"): context.config(context.TARGET_NETSUITE).get("account_id"),
        (AVIDXCHANGE, "company"): context.config(context.TARGET_AVIDXCHANGE).get("company_id"),
    }
    for (system, fact), value in now.items():
        kept = found.origins[system].facts.get(fact) if system in found.origins else None
        if kept and value and kept.upper() != str(value).upper():
            return False
    return True
