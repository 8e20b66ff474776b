"""`apbridge survey`: what kind of account is it, and what of it will fail?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer

from apbridge.avidxchange import AvidXchangeReader, AvidXchangeSettings
from apbridge.errors import APBridgeError, SettingError
from apbridge.schemas.identifiers import DIMENSIONS
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.checks.permissions import permissions
from apbridge_operator.cli.company import One, only
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.survey import (
    AnswerState,
    ProbeResult,
    Report,
    SurveyChange,
    changes,
    in_words,
    not_surveyed,
    survey_avidxchange,
    survey_netsuite,
)

app = typer.Typer(help="Find out what kind of account it is.")

_ORDER = (AnswerState.EXPECTED, AnswerState.UNKNOWN, AnswerState.HANDLED, AnswerState.FAILS)
"""What is worst comes last, for that is what is seen of a long table."""
_MOST_SHOWN = 100
"""Characters of one fact: the file has the whole of it."""

_STYLES = {
    AnswerState.EXPECTED: "green",
    AnswerState.UNKNOWN: "dim",
    AnswerState.HANDLED: "yellow",
    AnswerState.FAILS: "bold red",
}


@app.command()
def survey(
    *,
    output: Annotated[Path, typer.Option(help="The file to write; it holds nothing of the company.")] = Path(
        "apbridge-survey.json"
    ),
    against: Annotated[
        Path | None, typer.Option(help="An earlier survey's file: say what has changed since.")
    ] = None,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Ask both systems what the project needs to know of them, and write to a file what kind they are.

    Nothing is written to either system. The file holds no name, number, amount or id, and may be attached
    to a bug report. Exit code 1 where something will fail, or with --against has changed for the worse.
    """
    if not output.parent.is_dir():
        raise SettingError("APB-SRV-003", file=output, problem="there is no such folder")
    earlier = Report.read(against) if against else None
    with only(company):
        results = [*_netsuite(), *_avidxchange()]
    report = Report(results, version("apbridge"), f"{datetime.now(timezone.utc):%Y-%m-%d}")
    report.write(output)
    changed = list(changes(earlier, report)) if earlier else []
    if as_json:
        found = [{"code": one.sentence.code, "says": one.sentence.says} for one in changed]
        print_json({**report.as_fields(), **({"changes": found} if earlier else {})})
    else:
        _show(report)
        if earlier:
            _show_changes(changed, earlier.day)
        say(f"Written: {output}. It holds nothing of the company: attach it to a bug report as it is.")
    if report.fails or any(one.is_worse for one in changed):
        raise typer.Exit(FOUND)


def _netsuite() -> Iterator[ProbeResult]:
    try:
        with context.netsuite(context.TAP_NETSUITE) as netsuite:
            yield from survey_netsuite(netsuite, permissions())
    except APBridgeError as error:
        yield not_surveyed("netsuite.sign_in", error)


def _avidxchange() -> Iterator[ProbeResult]:
    try:
        dimensions = context.config(context.TAP_AVIDXCHANGE).get("dimensions") or [*DIMENSIONS]
        settings = AvidXchangeSettings.from_config(context.config(context.TARGET_AVIDXCHANGE))
        with AvidXchangeReader(settings) as reader:
            yield from survey_avidxchange(reader, dimensions)
    except APBridgeError as error:
        yield not_surveyed("avidxchange.sign_in", error)


def _show(report: Report) -> None:
    shown = table("", "probe", "question, answer; what is different, and what to do")
    shown.columns[0].no_wrap = shown.columns[1].no_wrap = True
    for one in sorted(report.results, key=lambda one: _ORDER.index(one.state)):
        sentences = [note.sentence for note in one.notes]
        words = [one.question, _answer(one), *(f"{each.says} {each.do} [{each.code}]" for each in sentences)]
        words.append(one.says)
        shown.add_row(line((one.state.value, _STYLES[one.state])), one.name, " ".join(filter(None, words)))
    display(shown)
    counts = (f"{sum(one.state is state for one in report.results)} {state.value}" for state in _ORDER)
    say("", "; ".join(counts) + ".")


def _answer(one: ProbeResult) -> str:
    """Write the facts that are known, in a line."""
    known = {name: value for name, value in one.found.items() if value not in (None, [])}
    if known == {"taken": True}:
        return "Yes."
    parts = (
        f"{name.replace('_', ' ')}: {shorten(in_words(value), _MOST_SHOWN)}" for name, value in known.items()
    )
    return f"({'; '.join(parts)})" if known else ""


def _show_changes(changed: list[SurveyChange], day: str) -> None:
    say("", f"Since {day}:" if changed else f"Nothing has changed since {day}.")
    for one in changed:
        do = f" {one.sentence.do}" if one.is_worse else ""
        say(f"- {one.sentence.says}{do}")
