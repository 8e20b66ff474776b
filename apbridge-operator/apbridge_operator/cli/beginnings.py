"""What a company must not begin without: the ledger that had its NetSuite account until now."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from apbridge import settings
from apbridge.errors import SettingError, UnavailableError
from apbridge.ledger.identity import LedgerOwner, owner_of
from apbridge.redaction import without_credentials
from apbridge_operator.cli import context, meltano
from apbridge_operator.cli.company import ENVIRONMENT, working_for
from apbridge_operator.companies import AVIDXCHANGE, NETSUITE, Company


def left_behind(companies: Sequence[Company]) -> Iterator[tuple[str, SettingError]]:
    """Yield the companies that would begin anew beside a ledger of theirs, each with what to say.

    It is that of the project, which was of one company before, or of the company under another name.

    Args:
        companies: All of the table.

    Raises:
        SettingError: A ledger's URL is not usable.
    """
    left = [
        (url, found)
        for url in _of_nobody({one.name for one in companies})
        for found in _owners(url)
        if NETSUITE in found.origins
    ]
    for company in companies if left else ():
        with working_for(company):
            own = settings.text(context.config(context.TARGET_AVIDXCHANGE), "ledger_url")
            beside = [url for url, found in left if url != own and _is_of_one_at_work(found)]
            if beside and own and not any(found.origins for found in _owners(own)):
                account = context.config(context.TARGET_NETSUITE).get("account_id")
                ledger = without_credentials(beside[0])
                told = {"company": company.name, "account": account, "ledger": ledger}
                yield company.name, SettingError("APB-CMP-020", **told)


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
