"""`apbridge exceptions`: the records that wait or are rejected, and what a person decides about them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from typing import Annotated, Literal

import typer

from apbridge.errors import SettingError
from apbridge.ledger import OPEN, Ledger, Status
from apbridge.ledger.run import user_name
from apbridge_operator.cli import context
from apbridge_operator.cli.company import Several, chosen, each, named
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.cli.words import age, day_and_time, exchange, pretty, shortened
from apbridge_operator.exception_rows import as_fields, csv_head, csv_line
from apbridge_operator.exceptions import Case, Exceptions, Which
from apbridge_operator.merged_exceptions import MergedExceptions
from apbridge_operator.record_history import RecordHistories

app = typer.Typer(help="Records that wait or are rejected: why, and what to do.", no_args_is_help=True)

_AT_ONCE = 500

Numbers = Annotated[
    list[str] | None,
    typer.Argument(help="Bill numbers, check numbers or external ids, as the list shows them."),
]
Code = Annotated[str | None, typer.Option(help="Only those with this reason, such as APB-TAX-020.")]
Stream = Annotated[str | None, typer.Option(help="Only those of this stream, such as bills.")]
StatusOption = Annotated[
    Literal["open", "waiting", "rejected", "dismissed"],
    typer.Option("--status", help="Which: open is waiting and rejected."),
]
All = Annotated[bool, typer.Option("--all", help="All that are waiting or rejected.")]


@app.command("list")
def list_(
    *,
    status: StatusOption = "open",
    code: Code = None,
    stream: Stream = None,
    page: Annotated[int, typer.Option(min=1, help="Which page.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=1000, help="Records a page.")] = 50,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Show them, the urgent first, then the oldest, with what is wrong and what to do."""
    which = _which(status, code, stream)
    with ExitStack() as opened:
        ledgers = [(name, opened.enter_context(context.ledger())) for name in each(company)]
        merged = MergedExceptions([(name, Exceptions(ledger)) for name, ledger in ledgers])
        cases = merged.page(which, limit=size, offset=(page - 1) * size)
        total = merged.count(which)
    if as_json:
        listed = [named(name, as_fields(one)) for name, one in cases]
        print_json({"total": total, "page": page, "exceptions": listed})
        return
    several = len(ledgers) > 1
    columns = ("record", "amount", "status", "age", "tries", "what is wrong, and what to do")
    shown = table(*(["company"] if several else []), *columns)
    above = None
    for name, one in cases:
        now = "ACT NOW " if one.is_urgent else ""
        # What holds hundreds is one thing to do.
        do = "Do as above." if one.do and one.do == above else one.do
        above = one.do
        title = (f"{one.title}. " if one.title else "", "bold")
        words = line((now, "bold red"), title, f"{one.says} ", (do, "bold"), f" {one.code or ''}".rstrip())
        whose = [name or ""] if several else []
        told = (one.worth, one.status.value, age(one.open_since), str(one.attempts), words)
        shown.add_row(*whose, shortened(one.name), *told)
    if cases:
        display(shown)
    first = (page - 1) * size
    say(f"{first + 1}-{first + len(cases)} of {total}" if cases else f"none here, {total} in all")


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="Its number or external id.")],
    *,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Show one: the record, what was said to the other system and what it answered, and its history."""
    found = []
    for name in _with_records(company, [number], are_one_companys=False):
        with context.ledger() as ledger:
            exceptions, histories = Exceptions(ledger), RecordHistories(ledger)
            found += [
                (name, one, exceptions.record(one), histories.exchanges([one.external_id]))
                for one in _named(ledger, [number])
            ]
    if as_json:
        print_json(
            [
                {
                    **named(name, as_fields(one)),
                    "record": record,
                    "exchanges": [
                        {"sent": write.sent, "answered": write.answered, "outcome": write.outcome}
                        for write in exchanges
                    ],
                }
                for name, one, record, exchanges in found
            ]
        )
        return
    for name, one, record, exchanges in found:
        if name:
            display(line(("Company ", ""), (name, "bold")))
        on_its_way = f"({one.external_id}), on its way to {one.system}: {one.status.value}"
        display(line((one.name, "bold"), f" {on_its_way}"))
        if one.title:
            display(line((one.title, "bold")))
        display(one.says, line((one.do, "bold"), f" {one.code or ''}"))
        display(
            f"Open for {age(one.open_since) or 'no time'}, tried {one.attempts} times,"
            f" last seen {day_and_time(one.last_seen)}.",
            *([f"In NetSuite: {one.netsuite_page}"] if one.netsuite_page else []),
        )
        if one.dismissed_at:
            when = day_and_time(one.dismissed_at)
            display(f"Dismissed by {one.dismissed_by} on {when}: {one.dismissed_because}")
        if one.needs_refetch and not one.is_held:
            display("Its secrets are not kept, so the tap is asked for it anew.")
        display("", line(("The record", "bold")))
        display(*pretty(record).split("\n"))
        display("", line(("What was said to the other system, and by whom", "bold")))
        for write in exchanges:
            display(*exchange(write))
        if not exchanges:
            display("Nothing: it was not sent.")


@app.command()
def retry(
    numbers: Numbers = None,
    *,
    code: Code = None,
    stream: Stream = None,
    every: All = False,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Mark these to be tried first by the next run, though unchanged; dismissed ones are open again."""
    done = needs_refetch = held = 0
    for ledger, some in _chosen(company, numbers, code, stream, every=every):
        done += Exceptions(ledger).ask_again(some)
        needs_refetch += sum(one.needs_refetch and not one.is_held for one in some)
        held += sum(one.is_held for one in some)
    if as_json:
        print_json({"asked_for": done, "needs_refetch": needs_refetch, "held": held})
        return
    say(f"{done} will be tried first by the next run.")
    if held:
        say(f"{held} of them are held all the same, until `apbridge approve` lets them through.")
    if needs_refetch:
        say(
            f"{needs_refetch} of them hold secrets that are not kept: they go when the tap brings them again."
        )


