"""A survey of a running sandbox, in this process, and what AvidXchange has for it to look at."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from apbridge.avidxchange import AvidXchange, AvidXchangeReader, AvidXchangeSettings
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.cli.checks.permissions import permissions
from apbridge_operator.survey import ProbeResult, Report, survey_avidxchange, survey_netsuite
from apbridge_operator.survey.account import Account
from apbridge_operator.survey.asks import ASKS
from apbridge_operator.survey.probe import probes
from apbridge_sandbox.testing import Running
from tests.in_process import netsuite_config

DIMENSIONS = ("department", "class", "location")
TOTAL = Decimal("7919.83")


def asked(sandbox: Running, name: str) -> ProbeResult:
    """Ask NetSuite one probe alone."""
    probe = probes()[name]
    with NetSuite(NetSuiteSettings.from_config(netsuite_config(sandbox))) as netsuite:
        account = Account(netsuite)
        if probe.query is None:
            return probe.judged(ASKS[name](account))
        rows = account.rows(probe.query)
        return probe.judged({fact: read.read(rows) for fact, read in probe.facts.items()})


def surveyed(sandbox: Running, *, avidxchange: str | None = None) -> Report:
    """Survey NetSuite, and AvidXchange by a profile where one is named."""
    with NetSuite(NetSuiteSettings.from_config(netsuite_config(sandbox))) as netsuite:
        results = list(survey_netsuite(netsuite, permissions()))
    if avidxchange:
        settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings(avidxchange))
        with AvidXchangeReader(settings) as reader:
            results += survey_avidxchange(reader, DIMENSIONS)
    return Report(results, "0", "2026-11-30")


def found(report: Report, probe: str) -> dict[str, Any]:
    """Return what a probe has found."""
    return dict(next(one.found for one in report.results if one.name == probe))


def submitted(sandbox: Running, canaries: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Fill AvidXchange with a vendor, a code, an invoice and its payment, each with canaries in its texts."""
    names = {
        name: next(canaries) for name in ("vendor", "email", "code", "account", "number", "memo", "line")
    }
    vendor = {"external_id": f"{names['vendor']}-1", "name": names["vendor"], "email": names["email"]}
    account = {"external_id": f"{names['account']}-1", "code": names["code"], "name": names["account"]}
    line = {
        "id": "1",
        "gl_code": names["code"],
        "amount": TOTAL,
        "memo": names["line"],
        "codes": {},
        "segments": {},
    }
    invoice = {
        "external_id": f"{names['number']}-1",
        "vendor_external_id": vendor["external_id"],
        "number": names["number"],
        "memo": names["memo"],
        "bill_date": "2026-10-30",
        "currency": "USD",
        "total": TOTAL,
        "purchase_orders": [],
        "lines": [line],
    }
    settings = AvidXchangeSettings.from_config(sandbox.avidxchange_settings("avidconnect"))
    with AvidXchange(settings) as client:
        for resource, record in (
            ("vendor", {**vendor, "is_active": True}),
            ("gl_account", {**account, "is_active": True, "is_postable": True}),
            ("invoice", invoice),
        ):
            client.submit(client.upsertion(resource, record))
    sandbox.control("/control/invoices/approve", {"external_ids": "all"})
    sandbox.control("/control/payments/pay", {"all": True, "method": "check"})
    sandbox.control("/control/payments/settle", {"ids": "all"})
    yield from ((canary, f"AvidXchange's {name}") for name, canary in names.items())
    yield str(TOTAL), "AvidXchange's amount"
