"""What keeps companies from running: both systems, a ledger or a spool together, or a ledger left behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.exc import ArgumentError

from apbridge import settings
from apbridge.avidxchange.settings import SIGNING_IN
from apbridge.errors import APBridgeError, SettingError
from apbridge_operator.cli import context
from apbridge_operator.cli.beginnings import left_behind
from apbridge_operator.cli.company import working_for
from apbridge_operator.companies import Company

_CREDENTIALS = tuple(name for name in SIGNING_IN if name != "company_id")
_ALONE = ("ledger_url", "spool_url")
_PORT = 5432


def clashes(companies: Sequence[Company]) -> dict[str, SettingError]:
    """Return what keeps companies from running, by the name of each that it concerns.

    Args:
        companies: All of the table.
    """
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    said: dict[str, SettingError] = dict(left_behind(companies))
    for company in companies:
        with working_for(company):
            try:
                for setting, place in _places():
                    found[setting, place].append(company.name)
            except SettingError as failure:
                said[company.name] = failure
    for (setting, place), names in found.items():
        if len(names) > 1:
            together = ", ".join(names)
            if setting in _ALONE:
                clash = SettingError("APB-CMP-008", companies=together, setting=setting, place=_shown(place))
            else:
                clash = SettingError("APB-CMP-007", companies=together, account=setting)
            said |= dict.fromkeys(names, clash)
    return said


def sharing(companies: Sequence[Company]) -> dict[str, SettingError]:
    """Return what companies of one NetSuite account must know of each other, by the name of each.

    Args:
        companies: All of the table.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for company in companies:
        with working_for(company):
            found[_account()].append(company.name)
    said: dict[str, SettingError] = {}
    for account, names in found.items():
        if account and len(names) > 1:
            note = SettingError("APB-CMP-022", companies=", ".join(names), account=account)
            said |= dict.fromkeys(names, note)
    return said


def _account() -> str:
    return str(context.config(context.TARGET_NETSUITE).get("account_id") or "").upper()


def _places() -> Iterator[tuple[str, str]]:
    """Yield what is to be the company's alone: each with its kind, or its NetSuite account."""
    target = context.config(context.TARGET_AVIDXCHANGE)
    account = _account()
    # The id tells companies apart that one partner's client serves; without it, what signs in does.
    company_id = settings.text(target, "company_id")
    if company_id:
        yield account, f"id {company_id}"
    elif any(target.get(name) for name in _CREDENTIALS):
        yield account, f"credentials {[_secret(target, name) for name in _CREDENTIALS]}"
    if ledger := settings.text(target, "ledger_url"):
        yield "ledger_url", _ledger_place(ledger)
    spool = settings.spool_of(target)
    yield "spool_url", spool.rstrip("/") if "://" in spool else str(Path(spool).resolve())


def _secret(config: Any, name: str) -> str | None:  # noqa: ANN401
    try:
        return settings.text(config, name)
    except APBridgeError:
        return str(config.get(name))


def _ledger_place(value: str) -> str:
    """Return where a ledger is, whatever way that is written, without what signs in there."""
    try:
        url = sqlalchemy.make_url(value)
    except ArgumentError as failure:
        raise SettingError("APB-LED-001", problem="it is not a database URL") from failure
    if url.drivername == "sqlite":
        return str(Path(str(url.database)).resolve())
    kept = {name: one for name, one in url.query.items() if name in {"host", "port", "schema"}}
    port = (url.port or _PORT) if url.host else None
    # Made anew: `set` takes None for what is to stay.
    bare = sqlalchemy.URL.create("postgresql", host=url.host, port=port, database=url.database, query=kept)
    return bare.render_as_string()


def _shown(place: str) -> str:
    return place.rsplit("@", 1)[-1]
