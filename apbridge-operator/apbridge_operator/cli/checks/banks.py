"""The bank accounts that payments are posted from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apbridge.errors import APBridgeError, RefusedError
from apbridge.netsuite import NetSuite, in_list
from apbridge_operator.cli.checks.finding import Finding, State

_PLAIN = (
    "SELECT a.id, a.acctnumber, a.accttype, a.isinactive"
    " FROM account a WHERE a.id IN ({ids}) ORDER BY a.id ASC"
)
_FULL = (
    "SELECT a.id, a.acctnumber, a.accttype, a.isinactive, a.subsidiary, c.symbol AS currency"
    " FROM account a LEFT JOIN currency c ON c.id = a.currency WHERE a.id IN ({ids}) ORDER BY a.id ASC"
)


def bank_accounts(netsuite: NetSuite, config: Mapping[str, Any]) -> list[Finding]:
    """See that each is there, is a bank account, and fits the payments that it is for."""
    entries = [dict(entry) for entry in config.get("bank_accounts") or ()]
    if config.get("bank_account"):
        entries.append({"account": config["bank_account"]})
    if not entries:
        return [Finding.of("bank account", APBridgeError("APB-CHK-010"))]
    try:
        known = _known(netsuite, sorted({str(entry["account"]).strip() for entry in entries}))
    except APBridgeError as error:
        return [Finding.of("bank account", error)]
    return [_finding(entry, known.get(str(entry["account"]).strip())) for entry in entries]


def _known(netsuite: NetSuite, accounts: list[str]) -> dict[str, dict[str, str]]:
    purpose = "see the bank accounts"
    ids = in_list(accounts)
    try:
        rows = netsuite.suiteql_all(_FULL.format(ids=ids), purpose=purpose)
    except RefusedError:
        # An account with one currency, or that is not OneWorld, has no such columns.
        rows = netsuite.suiteql_all(_PLAIN.format(ids=ids), purpose=purpose)
    return {row["id"]: row for row in rows}


def _finding(entry: Mapping[str, Any], row: Mapping[str, str] | None) -> Finding:
    account = str(entry["account"]).strip()
    subject = f"bank account {account}"
    if row is None:
        return Finding.of(subject, APBridgeError("APB-CHK-011", account=account))
    problems = list(_problems(entry, row))
    if problems:
        error = APBridgeError("APB-CHK-012", account=account, problems=" and ".join(problems))
        return Finding.of(subject, error, State.WRONG)
    means = ", ".join(str(entry[name]) for name in ("method", "currency", "subsidiary") if entry.get(name))
    return Finding.ok(subject, f"{row.get('acctnumber', account)}, for {means or 'all payments'}.")


def _problems(entry: Mapping[str, Any], row: Mapping[str, str]) -> Iterator[str]:
    if row.get("accttype") != "Bank":
        yield f"is of type {row.get('accttype', 'unknown')}, not Bank"
    if row.get("isinactive") == "T":
        yield "is inactive"
    currency = row.get("currency")
    if entry.get("currency") and currency and currency != entry["currency"]:
        yield f"is in {currency}, not {entry['currency']}"
    subsidiaries = {one.strip() for one in row.get("subsidiary", "").split(",") if one.strip()}
    if entry.get("subsidiary") and subsidiaries and str(entry["subsidiary"]) not in subsidiaries:
        yield f"belongs to subsidiary {', '.join(sorted(subsidiaries))}, not {entry['subsidiary']}"
