"""`apbridge notify`: tells what somebody should know, and is a dead man's check for cron."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer

from apbridge import settings
from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.ledger import Ledger
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli import context
from apbridge_operator.cli.company import Several, each, named
from apbridge_operator.cli.output import Json, print_json, say
from apbridge_operator.destinations import (
    NOT_SENT,
    VARIABLE,
    Destination,
    console_address,
    destinations,
    not_sent,
)
from apbridge_operator.notices import Notice, Severity, due, telling
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
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message to each address, and nothing else.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print what would be sent to whom; nothing is sent or marked as told."
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Send all that is open once more, also to who was told of it.")
    ] = False,
    company: Several = None,
    as_json: Json = False,
) -> None:
    """Send what nobody was told of yet: failures, new rejections, silence, a certificate near its end.

    Where to is in APBRIDGE_NOTIFY (`vault:<name>` will do): addresses as Apprise takes them, such as
    json://host/path for a webhook or mailtos://user:password@host, with spaces between. Each is told for
    itself: one that takes nothing is tried again next time, the others are not told twice. Without any they
    are only printed, which cron sends by mail. Exit code 4 where something was told.
    """
    found = destinations(settings.text(os.environ, VARIABLE))
    if test:
        _test(found, is_dry=dry_run, as_json=as_json)
        return
    telling_all = _Round(found, is_dry=dry_run, again=again, console=console_address())
    quiet = None if quiet_hours is None else timedelta(hours=quiet_hours)
    failures: list[APBridgeError] = []
    try:
        for name in each(company):
            failures += _tell(name, telling_all, quiet)
    except APBridgeError as failure:
        telling_all.send_unseen(None, failure)
        failures.append(failure)
    told = telling_all.told
    if as_json:
        rows = ((name, {"title": title, "says": says, "to": to}) for (name, title, says), to in told.items())
        print_json([named(name, row) for name, row in rows])
    else:
        for (_, title, says), to in told.items():
            would = f"Would be sent to {', '.join(to) or 'nobody, and printed'}"
            say(title, *says.split("\n"), *([would] if dry_run else []), "")
    if telling_all.failed:
        failures.append(not_sent(telling_all.failed))
    if failures:
        raise failures[0]
    if told and not dry_run:
        raise typer.Exit(TOLD)


def _test(found: Sequence[Destination], *, is_dry: bool, as_json: bool) -> None:
    """Send each destination a test message, and say which took it.

    Raises:
        SettingError: There is none.
        UnavailableError: One did not take it.
    """
    if not found:
        raise SettingError("APB-NTC-009", variable=VARIABLE)
    says = "This is a test of `apbridge notify`: who reads it is told what somebody should know."
    testing = _Round(found, is_dry=is_dry)
    for one in found:
        with testing.failing(one):
            testing.send(None, Notice("A test", says, Severity.INFO), one)
        is_taken = one not in testing.failed
        if not as_json:
            say(f"{one.name}: {'it would be sent' if is_dry else 'taken' if is_taken else 'NOT taken'}")
    if as_json:
        taken = [{} if is_dry else {"taken": one not in testing.failed} for one in found]
        print_json([{"to": one.name, **how} for one, how in zip(found, taken, strict=True)])
    if testing.failed:
        raise not_sent(testing.failed)


@dataclass(frozen=True)
class _Round:
    """How far telling all destinations has come.

    Args:
        destinations: Whom to tell; nobody where things are only printed.
        is_dry: Whether nothing is sent, or marked as told.
        again: Whether what is open is told once more.
        console: Where people open the page, where that is known.
        failed: Those of them that took nothing: they are not tried again in this round.
        told: Of each thing that was told its company, its title and what it says, and whom.
    """

    destinations: Sequence[Destination]
    is_dry: bool = False
    again: bool = False
    console: str | None = None
    failed: list[Destination] = field(default_factory=list)
    told: dict[tuple[str | None, str, str], list[str]] = field(default_factory=dict)

    def send_due(self, company: str | None, ledger: Ledger, find: Callable[..., list[Notice]]) -> None:
        """Send each destination what it was not told of yet.

        Args:
            company: Whose it is, where there are several.
            ledger: What it is of.
            find: Finds what is due to a destination, by how the ledger knows it.
        """
        console = f"{self.console}/{company}" if self.console and company else self.console
        if not self.destinations:
            self._send_due(company, ledger, find("", again=self.again, console=console), None)
            return
        key = ledger.identity.mark()["generation"]
        for one in self.destinations:
            if one not in self.failed:
                self._send_due(
                    company, ledger, find(one.known_as(key), again=self.again, console=console), one
                )

    def _send_due(
        self, company: str | None, ledger: Ledger, notices: list[Notice], to: Destination | None
    ) -> None:
        for one in notices:
            facts = {"company": company, **one.facts} if company else one.facts
            notice = replace(one, title=_titled(company, one.title), facts=facts)
            taking = nullcontext(enter_result=True) if self.is_dry else telling(ledger, notice)
            with self.failing(to), taking as is_to_be_told:
                if is_to_be_told:
                    self.send(company, notice, to)
            if to in self.failed:
                return

    def send(self, company: str | None, notice: Notice, to: Destination | None) -> None:
        """Send one notice to one destination; None where it is only printed.

        Raises:
            UnavailableError: It was not taken.
        """
        if to and not self.is_dry:
            to.send(notice)
        self.told.setdefault((company, notice.title, notice.says), []).extend([to.name] if to else [])

    def send_unseen(self, company: str | None, failure: APBridgeError) -> None:
        """Send that something cannot be looked at: what people must hear of most; nothing can remember it."""
        facts = {"company": company, "code": failure.code}
        notice = Notice(_titled(company, "The loop cannot be looked at"), str(failure), facts=facts)
        for one in self.destinations:
            if one not in self.failed and not self.is_dry:
                with self.failing(one):
                    one.send(notice)

    @contextmanager
    def failing(self, to: Destination | None) -> Iterator[None]:
        """Note that a destination took nothing, where what is within finds that."""
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
            telling_all.send_due(company, ledger, partial(due, ledger, certificate, silence))
    except APBridgeError as failure:
        # One that cannot be looked at does not keep what is to be told of the others.
        telling_all.send_unseen(company, failure)
        return [failure]
    return []


def _titled(company: str | None, title: str) -> str:
    return f"{company}: {title}" if company else title
