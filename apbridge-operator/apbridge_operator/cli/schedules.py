"""`apbridge schedules`: what is to run when, for people and for whatever starts the runs."""

from __future__ import annotations

import typer

from apbridge_operator.cli import context
from apbridge_operator.cli.output import Json, display, print_json, table

app = typer.Typer(help="What is to run when.")


@app.command()
def schedules(*, as_json: Json = False) -> None:
    """List the schedules of every company: name, job, interval, company, and the NetSuite account it calls.

    With --json for whatever is to start them, such as Airflow: kept in a file when the project is deployed.
    """
    found = context.schedules_of_all()
    if as_json:
        names = ("name", "job", "interval", "company", "account")
        print_json([{name: getattr(one, name) for name in names} for one in found])
        return
    shown = table("name", "job", "interval", "company", "NetSuite account")
    for one in found:
        shown.add_row(
            one.name, one.job or "", one.interval or "by hand", one.company or "", one.account or ""
        )
    display(shown)
