"""`apbridge profile record` and `drift`: the shapes of AvidXchange's answers, and how they have changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from apbridge.avidxchange import AvidXchangeReader, AvidXchangeSettings
from apbridge.avidxchange.answer_drift import SeenAnswers
from apbridge.avidxchange.canonical import STREAMS
from apbridge.avidxchange.recording import AnswerRecorder
from apbridge.errors import APBridgeError, SettingError
from apbridge.files import replace
from apbridge.json import dumps
from apbridge.ledger.run_history import RunHistory
from apbridge.schemas.identifiers import DIMENSIONS
from apbridge_operator.answers import KeptAnswers, accept, kept_answers
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.company import One, only
from apbridge_operator.cli.output import Json, display, print_json, say, table


def record(
    *,
    accepted: Annotated[
        bool, typer.Option("--accept", help="Read nothing: take what is kept for right as it is now.")
    ] = False,
    pages: Annotated[int, typer.Option(min=1, help="Pages of each list to read.")] = 3,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Read AvidXchange's lists and keep the shapes of the answers in the ledger; nothing is written there.

    It is what runs do with `record_answers`. With --accept say that a change is right: it is told no more,
    and later answers are held against what is kept now. Exit code 1 where a list cannot be read.
    """
    with only(company), context.ledger() as ledger:
        if accepted:
            many = accept(ledger)
            if as_json:
                print_json({"accepted": many})
            else:
                say(f"{many} changes are accepted.")
            return
        settings = AvidXchangeSettings.from_config(context.config(context.TARGET_AVIDXCHANGE))
        recorder = AnswerRecorder(settings.profile, RunHistory(ledger).revise)
        with AvidXchangeReader(settings, watch=recorder.see) as reader:
            reader.check()
            found = [(name, *_read(reader, name, place, pages)) for name, place in _lists(reader)]
        recorder.keep()
        changes = [(operation, asdict(change)) for operation, change in recorder.news]
    if as_json:
        lists = [{"list": name, "records": many, "problem": problem} for name, many, problem in found]
        print_json({"lists": lists, "changes": [{"operation": name, **one} for name, one in changes]})
    else:
        shown = table("list", "records", "what is wrong")
        for name, many, problem in found:
            shown.add_row(name, str(many), problem or "")
        display(shown)
        say(f"{len(changes)} changes are new; `apbridge profile drift` shows all.")
    if any(problem for *_, problem in found):
        raise typer.Exit(FOUND)


def _lists(reader: AvidXchangeReader) -> Iterator[tuple[str, dict[str, str]]]:
    dimensions = context.config(context.TAP_AVIDXCHANGE).get("dimensions") or [*DIMENSIONS]
    for resource in filter(reader.profile.resources.__contains__, STREAMS):
        if resource == "dimension_value":
            yield from ((resource, {"dimension": one}) for one in dimensions)
        else:
            yield resource, {}


def _read(
    reader: AvidXchangeReader, resource: str, place: dict[str, str], pages: int
) -> tuple[int, str | None]:
    """Read the beginning of a list; return how many records came, and what kept it from being read."""
    many = 0
    try:
        for _, items in islice(reader.answers(resource, place=place), pages):
            many += len(items)
    except APBridgeError as failure:
        return many, f"{failure.says} {failure.do}"
    return many, None


def drift(
    *,
    verbose: Annotated[bool, typer.Option(help="Show each field, its types, and how often it is.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="Also write all that is kept to a file, as JSON: names of fields, never a value."),
    ] = None,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Show how AvidXchange's answers have changed since they were accepted, what reads it and what to do.

    It compares what runs have kept with `record_answers`, or `apbridge profile record`. Exit code 1 where
    something has changed that the profile reads.
    """
    with only(company), context.ledger() as ledger:
        found = kept_answers(ledger)
    if output:
        try:
            replace(output, dumps([_whole(one) for one in found]) + b"\n")
        except OSError as failure:
            raise SettingError("APB-CLI-004", file=output, problem=failure.strerror) from failure
    if as_json:
        print_json({"ok": not any(_told(found)), "answers": [_whole(one) for one in found]})
    else:
        _show(found, verbose=verbose)
    if any(_told(found)):
        raise typer.Exit(FOUND)


def _told(found: Sequence[KeptAnswers]) -> list[APBridgeError]:
    return [sentence for one in found for change, sentence in one.told() if change.back is None]


def _whole(kept: KeptAnswers) -> dict[str, Any]:
    changes = [
        {**asdict(one), "do": one.sentence(kept.profile, kept.operation).do if one.is_told else ""}
        for one in kept.seen.changes
    ]
    whole = {**kept.seen.kept(), "changes": changes}
    for name, place in kept.seen.places.items():
        whole["places"][name]["presence"] = place.presence
    return {"profile": kept.profile, "operation": kept.operation, **whole}


def _show(found: Sequence[KeptAnswers], *, verbose: bool) -> None:
    if not found:
        say("No answers are kept: set record_answers, or run `apbridge profile record`.")
        return
    seen = table("profile", "operation", "answers", "first", "last", "accepted", "changes")
    for one in found:
        about = one.seen
        times = (about.first, about.last, about.accepted or "")
        seen.add_row(one.profile, one.operation, str(about.answers), *times, str(len(about.changes) or ""))
    display(seen)
    changes = table("operation", "place", "what", "before", "now", "since", "last", "read by")
    for one in found:
        for change in one.seen.changes:
            what = f"{change.kind}, back {change.back}" if change.back else change.kind
            forms = (change.was, change.now, change.first, change.last)
            changes.add_row(one.operation, change.place, what, *forms, ", ".join(change.by))
    if changes.row_count:
        display("", changes, "")
    say(*dict.fromkeys(f"{sentence.says} {sentence.do}" for sentence in _told(found)))
    if not changes.row_count:
        say("Nothing has changed.")
    for one in found if verbose else ():
        display("", f"{one.profile}, {one.operation}", _places(one.seen))


def _places(seen: SeenAnswers) -> Any:  # noqa: ANN401
    shown = table("place", "there", "types", "words", "last", "read by")
    for name, place in seen.places.items():
        types = ", ".join(sorted(place.types))
        shown.add_row(name, place.presence, types, ", ".join(place.words), place.last, ", ".join(place.by))
    return shown
