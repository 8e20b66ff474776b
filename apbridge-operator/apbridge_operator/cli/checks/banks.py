"""The bank accounts that payments are posted from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apbridge.errors import APBridgeError
from apbridge.netsuite import NetSuite, in_list
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader
from apbridge_operator.cli.checks.result import CheckResult, State

_PAYING = frozenset({"Bank", "CredCard"})
"""The types of accounts that NetSuite takes a vendor payment from."""

_CLEARING = frozenset({"OthCurrAsset", "OthCurrLiab"})
"""Those that it takes with the preference Expand Account Lists besides: clearing accounts."""

_ACCOUNTS = Query.load(__package__, "bank_accounts", "see the bank accounts", ["id"])


def bank_accounts(netsuite: NetSuite, config: Mapping[str, Any]) -> list[CheckResult]:
    """Check that each is there, is one that payments may come from, and fits the payments that it is for."""
    entries = [dict(entry) for entry in config.get("bank_accounts") or ()]
    if config.get("bank_account"):
        entries.append({"account": config["bank_account"]})
    if not entries:
        return [CheckResult.of("bank account", APBridgeError("APB-CHK-010"))]
    try:
        known = _known(netsuite, sorted({str(entry["account"]).strip() for entry in entries}))
    except APBridgeError as error:
        return [CheckResult.of("bank account", error)]
    return [_result(entry, known.get(str(entry["account"]).strip())) for entry in entries]


def _known(netsuite: NetSuite, accounts: list[str]) -> dict[str, Row]:
    with Reader(netsuite, Features()) as reader:
        found = reader.look_up(_ACCOUNTS, accounts, by="id", write=in_list)()
    return {number: row for number, (*_, row) in found.items()}


def _result(entry: Mapping[str, Any], row: Mapping[str, str] | None) -> CheckResult:
    account = str(entry["account"]).strip()
    subject = f"bank account {account}"
    if row is None:
        return CheckResult.of(subject, APBridgeError("APB-CHK-011", account=account))
    problems = list(_problems(entry, row))
    if problems:
        error = APBridgeError("APB-CHK-012", account=account, problems=" and ".join(problems))
        return CheckResult.of(subject, error, State.WRONG)
    if (kind := row.get("accttype")) in _CLEARING:
        return CheckResult.of(subject, APBridgeError("APB-CHK-018", account=account, kind=kind), State.NOTE)
    means = ", ".join(str(entry[name]) for name in ("method", "currency", "subsidiary") if entry.get(name))
    return CheckResult.ok(subject, f"{row.get('acctnumber', account)}, for {means or 'all payments'}.")


def _problems(entry: Mapping[str, Any], row: Mapping[str, str]) -> Iterator[str]:
    if row.get("accttype") not in _PAYING | _CLEARING:
        yield f"is of type {row.get('accttype', 'unknown')}, not Bank or CredCard"
    if row.get("issummary") == "T":
        yield "is a summary account"
    if row.get("isinactive") == "T":
        yield "is inactive"
    currency = row.get("currency")
    if entry.get("currency") and currency and currency != entry["currency"]:
        yield f"is in {currency}, not {entry['currency']}"
    subsidiaries = {one.strip() for one in row.get("subsidiary", "").split(",") if one.strip()}
    # An account that counts for the children of its subsidiaries may be any of theirs: NetSuite decides.
    if row.get("includes_children") == "T":
        return
    if entry.get("subsidiary") and subsidiaries and str(entry["subsidiary"]) not in subsidiaries:
        yield f"belongs to subsidiary {', '.join(sorted(subsidiaries))}, not {entry['subsidiary']}"
