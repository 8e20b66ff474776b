"""`apbridge check`: is everything as a run needs it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from threading import Event

import typer

from apbridge.errors import APBridgeError
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.checks import CheckResult, State, avidxchange, files, here, netsuite
from apbridge_operator.cli.checks.sides import Side, at_once
from apbridge_operator.cli.company import Several, each, named, only
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.cli.upload import upload_prompt

app = typer.Typer()

REFRESHED = "APB-NS-011"
"""What is said when a sandbox no longer knows the certificate."""

_STYLES = {State.OK: "green", State.NOTE: "cyan", State.WARNING: "yellow", State.WRONG: "bold red"}
_STATE, _SUBJECT = 7, 32
"""Widths of columns that must fit before what comes in them is known."""


@app.command()
def check(*, company: Several = None, as_json: Json = False) -> None:
    """Look at both systems and this machine, and say in a line each what is well and what to do.

    Each line comes as it is known. A side that says nothing for 15 seconds is given up, and the others are
    told all the same. Exit code 1 where something is wrong or the certificate nears its end.
    """
    code = show(((name, results()) for name in each(company)), as_json=as_json)
    if code:
        raise typer.Exit(code)


def results() -> Iterator[CheckResult]:
    """Look at everything, and yield each result as it is known."""
    try:
        configs = {plugin: context.config(plugin) for plugin in context.PLUGINS}
    except APBridgeError as error:
        yield CheckResult.of("settings", error)
        return
    records = str(configs[context.TAP_AVIDXCHANGE].get("record_answers")).lower() == "true"
    avid = {name: configs[name] for name in (context.TARGET_AVIDXCHANGE, context.TAP_AVIDXCHANGE)}
    targets = {name: configs[name] for name in (context.TARGET_AVIDXCHANGE, context.TARGET_NETSUITE)}
    on_ledger = targets | ({context.TAP_AVIDXCHANGE: configs[context.TAP_AVIDXCHANGE]} if records else {})
    reading, posting = configs[context.TAP_NETSUITE], configs[context.TARGET_NETSUITE]

    def looking(look: Callable[[], Iterator[CheckResult]]) -> Callable[[Event], Iterator[CheckResult]]:
        return lambda _: look()

    yield from at_once(
        [
            Side("vault", "APBRIDGE_VAULT and the place of its key", looking(here.vault)),
            Side(
                "mapping",
                "gl_mapping and dimension_mapping",
                looking(partial(here.mapping, avid[context.TARGET_AVIDXCHANGE])),
            ),
            Side("ledger", "ledger_url", looking(partial(here.ledgers, on_ledger))),
            Side("state", "MELTANO_DATABASE_URI", looking(here.state)),
            Side(
                "files", "the folders of this project and spool_url", looking(partial(files.results, configs))
            ),
            Side("NetSuite", "account_id and base_url", partial(netsuite.results, reading, posting)),
            Side("AvidXchange", "base_url and profile", partial(avidxchange.results, avid)),
        ]
    )


def show(found: Iterable[tuple[str | None, Iterable[CheckResult]]], *, as_json: bool, **more: object) -> int:
    """Show what is found for each company, or the one without a name, and return the exit code.

    People get each line as it is known, programs one document, with what else there is to it.
    """
    every: list[tuple[str | None, CheckResult]] = []
    for name, some in found:
        if name and not as_json:
            display("", line((name, "bold")))
        for one in some:
            every.append((name, one))
            if not as_json:
                _show(one)
        if not as_json and any(one.code == REFRESHED for whose, one in every if whose == name):
            with only(name):
                say(*upload_prompt().split("\n"))
    is_bad = any(one.state in {State.WARNING, State.WRONG} for _, one in every)
    if as_json:
        checks = [named(name, asdict(one)) for name, one in every]
        print_json({"ok": not is_bad, "checks": checks, **more})
    return FOUND if is_bad else 0


def _show(one: CheckResult) -> None:
    # A table of its own each: one for all would be shown when the last is known.
    shown = table("", "", "")
    shown.show_header = False
    shown.columns[0].width = _STATE
    shown.columns[1].width = _SUBJECT
    code = f" {one.code}" if one.code else ""
    text = line(f"{one.says} {one.do}".strip(), (code, "dim"))
    shown.add_row(line((one.state.value, _STYLES[one.state])), one.subject, text)
    display(shown)
