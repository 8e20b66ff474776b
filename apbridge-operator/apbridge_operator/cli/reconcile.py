"""`apbridge reconcile`: do both systems say the same, and where they do not, why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from apbridge import settings
from apbridge.errors import APBridgeError
from apbridge.ledger import Status
from apbridge.ledger.run_history import RunHistory
from apbridge_operator.cli import context
from apbridge_operator.cli.company import Several, at_work, each, named, working_for
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.cli.words import moment, shortened
from apbridge_operator.companies import companies
from apbridge_operator.reconcile import Difference, Reconciliation, reconcile
from apbridge_operator.reconcile.bridge import Bridge, BridgeStep
from apbridge_operator.reconcile.difference import ZERO
from apbridge_operator.reconcile.export import write
from apbridge_operator.reconcile.result import Key, Total, Totals

app = typer.Typer(help="Compare both systems.")

_MOST_SHOWN = 50


@app.command()
def compare(
    *,
    as_of: Annotated[
        str | None,
        typer.Option(help="At the end of which day, such as 2026-11-30; now unless given."),
    ] = None,
    by: Annotated[bool, typer.Option("--by-vendor", help="Show the totals by vendor too.")] = False,
    step: Annotated[
        BridgeStep | None, typer.Option(help="List the bills of one step of the bridge, and nothing else.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the bridge with its bills to this .csv or .xlsx file too."),
    ] = None,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Compare what is open with what is unpaid, and what is posted with what is settled.

    The bridge leads from what is open on bills in NetSuite's ledger, step by step, to what is unpaid in
    AvidXchange; both ends are each system's own totals.

    What is to be paid, and what a bill says, is compared too, unless --as-of is given. Reads both systems
    and writes to neither. Exit code 1 where a difference is unexplained: also where a run should have seen
    to it and has not. With several companies, --json prints a line for each.
    """
    day = moment(as_of)
    is_unexplained = False
    failures: list[APBridgeError] = []
    for name in each(company):
        try:
            result = _reconciled(day.date() if day else None)
        except APBridgeError as failure:
            if name is None:
                raise
            # A system that is down is one company's.
            failures.append(failure)
            sentence = {"code": failure.code, "says": failure.says, "do": failure.do}
            print_json(named(name, {"error": sentence})) if as_json else say(f"{name}: {failure}", "")
            continue
        is_unexplained = is_unexplained or bool(result.unexplained)
        if output:
            write(result, output.with_stem(f"{output.stem}-{name}") if name else output)
        if as_json:
            print_json(named(name, result.as_fields()))
        else:
            _show_one(name, result, step, by_vendor=by)
    if failures:
        raise failures[0]
    if is_unexplained:
        raise typer.Exit(1)


def _reconciled(as_of: date | None) -> Reconciliation:
    """Compare the two systems of the company at work, and keep in its ledger what came of it."""
    tap = context.config(context.TAP_NETSUITE)
    start = moment(settings.text(tap, "start_date"))
    with context.ledger() as ledger, context.netsuite() as netsuite, context.avidxchange() as avidxchange:
        result = reconcile(
            netsuite,
            avidxchange,
            ledger,
            as_of=as_of,
            start=start.date() if start else None,
            takes_pending="pending" in (tap.get("approval_statuses") or ()),
            posted_by_others=_posted_by_others,
        )
        RunHistory(ledger).keep_reconciliation(result)
    return result


def _posted_by_others(names: Collection[str]) -> set[str]:
    """Return which payments another company of the NetSuite account has posted, as its ledger says."""
    found: set[str] = set()
    account = str(context.config(context.TARGET_NETSUITE).get("account_id")).upper()
    for company in companies(Path()) if names else ():
        theirs = str(company.of(context.TARGET_NETSUITE).get("account_id")).upper()
        if company == at_work() or theirs != account:
            continue
        # What cannot be seen explains nothing, and is no failure of this company.
        with suppress(APBridgeError), working_for(company), context.ledger() as ledger:
            rows = ledger.rows("netsuite", "payments", names)
            found |= {name for name, row in rows.items() if row.status is Status.DELIVERED}
    return found


