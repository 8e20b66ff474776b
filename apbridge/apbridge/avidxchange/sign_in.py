"""How calls are signed in: by headers whose values are settings, a token, a certificate, or several."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, Protocol
from urllib.parse import quote_plus, unquote, unquote_plus, urlsplit

import requests
from urllib3.util.ssl_ import create_urllib3_context

from apbridge.avidxchange.settings import CLIENT_CERTIFICATE, AvidXchangeSettings
from apbridge.avidxchange.sign_in_rules import OAuth, SignInRules
from apbridge.errors import APBridgeError, RefusedError, SettingError
from apbridge.http import (
    Answer,
    AnswerKind,
    BearerToken,
    Call,
    GovernedSession,
    Granted,
    Signer,
    Unsigned,
    body_of,
    classify_sign_in,
)
from apbridge.redaction import redact_text

_LONGEST_SAYING = 200
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")


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


def tls_by(rules: SignInRules, settings: AvidXchangeSettings) -> ssl.SSLContext | None:
    """Return what connections are made with that show a certificate; None where the profile asks for none.

    Raises:
        SettingError: Certificate and key are not PEM, do not belong together, or the key has a passphrase.
    """
    if not rules.client_certificate:
        return None
    # What is trusted is as for any other connection: that is put in where the connection is made.
    context = create_urllib3_context()
    # Python reads both from files only: they are there as long as that takes, for their owner alone.
    with TemporaryDirectory() as folder:
        certificate, key = (Path(folder, name) for name in CLIENT_CERTIFICATE)
        for file in (certificate, key):
            file.touch(mode=0o600)
            file.write_text(settings.credentials[file.name].replace("\\n", "\n"), encoding="utf-8")
        try:
            # With any password OpenSSL asks nobody for one at the terminal.
            context.load_cert_chain(certificate, key, password="none")  # noqa: S106 - it is none
        except ssl.SSLError as failure:
            raise SettingError("APB-AX-015", profile=settings.profile) from failure
    return context


class HeaderSignIn:
    """Puts fixed headers on every call, such as the Company Token and the User Token.

    Args:
        rules: Each header with the setting that holds its value.
        settings: Where the values are.
    """

    def __init__(self, rules: SignInRules, settings: AvidXchangeSettings) -> None:
        self._settings = settings
        self._names = " and ".join(rules.settings)
        self._headers = {**settings.values(rules.headers), **_bearers(rules, settings)}

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


class OAuthSignIn(HeaderSignIn):
    """Signs calls with a bearer token, beside fixed headers such as the company id or a gateway's key.

    Args:
        rules: The headers.
        oauth: Where the token is, and how it is asked for.
        settings: Where the values are.
        stop: When set, waits end.
    """

    def __init__(
        self, rules: SignInRules, oauth: OAuth, settings: AvidXchangeSettings, stop: Event | None
    ) -> None:
        super().__init__(rules, settings)
        self._oauth = oauth
        self._credentials = rules.settings
        self._exchanged = " and ".join((*oauth.settings, *rules.bearers.values()))
        self._token = BearerToken(self._sign_in, oauth.header)
        address, self._path = _split(oauth.token_url, settings.base_url)
        basic = self._basic() if oauth.client_as == "basic" else {}
        self._session = GovernedSession(
            "AvidXchange",
            address,
            signer=Unsigned({**basic, **_bearers(rules, settings)}),
            classify=self._classify,
            concurrency=1,
            most_bytes=settings.most_answer_bytes,
            address_settings="base_url and profile",
            tls=tls_by(rules, settings),
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

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _basic(self) -> Mapping[str, str]:
        given = self._settings.credentials
        # RFC 6749, 2.3.1: both are form-encoded first.
        pair = f"{quote_plus(given['client_id'])}:{quote_plus(given['client_secret'])}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def _sign_in(self) -> Granted:
        given = self._settings.credentials
        form = {"grant_type": self._oauth.grant, **self._settings.values(self._oauth.form)}
        if self._oauth.grant == "password":
            form |= {"username": given["user_name"], "password": given["password"]}
        if self._oauth.scope:
            form["scope"] = self._oauth.scope
        if self._oauth.client_as == "form":
            form |= {name: given[name] for name in ("client_id", "client_secret")}
        try:
            answer: dict[str, Any] = self._session.ask(Call("POST", self._path, "sign in", form=form))
        except RefusedError as refused:
            raise self._explained(refused) from None
        return Granted(answer["access_token"], answer.get("expires_in"))

    def _classify(self, response: requests.Response) -> Answer:
        answer = classify_sign_in(response)
        if answer.kind is not AnswerKind.REFUSED:
            # Of a server that failed the body is not looked at: one is known that repeats the credentials.
            return replace(answer, reason="")
        body = body_of(response)
        says = body.get("error_description") if isinstance(body, dict) else None
        return replace(
            answer,
            reason=self._quotable(answer.reason),
            details={"words": self._quotable(says) if isinstance(says, str) else ""},
        )

    def _quotable(self, says: str) -> str:
        """Return the words of a refusal; none, where they repeat what signs in, in whatever form."""
        texts = [reading.casefold() for reading in _readings(says)]
        values = [self._settings.credentials[name] for name in self._credentials]
        values += [b64encode(value.encode()).decode() for value in values]
        if any(value.casefold() in text for value in values for text in texts):
            return ""
        return redact_text(says[:_LONGEST_SAYING]).strip().rstrip(".")

    def _explained(self, refused: RefusedError) -> SettingError:
        if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
            return SettingError(
                "APB-AX-014",
                status=refused.status,
                url=f"{self._session.base_url}{self._path}",
                profile=self._settings.profile,
            )
        told = (refused.reason, refused.facts["details"]["words"])
        return SettingError(
            "APB-AX-013",
            exchanged=self._exchanged,
            reason=": ".join(filter(None, told)) or f"HTTP {refused.status}",
            names=self._names,
            profile=self._settings.profile,
        )


def _readings(says: str) -> Iterator[str]:
    """Yield a text as it is, and as it reads where it was written for an address, for HTML or for JSON."""
    yield from (says, unquote(says), unquote_plus(says), unescape(says))
    yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[0][1:], says)


def _bearers(rules: SignInRules, settings: AvidXchangeSettings) -> Mapping[str, str]:
    return {name: f"Bearer {value}" for name, value in settings.values(rules.bearers).items()}


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
