"""`apbridge notify`: tells what somebody should know, and is a dead man's check for cron."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from apbridge import settings
from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import context
from apbridge_operator.cli.company import Several, each, named
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.notices import Notice, due, telling
from apbridge_operator.schedules import Silence

app = typer.Typer(help="Tell what somebody should know, each thing once.")

TOLD = 4
"""The exit code where something was told: Python itself ends a program with 1 that it cannot even begin."""

_VARIABLE = "APBRIDGE_NOTIFY"


@app.command()
def notify(
    *,
    quiet_hours: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="How long no run may end well before it is told, whatever the schedules are."
        ),
    ] = None,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Send what nobody was told of yet: failures, new rejections, silence, a certificate near its end.

    Where to is in APBRIDGE_NOTIFY (`vault:<name>` will do): addresses as Apprise takes them, such as
    json://host/path for a webhook or mailtos://user:password@host, with spaces between. Without it they are
    only printed, which cron sends by mail. Exit code 4 where something was told.
    """
    send = _sender(settings.text(os.environ, _VARIABLE))
    quiet = None if quiet_hours is None else timedelta(hours=quiet_hours)
    told: list[tuple[str | None, Notice]] = []
    failures: list[APBridgeError] = []
    try:
        for name in each(company):
            notices, failure = _told(name, send, quiet)
            told += [(name, one) for one in notices]
            failures += [failure] if failure else []
    except APBridgeError as failure:
        if failure.code != _NOT_SENT:
            send(_unseen(None, failure))
        raise
    if as_json:
        print_json([named(name, {"title": one.title, "says": one.says}) for name, one in told])
    else:
        for _, one in told:
            say(one.title, *one.says.split("\n"), "")
    if failures:
        raise failures[0]
    if told:
        raise typer.Exit(TOLD)


_NOT_SENT = "APB-NTC-002"


def _told(
    company: str | None, send: Callable[[Notice], None], quiet: timedelta | None
) -> tuple[list[Notice], APBridgeError | None]:
    """Send what is due of one company; return it, and what kept that from being looked at.

    Raises:
        UnavailableError: It cannot be sent.
    """
    told = []
    try:
        certificate = Certificate.from_config(context.config(context.TAP_NETSUITE))
        silence = Silence(context.schedules(), quiet)
        with context.ledger() as ledger:
            for one in due(ledger, certificate, silence):
                notice = replace(one, title=_titled(company, one.title))
                with telling(ledger, notice) as is_to_be_told:
                    if is_to_be_told:
                        send(notice)
                        told.append(notice)
    except APBridgeError as failure:
        if failure.code == _NOT_SENT:
            raise
        # One that cannot be looked at does not keep what is to be told of the others.
        send(_unseen(company, failure))
        return told, failure
    return told, None


def _unseen(company: str | None, failure: APBridgeError) -> Notice:
    # What cannot be looked at is what somebody must hear of most; nothing can remember that.
    return Notice(_titled(company, "The loop cannot be looked at"), str(failure))


def _titled(company: str | None, title: str) -> str:
    return f"{company}: {title}" if company else title


def _sender(addresses: str | None) -> Callable[[Notice], None]:
    if addresses is None:
        return lambda _: None
    # It takes long to import. Its log would hold the addresses, and they hold passwords.
    import apprise  # noqa: PLC0415

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    channel = apprise.Apprise()
    if not all(channel.add(one) for one in re.split(r"[\s,]+", addresses) if one):
        raise SettingError("APB-NTC-001", variable=_VARIABLE)
    if not all(one.verify_certificate for one in channel):
        raise SettingError("APB-NTC-008", variable=_VARIABLE)

    def send(notice: Notice) -> None:
        # Said to be text, for else it is sent as it stands, as HTML too: vendors typed part of it.
        sent = channel.notify(
            title=f"apbridge: {notice.title}", body=notice.says, body_format=apprise.NotifyFormat.TEXT
        )
        if not sent:
            raise UnavailableError(_NOT_SENT, title=notice.title, variable=_VARIABLE)

    return send
