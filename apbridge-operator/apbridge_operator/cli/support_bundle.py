"""`apbridge support-bundle`: how a project is, in one file that holds nothing of the company."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from apbridge.errors import APBridgeError
from apbridge.files import replace
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import context
from apbridge_operator.cli.company import each
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.cli.words import pretty
from apbridge_operator.monitoring import Loop
from apbridge_operator.schedules import Silence
from apbridge_operator.support import MOST_RUNS, of_loop, settings_of
from apbridge_operator.survey import safe
from apbridge_operator.survey.report import Report
from apbridge_operator.versions import versions

app = typer.Typer()

_PROBE = re.compile(r"(netsuite|avidxchange|query)(\.[a-z_]{1,40}){1,4}")
_CONTENT = {
    "versions.json": "versions of our packages, of Meltano and of Python; the kind of machine",
    "settings.json": "which settings are set; of flags and numbers the value, of nothing else",
    "health.json": "what is late, failing or about to end, by code",
    "runs.json": f"the last {MOST_RUNS} runs: when, how they ended, counts by stream",
    "exceptions.json": "what waits or is rejected, counted by code",
    "records.json": "how many records there are by stream and status",
    "audit.json": "where the audit trail ends: a number and a hash",
    "survey.json": "what `apbridge survey` found out of the account, where it has left its file here",
}


@app.command()
def support_bundle(
    *,
    output: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)] = Path(
        "apbridge-support.zip"
    ),
    survey: Annotated[
        Path, typer.Option(help="What `apbridge survey` has written, if it has.", dir_okay=False)
    ] = Path("apbridge-survey.json"),
    as_json: Json = False,
) -> None:
    """Write what whoever helps asks first into a zip: no name, number, amount, host, id or secret is in it.

    From files and ledgers alone, without a call to either system. Companies are numbered.
    """
    members = dict(_members(survey))
    replace(output, _zipped(members))
    if as_json:
        print_json({"file": str(output), "members": {name: _CONTENT[name] for name in members}})
        return
    say(f"Written: {output}. In it is, and nothing else:", "")
    say(*(f"  {name}: {_CONTENT[name]}" for name in members), "")
    say("Companies are numbered in the order of companies.yaml. Look through it before you send it.")


def _zipped(members: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", "".join(f"{name}: {_CONTENT[name]}\n" for name in members))
        for name, value in members.items():
            file.writestr(name, pretty(value))
    return content.getvalue()


def _members(survey: Path) -> Iterator[tuple[str, Any]]:
    yield "versions.json", versions()
    settings, loops = [], []
    for number, _ in enumerate(each(None), 1):
        settings.append({"company": number, **_settings()})
        loops.append({"company": number, **_loop()})
    yield "settings.json", settings
    parts = {"health": "health", "runs": "runs", "exceptions": "exceptions", "records": "records"}
    for name, part in {**parts, "audit": "audit_head"}.items():
        told = [
            {"company": one["company"], part: one.get(part), "failed": one.get("failed")} for one in loops
        ]
        yield f"{name}.json", told
    if survey.exists():
        yield "survey.json", _survey(survey)


def _settings() -> dict[str, Any]:
    try:
        return {plugin: settings_of(context.config(plugin)) for plugin in context.PLUGINS}
    except APBridgeError as failure:
        return {"failed": failure.code}


def _loop() -> dict[str, Any]:
    """Describe the loop of the company at work; where it cannot be, the code of the sentence says why."""
    try:
        certificate = Certificate.from_config(context.config(context.TAP_NETSUITE))
        silence = Silence(context.schedules())
        with context.ledger() as ledger:
            return of_loop(Loop(ledger, certificate, silence))
    except APBridgeError as failure:
        return {"failed": failure.code}


def _survey(file: Path) -> Any:  # noqa: ANN401
    """Return a survey's report as far as it holds what a report may hold: somebody may have written in it."""
    try:
        report = Report.read(file).as_fields()
    except APBridgeError as failure:
        return {"failed": failure.code}
    probes = {
        name: one for name, one in report["probes"].items() if _PROBE.fullmatch(name) and safe.is_safe(one)
    }
    return {"format": report["format"], "probes": probes, "left_out": len(report["probes"]) - len(probes)}
