"""`apbridge notify`: tells what somebody should know, and is a dead man's check for cron."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated

import typer

from apbridge import settings
from apbridge.errors import APBridgeError, UnavailableError
from apbridge.ledger import Ledger
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import context
from apbridge_operator.cli.company import Several, each, named
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.destinations import NOT_SENT, VARIABLE, Destination, destinations, not_sent
from apbridge_operator.notices import Notice, due, telling
from apbridge_operator.schedules import Silence

app = typer.Typer(help="Tell what somebody should know, each thing once.")

TOLD = 4
"""The exit code where something was told: Python itself ends a program with 1 that it cannot even begin."""


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
    json://host/path for a webhook or mailtos://user:password@host, with spaces between. Each is told for
    itself: one that takes nothing is tried again next time, the others are not told twice. Without any they
    are only printed, which cron sends by mail. Exit code 4 where something was told.
    """
    telling_all = _Round(destinations(settings.text(os.environ, VARIABLE)))
    quiet = None if quiet_hours is None else timedelta(hours=quiet_hours)
    failures: list[APBridgeError] = []
    try:
        for name in each(company):
            failures += _tell(name, telling_all, quiet)
    except APBridgeError as failure:
        telling_all.send_unseen(None, failure)
        failures.append(failure)
    if as_json:
        print_json([named(name, {"title": title, "says": says}) for name, title, says in telling_all.told])
    else:
        for _, title, says in telling_all.told:
            say(title, *says.split("\n"), "")
    if telling_all.failed:
        failures.append(not_sent(telling_all.failed))
    if failures:
        raise failures[0]
    if telling_all.told:
        raise typer.Exit(TOLD)


@dataclass(frozen=True)
class _Round:
    """How far telling all destinations has come.

    Args:
        destinations: Whom to tell; nobody where things are only printed.
        failed: Those of them that took nothing: they are not tried again in this round.
        told: What was told, each thing once: of which company, its title, and what it says.
    """

    destinations: Sequence[Destination]
    failed: list[Destination] = field(default_factory=list)
    told: dict[tuple[str | None, str, str], None] = field(default_factory=dict)

    def send_due(self, company: str | None, ledger: Ledger, find: Callable[[str], list[Notice]]) -> None:
        """Send each destination what it was not told of yet, by how the ledger knows it."""
        if not self.destinations:
            self._send_due(company, ledger, find(""), None)
            return
        key = ledger.identity.mark()["generation"]
        for one in self.destinations:
            if one not in self.failed:
                self._send_due(company, ledger, find(one.known_as(key)), one)

    def _send_due(
        self, company: str | None, ledger: Ledger, notices: list[Notice], to: Destination | None
    ) -> None:
        for one in notices:
            notice = replace(one, title=_titled(company, one.title))
            with self._failing(to), telling(ledger, notice) as is_to_be_told:
                if is_to_be_told:
                    if to:
                        to.send(notice)
                    self.told[company, notice.title, notice.says] = None
            if to in self.failed:
                return

    def send_unseen(self, company: str | None, failure: APBridgeError) -> None:
        """Send that something cannot be looked at: what people must hear of most; nothing can remember it."""
        notice = Notice(_titled(company, "The loop cannot be looked at"), str(failure))
        for one in self.destinations:
            if one not in self.failed:
                with self._failing(one):
                    one.send(notice)

    @contextmanager
    def _failing(self, to: Destination | None) -> Iterator[None]:
        try:
            yield
        except UnavailableError as failure:
            if failure.code != NOT_SENT or to is None:
                raise
            # One that takes nothing keeps nobody else from being told.
            self.failed.append(to)


def _tell(company: str | None, telling_all: _Round, quiet: timedelta | None) -> list[APBridgeError]:
    """Send what is due of one company; return what kept that from being looked at."""
    try:
        certificate = Certificate.from_config(context.config(context.TAP_NETSUITE))
        silence = Silence(context.schedules(), quiet)
        with context.ledger() as ledger:
            telling_all.send_due(company, ledger, lambda to: due(ledger, certificate, silence, to))
    except APBridgeError as failure:
        # One that cannot be looked at does not keep what is to be told of the others.
        telling_all.send_unseen(company, failure)
        return [failure]
    return []


def _titled(company: str | None, title: str) -> str:
    return f"{company}: {title}" if company else title