def _show_one(name: str | None, result: Reconciliation, step: BridgeStep | None, *, by_vendor: bool) -> None:
    if name:
        display(line((name, "bold")))
    if step:
        _show_step(result.bridge, step)
    else:
        _show(result, by_vendor=by_vendor)
    if name:
        say("")


def _show(result: Reconciliation, *, by_vendor: bool) -> None:
    _show_bridge(result.bridge, result.as_of)
    _show_totals("Open in NetSuite's ledger, unpaid in AvidXchange", result.open, by_vendor=by_vendor)
    _show_totals("Posted in NetSuite, settled in AvidXchange", result.paid, by_vendor=by_vendor)
    ordered = sorted(result.differences, key=lambda one: (one.is_explained, one.external_id))
    if ordered:
        _show_differences(ordered)
    left = len(ordered) - _MOST_SHOWN
    if left > 0:
        say(f"… and {left} more: --json tells all.")
    say(conclusion(result))


def conclusion(result: Reconciliation) -> str:
    """Return in words how much was compared, and whether it is in balance."""
    unexplained, differences = len(result.unexplained), _count(len(result.differences), "difference")
    compared = f"{_count(result.bills, 'bill')} and {_count(result.payments, 'payment')} compared."
    if unexplained:
        are = "is" if unexplained == 1 else "are"
        return f"{compared} {unexplained} of {differences} {are} unexplained or cannot wait."
    if not result.differences:
        return f"{compared} In balance: no differences."
    return f"{compared} In balance: {differences}, each with its cause."


def _show_bridge(bridge: Bridge, as_of: date | None) -> None:
    day = f"{as_of}" if as_of else f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    for subsidiary, currency in bridge.places:
        place = (subsidiary, currency)
        shown = table(f"{subsidiary or 'not known'}, {currency}, as of {day}", "bills", "amount")
        for column in shown.columns[1:]:
            column.justify = "right"
        shown.add_row("Open on bills in NetSuite's ledger", "", _money(bridge.starts.get(place, ZERO)))
        for step, one in bridge.steps(place).items():
            shown.add_row(f"{step.words} (--step {step.value})", str(one.count), _money(one.amount))
        shown.add_row("Unpaid in AvidXchange", "", _money(bridge.ends.get(place, ZERO)))
        display(shown)
        say("")
    for (because, subsidiary, currency), one in sorted(bridge.beside.items()):
        held = f"{_count(one.count, 'bill')} of {_money(one.amount)} {currency}, {subsidiary or 'not known'}"
        say(f"Not in the ledger, {because}: {held}.")


def _show_step(bridge: Bridge, step: BridgeStep) -> None:
    shown = table("bill", "vendor", "subsidiary", "currency", "in the ledger", "unpaid", "amount")
    for column in shown.columns[4:]:
        column.justify = "right"
    for one in bridge.of_step(step):
        about = (shortened(one.number), one.vendor, one.subsidiary, one.currency)
        shown.add_row(*about, *map(_money, (one.netsuite, one.avidxchange, one.amount)))
    display(shown)


def _show_totals(title: str, totals: Totals, *, by_vendor: bool) -> None:
    shown = table(title, "currency", "NetSuite", "AvidXchange", "difference")
    for column in shown.columns[2:]:
        column.justify = "right"
    rows = _rows(totals.vendors) if by_vendor else []
    rows += _rows(totals.subsidiaries)
    rows += _rows(totals.currencies)
    for name, currency, here, there in rows:
        shown.add_row(name or "unknown", currency, _money(here), _money(there), _money(here - there))
    display(shown)
    say("")


def _rows(part: Mapping[Key, Total]) -> list[tuple[str, str, Decimal, Decimal]]:
    return [(*key, total.netsuite, total.avidxchange) for key, total in sorted(part.items())]


def _show_differences(differences: list[Difference]) -> None:
    shown = table("record", "vendor", "NetSuite", "AvidXchange", "cause", "in words")
    for one in differences[:_MOST_SHOWN]:
        amounts = ["none" if each is None else _money(each) for each in (one.netsuite, one.avidxchange)]
        name = shortened(f"{one.kind} {one.number}")
        words = one.says if one.is_explained else f"{one.says} {one.do}"
        shown.add_row(name, one.vendor, *amounts, one.cause.value, words.rstrip())
    display(shown)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
