"""`apbridge profile`: is a contract's YAML right, how sure is it, and does AvidXchange answer as it says?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import Annotated, Any

import typer

from apbridge.avidxchange import AvidXchangeReader, AvidXchangeSettings, Profile, Shown
from apbridge.avidxchange.canonical import STREAMS
from apbridge.avidxchange.checking import checked, evidence
from apbridge.avidxchange.evidence import ASSUMED, WORDS, Sureness, open_places
from apbridge.avidxchange.profile_files import ProfileProblem, files_of
from apbridge.avidxchange.unknown_words import words
from apbridge.errors import APBridgeError
from apbridge.json import dumps
from apbridge.schemas.identifiers import DIMENSIONS
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.company import One, only
from apbridge_operator.cli.drift import drift, record
from apbridge_operator.cli.learn import learn
from apbridge_operator.cli.output import Json, display, print_json, say, table
from apbridge_operator.cli.trying import try_
from apbridge_operator.contracts.difference import ProfileDifference, differences
from apbridge_operator.trial.listed import is_there, misfit

app = typer.Typer(help="AvidXchange API contracts.", no_args_is_help=True)
app.command()(learn)
app.command("try")(try_)
app.command()(record)
app.command()(drift)

_LATELY = timedelta(days=2)


@dataclass(frozen=True)
class PageSummary:
    """What one page of a list showed.

    Args:
        resource: Which kind of record, in the profile.
        of: Which dimension, where it is one.
        items: How many records were on it.
        found: Canonical fields that at least one record has.
        missing: Those that the profile reads, and no record has.
        problem: Why the list cannot be used; None where it can.
    """

    resource: str
    of: str | None
    items: int = 0
    found: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problem: str | None = None


@app.command()
def check(
    profile: Annotated[str, typer.Argument(metavar="FILE", help="A profile's file, or one that ships.")],
    *,
    online: Annotated[
        bool,
        typer.Option(help="Also sign in to AvidXchange and read one page of each list; nothing is written."),
    ] = False,
    company: One = None,
    verbose: Annotated[bool, typer.Option(help="Name each operation and field with its evidence.")] = False,
    as_json: Json = False,
) -> None:
    """Check a profile: every mistake with its line, and how sure it is of its operations and fields.

    With --online also which fields AvidXchange's lists have.

    Address and credentials are those of target-avidxchange. Exit code 1 where something is wrong.
    """
    files = files_of(profile)
    declared, problems = checked(files)
    is_open = [] if problems else open_places(declared)
    sure = None if problems else evidence(files)
    pages = []
    if online and not problems:
        with only(company):
            pages = _online(profile)
    is_well = not problems and not any(page.problem for page in pages)
    if as_json:
        found = [asdict(one) for one in problems]
        shown = {"evidence": _grouped(sure), "open": is_open} if sure else {}
        print_json({"ok": is_well, "problems": found, **shown, "lists": [asdict(page) for page in pages]})
    else:
        _show(
            profile,
            problems,
            pages,
            [*_still_open(is_open), *_sentences(sure, verbose=verbose)] if sure else [],
        )
    if not is_well:
        raise typer.Exit(FOUND)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A profile's file, or one that ships.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    *,
    as_json: Json = False,
) -> None:
    """Show what differs between two profiles, operation by operation, with all that each extends.

    Exit code 1 where something does.
    """
    found = list(differences(_valid(first), _valid(second)))
    if as_json:
        print_json({"same": not found, "differences": [asdict(one) for one in found]})
    else:
        say(*(_worded(one, first, second) for one in found) if found else ["They say the same."])
    if found:
        raise typer.Exit(FOUND)


def _valid(name: str) -> dict[str, Any]:
    """Return what a profile declares.

    Raises:
        SettingError: It is not valid.
    """
    Profile.load(name)
    declared: dict[str, Any] = checked(files_of(name))[0]
    return declared


def _worded(found: ProfileDifference, first: str, second: str) -> str:
    where = ": ".join(filter(None, [found.operation, found.key]))
    if found.only_in is None:
        return f"{where}: {_shown(found.first)} in {first}, {_shown(found.second)} in {second}"
    name, value = (first, found.first) if found.only_in == "first" else (second, found.second)
    return f"{where}: {_shown(value)} in {name} only" if found.key else f"{where}: in {name} only"


def _shown(value: Any) -> str:  # noqa: ANN401
    return dumps(value).decode()


def _still_open(places: list[str]) -> Iterator[str]:
    if places:
        yield f"It is a draft, by which nothing runs: {len(places)} keys are open ({', '.join(places)})."


def _grouped(sure: Sureness) -> dict[str, dict[str, list[str]]]:
    """Return the names of the operations and of the fields by their evidence."""
    kinds = {"operations": sure.operations, "fields": sure.fields}
    return {
        word: {kind: [name for name, one in words.items() if one == word] for kind, words in kinds.items()}
        for word in WORDS
    }


def _sentences(sure: Sureness, *, verbose: bool) -> Iterator[str]:
    """Describe how sure a profile is, least sure first."""
    for kind, said in (("Operations", sure.operations), ("Fields", sure.fields)):
        counts = Counter(said.values())
        yield f"{kind}: {', '.join(f'{counts[word]} {word}' for word in WORDS if counts[word])}."
        for name, word in said.items() if verbose else ():
            yield f"  {name}: {word}"
    if ASSUMED in {*sure.operations.values(), *sure.fields.values()}:
        yield "What is assumed is this project's guess: the documentation that AvidXchange gave you decides."


def _online(profile: str) -> list[PageSummary]:
    config = {**context.config(context.TARGET_AVIDXCHANGE), "profile": profile}
    dimensions = context.config(context.TAP_AVIDXCHANGE).get("dimensions") or [*DIMENSIONS]
    with AvidXchangeReader(AvidXchangeSettings.from_config(config)) as reader:
        reader.check()
        return list(pages(reader, dimensions))


def pages(reader: AvidXchangeReader, dimensions: tuple[str, ...] | list[str]) -> Iterator[PageSummary]:
    """Read one page of each list, as the tap would begin to."""
    for resource in filter(reader.profile.resources.__contains__, STREAMS):
        for of in dimensions if resource == "dimension_value" else [None]:
            yield _page(reader, resource, of)


def _page(reader: AvidXchangeReader, resource: str, of: str | None) -> PageSummary:
    try:
        return _read(reader, resource, of)
    except APBridgeError as error:
        return PageSummary(resource, of, problem=f"{error.says} {error.do}")


def _read(reader: AvidXchangeReader, resource: str, of: str | None) -> PageSummary:
    place = {"dimension": of} if of else {}
    shown = reader.first_page(resource, place=place)
    # Whether it may be asked for what has changed lately is seen only by asking.
    reader.first_page(resource, modified_since=datetime.now(timezone.utc) - _LATELY, place=place)
    records = [reader.read(resource, one, place=place) for one in shown]
    fields = tuple(reader.profile.resources[resource].listing.read.fields)
    found = tuple(name for name in fields if any(is_there(record[name]) for record in records))
    missing = tuple(name for name in fields if name not in found) if records else ()
    wrong = (_problem(STREAMS[resource], *pair) for pair in zip(shown, records, strict=True))
    unknown = (one.says for record in records for one in reader.unknown_words.within(resource, record))
    problem = next(filter(None, chain(wrong, unknown)), None)
    return PageSummary(resource, of, len(records), found, missing, problem)


def _problem(stream: str, shown: Shown, record: dict[str, Any]) -> str | None:
    """Return what keeps a record from being a canonical one; None where nothing does."""
    wrong = misfit(stream, record)
    return f"{shown.external_id}: {wrong.facts['field']} {wrong.facts['problem']}" if wrong else None


def _show(
    profile: str, problems: list[ProfileProblem], pages: list[PageSummary], sentences: Iterable[str]
) -> None:
    for problem in problems:
        say(f"{problem.file}, line {problem.line}: {problem}")
    if problems:
        return
    say(f"{profile} is a valid profile.", *sentences)
    if pages:
        say("AvidXchange takes the credentials.")
        shown = table("list", "records", "found", "not found on this page", "what is wrong")
        for page in pages:
            name = words(page.resource) + (f" ({page.of})" if page.of else "")
            cells = (
                name,
                str(page.items),
                ", ".join(page.found),
                ", ".join(page.missing),
                page.problem or "",
            )
            shown.add_row(*cells)
        display(shown)
        say("Writes are not tried, nor what its filters do: `apbridge profile try` does that.")
