"""`apbridge backup`: all that a project cannot make anew, in one file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import sqlalchemy
import typer

from apbridge import settings
from apbridge.errors import SettingError, UnavailableError
from apbridge.ledger.copying import copy_out, put_back
from apbridge.ledger.database import named
from apbridge.settings import DEFAULT_LEDGER
from apbridge.vault import Vault, vault_file
from apbridge_operator import archive
from apbridge_operator.cli import bookmarks, context, meltano, project_files
from apbridge_operator.cli.app import variables_file
from apbridge_operator.cli.checks.files import SECRETS
from apbridge_operator.cli.company import ENVIRONMENT, working_for
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.companies import Company, companies
from apbridge_operator.versions import versions

app = typer.Typer()

VARIABLES, VAULT = "variables", "vault.json"
"""Members that are not put back under the name that they have in the project."""

_SHORTEST = 8
"""Characters of a value that is found in a text by no chance."""


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; a file that is there is not replaced.")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: see whether this backup is whole.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write ledger, vault, bookmarks, mapping, links, profiles and settings into one file, and check it.

    Of all companies, and while runs go on. Secrets are in it as the vault encrypts them, its key is not:
    keep that elsewhere. `apbridge restore` puts it back.
    """
    if not check:
        _write(file)
    told = checked(file)
    if as_json:
        print_json(told)
        return
    say(f"{file} is whole, of {told['made_at']}: {told['files']} files, bookmarks of {told['jobs']} jobs.")
    for one in told["ledgers"]:
        say(f"{_whose(one['company'])}: {one['rows']} rows; it ends with {one['seq']}:{one['hash']}")
    say(*left_out(told["left_out"]))


def _whose(company: str | None) -> str:
    return f"Ledger of {company}" if company else "Ledger"


