"""What commands show: a table for people, or the same as JSON. Nothing that others wrote is markup in it."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typing_extensions import override

from apbridge.json import dumps
from apbridge.printable import escaped, printable

Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of text.")]
"""Every command has it: `def command(*, as_json: Json = False)`."""


class _Table(Table):
    @override
    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*(line(cell) for cell in cells), **options)


def say(*lines: str) -> None:
    """Print lines as they are."""
    for one in lines:
        typer.echo(printable(one))


def display(*shown: str | Text | Table) -> None:
    """Print lines and tables: as wide as the terminal, or wide enough for tables where there is none."""
    terminal = Console(highlight=False)
    out = terminal if terminal.is_terminal else Console(highlight=False, width=160)
    for one in shown:
        out.print(one if isinstance(one, Table) else line(one))


def line(*parts: str | Text | tuple[str, str]) -> Text:
    """Make a line of parts, those with a style as text and style."""
    cut = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*(one if isinstance(one, Text) else (printable(one[0]), one[1]) for one in cut))


def table(*columns: str) -> Table:
    """Make a plain table."""
    made = _Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_json(value: Any) -> None:  # noqa: ANN401
    """Print a value as one line of JSON; amounts keep every digit."""
    sys.stdout.write(escaped(dumps(value).decode()) + "\n")
