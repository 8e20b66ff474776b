"""`apbridge console`: the page on this machine."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import Annotated

import typer

from apbridge import settings
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import context
from apbridge_operator.cli.company import Several, each
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.console.serve import serve
from apbridge_operator.monitoring import Loop
from apbridge_operator.schedules import Silence

app = typer.Typer(help="Show the state of the loop in a browser.")


@app.command()
def console(
    *,
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need a password.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")] = 8765,
    allow_plain_http: Annotated[
        bool,
        typer.Option(
            "--allow-plain-http",
            help="Serve others than this machine though whoever is on the network can read the password.",
        ),
    ] = False,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Show the state of the loop, its exceptions and every bill's history in a browser, until stopped.

    It prints an address that lets one browser in, once, and the next one when it was used. With
    APBRIDGE_CONSOLE_PASSWORD in the environment (`vault:<name>` will do) that password lets others in too.
    At /health it says levels and codes to whoever asks; with APBRIDGE_METRICS_TOKEN it serves /metrics to
    whoever sends that token.
    """
    password = settings.text(os.environ, "APBRIDGE_CONSOLE_PASSWORD")

    def print_address(address: str) -> None:
        if as_json:
            print_json({"address": address})
        else:
            say(f"Open {address} (it lets one browser in, once). Ctrl+C ends the console.")
        sys.stdout.flush()

    with ExitStack() as ledgers:
        loops = [
            Loop(
                ledgers.enter_context(context.ledger()),
                Certificate.from_config(context.config(context.TAP_NETSUITE)),
                Silence(context.schedules()),
                name,
            )
            for name in each(company)
        ]
        serve(
            loops,
            host=host,
            port=port,
            password=password,
            allows_plain_http=allow_plain_http,
            metrics_token=settings.text(os.environ, "APBRIDGE_METRICS_TOKEN"),
            print_address=print_address,
        )
