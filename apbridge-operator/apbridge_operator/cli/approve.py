"""`apbridge approve`: what a run holds because it is too much at once, and letting it through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer

from apbridge.errors import SettingError
from apbridge.ledger.held import HeldChanges, held_changes
from apbridge.ledger.run import user_name
from apbridge_operator.approvals import approve as let_through
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.company import Several, each, named
from apbridge_operator.cli.output import Json, print_json, say

app = typer.Typer()

_MOST_NAMED, _MOST_REASONS = 10, 5


@app.command()
def approve(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Keys of what is let through, as shown; none shows what is held."),
    ] = None,
    *,
    why: Annotated[str, typer.Option(help="Why it is right, for whoever reads the audit trail.")] = "",
    who: Annotated[
        str | None, typer.Option(help="Who decided; the user of this machine unless told.")
    ] = None,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Show what is held, or let exactly that through once, with the next run.

    A key stands for these records with these changes: where one is more, less or different meanwhile, it is
    no key any more. Exit code 1 where something is held that nobody has let through.
    """
    if not keys:
        _show(company, as_json=as_json)
        return
    places = [name for name in _places(company, keys) if name]
    if not why.strip():
        raise SettingError("APB-BRK-012")
    by = who or user_name()
    done = []
    for _ in each(places or None):
        with context.ledger() as ledger:
            done += [
                (one, let_through(ledger, one, because=why, by=by, version=version("apbridge")))
                for one in held_changes(ledger)
                if one.key in keys
            ]
    if as_json:
        print_json({"approved": {one.key: count for one, count in done}})
        return
    for one, count in done:
        say(f"{one.what}: {count} approved by {by}; they go with the next run that brings them as they are.")


def _places(companies: Sequence[str] | None, keys: Sequence[str]) -> Iterator[str | None]:
    """Yield the companies of which something is held under these keys.

    Raises:
        SettingError: Nothing is held under one of them.
    """
    left = set(keys)
    for name in each(companies):
        with context.ledger() as ledger:
            found = {one.key for one in held_changes(ledger)}.intersection(keys)
        left -= found
        if found:
            yield name
    for key in keys:
        if key in left:
            raise SettingError("APB-BRK-011", key=key)


def _show(companies: Sequence[str] | None, *, as_json: bool) -> None:
    held: list[tuple[str | None, HeldChanges]] = []
    approved: list[tuple[str | None, HeldChanges]] = []
    for name in each(companies):
        with context.ledger() as ledger:
            held += [(name, one) for one in held_changes(ledger)]
            approved += [(name, one) for one in held_changes(ledger, is_approved=True)]
    if as_json:
        print_json(
            {
                "held": [named(name, _fields(one)) for name, one in held],
                "approved": [named(name, _fields(one)) for name, one in approved],
            }
        )
    else:
        for name, one in held:
            say(*([f"Company {name}"] if name else []), *_told(one), "")
        for name, one in approved:
            whose = f"{name}: " if name else ""
            say(f"{whose}{one.what}: approved, with the next run that brings them as they are.")
        if held:
            say("apbridge approve <key> --why <reason> lets exactly these through. If a filter, a role or a")
            say("mapping was changed by mistake, put it right and run again: they vanish by themselves.")
        elif not approved:
            say("Nothing is held.")
    if held:
        raise typer.Exit(FOUND)


def _told(one: HeldChanges) -> list[str]:
    total = f", {one.total} in all" if one.total else ""
    lines = [f"{one.key}  {one.what}{total}"]
    lines += [f"  {number} for: {why}" for why, number in one.reasons[:_MOST_REASONS]]
    for record in one.records[:_MOST_NAMED]:
        amount = "" if record.amount is None else f", {record.amount:,.2f} {record.currency or ''}".rstrip()
        vendor = f", {record.vendor}" if record.vendor else ""
        due = f", due {record.due_date}" if record.due_date else ""
        lines.append(f"  {record.name} ({record.external_id}){vendor}{amount}{due}: {record.because}")
    left = len(one.records) - _MOST_NAMED
    return [*lines, *([f"  and {left} more: apbridge exceptions list"] if left > 0 else [])]


def _fields(one: HeldChanges) -> dict[str, Any]:
    return {
        "key": one.key,
        "system": one.system,
        "stream": one.stream,
        "change": one.change.value,
        "count": len(one.records),
        "total": one.total,
        "because": [{"because": because, "count": number} for because, number in one.reasons],
        "records": [
            {
                "external_id": record.external_id,
                "number": record.number,
                "amount": record.amount,
                "currency": record.currency,
                "because": record.because,
                "vendor": record.vendor,
                "due_date": record.due_date,
            }
            for record in one.records
        ],
    }
