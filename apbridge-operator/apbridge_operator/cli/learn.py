"""`apbridge profile learn`: a profile drafted from what a customer has of the API."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from apbridge.avidxchange.checking import checked
from apbridge.avidxchange.profile_files import files_of
from apbridge.declared_file import MalformedFileError, UnreadableFileError, from_yaml, text_of
from apbridge.errors import SettingError
from apbridge.files import replace
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.output import Json, display, print_json, say, table
from apbridge_operator.contracts.asking import NOTHING, OpenPoint, from_answers
from apbridge_operator.contracts.described import ApiDescription
from apbridge_operator.contracts.drafting import LearnedProfile, learned
from apbridge_operator.contracts.reading import read_description
from apbridge_operator.contracts.writing import as_yaml


def learn(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="OpenAPI, Swagger, a Postman collection or a HAR file.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="The file that the draft is written to.")] = Path("learned.yaml"),
    answers: Annotated[
        Path | None,
        typer.Option(help="YAML with an answer for each key that is asked; nobody is asked then."),
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Ask nobody, and leave open what is open.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draft a profile from a description of the API, or from recorded calls, and ask what is open.

    Each line of the draft says why it is what it is. Values that were recorded are left behind. Exit code 1
    where something is left open, or the draft is not valid.
    """
    if out.exists():
        raise SettingError("APB-CLI-021", file=out)
    description = read_description(file)
    told = _answers(answers) if answers else {}
    asks = sys.stdin.isatty() and not (answers or no_input or as_json)
    found = learned(description, out.stem, _asked if asks else from_answers(told))
    draft = found.draft
    try:
        replace(out, as_yaml(found.declared, draft.whys, _head(file, description)).encode())
    except OSError as failure:
        raise SettingError("APB-CLI-004", file=out, problem=failure.strerror) from failure
    problems = [f"{out}, line {one.line}: {one}" for one in checked(files_of(str(out)))[1]]
    unused = [key for key in told if key not in draft.asking.said]
    if as_json:
        points = [asdict(one) for one in draft.asking.asked]
        print_json(
            {
                "file": str(out),
                "calls": len(description.calls),
                "stripped": description.stripped,
                "unread": description.unread,
                "operations": _operations(found),
                "asked": points,
                "open": draft.left_open,
                "unused": unused,
                "problems": problems,
            }
        )
    else:
        _show(out, description, found, unused)
        say(*problems)
    if problems or draft.left_open:
        raise typer.Exit(FOUND)


def _answers(file: Path) -> dict[str, str]:
    try:
        value = from_yaml(text_of(file)).value
    except (MalformedFileError, UnreadableFileError) as failure:
        raise SettingError("APB-CLI-020", file=file, problem=failure) from failure
    if not isinstance(value, Mapping):
        raise SettingError("APB-CLI-020", file=file, problem="it is no mapping of keys to answers")
    return {str(key): NOTHING if answer is None else str(answer) for key, answer in value.items()}


def _asked(point: OpenPoint) -> str | None:
    """Ask whoever sits there: a number of what is offered, or an answer of his own."""
    say("", f"{point.key}: {point.text}?")
    say(*(f"  {number}  {one}" for number, one in enumerate(point.candidates, 1)))
    open_ = "leave it open" if point.is_needed else "leave it out"
    answer = typer.prompt(
        f"A number, an expression, {NOTHING}, or nothing to {open_}", default="", show_default=False
    )
    answer = answer.strip()
    if answer.isdecimal() and 1 <= int(answer) <= len(point.candidates):
        return point.candidates[int(answer) - 1]
    return answer or None


def _head(file: Path, description: ApiDescription) -> tuple[str, ...]:
    return (
        f"Drafted by `apbridge profile learn` from {description.kind}, {file.name}.",
        "Each line says why it is what it is, with a score of up to 1; what is OPEN nobody has said yet.",
        "docs/writing-a-profile.md says what each key means. Hold it against your documentation.",
    )


def _operations(found: LearnedProfile) -> list[dict[str, Any]]:
    return [
        {"operation": f"{resource}.{name}", "call": one.call.name, "score": one.score, "why": one.why}
        for (resource, name), one in found.chosen.items()
    ]


def _show(out: Path, description: ApiDescription, found: LearnedProfile, unused: list[str]) -> None:
    say(f"Read {description.kind} with {len(description.calls)} calls.")
    stripped = {place: many for place, many in description.stripped.items() if many}
    if stripped:
        places = ", ".join(f"{place} {many}" for place, many in stripped.items())
        say(f"Left {sum(stripped.values())} secrets behind ({places}), and every other recorded value.")
    if description.unread:
        say(f"Did not follow {len(description.unread)} references: {', '.join(description.unread[:5])}.")
    shown = table("operation", "call", "score", "why")
    for one in _operations(found):
        shown.add_row(one["operation"], one["call"], f"{one['score']:.2f}", one["why"])
    display(shown)
    asked, said = found.draft.asking.asked, found.draft.asking.said
    say(f"{out} is written: {len(asked)} things were asked, {len(asked) - len(said)} have no answer.")
    for point in asked:
        if point.key not in said:
            perhaps = f" Perhaps {', '.join(point.candidates)}." if point.candidates else ""
            say(f"  {'OPEN' if point.is_needed else 'left out'}  {point.key}: {point.text}.{perhaps}")
    say(*(f"Nothing asked for the answer {key}." for key in unused))
    say(f"Go on with `apbridge profile check {out}`.")
