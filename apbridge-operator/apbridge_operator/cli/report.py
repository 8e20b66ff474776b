"""`apbridge report`: the state of the loop as one file, for e-mail and archives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apbridge.errors import SettingError, UnavailableError
from apbridge.files import replace
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import context
from apbridge_operator.cli.company import Several, each, named
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.console.serve import report
from apbridge_operator.schedules import Silence

app = typer.Typer(help="Write the state of the loop as one file.")


@app.command()
def write(
    *,
    output: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)] = Path("apbridge.html"),
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Write the state of the loop, its exceptions and differences as one HTML file.

    With several companies a file each, such as apbridge-acme.html.
    """
    for name in each(company):
        own = output.with_stem(f"{output.stem}-{name}") if name else output
        _write(own, name, as_json=as_json)


def _write(output: Path, company: str | None, *, as_json: bool) -> None:
    certificate = Certificate.from_config(context.config(context.TAP_NETSUITE))
    with context.ledger() as ledger:
        page = report(ledger, certificate, Silence(context.schedules()), company)
    if not output.parent.is_dir():
        raise SettingError("APB-CON-003", file=output, problem="there is no such folder")
    try:
        replace(output, page.encode())
    except UnavailableError as failure:
        raise SettingError("APB-CON-003", file=output, problem=failure.facts["problem"]) from failure
    if as_json:
        print_json(named(company, {"file": str(output)}))
    else:
        say(f"Written: {output}")