def left_out(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what a backup is without."""
    if found["key"]:
        yield f"Not in it: the vault's key ({found['key']}). Keep a copy apart: nothing else opens the vault."
    if found["variables"]:
        yield f"Not in it, as their values are plain: {', '.join(found['variables'])}."
    if found["files"]:
        yield f"Not in it, as they are outside the project: {', '.join(found['files'])}."


def every_company() -> Iterator[Company | None]:
    """Be at work for each company, or for the project of one."""
    found: list[Company | None] = [*companies(Path())]
    for one in found or [None]:
        with working_for(one):
            yield one


def ledger_url() -> str:
    """Return where the ledger of the company at work is to be."""
    return settings.text(context.config(context.TARGET_AVIDXCHANGE), "ledger_url") or DEFAULT_LEDGER


def _write(file: Path) -> None:
    if file.exists() or file.is_symlink():
        raise SettingError("APB-BAK-001", file=file)
    try:
        _write_new(file)
    except OSError as failure:
        raise UnavailableError("APB-CLI-004", file=file, problem=failure.strerror) from failure


def _write_new(file: Path) -> None:
    # Beside it: there is room for it, and nobody else may come there.
    with TemporaryDirectory(dir=file.absolute().parent, prefix=".apbridge-backup-") as folder:
        place = Path(folder)
        members: dict[str, Path] = {}
        # The order counts: a ledger knows all that the bookmarks say is done, the links file and the vault
        # all that the ledger names.
        jobs = _bookmarks(place, members)
        ledgers = list(_ledgers(place, members))
        if not ledgers and not Path(meltano.FILE).exists():
            # A backup of the wrong folder would look like one.
            raise SettingError("APB-CLI-006", folder=Path.cwd())
        elsewhere = _files(members)
        variables = _variables(place, members)
        key = None
        if vault_file().exists():
            shutil.copy(vault_file(), place / VAULT)
            members[VAULT] = place / VAULT
            key = Vault.open().place
        told = {
            "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "versions": versions(),
            "project": str(Path.cwd()),
            "ledgers": ledgers,
            "jobs": jobs,
            "left_out": {"key": key, "variables": variables, "files": elsewhere},
        }
        archive.write(file, told, members)


def _bookmarks(place: Path, members: dict[str, Path]) -> dict[str, str]:
    """Copy the bookmarks of every job; return which member is whose."""
    names = [one.name for one in companies(Path())]
    alone = os.environ.get(ENVIRONMENT) or meltano.default_environment(Path())
    found = {}
    for number, state_id in enumerate(bookmarks.state_ids(names or [alone])):
        name = f"state/{number}.json"
        members[name] = place / f"state-{number}.json"
        members[name].write_text(bookmarks.state(state_id), encoding="utf-8")
        found[state_id] = name
    return found


def _ledgers(place: Path, members: dict[str, Path]) -> Iterator[dict[str, Any]]:
    for number, company in enumerate(every_company()):
        file = place / f"ledger-{number}.jsonl"
        with file.open("wb") as to:
            copied = copy_out(ledger_url(), to)
        if copied is None:
            continue
        end, rows = copied
        name = f"ledger/{number}.jsonl"
        members[name] = file
        yield {
            "company": company.name if company else None,
            "member": name,
            "kind": kind_of(ledger_url()),
            "rows": sum(rows.values()),
            **asdict(end),
        }


def kind_of(url: str) -> str:
    """Return which database a URL is of: `sqlite` or `postgresql`."""
    return sqlalchemy.make_url(named(url)).get_backend_name()


def _files(members: dict[str, Path]) -> list[str]:
    """Take in the files of the project; return those outside of it, which are left out."""
    found = dict.fromkeys(project_files.shared())
    secrets: dict[str, str] = {}
    for _ in every_company():
        found |= dict.fromkeys(project_files.own())
        secrets |= dict(_plain_secrets())
    elsewhere = []
    for file in found:
        if not file.is_file():
            continue
        try:
            within = file.resolve().relative_to(Path.cwd().resolve())
        except ValueError:
            elsewhere.append(str(file))
            continue
        project_files.require_no_secret(file, secrets)
        members[f"files/{within.as_posix()}"] = file
    return elsewhere


def _plain_secrets() -> Iterator[tuple[str, str]]:
    """Yield the secrets that the settings of the company at work hold plainly, and their names."""
    for plugin in context.PLUGINS:
        config = context.config(plugin)
        for name in SECRETS:
            value = str(config.get(name) or "")
            if len(value) >= _SHORTEST and not value.startswith("vault:"):
                yield value, name


def _variables(place: Path, members: dict[str, Path]) -> Sequence[str]:
    text, left = project_files.without_secrets()
    if variables_file().exists():
        members[VARIABLES] = place / "variables"
        members[VARIABLES].write_text(text, encoding="utf-8")
    return left


def checked(file: Path) -> dict[str, Any]:
    """See whether a backup is whole, and its ledgers with their trails; return what is in it.

    Raises:
        SettingError: It is not.
    """
    with archive.opened(file) as found:
        told = found.manifest
        require_version(file, told)
        for one in told["ledgers"]:
            with TemporaryDirectory() as folder, found.opened(one["member"]) as lines:
                put_back(f"sqlite:///{folder}/ledger.db", lines)
        return {
            "made_at": told["made_at"],
            "version": told["versions"]["apbridge"],
            "files": sum(name.startswith("files/") or name in {VARIABLES, VAULT} for name in told["members"]),
            "jobs": len(told["jobs"]),
            "ledgers": told["ledgers"],
            "left_out": told["left_out"],
        }


def require_version(file: Path, told: Mapping[str, Any]) -> None:
    """Check that ledgers of a backup have the tables of today.

    Raises:
        SettingError: They have others.
    """
    from apbridge.ledger.tables import VERSION  # noqa: PLC0415

    for one in told["ledgers"]:
        if one["version"] != VERSION:
            facts = {"made": told["versions"]["apbridge"], "here": versions()["apbridge"]}
            raise SettingError("APB-BAK-005", file=file, found=one["version"], known=VERSION, **facts)