@app.command()
def dismiss(
    numbers: Numbers = None,
    *,
    why: Annotated[str, typer.Option(help="Why nothing is to be done, for whoever reads the audit trail.")],
    who: Annotated[
        str | None, typer.Option(help="Who decided; the user of this machine unless told.")
    ] = None,
    code: Code = None,
    stream: Stream = None,
    every: All = False,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Do nothing more about these until they change in the system that they come from."""
    by = who or user_name()
    done = sum(
        Exceptions(ledger).dismiss(some, because=why, by=by, version=version("apbridge"))
        for ledger, some in _chosen(company, numbers, code, stream, every=every)
    )
    if as_json:
        print_json({"dismissed": done})
    else:
        say(f"{done} dismissed by {by}, until they change; it is on the audit trail.")


@app.command()
def export(
    *,
    status: StatusOption = "open",
    code: Code = None,
    stream: Stream = None,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Write them to standard output as CSV, or as JSON Lines with --json."""
    if not as_json:
        sys.stdout.write(csv_head(with_company=bool(chosen(company))))
    for name in each(company):
        with context.ledger() as ledger:
            for one in Exceptions(ledger).every(_which(status, code, stream)):
                if as_json:
                    print_json(named(name, as_fields(one)))
                else:
                    sys.stdout.write(csv_line(named(name, as_fields(one))))


def _which(status: str, code: str | None, stream: str | None) -> Which:
    statuses = OPEN if status == "open" else frozenset({Status(status)})
    return Which(statuses=statuses, code=code, stream=stream)


def _named(ledger: Ledger, numbers: Sequence[str]) -> list[Case]:
    return list(dict.fromkeys(one for number in numbers for one in _found(ledger, number)))


def _found(ledger: Ledger, number: str) -> list[Case]:
    exceptions = Exceptions(ledger)
    return [one for name in RecordHistories(ledger).named(number) for one in exceptions.find(name)]


def _with_records(
    companies: Sequence[str] | None, numbers: Sequence[str], *, are_one_companys: bool
) -> Iterator[str | None]:
    """Be at work for each company that has one of some records, and yield its name.

    Raises:
        SettingError: None has one of them; or two have, and it is to be one's.
    """
    owners: dict[str, list[str | None]] = {number: [] for number in numbers}
    for name in each(companies):
        with context.ledger() as ledger:
            for number in numbers:
                if _found(ledger, number):
                    owners[number].append(name)
    for number, names in owners.items():
        if not names:
            raise SettingError("APB-EXC-001", number=number)
        if are_one_companys and len(names) > 1:
            whose = ", ".join(filter(None, names))
            raise SettingError("APB-CMP-019", number=number, companies=whose, first=names[0])
    found = dict.fromkeys(name for names in owners.values() for name in names)
    yield from each(None if None in found else [name for name in found if name])


def _chosen(
    companies: Sequence[str] | None,
    numbers: Sequence[str] | None,
    code: str | None,
    stream: str | None,
    *,
    every: bool,
) -> Iterator[tuple[Ledger, list[Case]]]:
    """Yield what was asked for, in batches of one ledger each.

    Raises:
        SettingError: Nothing was, or too much.
    """
    by_rule = bool(code or stream or every)
    if bool(numbers) == by_rule:
        problem = (
            "Records are named, and a rule is given too." if numbers else "It is not said which records."
        )
        raise SettingError("APB-EXC-002", problem=problem)
    which = _which("open", code, stream)
    at_work = _with_records(companies, numbers, are_one_companys=True) if numbers else each(companies)
    for _ in at_work:
        with context.ledger() as ledger:
            found = _named(ledger, numbers) if numbers else list(Exceptions(ledger).every(which))
            for place in range(0, len(found), _AT_ONCE):
                yield ledger, found[place : place + _AT_ONCE]
