"""AvidXchange: the profile, and whether the credentials are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from threading import Event
from typing import Any

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.settings import SIGNING_IN
from apbridge.errors import APBridgeError
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.cli.checks.result import CheckResult, State


def results(configs: Mapping[str, Mapping[str, Any]], stop: Event | None = None) -> Iterator[CheckResult]:
    """Look at the AvidXchange side.

    Args:
        configs: Settings of the plugins that speak to it, by name.
        stop: When set, it comes to its end.
    """
    seen: list[Mapping[str, Any]] = []
    for plugin, config in configs.items():
        shared = {name: config.get(name) for name in ("base_url", "profile", *SIGNING_IN)}
        if shared in seen:
            continue
        seen.append(shared)
        subject = "AvidXchange sign-in" if len(seen) == 1 else f"AvidXchange sign-in of {plugin}"
        try:
            settings = AvidXchangeSettings.from_config(config)
            client = AvidXchange(settings, stop=stop)
        except APBridgeError as error:
            yield CheckResult.of("AvidXchange settings", error)
            continue
        if client.profile.sign_in.client_certificate:
            yield from _shown_certificate(settings)
        with client:
            try:
                client.check()
            except APBridgeError as error:
                yield CheckResult.of(subject, error)
            else:
                yield CheckResult.ok(subject, f"It takes the credentials, by profile {settings.profile}.")


def _shown_certificate(settings: AvidXchangeSettings) -> Iterator[CheckResult]:
    """Look at the dates of the certificate that AvidXchange is shown: it does not say that one is old."""
    subject = "AvidXchange client certificate"
    with suppress(APBridgeError):  # what is none, the sign-in refuses
        found = Certificate.from_pem(settings.credentials["client_certificate"])
        if datetime.now(timezone.utc) >= found.ends:
            yield CheckResult.of(subject, APBridgeError("APB-CHK-041", day=found.ends.date()))
        elif found.milestone() is not None:
            facts = {"day": found.ends.date(), "days": found.days_left()}
            yield CheckResult.of(subject, APBridgeError("APB-CHK-042", **facts), State.WARNING)
        else:
            yield CheckResult.ok(subject, f"It is good until {found.ends.date()}.")
