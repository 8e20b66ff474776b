"""`apbridge restore`: what a backup holds, put where nothing is yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer
from dotenv import load_dotenv

from apbridge.errors import APBridgeError, SettingError
from apbridge.files import replace
from apbridge.ledger.copying import LedgerEnd, end_of, put_back
from apbridge.ledger.database import named
from apbridge.vault import Vault, record_keys, vault_file
from apbridge.vault.keys import KEY_FILE
from apbridge_operator import archive
from apbridge_operator.archive import Archive
from apbridge_operator.cli import bookmarks, env_file, meltano
from apbridge_operator.cli.app import variables_file
from apbridge_operator.cli.backup import (
    VARIABLES,
    VAULT,
    checked,
    every_company,
    kind_of,
    ledger_url,
    left_out,
)
from apbridge_operator.cli.output import Json, print_json, say

app = typer.Typer()

_FILES = "files/"
_NO_KEY = {"APB-VLT-002", "APB-VLT-003", "APB-VLT-005", "APB-VLT-006"}
"""Said where the vault is whole, and its key is missing or another one."""


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `apbridge backup` wrote.", dir_okay=False)],
    *,
    vault_key_file: Annotated[
        Path | None, typer.Option(help="Where the copy of the vault's key is, if not where .env says.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put a backup back: into an empty folder, or one in which nothing differs from it.

    It replaces no file, and no ledger that is in use: an older one in its place forgets what was submitted
    and paid. Broken off, it is run again and goes on. At its end it says what to run before schedules do.
    """
    told = checked(file)
    with archive.opened(file) as found:
        files = dict(_targets(found))
        _require_free(files)
        variables = _variables(found)
        for target, content in files.items():
            replace(target, content)
        if variables is not None:
            replace(variables_file(), variables.encode())
            load_dotenv(variables_file())
        if vault_key_file:
            env_file.keep({KEY_FILE: str(vault_key_file.absolute())})
        _put_vault(found)
        _put_ledgers(found)
        left = list(_put_bookmarks(found))
    _say(told, left, as_json=as_json)


def _targets(found: Archive) -> Iterator[tuple[Path, bytes]]:
    """Yield the files to be written, each with its content."""
    for name in found.manifest["members"]:
        if name.startswith(_FILES):
            within = PurePosixPath(name.removeprefix(_FILES))
            if within.is_absolute() or ".." in within.parts:
                raise SettingError("APB-BAK-004", file=found.file, problem=f"{name} leads out of the project")
            yield Path(within), found.content(name)


def _require_free(files: Mapping[Path, bytes]) -> None:
    differ = [str(one) for one, content in files.items() if one.exists() and one.read_bytes() != content]
    if differ:
        raise SettingError("APB-BAK-010", files=", ".join(differ))


def _variables(found: Archive) -> str | None:
    """Return the variables as they are to be here; None where nothing is to be written.

    Raises:
        SettingError: Others are there already.
    """
    if VARIABLES not in found.manifest["members"]:
        return None
    before, here = found.manifest["project"], str(Path.cwd())
    text = found.content(VARIABLES).decode()
    # Settings name files of the project by their whole path, too.
    text = re.sub(rf"(?<![\w.-]){re.escape(before)}/", lambda _: f"{here}/", text) if before != "/" else text
    file = variables_file()
    if not file.exists():
        return text
    there = file.read_text(encoding="utf-8")
    # What the backup left out, and where the key is, may have been put in since.
    if all(line in there.splitlines() for line in text.splitlines() if not line.startswith(KEY_FILE)):
        return None
    raise SettingError("APB-BAK-010", files=file)


def _put_vault(found: Archive) -> None:
    if VAULT not in found.manifest["members"]:
        return
    content, place = found.content(VAULT), vault_file()
    if place.exists() and place.read_bytes() != content:
        raise SettingError("APB-BAK-010", files=place)
    if not place.exists():
        replace(place, content)
    try:
        Vault.open()
    except APBridgeError as failure:
        if failure.code not in _NO_KEY:
            raise
        raise SettingError("APB-BAK-014", says=failure.says) from failure


def _put_ledgers(found: Archive) -> None:
    """Put the ledgers back, all or, where one may not be, none."""
    kept = {one["company"]: one for one in found.manifest["ledgers"]}
    wanted: list[tuple[str, str]] = []
    for company in every_company():
        one = kept.get(company.name if company else None)
        if one and _is_wanted(one, found.manifest):
            wanted.append((ledger_url(), one["member"]))
    for url, member in wanted:
        with found.opened(member) as lines:
            put_back(url, lines, record_keys())


def _is_wanted(one: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Return whether a ledger is not there yet.

    Raises:
        SettingError: Another is, or a newer one; or it would be in another kind of database.
    """
    url = ledger_url()
    if (now := kind_of(url)) != one["kind"]:
        company, missing = one["company"] or "the project", ", ".join(told["left_out"]["variables"]) or "none"
        facts = {"company": company, "before": one["kind"], "now": now, "left_out": missing}
        raise SettingError("APB-BAK-012", **facts)
    here = LedgerEnd(*(one[name] for name in ("generation", "seq", "hash", "run", "version")))
    there = end_of(url)
    if there is None:
        return True
    if there == here:
        return False
    kind = "another than"
    if there.generation == here.generation:
        kind = "newer than" if (there.run, there.seq) > (here.run, here.seq) else "an older copy of"
    raise SettingError("APB-BAK-011", ledger=named(url), kind=kind, there=there, here=here)


def _put_bookmarks(found: Archive) -> Iterator[str]:
    """Set the bookmarks of every job that has none, and yield the jobs that have others."""
    jobs: Mapping[str, str] = found.manifest["jobs"]
    if not jobs:
        return
    environments = {state_id.partition(":")[0] if ":" in state_id else None for state_id in jobs}
    there = bookmarks.state_ids(environments)
    for state_id, member in jobs.items():
        value = found.content(member).decode()
        if state_id not in there:
            bookmarks.set_state(state_id, value)
        elif bookmarks.state(state_id) != value:
            yield state_id


def _say(told: Mapping[str, Any], left: list[str], *, as_json: bool) -> None:
    runs = [
        f"meltano {option}run --full-refresh {job}"
        for option in _environments()
        for job in ("outbound", "inbound")
    ]
    if as_json:
        print_json({**told, "bookmarks_left": left, "run": runs})
        return
    say(f"Restored as of {told['made_at']}: {told['files']} files, {len(told['ledgers'])} ledgers.")
    if left:
        say(f"Bookmarks that are there and differ were left: {', '.join(left)}.")
    say(*left_out({**told["left_out"], "key": None}))
    say(
        "",
        "What happened after that moment is not in it: only both systems know it. Before schedules run:",
    )
    say("", *(f"  {one}" for one in runs), "  apbridge reconcile", "")
    say("Bills and payments that are there already are found, and not made a second time.")


def _environments() -> Iterator[str]:
    if not Path(meltano.FILE).exists():
        return
    for company in every_company():
        yield f"--environment={company.name} " if company else ""
