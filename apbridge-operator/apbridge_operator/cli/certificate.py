"""`apbridge certificate`: how long it is good for, and changing over to a new one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Annotated, Any, Literal

import typer

from apbridge import settings
from apbridge.errors import APBridgeError, RefusedError, SettingError
from apbridge.files import replace
from apbridge.netsuite.certificate import Certificate
from apbridge.vault import REFERENCE
from apbridge_operator.certificates import Certificates
from apbridge_operator.cli import context, env_file
from apbridge_operator.cli.app import FOUND
from apbridge_operator.cli.company import One, Several, certificate_file, each, named, only
from apbridge_operator.cli.output import Json, display, line, print_json, say, table
from apbridge_operator.cli.rotation import ChangedOver, Rotation

_EXPIRED = "APB-NS-004"

app = typer.Typer(
    help="The certificate that signs in to NetSuite: status, rotate, revoke.", no_args_is_help=True
)


@app.command()
def status(*, company: Several = None, as_json: Json = False) -> None:
    """Show the integration's certificates, and how long each is good for.

    Exit code 1 where the one in use ends within 60 days, or has ended. With several companies, --json prints
    a line for each.
    """
    are_good = [_is_good(name, as_json=as_json) for name in each(company)]
    if not all(are_good):
        raise typer.Exit(FOUND)


def _is_good(company: str | None, *, as_json: bool) -> bool:
    """Show the certificates of the company at work, and return whether the one in use lasts."""
    config = context.config(context.TARGET_NETSUITE)
    rows, note = _listed(config)
    in_use = [row for row in rows if row["use"] == "in use" and row["until"]]
    reminders = {_reminder(row["until"]) for row in in_use} - {None}
    if as_json:
        told = None if note is None else {"code": note.code, "says": note.says}
        print_json(named(company, {"ok": not reminders, "certificates": rows, "note": told}))
    else:
        if company:
            display(line((company, "bold")))
        shown = table("certificate", "valid from", "until", "days left", "use")
        for row in rows:
            days = (row["until"] - datetime.now(timezone.utc)).days if row["until"] else ""
            cells = (row["id"], _day(row["from"]), _day(row["until"]), str(days), row["use"])
            shown.add_row(*cells)
        display(shown)
        has_expired = note is not None and note.code == _EXPIRED
        for one in (note, *([] if has_expired else sorted(filter(None, reminders)))):
            if one:
                say(str(one))
    return not reminders


@app.command()
def rotate(
    *,
    key: Annotated[Literal["ec", "rsa"], typer.Option(help="EC P-256, or RSA with 4096 bits.")] = "ec",
    role: Annotated[
        str | None, typer.Option(help="Internal id of the role it is for; the RESTlet tells it otherwise.")
    ] = None,
    entity: Annotated[str | None, typer.Option(help="Internal id of the user it is for, likewise.")] = None,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Change over to a new key and certificate, proved before it is used. The old one stays good.

    Broken off at any step, it goes on from there when it is run again.
    """
    with only(company):
        done = rotation().rotate(key, role, entity)
        keep_changed_over(done)
    if as_json:
        print_json({"in_use": done.certificate_id, "before": done.old_certificate_id})
    else:
        say(f"Certificate {done.certificate_id} is in use. It has signed in.")
        say(
            f"{done.old_certificate_id}, in use before, is still good. Once a run has gone well, run "
            "`apbridge certificate revoke`."
        )


# An id may begin with a dash.
@app.command(context_settings={"ignore_unknown_options": True})
def revoke(
    certificate_id: Annotated[
        str | None, typer.Argument(help="The one in use before the last rotation, unless told.")
    ] = None,
    *,
    company: One = None,
    as_json: Json = False,
) -> None:
    """Revoke a certificate. The one in use is refused."""
    with only(company):
        revoked = rotation().revoke(certificate_id)
    if as_json:
        print_json({"revoked": revoked})
    else:
        say(f"Certificate {revoked} is revoked.")


def keep_changed_over(done: ChangedOver) -> None:
    """Leave the certificate in use where `init` leaves it, and name it where no setting does yet."""
    replace(certificate_file(), done.certificate.encode())
    config = context.config(context.TARGET_NETSUITE)
    if not config.get("certificate"):
        env_file.keep(
            {
                "NETSUITE_CERTIFICATE": f"{REFERENCE}{done.certificate_secret}",
                "NETSUITE_CERTIFICATE_PATH": None,
            }
        )


def rotation() -> Rotation:
    """Return the certificates of the company at work.

    Raises:
        SettingError: They are not in the vault.
    """
    return Rotation(context.config(context.TARGET_NETSUITE), context.config(context.TAP_NETSUITE))


def _listed(config: Mapping[str, Any]) -> tuple[list[dict[str, Any]], APBridgeError | None]:
    """Return what NetSuite lists; where it does not, what is known here, and why."""
    try:
        with context.netsuite() as netsuite:
            in_use = netsuite.settings.certificate_id
            listed = Certificates(netsuite).listed()
    except RefusedError as refused:
        return _own(config), APBridgeError("APB-CRT-007", says=refused.says.rstrip("."))
    except SettingError as failure:
        if failure.code != _EXPIRED:
            raise
        return _own(config), failure
    try:
        uses = rotation().uses()
    except SettingError:
        uses = {in_use: "in use"}
    return [
        {
            "id": one.id,
            "from": one.begins,
            "until": one.ends,
            "use": "revoked" if one.is_revoked else uses.get(one.id, ""),
        }
        for one in listed
    ], None


def _own(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is known here of the certificate in use."""
    own = Certificate.from_config(config)
    begins, ends = (own.begins, own.ends) if own else (None, None)
    in_use = settings.text(config, "certificate_id")
    return [{"id": in_use, "from": begins, "until": ends, "use": "in use"}]


def _reminder(ends: datetime) -> str | None:
    return Certificate(ends, ends, b"").reminder()


def _day(moment: datetime | None) -> str:
    return "" if moment is None else str(moment.date())
