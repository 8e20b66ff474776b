"""`apbridge console`: the page on this machine."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from apbridge import settings
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import context
from apbridge_operator.cli.output import Json, print_json
from apbridge_operator.console.serve import serve

app = typer.Typer(help="Show the state of the loop in a browser.")


@app.command()
def console(
    *,
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need a password.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")] = 8765,
    as_json: Json = False,
) -> None:
    """Show the state of the loop, its exceptions and every bill's history in a browser, until stopped.

    With APBRIDGE_CONSOLE_PASSWORD in the environment (`vault:<name>` will do) it asks for that password.
    """
    password = settings.text(os.environ, "APBRIDGE_CONSOLE_PASSWORD")
    certificate = Certificate.from_config(context.config(context.TAP_NETSUITE))

    def ready(address: str) -> None:
        if as_json:
            print_json({"address": address})
        else:
            typer.echo(f"The console is at {address}; Ctrl+C ends it.")

    with context.ledger() as ledger:
        serve(ledger, certificate, host=host, port=port, password=password, ready=ready)
