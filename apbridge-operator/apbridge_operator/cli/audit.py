"""`apbridge audit`: every write to either system, for whoever has to be able to prove it."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict, fields
from typing import Annotated, Literal

import typer

from apbridge.errors import SettingError
from apbridge_operator.cli import context
from apbridge_operator.cli.exceptions import in_a_cell
from apbridge_operator.cli.output import Json, console, print_json, table
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
    as_json: Json = False,
) -> None:
    """Show the history of one bill or payment, or show the newest writes."""
    cut = Cut(system, run, moment(since), moment(until))
    with context.ledger() as ledger:
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
    console().print(shown)


@app.command()
def export(
    *,
    system: System = None,
    run: Run = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Write the trail to standard output as CSV, or as JSON Lines with --json: every row, with its hash."""
    cut = Cut(system, run, moment(since), moment(until))
    with context.ledger() as ledger:
        links = RecordHistories(ledger).trail(cut)
        if as_json:
            for one in links:
                print_json(one)
            return
        written = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)
        written.writerow(field.name for field in fields(Link))
        written.writerows([in_a_cell(value) for value in asdict(one).values()] for one in links)


@app.command()
def verify(*, as_json: Json = False) -> None:
    """Walk the chain of hashes and name its first broken link; exit code 1 where there is one."""
    with context.ledger() as ledger:
        check = ledger.verify()
        newest = RecordHistories(ledger).latest(limit=1)
    head = newest[0].hash if newest else None
    if as_json:
        print_json({**asdict(check), "newest_hash": head})
    elif check.broken_at is None:
        newest_hash = (
            f"The newest has the hash {head}." if head else "Nothing was written yet with this ledger."
        )
        typer.echo(f"The trail is whole: {check.rows} rows. {newest_hash}")
    else:
        typer.echo(
            f"Row {check.broken_at} of the trail is wrong: {check.because}. The {check.rows} rows "
            "before it are as they were written. Keep a copy of the ledger; see who could write to it."
        )
    if check.broken_at is not None:
        raise typer.Exit(1)


def _tell(history: RecordHistory) -> None:
    out = console()
    for one in history.records:
        amount = f", {one.amount} {one.currency or ''}".rstrip() if one.amount else ""
        out.print(f"[bold]{one.stream.removesuffix('s')} {one.number or ''}[/bold] {one.external_id}{amount}")
        ids = f"{one.source_id or 'unknown'} at its origin, {one.remote_id or 'none yet'} in {one.system}"
        out.print(f"  {one.status.value}; id {ids}")
        out.print(f"  first seen {day_and_time(one.first_seen)}, last {day_and_time(one.last_seen)}")
        for said in (one.reason, one.facts.get("note"), one.dismissed_because):
            if said:
                out.print(f"  {said}", markup=False)
    for each in history.exchanges:
        out.print(exchange(each), markup=False)
