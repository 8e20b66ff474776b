"""`apbridge vault`: credentials, encrypted."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.ledger.sealing import Unsealed, fingerprint, unsealed
from apbridge.ledger.sealing import seal as seal_record
from apbridge.ledger.search_keys import described
from apbridge.vault import OWNER_END, REFERENCE, RecordKeys, Vault, vault_file
from apbridge_operator.cli import context
from apbridge_operator.cli.company import One, only
from apbridge_operator.cli.output import Json, display, print_json, say, table
from apbridge_operator.exceptions import BY_HAND

app = typer.Typer(help="Credentials, encrypted; settings name them as vault:<name>.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Such as avidxchange_user_token; settings say vault:<name>.")]

Owner = Annotated[str | None, typer.Option("--company", metavar="NAME", help="Only that company's own.")]


def _prefix(company: str | None) -> str:
    """Return what the names of a company's own secrets begin with; nothing where none is named."""
    if company is None:
        return ""
    with only(company):
        return f"{company}{OWNER_END}"


@app.command("set")
def set_(name: Name, *, company: Owner = None, as_json: Json = False) -> None:
    """Keep a secret, asked for or read from standard input: as an argument, others could see it."""
    name = f"{_prefix(company)}{name}"
    if sys.stdin.isatty():
        value = typer.prompt(f"Value of {name}", hide_input=True)
    else:
        value = sys.stdin.read().rstrip("\r\n")
    vault = Vault.open() if vault_file().exists() else Vault.create()
    vault.set({name: value})
    if as_json:
        print_json({"set": name})
    else:
        say(f"{REFERENCE}{name} is kept in {vault.path}.")


@app.command("list")
def list_(*, company: Owner = None, as_json: Json = False) -> None:
    """Show the names of the secrets, and nothing else of them."""
    names = [name for name in Vault.open().names() if name.startswith(_prefix(company))]
    if as_json:
        print_json({"names": names})
    else:
        for name in names:
            say(name)


@app.command()
def rotate_key(*, as_json: Json = False) -> None:
    """Encrypt the vault with a new key; records in the ledger are sealed with a new one from now on."""
    vault = Vault.open()
    vault.rotate()
    if as_json:
        print_json({"rotated": True, "key_in": vault.place})
    else:
        say(f"The vault has a new key, in {vault.place}. The old one opens it no more.")


@app.command()
def seal(
    *,
    yes: Annotated[
        str | None,
        typer.Option(
            "--yes",
            metavar="SEEN",
            help="Seal what was shown under this name; it is sent as it is then. Refused where it changed.",
        ),
    ] = None,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Seal what the ledger kept before there was a vault; without --yes, show it.

    What was not sealed is never sent: whoever can write to the database could have put it there. So look at
    each record, its vendor and its amount, before they are sealed. The head of the audit trail is sealed too.
    All of it goes on the trail.
    """
    keys = Vault.open().record_keys()
    with only(company), context.ledger() as ledger:
        found = list(unsealed(ledger))
        seen = fingerprint(found)
        if yes is not None:
            if yes != seen:
                raise SettingError("APB-LED-019", seen=yes)
            found = _sealed(ledger, keys, found)
    shown = [
        {
            "system": one.system,
            "stream": one.stream,
            "external_id": one.external_id,
            "vendor": _vendor(one.record),
            **described(one.record),
        }
        for one in found
    ]
    if as_json:
        print_json({"sealed": 0 if yes is None else len(shown), "seen": seen, "records": shown})
        return
    columns = ("system", "stream", "external_id", "vendor", "number", "amount", "currency")
    listed = table(*columns)
    for each in shown:
        listed.add_row(*(each[name] or "" for name in columns))
    if shown:
        display(listed)
    counted = f"{len(shown)} record{'' if len(shown) == 1 else 's'}"
    if yes is not None:
        say(f"{counted} sealed, and so is the audit trail.")
    else:
        say(f"{counted} kept plainly. To seal what is shown here, and the audit trail:")
        say(f"apbridge vault seal --yes {seen}{f' --company {company}' if company else ''}")


def _sealed(ledger: Ledger, keys: RecordKeys, found: Sequence[Unsealed]) -> list[Unsealed]:
    """Seal the trail and these records, and return those that still were as they were read."""
    head = ledger.audit.seal()
    run = ledger.start_run(BY_HAND, version("apbridge"))
    done = []
    for one in found:
        about = {"system": one.system, "stream": one.stream}
        with run.audited(
            system=BY_HAND, operation="seal kept record", external_id=one.external_id, body=about
        ) as answer:
            is_sealed = seal_record(ledger, keys, one)
            answer.body = {"sealed": is_sealed}
        if is_sealed:
            done.append(one)
    with run.audited(
        system=BY_HAND, operation="seal trail", external_id="audit-trail", body={"at": str(head)}
    ):
        pass
    run.finish("finished", {BY_HAND: {"sealed": len(done)}} if done else {})
    return done


def _vendor(record: Any) -> str | None:  # noqa: ANN401
    """Return the id of the vendor that a record is owed or paid to."""
    fields = record if isinstance(record, dict) else {}
    ids = (fields.get(name) for name in ("vendor_external_id", "vendor_id"))
    return next((one for one in ids if isinstance(one, str)), None)


@app.command()
def export(
    *,
    to_env: Annotated[bool, typer.Option("--to-env", help="As lines of an .env file.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Print secrets in clear.")] = False,
    company: Owner = None,
    as_json: Json = False,
) -> None:
    """Print the secrets that the environment's settings name, in clear. Refused unless forced."""
    if not force:
        raise SettingError("APB-VLT-009")
    vault = Vault.open()
    found = {
        name: vault.get(value.removeprefix(REFERENCE))
        for name, value in sorted(os.environ.items())
        if value.startswith(f"{REFERENCE}{_prefix(company)}")
    }
    if as_json or not to_env:
        print_json(found)
        return
    for name, value in found.items():
        # One line each: plugins take a key with its line ends written out.
        line = value.strip().replace("\n", "\\n")
        typer.echo(f"{name}={line}")
