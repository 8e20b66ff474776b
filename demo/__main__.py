"""Run the loop both ways on a fresh sandbox, then once more, and lay both books side by side."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from apbridge.files import keep_private
from apbridge_sandbox.testing import Running, running
from demo.books import BothBooks, Comparison
from demo.meltano import ROOT, meltano_run, pay_a_month

MOST_IDLE_CALLS = 27
"""Calls that a run of both jobs may make, sign-ins included, when there is nothing to do but to see
which bills were paid: a dozen are about those bills."""

_OF_A_QUERY = "INVALID_PARAMETER"
"""How NetSuite refuses a query: of a column that the account does not show. No record is refused by that."""

_OUR_LINE = re.compile(r"\b((?:tap|target)-[a-z-]+)(?:: | +(?=So far: ))(.*)")
"""How a run ended; and from time to time before that how far it is, with no name but the logger's."""

console = Console(highlight=False)
if not console.is_terminal:
    console = Console(highlight=False, width=110)


def main() -> int:
    """Run the demo.

    Returns:
        0 only if both books agree and the second run wrote nothing.
    """
    keep_private()
    folder = ROOT / ".demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    _say("Starting the sandbox: a property manager with 250 vendors and 1,000 bills")
    with running(vendors=250, bills=1000, folder=folder, in_process=False) as sandbox:
        _say("NetSuite → AvidXchange: meltano run outbound")
        _job("outbound", folder, sandbox)
        _say("AvidXchange approves, pays and settles")
        console.print(f"  {pay_a_month(sandbox)} payments settled")
        _say("AvidXchange → NetSuite: meltano run inbound")
        _job("inbound", folder, sandbox)
        refused = {name: system["refusals"] for name, system in sandbox.calls().items()}
        sandbox.control("/control/calls", method="DELETE")
        _say("Both once more: there is nothing new, so nothing may be written")
        _job("outbound", folder, sandbox)
        _job("inbound", folder, sandbox)
        calls = sandbox.calls()
        lines = BothBooks(sandbox.books(), sandbox.credentials["NETSUITE_ACCOUNT_ID"]).compare()
    lines.append(_without_refusals(refused))
    _show(lines)
    return _conclude(lines, calls)


def _job(name: str, folder: Path, sandbox: Running) -> None:
    began = time.monotonic()
    code = meltano_run(name, folder, sandbox.credentials, tell=_tell)
    if code:
        console.print(f"[red]meltano run {name} failed; {folder.name}/{name}.log says why[/red]")
        raise SystemExit(code)
    console.print(f"  [dim]done in {time.monotonic() - began:.0f} s[/dim]")


def _tell(line: str) -> None:
    """Show what our plugins say, and leave Meltano's own lines to the log file."""
    if found := _OUR_LINE.search(line):
        console.print(Text.assemble("  ", (f"{found[1]}:", "dim"), f" {found[2]}"), soft_wrap=True)


def _without_refusals(refused: dict[str, dict[str, int]]) -> Comparison:
    counts = {
        name: sum(number for code, number in codes.items() if code != _OF_A_QUERY)
        for name, codes in refused.items()
    }
    return Comparison(
        "Records refused on the way",
        str(counts["netsuite"]),
        str(counts["avidxchange"]),
        not any(counts.values()),
    )


def _show(lines: Iterable[Comparison]) -> None:
    table = Table(title="Both books, side by side", title_justify="left")
    table.add_column("")
    table.add_column("NetSuite", justify="right")
    table.add_column("AvidXchange", justify="right")
    table.add_column("agree", justify="center")
    for line in lines:
        table.add_row(
            line.what,
            line.netsuite,
            line.avidxchange,
            "[green]yes[/green]" if line.agree else "[red]NO[/red]",
        )
    console.print()
    console.print(table)


def _conclude(lines: Iterable[Comparison], calls: Any) -> int:  # noqa: ANN401
    writes = sum(system["writes"] for system in calls.values())
    total = sum(system["total"] for system in calls.values())
    console.print(f"The second run of both jobs made {writes} writes and {total} calls, sign-ins included.")
    if writes or total > MOST_IDLE_CALLS:
        console.print(f"[red]It should have made no write and at most {MOST_IDLE_CALLS} calls.[/red]")
        return 1
    if all(line.agree for line in lines):
        console.print("[green]Both books agree to the cent.[/green]")
        return 0
    console.print("[red]The books do not agree.[/red]")
    return 1


def _say(text: str) -> None:
    console.print(f"[bold]{text}[/bold]")


if __name__ == "__main__":
    sys.exit(main())
