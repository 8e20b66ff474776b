"""`apbridge records`: is what a tap writes right for one of the targets?"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from apbridge.errors import SettingError
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.output import Json, display, print_json, say, table
from apbridge_operator.records import TAKEN, Problem, RecordCheck

app = typer.Typer(help="Canonical records of any tap.", no_args_is_help=True)

_STANDARD_INPUT = Path("-")


@app.callback()
def group() -> None:
    """Keep `check` a word of its own."""


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="What the tap wrote; standard input when left out.")
    ] = _STANDARD_INPUT,
    *,
    into: Annotated[
        Literal["target-avidxchange", "target-netsuite-payments"],
        typer.Option(help="The target that is to take it."),
    ] = "target-avidxchange",
    elsewhere: Annotated[
        list[str] | None,
        typer.Option(metavar="STREAM", help="That target has these records from elsewhere; may be repeated."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many of each kind of problem are shown.")] = 5,
    as_json: Json = False,
) -> None:
    """Check what a tap writes for a target: nothing is sent, and nothing is asked of anybody.

    Each record is held to the rules of the target itself. Exit code 1 where anything is wrong.
    """
    for stream in elsewhere or ():
        if stream not in TAKEN[into]:
            taken = ", ".join(TAKEN[into])
            raise SettingError("APB-SNG-008", plugin=into, stream=stream, taken=taken)
    found = RecordCheck(into, elsewhere or (), most)
    try:
        if file == _STANDARD_INPUT:
            found.read(sys.stdin.buffer)
        else:
            with file.open("rb") as source:
                found.read(source)
    except OSError as failure:
        raise SettingError("APB-RCD-001", file=file, problem=failure.strerror) from failure
    problems = found.mistakes.problems
    if as_json:
        streams = {
            name: {"records": one.records, "deleted": one.deleted, "wrong": one.wrong}
            for name, one in found.streams.items()
        }
        shown = {"ok": not problems, "lines": found.lines, "streams": streams}
        print_json({**shown, "problems": [asdict(one) for one in problems]})
    else:
        _show(found, problems)
    if problems:
        raise typer.Exit(FOUND)


def _show(found: RecordCheck, problems: list[Problem]) -> None:
    if found.streams:
        shown = table("stream", "records", "deleted", "wrong")
        for name, told in found.streams.items():
            shown.add_row(name, str(told.records), str(told.deleted), str(told.wrong))
        display(shown)
    for problem in problems:
        first = problem.first[0]
        say("", f"{problem.code}, {problem.count} times: {first.do}")
        for one in problem.first:
            say(f"  {f'line {one.line}: ' if one.line else ''}{one.says}")
        if problem.count > len(problem.first):
            say(f"  and {problem.count - len(problem.first)} more")
    say("", "Something is wrong." if problems else f"All {found.lines} lines are right.")
