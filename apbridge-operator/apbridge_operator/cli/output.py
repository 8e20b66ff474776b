"""What commands show: a table for people, or the same as JSON."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from apbridge.json import dumps

Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of text.")]
"""Every command has it: `def command(*, as_json: Json = False)`."""


def console() -> Console:
    """Return the terminal, or a page wide enough for tables where the output is none."""
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=160)


def table(*columns: str) -> Table:
    """Make a plain table."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_json(value: Any) -> None:  # noqa: ANN401
    """Print a value as one line of JSON; amounts keep every digit."""
    sys.stdout.write(dumps(value).decode() + "\n")
