"""The two ways to sign in: by headers whose values are settings, and by OAuth 2.0 client credentials."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from threading import Event
from typing import Any, Protocol
from urllib.parse import quote_plus, urlsplit

from apbridge.avidxchange.profile import OAuth, SignInRules
from apbridge.avidxchange.settings import AvidXchangeSettings
from apbridge.errors import APBridgeError, RefusedError, SettingError
from apbridge.http import (
    Answer,
    BearerToken,
    Call,
    GovernedSession,
    Granted,
    Signer,
    Unsigned,
    classify_sign_in,
)


class AvidXchangeSignIn(Signer, Protocol):
    """Signs calls until it is closed."""

    def close(self) -> None:
        """Close its connections."""


def sign_in_by(rules: SignInRules, settings: AvidXchangeSettings, stop: Event | None) -> AvidXchangeSignIn:
    """Make the sign-in that a profile asks for.

    Raises:
        SettingError: A setting that it asks for is missing.
    """
    settings.require(rules.settings)
    if rules.oauth is None:
        return HeaderSignIn(rules, settings)
    return OAuthSignIn(rules, rules.oauth, settings, stop)


class HeaderSignIn:
    """Puts fixed headers on every call: the Company Token and the User Token.

    Args:
        rules: Each header with the setting that holds its value.
        settings: Where the values are.
    """

    def __init__(self, rules: SignInRules, settings: AvidXchangeSettings) -> None:
        self._settings = settings
        self._names = " and ".join(rules.settings)
        self._headers = settings.values(rules.headers)

    def headers(self) -> Mapping[str, str]:
        """Return them."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002
        """Return False: there is nothing to renew: they are fixed."""
        return False

    def rejected(self, answer: Answer) -> APBridgeError:
        """Return an error that names the settings to look at."""
        return _rejected(answer, self._names, self._settings)

    def close(self) -> None:
        """Hold nothing that must be given back."""


class OAuthSignIn:
    """Signs calls with a bearer token, beside fixed headers such as the company id.

    Args:
        rules: The headers.
        oauth: Where the token is, and how it is asked for.
        settings: Where the values are.
        stop: When set, waits end.
    """

    def __init__(
        self, rules: SignInRules, oauth: OAuth, settings: AvidXchangeSettings, stop: Event | None
    ) -> None:
        self._settings = settings
        self._oauth = oauth
        self._names = " and ".join(rules.settings)
        self._headers = settings.values(rules.headers)
        self._token = BearerToken(self._sign_in)
        address, self._path = _split(oauth.token_url, settings.base_url)
        self._session = GovernedSession(
            "AvidXchange",
            address,
            signer=Unsigned(self._basic() if oauth.is_basic else None),
            classify=classify_sign_in,
            concurrency=1,
            most_bytes=settings.most_answer_bytes,
            address_settings="base_url and profile",
            stop=stop,
        )

    def headers(self) -> Mapping[str, str]:
        """Return the token and the headers beside it, signing in first where there is no good token.

        Raises:
            SettingError: AvidXchange does not accept the credentials.
            UnavailableError: AvidXchange was not there.
        """
        return {**self._headers, **self._token.headers()}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forget a token that was refused."""
        return self._token.renew(refused)

    def rejected(self, answer: Answer) -> APBridgeError:
        """Return an error that names the settings: the token is fresh, so something else is wrong."""
        return _rejected(answer, self._names, self._settings)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _basic(self) -> Mapping[str, str]:
        given = self._settings.credentials
        # RFC 6749, 2.3.1: both are form-encoded first.
        pair = f"{quote_plus(given['client_id'])}:{quote_plus(given['client_secret'])}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def _sign_in(self) -> Granted:
        form = {"grant_type": "client_credentials", **self._settings.values(self._oauth.form)}
        if self._oauth.scope:
            form["scope"] = self._oauth.scope
        if not self._oauth.is_basic:
            form |= {name: self._settings.credentials[name] for name in ("client_id", "client_secret")}
        try:
            answer: dict[str, Any] = self._session.ask(Call("POST", self._path, "sign in", form=form))
        except RefusedError as refused:
            raise self._explained(refused) from None
        return Granted(answer["access_token"], answer.get("expires_in"))

    def _explained(self, refused: RefusedError) -> SettingError:
        if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
            return SettingError(
                "APB-AX-014",
                status=refused.status,
                url=f"{self._session.base_url}{self._path}",
                profile=self._settings.profile,
            )
        return SettingError(
            "APB-AX-013",
            reason=refused.reason or f"HTTP {refused.status}",
            names=self._names,
            profile=self._settings.profile,
        )


def _split(token_url: str, base_url: str) -> tuple[str, str]:
    """Return the address of the server that grants tokens, and the path there."""
    if token_url.startswith("/"):
        return base_url, token_url
    parts = urlsplit(token_url)
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


def _rejected(answer: Answer, names: str, settings: AvidXchangeSettings) -> SettingError:
    status = answer.details["status"]
    code = "APB-AX-011" if status == HTTPStatus.FORBIDDEN else "APB-AX-010"
    says = answer.says.rstrip(".") or f"HTTP {status}"
    return SettingError(code, says=says, names=names, profile=settings.profile)
