"""`apbridge profile try`: does AvidXchange do what a profile says, before anybody goes live by it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings, Profile
from apbridge.avidxchange.checking import checked, evidence
from apbridge.avidxchange.profile_files import files_of, shipped
from apbridge.errors import SettingError, UnavailableError
from apbridge.files import replace
from apbridge.json import canonical
from apbridge.schemas.identifiers import DIMENSIONS
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND, NOT_NOW
from apbridge_operator.cli.company import One, only
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.contracts.writing import as_yaml
from apbridge_operator.trial.evidence import assumed, overlay
from apbridge_operator.trial.reading import try_reading
from apbridge_operator.trial.records import TrialRecords
from apbridge_operator.trial.report import TrialReport
from apbridge_operator.trial.result import TrialResults, TrialState
from apbridge_operator.trial.sending import TrialWriter
from apbridge_operator.trial.writing import WriteTrial

_STYLES = {TrialState.PASSED: "green", TrialState.UNKNOWN: "cyan", TrialState.FAILED: "bold red"}
_COMMAND = "apbridge profile try"
_FINISHED, _FAILED = "finished", "failed"


def try_(
    profile: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="A profile's file, or one that ships; the one in use unless told."
        ),
    ] = None,
    *,
    write: Annotated[
        bool, typer.Option(help="Also write to a company for tests, and take back what was written.")
    ] = False,
    company_is_for_tests: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="With --write: which company it is, as AvidXchange answers it, or its host."
        ),
    ] = None,
    currency: Annotated[str, typer.Option(help="With --write: of the amounts.")] = "USD",
    output: Annotated[
        Path | None,
        typer.Option(help="Write the report to this file, as Markdown; it holds nothing of the company."),
    ] = None,
    save_evidence: Annotated[
        Path | None,
        typer.Option(help="Write a profile that extends this one and says what was seen to be right."),
    ] = None,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Try a profile on a company of AvidXchange: each list, each filter; with --write each write too.

    Address and credentials are those of target-avidxchange. Exit code 1 where a check fails, 3 where
    AvidXchange did not answer one.
    """
    for file in filter(None, [output, save_evidence]):
        if not file.parent.is_dir():
            raise SettingError("APB-TRY-004", file=file, problem="there is no such folder")
    with only(company):
        report, shows, name = _tried(profile, currency, company_is_for_tests, write=write)
    if output:
        _write(output, report.as_markdown())
    if save_evidence:
        _save_evidence(save_evidence, name, shows)
    if as_json:
        print_json(report.as_fields())
    else:
        _show(report)
    failed = [one for one in report.results if one.state is TrialState.FAILED]
    if failed:
        raise typer.Exit(FOUND if all(one.was_answered for one in failed) else NOT_NOW)


def _tried(
    profile: str | None, currency: str, given: str | None, *, write: bool
) -> tuple[TrialReport, Sequence[str], str]:
    config = context.config(context.TARGET_AVIDXCHANGE)
    settings = AvidXchangeSettings.from_config({**config, "profile": profile} if profile else config)
    Profile.load(settings.profile)
    declared: dict[str, Any] = checked(files_of(settings.profile))[0]
    dimensions = context.config(context.TAP_AVIDXCHANGE).get("dimensions") or [*DIMENSIONS]
    results = TrialResults()
    with AvidXchange(settings) as client:
        client.check()
        if write:
            _require_named(client, settings, given)
        with suppress(UnavailableError):  # it is in the results, with all that was seen before
            try_reading(client, settings, declared, dimensions, results)
            if write:
                _try_writing(client, results, dimensions, currency)
        calls = client.session.counts.calls
    shows = [name for one in results.all if one.state is TrialState.PASSED for name in one.shows]
    sure = evidence(files_of(settings.profile))
    report = TrialReport(
        profile=declared["name"],
        profile_hash=sha256(canonical(declared)).hexdigest(),
        version=version("apbridge"),
        at=f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        wrote=write,
        calls=calls,
        results=results.all,
        assumed=assumed(declared, sure, shows),
        stays=results.stays,
    )
    return report, shows, settings.profile


def _require_named(client: AvidXchange, settings: AvidXchangeSettings, given: str | None) -> None:
    """Check that the company which is written to is the one that somebody has said is for tests.

    Raises:
        SettingError: It is another, or none is named.
    """
    host = urlsplit(settings.base_url).hostname
    expected = client.company or settings.credentials.get("company_id") or host
    if given is None:
        raise SettingError("APB-TRY-001", expected=expected)
    if given != expected:
        raise SettingError("APB-TRY-002", expected=expected, given=given)


def _try_writing(
    client: AvidXchange, results: TrialResults, dimensions: Sequence[str], currency: str
) -> None:
    now = datetime.now(timezone.utc)
    records = TrialRecords(f"{now:%y%m%d%H%M%S%f}"[:14], dimensions, now.date(), currency)
    looks_up = {
        name
        for name, one in client.profile.resources.items()
        if "external_id" in one.listing.filters and results.has_passed(f"{name}.list.found")
    }
    with context.ledger() as ledger:
        run = ledger.start_run(_COMMAND, version("apbridge"))
        status = _FAILED
        try:
            WriteTrial(TrialWriter(client, run, looks_up), records, results).run()
            status = _FINISHED
        finally:
            run.finish(status, {})


def _save_evidence(file: Path, profile: str, shows: Sequence[str]) -> None:
    files = files_of(profile)
    extends = profile if profile in shipped() else str(Path(profile).resolve())
    made = overlay(checked(files)[0], evidence(files), shows, extends)
    day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    head = (f"As {profile}, with what `{_COMMAND}` has seen to be right on {day}.",)
    _write(file, as_yaml(made, {}, head))


def _write(file: Path, text: str) -> None:
    try:
        replace(file, text.encode())
    except UnavailableError as failure:
        raise SettingError("APB-TRY-004", file=file, problem=failure.facts["problem"]) from failure


def _show(report: TrialReport) -> None:
    shown = table("check", "", "what was seen, and what to do", "in the profile")
    order: Mapping[TrialState, int] = {state: rank for rank, state in enumerate(_STYLES)}
    for one in sorted(report.results, key=lambda one: order[one.state]):
        code = f" {one.code}" if one.code else ""
        text = line(f"{one.says} {one.do}".strip(), (code, "dim"))
        shown.add_row(one.check, line((one.state.value, _STYLES[one.state])), text, one.where)
    display(shown)
    say("", f"{report.profile}: {report.in_a_line}; {report.calls} calls.", *report.evidence)
    if report.stays:
        say("What stays in the company:", *(f"- {one}" for one in report.stays))
    if not report.wrote:
        say("Writes were not tried: `--write`, on a company for tests.")
