"""`apbridge companies`: several companies in one project, each with all that is its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from apbridge import declared_file
from apbridge.declared_file import UnreadableFileError
from apbridge.errors import APBridgeError, SettingError
from apbridge.files import replace
from apbridge.ledger.run_history import RunHistory
from apbridge_operator import companies as table_of
from apbridge_operator.cli import context, env_file, environments, init
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.check import results, show
from apbridge_operator.cli.checks import CheckResult, State
from apbridge_operator.cli.clashes import clashes, sharing
from apbridge_operator.cli.company import declared, only, working_for
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.cli.runs import JOBS, LIMIT_MINUTES, PARALLEL, JobEnd, run_all
from apbridge_operator.cli.words import age
from apbridge_operator.companies import Company, companies
from apbridge_operator.health import DIRECTIONS

app = typer.Typer(help="Several companies in one project: add, list, check, run.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Which companies; all unless told.")]

_HEAD = "# Each company is a NetSuite account and an AvidXchange company: docs/companies.md\ncompanies:\n"
_ENTRY = '  {name}:\n    netsuite:\n      account_id: "{account_id}"\n'


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and -, such as acme-east.")],
    *,
    account_id: Annotated[
        str | None, typer.Option(help="NetSuite account id; asked for unless told.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a company: put it into companies.yaml, write the environments, and set it up as `init` does.

    What `init` asks for may be in variables of its own, such as ACME_AVIDXCHANGE_USER_TOKEN for acme.
    """
    project = Path()
    if name not in table_of.names(project):
        if account_id is None and sys.stdin.isatty() and not as_json:
            account_id = typer.prompt(init.ACCOUNT.text)
        if account_id is None:
            raise SettingError("APB-SET-002", setting="--account-id")
        _declare(project, name, account_id)
    elif account_id is not None:
        raise SettingError("APB-SET-001", setting="--account-id", problem=f"{name} is in companies.yaml")
    environments.write(project)
    with only(name):
        # Where the others are, this one is too, most likely.
        address, profile = (
            None if env_file.value(one) else os.environ.get(one)
            for one in ("AVIDXCHANGE_BASE_URL", "AVIDXCHANGE_PROFILE")
        )
    init.init(company=name, avidxchange_url=address, profile=profile, as_json=as_json)


def _declare(project: Path, name: str, account_id: str) -> None:
    """Put a company at the end of the table."""
    file = project / table_of.FILE
    before = _HEAD
    if file.exists():
        try:
            before = declared_file.text_of(file)
        except UnreadableFileError as failure:
            raise SettingError("APB-CMP-001", problem=failure) from failure
    text = before.rstrip("\n") + "\n" + _ENTRY.format(name=name, account_id=account_id)
    try:
        names = [one.name for one in table_of.read(text)]
    except SettingError as failure:
        if failure.code == "APB-CMP-001":
            raise SettingError("APB-CMP-017", company=name) from failure
        raise
    if names != [*table_of.names(project), name]:
        raise SettingError("APB-CMP-017", company=name)
    # Nothing of it is written before the environment of that name could be.
    environments.wanted(project, table_of.read(text))
    replace(file, text.encode())


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """Show the companies: their two systems, where their ledgers are, and how their last runs ended."""
    rows = [_row(company) for company in declared(None)]
    if as_json:
        print_json(rows)
        return
    columns = ("company", "netsuite", "avidxchange", "profile", "ledger")
    shown = table(*columns, "last runs")
    for row in rows:
        shown.add_row(*(str(row[name] or "") for name in columns), "; ".join(row["last_runs"]))
    display(shown)


def _row(company: Company) -> dict[str, Any]:
    with working_for(company):
        config = context.config(context.TARGET_AVIDXCHANGE)
        return {
            "company": company.name,
            "netsuite": context.config(context.TAP_NETSUITE).get("account_id"),
            "avidxchange": config.get("company_id"),
            "profile": config.get("profile"),
            "ledger": str(config.get("ledger_url")).split("?")[0].rsplit("@", 1)[-1],
            "last_runs": list(_last_runs()),
        }


def _last_runs() -> Iterator[str]:
    """Yield how the last run of each target ended."""
    try:
        with context.ledger() as ledger:
            for plugin, direction in DIRECTIONS.items():
                for one in RunHistory(ledger).runs(plugin, limit=1):
                    yield f"{direction}: {one.status} {age(one.finished_at or one.started_at)} ago"
    except APBridgeError as failure:
        yield str(failure)


@app.command()
def check(
    names: Names = None,
    *,
    online: Annotated[bool, typer.Option("--online", help="Ask both systems too, as `check`.")] = False,
    as_json: Json = False,
) -> None:
    """Check how each company is declared, and that it has nothing together with another; else exit code 1."""
    all_ = companies(Path())
    wrong, shared = clashes(all_), sharing(all_)

    def looked_at(company: Company) -> Iterator[CheckResult]:
        if company.name in wrong:
            yield CheckResult.of("companies.yaml", wrong[company.name])
        else:
            yield CheckResult.ok("companies.yaml", "It is declared, and nothing of it is another's.")
        if company.name in shared:
            yield CheckResult.of("payment ids", shared[company.name], State.NOTE)
        if online:
            with working_for(company):
                yield from results()

    found = ((company.name, looked_at(company)) for company in declared(names))
    if code := show(found, as_json=as_json):
        raise typer.Exit(code)


@app.command()
def write(*, as_json: Json = False) -> None:
    """Write companies.meltano.yml, the Meltano environment of each company, anew from companies.yaml."""
    is_new = environments.write(Path())
    if as_json:
        print_json({"written": is_new})
    else:
        say(f"{environments.FILE} is written anew." if is_new else f"{environments.FILE} is as it should be.")


@app.command()
def run(
    names: Names = None,
    *,
    job: Annotated[
        list[str] | None,
        typer.Option(help="Which; may be repeated. Outbound, then inbound, unless told."),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=100, help="Companies at once.")] = PARALLEL,
    limit_minutes: Annotated[
        int, typer.Option(min=1, help="A job that takes longer is stopped as by Ctrl+C.")
    ] = LIMIT_MINUTES,
    as_json: Json = False,
) -> None:
    """Run each company's jobs, some companies at a time, whatever becomes of others.

    Exit code 1 where one failed. Each job is a `meltano --environment=<company> run <job>` of its own, with
    its log in `.apbridge/<company>/logs`.
    """
    table_ = companies(Path())
    found = declared(names)
    environments.require_written(Path(), table_)
    outcomes = run_all(
        found,
        job or JOBS,
        clashes(table_),
        parallel=parallel,
        limit_seconds=limit_minutes * 60,
        echo=None if as_json else say,
    )
    failed = [one for one in outcomes if not one.is_well]
    if as_json:
        print_json({"ok": not failed, "runs": [one.as_fields() for one in outcomes]})
    else:
        _show(outcomes, found)
    if failed:
        raise typer.Exit(FOUND)


def _show(outcomes: list[JobEnd], found: list[Company]) -> None:
    shown = table("company", "job", "", "took", "what it said last, or its log")
    for one in outcomes:
        state = ("well", "green") if one.is_well else ("failed", "bold red")
        shown.add_row(
            one.company, one.job, line(state), f"{one.seconds:.0f} s", one.says or str(one.log or "")
        )
    display("", shown)
    bad = list(dict.fromkeys(one.company for one in outcomes if not one.is_well))
    if bad:
        say(f"{len(bad)} of {len(found)} companies failed: {', '.join(bad)}")
    else:
        say(f"All {len(found)} went well.")
