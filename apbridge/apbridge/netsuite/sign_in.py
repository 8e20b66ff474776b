"""Sign-in with a certificate: OAuth 2.0 client credentials, signed by a private key (NetSuite: M2M)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from threading import Event
from time import time
from typing import Any

import jwt
import requests

from apbridge.errors import APBridgeError, RefusedError, SettingError
from apbridge.http import (
    Answer,
    AnswerKind,
    BearerToken,
    Call,
    GovernedSession,
    Granted,
    Unsigned,
    classify_sign_in,
)
from apbridge.netsuite.clock import MOST_SKEW, in_words, seconds_ahead
from apbridge.netsuite.settings import NetSuiteSettings

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105
_ASSERTION_SECONDS = 900
"""Outlives every retry of the sign-in, and a clock that is some minutes slow. NetSuite takes up to 3,600."""

_LATEST = MOST_SKEW - _ASSERTION_SECONDS
"""Where a clock is further behind, every assertion has expired before it is sent; where it is ahead, none of
them has been issued yet."""

_AHEAD = "ahead"

_UNTIMELY = {"invalid_client", "invalid_grant", "invalid_request"}
"""What NetSuite may say to an assertion of another time. It says the same for other reasons."""

_SENTENCES = {
    "invalid_client": "APB-NS-010",
    "invalid_grant": "APB-NS-012",
    "invalid_request": "APB-NS-013",
    "server_error": "APB-NS-014",
    "invalid_scope": "APB-NS-015",
}


class NetSuiteSignIn:
    """Signs calls with a token that all threads share and one of them fetches.

    Args:
        settings: The account and its credentials.
        stop: When set, waits end.
    """

    def __init__(self, settings: NetSuiteSettings, stop: Event | None = None) -> None:
        self._settings = settings
        self._token = BearerToken(self._sign_in)
        self._session = GovernedSession(
            "NetSuite",
            settings.base_url,
            signer=Unsigned(),
            classify=self._classify,
            concurrency=1,
            most_bytes=settings.most_answer_bytes,
            address_settings="account_id and base_url",
            stop=stop,
        )

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header, signing in first where there is no good token.

        Raises:
            SettingError: NetSuite does not accept the credentials.
            UnavailableError: NetSuite was not there.
        """
        return self._token.headers()

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forget a token that was refused, unless another thread has replaced it already."""
        return self._token.renew(refused)

    def rejected(self, answer: Answer) -> APBridgeError:
        """Return the error for refused credentials. A token can be renewed, so the sign-in itself says it."""
        return SettingError("APB-NS-019", reason=answer.reason)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _sign_in(self) -> Granted:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(),
        }
        try:
            answer: dict[str, Any] = self._session.ask(Call("POST", TOKEN_PATH, "sign in", form=form))
        except RefusedError as refused:
            raise self._explained(refused) from None
        return Granted(answer["access_token"], answer.get("expires_in"))

    def _assertion(self) -> str:
        settings = self._settings
        now = int(time())
        scopes = ["rest_webservices", *(["restlets"] if settings.restlet_script else [])]
        claims = {
            "iss": settings.client_id,
            "scope": scopes,
            "aud": settings.audience,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        headers = {"typ": "JWT", "kid": settings.certificate_id}
        return jwt.encode(claims, settings.key.key, algorithm=settings.key.algorithm, headers=headers)

    def _explained(self, refused: RefusedError) -> SettingError:
        """Describe in plain words what NetSuite only hints at; the true cause is in its Login Audit Trail."""
        settings = self._settings
        reason = refused.reason
        code = _SENTENCES.get(reason, "APB-NS-019" if reason else "APB-NS-016")
        ahead = refused.facts["details"].get(_AHEAD)
        clock: dict[str, object] = {}
        if reason in _UNTIMELY and ahead is not None and not _LATEST < ahead < MOST_SKEW:
            code, clock = "APB-NS-033", in_words(ahead)
        elif reason in {"invalid_client", "invalid_grant"} and settings.is_sandbox:
            code = "APB-NS-011"
        return SettingError(
            code,
            reason=reason or f"HTTP {refused.status}",
            account_id=settings.account_id,
            certificate_id=settings.certificate_id,
            base_url=settings.base_url,
            **clock,
        )

    def _classify(self, response: requests.Response) -> Answer:
        answer = classify_sign_in(response)
        if answer.reason == "server_error" and not self._token.was_granted:
            # Seen live: an unknown client id gives 500 server_error, and goes on doing so. Where these
            # credentials have signed in before, it is a failure of the server and may pass.
            answer = Answer(AnswerKind.REFUSED, answer.reason)
        return replace(answer, details={_AHEAD: seconds_ahead(response)})
