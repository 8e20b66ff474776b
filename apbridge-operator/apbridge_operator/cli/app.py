"""The command itself: its options, its commands by name, and how it ends."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from dotenv import load_dotenv
from typer.core import TyperGroup
from typer.main import get_command

from apbridge import logs
from apbridge.errors import APBridgeError, SettingError, where
from apbridge.files import keep_private

FOUND, WRONG, NOT_NOW = 1, 2, 3
"""Exit codes beside 0: something was found; wrong use or settings; it could not be done now."""

logger = logging.getLogger("apbridge")


COMMANDS: Mapping[str, str] = {
    "init": "Set this folder up: settings, vault, key and certificate.",
    "companies": "Several companies in one project: add, list, check, run.",
    "exceptions": "Records that wait or are rejected: list, show, retry, dismiss.",
    "approve": "Changes that are held because they are too many at once: show them, let them through.",
    "audit": "Every write to either system: show, export, verify, anchor.",
    "check": "Look at both systems and this machine: what is well, what to do.",
    "survey": "Find out what kind of account it is, without writing anything.",
    "vendors": "Vendors that AvidXchange had before us: match, apply, unlink, links.",
    "codes": "The same for GL accounts and dimension values.",
    "mapping": "GL accounts and dimensions: check that open bills have codes.",
    "profile": "AvidXchange API contracts: check, try, compare or learn one; see what has changed.",
    "records": "What any tap writes: check that a target can take it.",
    "schedules": "What is to run when; for Airflow and the like as JSON.",
    "notify": "Tell what somebody should know, each thing once; for cron.",
    "console": "Show the state of the loop in a browser.",
    "metrics": "The state of the loop in numbers for Prometheus.",
    "report": "Write the state of the loop as one HTML file.",
    "reconcile": "Compare both systems, bill by bill and in total.",
    "certificate": "The certificate that signs in to NetSuite: status, rotate, revoke.",
    "backup": "Write all that a project cannot make anew into one file, or check one.",
    "restore": "Put a backup back into an empty folder.",
    "support-bundle": "Write what whoever helps asks first into a file; nothing of the company is in it.",
    "vault": "Keep credentials encrypted: set, list, rotate-key, seal, export.",
}
"""What each command does, in a line; the module of its name has its `app` and is imported when it runs."""

ENV_FILE = "APBRIDGE_ENV_FILE"
"""Names the file of variables where it is not the project's `.env`, as that of a trial."""


def variables_file() -> Path:
    """Return where the variables are kept."""
    return Path(os.environ.get(ENV_FILE) or ".env")


class Commands(TyperGroup):
    """Imports a command's module when it is about to run, and not to list it."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Return the command that the words ask for, and the rest of them."""
        name, _, rest = super().resolve_command(ctx, args)
        module = str(name).replace("-", "_")
        command = get_command(import_module(f"apbridge_operator.cli.{module}").app)
        command.name = name
        return name, command, rest


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


for _name, _help in COMMANDS.items():
    app.command(_name, help=_help)(lambda: None)  # for the list; `Commands` runs the real one


def _show_versions(*, wanted: bool) -> None:
    """Show which versions are at work, and end."""
    if not wanted:
        return
    from apbridge_operator.versions import versions  # noqa: PLC0415 - for this alone

    for name, found in versions().items():
        typer.echo(f"{name} {found or '(not in this environment)'}")
    raise typer.Exit


@app.callback()
def begin(
    project: Annotated[
        Path, typer.Option(help="The project's folder: where `meltano.yml` and `.env` are.", file_okay=False)
    ] = Path(),
    env_file: Annotated[
        Path | None,
        typer.Option(
            envvar=ENV_FILE, help="Read and write variables there and not in `.env`, as `meltano --env-file`."
        ),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option(envvar="APBRIDGE_LOGLEVEL", help="At debug an error is followed up by its trace."),
    ] = "warning",
    *,
    version: Annotated[  # noqa: ARG001 - its callback ends the command
        bool,
        typer.Option(
            "--version",
            callback=lambda wanted: _show_versions(wanted=wanted),
            is_eager=True,
            help="Show the versions of our packages, Python and Meltano, and end.",
        ),
    ] = False,
) -> None:
    """NetSuite and AvidXchange, kept in step: what an operator does between two runs."""
    logging.basicConfig(level=log_level.upper(), format="%(message)s", stream=sys.stderr)
    logs.clean()
    if env_file:
        os.environ[ENV_FILE] = str(env_file.resolve())
    try:
        os.chdir(project)
    except OSError as failure:
        raise SettingError("APB-CLI-002", folder=project, problem=failure.strerror) from failure
    load_dotenv(variables_file())
    keep_private()


def run() -> NoReturn:
    """Run the command to its end, whatever that is; an error is one sentence."""
    try:
        app(prog_name="apbridge")
    except APBridgeError as failure:
        found = failure
        _trace(failure)
    except Exception as failure:  # noqa: BLE001 - nobody sees a trace who did not ask for it
        found = APBridgeError("APB-CLI-001", kind=type(failure).__name__, place=where(failure))
        _trace(failure)
    if "--json" in sys.argv:
        sentence = {"code": found.code, "says": found.says, "do": found.do}
        sys.stderr.write(json.dumps({"error": sentence}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(" ".join(str(found).split()) + "\n")
    sys.exit(WRONG if isinstance(found, SettingError) else NOT_NOW)


def _trace(failure: Exception) -> None:
    logger.debug("Trace of the error below", exc_info=failure)
