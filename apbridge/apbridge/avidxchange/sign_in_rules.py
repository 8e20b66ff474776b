"""What a profile says of the sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apbridge.avidxchange.settings import CLIENT_CERTIFICATE

_RENEWED = frozenset({"password", "client_secret", *CLIENT_CERTIFICATE})
"""What is changed from time to time without another one signing in."""


@dataclass(frozen=True)
class OAuth:
    """OAuth 2.0, by client credentials or a user's password: where the token is, how it is asked for."""

    token_url: str
    grant: str
    client_as: str | None
    header: str
    scope: str | None
    form: Mapping[str, str]

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that are exchanged for the token."""
        client = ("client_id", "client_secret") if self.client_as else ()
        user = ("user_name", "password") if self.grant == "password" else ()
        return (*client, *user, *self.form.values())


@dataclass(frozen=True)
class SignInRules:
    """What every call carries: each header and query parameter with the setting that holds its value.

    `bearers` are headers that the sign-in carries too, for a gateway before all of it.
    """

    headers: Mapping[str, str]
    bearers: Mapping[str, str]
    parameters: Mapping[str, str]
    client_certificate: bool
    oauth: OAuth | None

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that it needs."""
        oauth = self.oauth.settings if self.oauth else ()
        fixed = (self.bearers, self.headers, self.parameters)
        certificate = CLIENT_CERTIFICATE if self.client_certificate else ()
        return tuple(dict.fromkeys((*oauth, *(name for one in fixed for name in one.values()), *certificate)))

    @property
    def login(self) -> tuple[str, ...]:
        """The settings that tell who signs in; all, where each of them is changed from time to time."""
        return tuple(name for name in self.settings if name not in _RENEWED) or self.settings


def sign_in_rules(declared: Mapping[str, Any]) -> SignInRules:
    """Read what a profile declares of it."""
    oauth = declared.get("oauth")
    grant = oauth.get("grant", "client_credentials") if oauth else ""
    return SignInRules(
        headers=declared.get("headers", {}),
        bearers=declared.get("bearers", {}),
        parameters=declared.get("parameters", {}),
        client_certificate=declared.get("client_certificate", False),
        oauth=OAuth(
            token_url=oauth["token_url"],
            grant=grant,
            client_as=oauth.get("client_as", None if grant == "password" else "basic"),
            header=oauth.get("header", "Authorization"),
            scope=oauth.get("scope"),
            form=oauth.get("form", {}),
        )
        if oauth
        else None,
    )
