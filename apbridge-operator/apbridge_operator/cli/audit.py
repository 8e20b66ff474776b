"""`apbridge audit`: every write to either system, for whoever has to be able to prove it."""

from __future__ import annotations

import csv
import re
import sys
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Literal

import typer

from apbridge.errors import SettingError
from apbridge.json import dumps, loads
from apbridge.ledger.anchor import Anchor
from apbridge.printable import in_a_cell
from apbridge_operator.cli import context
from apbridge_operator.cli.company import One, Several, each, named, only
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.cli.words import day_and_time, exchange, moment
from apbridge_operator.record_history import Cut, Link, RecordHistories, RecordHistory

app = typer.Typer(
    help="Every write to either system, and a bill's or a payment's history.", no_args_is_help=True
)

System = Annotated[
    Literal["netsuite", "avidxchange", "apbridge"] | None, typer.Option(help="Only writes there.")
]
Run = Annotated[int | None, typer.Option("--run", help="Only writes of this run.")]
Since = Annotated[str | None, typer.Option(help="Only from this day or moment on (UTC).")]
Until = Annotated[str | None, typer.Option(help="Only before this day or moment (UTC).")]


@app.command()
def show(
    number: Annotated[
        str | None,
        typer.Argument(
            help="A bill's or a check's number, or an id of either system: tells its whole history."
        ),
    ] = None,
    *,
    system: System = None,
    run: Run = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 50,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Show the history of one bill or payment, or show the newest writes."""
    cut = Cut(system, run, moment(since), moment(until))
    with only(company), context.ledger() as ledger:
        if number is not None:
            history = RecordHistories(ledger).tell(number)
            if not (history.records or history.exchanges):
                raise SettingError("APB-EXC-003", number=number)
            print_json(history) if as_json else _tell(history)
            return
        links = RecordHistories(ledger).latest(cut, limit=limit)
    if as_json:
        print_json(links)
        return
    shown = table("no.", "when (UTC)", "run", "what", "about", "to", "status", "who")
    for one in links:
        what = f"{one.phase}: {one.operation}"
        row = (str(one.seq), one.at[:19], str(one.run_id), what, one.external_id, one.system)
        shown.add_row(*row, str(one.status or ""), one.actor)
    display(shown)


@app.command()
def export(
    *,
    system: System = None,
    run: Run = None,
    since: Since = None,
    until: Until = None,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Write the trail to standard output as CSV, or as JSON Lines with --json: every row, with its hash."""
    cut = Cut(system, run, moment(since), moment(until))
    with only(company), context.ledger() as ledger:
        links = RecordHistories(ledger).trail(cut)
        if as_json:
            for one in links:
                print_json(one)
            return
        written = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)
        written.writerow(field.name for field in fields(Link))
        written.writerows([in_a_cell(value) for value in asdict(one).values()] for one in links)


@app.command()
def verify(
    *,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="SEQ:HASH|FILE",
            help="What must be on it: an end that a run, a notice or a report told, or a file of `anchor`.",
        ),
    ] = None,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Walk the chain of hashes and name its first broken link; exit code 1 where there is one.

    Where there is a vault, the trail must end with what was sealed with it. That it is not an older copy of
    all, only --expect shows: an end is one company's. With several, --json prints a line for each.
    """
    if expect is not None:
        with only(company[0] if company and len(company) == 1 else None):
            are_whole = [_verified(None, _expected(expect), as_json=as_json)]
    else:
        are_whole = [_verified(name, None, as_json=as_json) for name in each(company)]
    if not all(are_whole):
        raise typer.Exit(1)


def _verified(company: str | None, expect: Anchor | None, *, as_json: bool) -> bool:
    """Walk the trail of the company at work, say what was found, and return whether it is whole."""
    with context.ledger() as ledger:
        check = ledger.verify(expect)
        head = None
        with suppress(SettingError):  # a head that is missing is what the walk has found
            head = str(ledger.audit.anchor())
    whose = f"{company}: " if company else ""
    if as_json:
        print_json(named(company, {**asdict(check), "head": head}))
    elif check.is_whole:
        say(f"{whose}The trail is whole: {check.rows} rows. It ends with {head}")
    elif check.broken_at is None:
        say(f"{whose}{SettingError('APB-LED-018', rows=check.rows)}")
    else:
        before = f"The {check.rows} rows before it are as they were written. " if check.rows else ""
        say(
            f"{whose}Row {check.broken_at} of the trail is wrong: {check.because}. {before}"
            "Keep a copy of the ledger; see who could write to it."
        )
    return check.is_whole


@app.command()
def anchor(
    *,
    output: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)],
    company: One = None,
    as_json: Json = False,
) -> None:
    """Write where the trail ends into a file, to be kept elsewhere or stamped by a timestamp service.

    `apbridge audit verify --expect` takes it.
    """
    with only(company), context.ledger() as ledger:
        head = ledger.audit.anchor()
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    try:
        output.write_bytes(dumps({**asdict(head), "at": at}) + b"\n")
    except OSError as failure:
        raise SettingError("APB-CLI-004", file=output, problem=failure.strerror) from failure
    if as_json:
        print_json({"file": str(output), "head": str(head)})
    else:
        say(f"Written: {output}, with the end of the trail {head}")


_PLACE = re.compile(r"(?P<seq>\d{1,18}):(?P<hash>[0-9a-f]{64})")


def _expected(value: str) -> Anchor:
    """Read a place on the trail, as it is told or from a file.

    Raises:
        SettingError: It is none.
    """
    if found := _PLACE.fullmatch(value):
        return Anchor(int(found["seq"]), found["hash"])
    try:
        kept = loads(Path(value).read_bytes())
        found = _PLACE.fullmatch(f"{kept['seq']}:{kept['hash']}")
        ledger = str(kept["ledger"])
    except OSError as failure:
        problem = f"it is no SEQ:HASH, and as a file it cannot be read: {failure.strerror}"
        raise SettingError("APB-LED-015", value=value, problem=problem) from failure
    except (LookupError, TypeError, ValueError):
        found = None
    if found is None:
        raise SettingError("APB-LED-015", value=value, problem="the file was not written by `anchor`")
    return Anchor(int(found["seq"]), found["hash"], ledger)


def _tell(history: RecordHistory) -> None:
    for one in history.records:
        amount = f", {one.amount} {one.currency or ''}".rstrip() if one.amount else ""
        name = f"{one.stream.removesuffix('s')} {one.number or ''}"
        display(line((name, "bold"), f" {one.external_id}{amount}"))
        ids = f"{one.source_id or 'unknown'} at its origin, {one.remote_id or 'none yet'} in {one.system}"
        display(f"  {one.status.value}; id {ids}")
        display(f"  first seen {day_and_time(one.first_seen)}, last {day_and_time(one.last_seen)}")
        for said in (one.reason, one.facts.get("note"), one.dismissed_because):
            if said:
                display(f"  {said}")
    for write in history.exchanges:
        display(*exchange(write))
