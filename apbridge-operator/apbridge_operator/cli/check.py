"""`apbridge check`: is everything as a run needs it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import typer

from apbridge.errors import APBridgeError
from apbridge_operator.cli import context
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.checks import CheckResult, State, avidxchange, files, here, netsuite
from apbridge_operator.cli.company import Several, each, named, only
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.cli.upload import upload_prompt

app = typer.Typer()

REFRESHED = "APB-NS-011"
"""What is said when a sandbox no longer knows the certificate."""

_STYLES = {State.OK: "green", State.NOTE: "cyan", State.WARNING: "yellow", State.WRONG: "bold red"}


@app.command()
def check(*, company: Several = None, as_json: Json = False) -> None:
    """Look at both systems and this machine, and say in a line each what is well and what to do.

    Exit code 1 where something is wrong or the certificate nears its end.
    """
    code = show([(name, list(results())) for name in each(company)], as_json=as_json)
    if code:
        raise typer.Exit(code)


def results() -> Iterator[CheckResult]:
    """Look at everything."""
    try:
        configs = {plugin: context.config(plugin) for plugin in context.PLUGINS}
    except APBridgeError as error:
        yield CheckResult.of("settings", error)
        return
    avid = (context.TARGET_AVIDXCHANGE, context.TAP_AVIDXCHANGE)
    targets = (context.TARGET_AVIDXCHANGE, context.TARGET_NETSUITE)
    records = str(configs[context.TAP_AVIDXCHANGE].get("record_answers")).lower() == "true"
    on_ledger = (*targets, context.TAP_AVIDXCHANGE) if records else targets
    yield from here.results({name: configs[name] for name in on_ledger})
    yield from files.results(configs)
    yield from netsuite.results(configs[context.TAP_NETSUITE], configs[context.TARGET_NETSUITE])
    yield from avidxchange.results({name: configs[name] for name in avid})


def show(found: Sequence[tuple[str | None, list[CheckResult]]], *, as_json: bool) -> int:
    """Show what was found for each company, or the one without a name, and return the exit code."""
    every = [one for _, some in found for one in some]
    bad = [one for one in every if one.state in {State.WARNING, State.WRONG}]
    if as_json:
        checks = [named(name, asdict(one)) for name, some in found for one in some]
        print_json({"ok": not bad, "checks": checks})
        return FOUND if bad else 0
    for name, some in found:
        _show(name, some)
    return FOUND if bad else 0


def _show(company: str | None, found: Sequence[CheckResult]) -> None:
    shown = table("", "", "")
    shown.show_header = False
    for one in found:
        style = _STYLES[one.state]
        code = f" {one.code}" if one.code else ""
        text = line(f"{one.says} {one.do}".strip(), (code, "dim"))
        shown.add_row(line((one.state.value, style)), one.subject, text)
    if company:
        display("", line((company, "bold")))
    display(shown)
    if any(one.code == REFRESHED for one in found):
        with only(company):
            say(*upload_prompt().split("\n"))
