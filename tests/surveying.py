"""A survey of a running sandbox, in this process."""

from __future__ import annotations

from apbridge.avidxchange import AvidXchangeReader, AvidXchangeSettings
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.cli.checks.permissions import permissions
from apbridge_operator.survey import ProbeResult, Report, survey_avidxchange, survey_netsuite
from apbridge_operator.survey.account import Account
from apbridge_operator.survey.asks import ASKS
from apbridge_operator.survey.probe import probes
from apbridge_sandbox.testing import Running
from tests.in_process import netsuite_config

DIMENSIONS = ("department", "class", "location")


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
