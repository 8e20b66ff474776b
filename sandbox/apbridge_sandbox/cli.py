"""`apbridge-sandbox`: NetSuite and AvidXchange on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from apbridge_sandbox.by_hand import COMMANDS
from apbridge_sandbox.company import CompanySize
from apbridge_sandbox.context import Options, Sandbox
from apbridge_sandbox.credentials import ENV_FILE, in_the_way, issue
from apbridge_sandbox.store import Store, StoreError
from apbridge_sandbox.switches.like import NoReportError, told_by

_PORT = click.IntRange(0, 65535)
_COUNT = click.IntRange(min=1)

_db = click.option(
    "--db", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The SQLite file."
)


@click.group()
@click.version_option(package_name="apbridge-sandbox")
def main() -> None:
    """NetSuite and AvidXchange on this machine, over one SQLite file."""
    # Books, keys and tokens are nobody else's to read, those of a trial neither.
    os.umask(0o077)


for _command in COMMANDS:
    main.add_command(_command)


@main.command()
@_db
@click.option("--port", type=_PORT, default=8400, show_default=True, help="Of both systems; 0: any.")
@click.option(
    "--control-port", type=_PORT, default=8401, show_default=True, help="Of the control API; 0: any."
)
@click.option("--seed", type=int, default=CompanySize.seed, show_default=True)
@click.option("--vendors", type=_COUNT, default=CompanySize.vendors, show_default=True)
@click.option("--bills", type=_COUNT, default=CompanySize.bills, show_default=True)
@click.option(
    "--latency-ms",
    type=click.IntRange(min=0),
    default=Options.latency_ms,
    show_default=True,
    help="Added to every answer.",
)
@click.option(
    "--concurrency-limit",
    type=_COUNT,
    default=Options.concurrency_limit,
    show_default=True,
    help="Calls that NetSuite allows in flight.",
)
@click.option(
    "--suitescript",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An SDF project whose RESTlets answer, in place of the one delivered with the sandbox.",
)
@click.option(
    "--like",
    "report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file of an `apbridge survey`: behave as that account.",
)
def serve(  # noqa: PLR0913 - each by its name
    *,
    db: Path,
    port: int,
    control_port: int,
    seed: int,
    vendors: int,
    bills: int,
    latency_ms: int,
    concurrency_limit: int,
    suitescript: Path | None,
    report: Path | None,
) -> None:
    """Serve both systems. A file that holds a company keeps it; else one is made."""
    from apbridge_sandbox.server import HOST, Server  # noqa: PLC0415 - `credentials` starts quicker

    company = CompanySize(seed=seed, vendors=vendors, bills=bills)
    options = Options(company, latency_ms, concurrency_limit, suitescript)
    try:
        if report:
            account = told_by(report)
            options = options.like(account)
            if account.left:
                click.echo(f"cannot be as the report tells: {', '.join(account.left)}", err=True)
        sandbox = Sandbox(db, options)
        server = Server(sandbox, port=port, control_port=control_port)
    except (StoreError, NoReportError, OSError) as error:
        raise click.ClickException(str(error)) from error
    sandbox.seed_if_empty()
    base, control = f"http://{HOST}:{server.port}", f"http://{HOST}:{server.control_port}"
    server.run(
        lambda: click.echo(
            f"ready netsuite={base} avidxchange={base}/avidconnect partner={base}/partner"
            f" avidsuite={base}/avidsuite control={control}"
        )
    )
    sandbox.close()


@main.command()
@_db
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--url", help="Of the running sandbox: writes the base URLs too.")
@click.option("--token-based", is_flag=True, help="Writes what token-based sign-in takes, too.")
@click.option("--force", is_flag=True, help="Replaces the .env and the key that are there.")
def credentials(*, db: Path, out: Path, url: str | None, token_based: bool, force: bool) -> None:
    """Write fresh credentials for both systems: a key, and an .env that names it."""
    kept = [] if force else in_the_way(out)
    if kept:
        message = (
            f"would replace what is there: {', '.join(map(str, kept))}. It may be a project's own: "
            "write to another folder with --out, or say --force to replace it."
        )
        raise click.ClickException(message)
    try:
        store = Store(db)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    issue(store, out, url, token_based=token_based)
    store.close()
    click.echo(f"wrote {out / ENV_FILE}")
