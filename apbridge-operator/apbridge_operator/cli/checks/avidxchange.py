"""AvidXchange: the profile, and whether the credentials are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.avidxchange.settings import SIGNING_IN
from apbridge.errors import APBridgeError
from apbridge_operator.cli.checks.result import CheckResult


def results(configs: Mapping[str, Mapping[str, Any]]) -> Iterator[CheckResult]:
    """Look at the AvidXchange side.

    Args:
        configs: Settings of the plugins that speak to it, by name.
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
            client = AvidXchange(settings)
        except APBridgeError as error:
            yield CheckResult.of("AvidXchange settings", error)
            continue
        with client:
            try:
                client.check()
            except APBridgeError as error:
                yield CheckResult.of(subject, error)
            else:
                yield CheckResult.ok(subject, f"It takes the credentials, by profile {settings.profile}.")
