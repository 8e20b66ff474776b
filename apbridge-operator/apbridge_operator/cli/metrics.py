"""`apbridge metrics`: the state of the loop in numbers, for Prometheus."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.files import replace_among_others
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import company, context
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.monitoring import Loop, Numbers
from apbridge_operator.schedules import Silence

app = typer.Typer(help="Tell the state of the loop in numbers for Prometheus.")

_MODE = 0o640
"""What reads it is another account: it is let in by the group of the folder, and nobody else is."""


@app.command()
def tell(
    *,
    textfile: Annotated[
        Path | None,
        typer.Option(
            help="A file of node_exporter's textfile collector; printed without it.", dir_okay=False
        ),
    ] = None,
    names: company.Several = None,
    as_json: Json = False,
) -> None:
    """Print runs, records, open money and certificates' ends as Prometheus takes them, or write a file.

    From the ledger alone. Of a company whose ledger cannot be read it says that, tells of the others, and
    ends with 2 or 3.
    """
    with ExitStack() as open_ledgers:
        numbers = Numbers(_loop(name, open_ledgers) for name in company.each(names))
        found = numbers.text()
    if textfile:
        try:
            replace_among_others(textfile, found, _MODE)
        except UnavailableError as failure:
            raise SettingError("APB-MTR-001", file=textfile, problem=failure.facts["problem"]) from failure
    if as_json:
        print_json({"file": str(textfile)} if textfile else {"metrics": found.decode()})
    elif textfile:
        say(f"Written: {textfile}")
    else:
        sys.stdout.write(found.decode())
    if numbers.failures:
        raise numbers.failures[0]


def _loop(name: str | None, open_ledgers: ExitStack) -> Loop | tuple[str | None, APBridgeError]:
    try:
        certificate = Certificate.from_config(context.config(context.TAP_NETSUITE))
        silence = Silence(context.schedules())
        return Loop(open_ledgers.enter_context(context.ledger()), certificate, silence, name)
    except APBridgeError as failure:
        return name, failure
