"""Sign-in with a certificate: OAuth 2.0 client credentials, signed by a private key (NetSuite: M2M)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from threading import Event, Lock
from time import monotonic, time
from typing import Any

import jwt
import requests

from apbridge.errors import APBridgeError, RefusedError, SettingError
from apbridge.http import Call, GovernedSession, Verdict, VerdictKind, body_of, kind_of
from apbridge.netsuite.settings import NetSuiteSettings

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105
_ASSERTION_SECONDS = 900
"""Outlives every retry of the sign-in, and a clock that is some minutes slow. NetSuite takes up to 3,600."""
_EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""
_TOKEN_SECONDS = 3600.0
"""How long a token is good for where the answer does not say (NetSuite: OAuth 2.0)."""

_SENTENCES = {
    "invalid_client": "APB-NS-010",
    "invalid_grant": "APB-NS-012",
    "invalid_request": "APB-NS-013",
    "server_error": "APB-NS-014",
    "invalid_scope": "APB-NS-015",
}


class _Unsigned:
    """The sign-in call itself carries no token."""

    def headers(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002
        return False

    def rejected(self, verdict: Verdict) -> APBridgeError:
        return RefusedError("APB-NS-019", status=HTTPStatus.UNAUTHORIZED, reason=verdict.reason)


class SignIn:
    """Signs calls with a token that all threads share and one of them fetches.

    Args:
        settings: The account and its credentials.
        stop: When set, waits end.
    """

    def __init__(self, settings: NetSuiteSettings, stop: Event | None = None) -> None:
        self._settings = settings
        self._lock = Lock()
        self._token = ""
        self._good_until = 0.0
        self._failure: APBridgeError | None = None
        self._failed_at = 0.0
        self._session = GovernedSession(
            "NetSuite",
            settings.base_url,
            signer=_Unsigned(),
            judge=self._judge,
            concurrency=1,
            address_settings="account_id and base_url",
            stop=stop,
        )

    def headers(self) -> Mapping[str, str]:
        """Give the Authorization header, signing in first where there is no good token.

        Raises:
            SettingError: NetSuite does not accept the credentials.
            UnavailableError: NetSuite was not there.
        """
        asked_at = monotonic()
        with self._lock:
            if self._failure and asked_at <= self._failed_at:
                # It failed while this thread waited for it: one sign-in fails for all who waited. Each on
                # its own would lock the login, or take five minutes one after the other.
                raise self._failure
            if monotonic() >= self._good_until:
                try:
                    self._sign_in()
                except APBridgeError as failure:
                    self._failure, self._failed_at = failure, monotonic()
                    raise
            return {"Authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forget a token that was refused, unless another thread has replaced it already."""
        with self._lock:
            if refused["Authorization"] == f"Bearer {self._token}":
                self._good_until = 0.0
        return True

    def rejected(self, verdict: Verdict) -> APBridgeError:
        """Give the error for refused credentials. A token can be renewed, so the sign-in itself says it."""
        return SettingError("APB-NS-019", reason=verdict.reason)

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(),
        }
        asked_at = monotonic()
        try:
            answer: dict[str, Any] = self._session.ask(Call("POST", TOKEN_PATH, "sign in", form=form))
        except RefusedError as refused:
            raise self._explained(refused) from None
        self._token = answer["access_token"]
        seconds = _seconds(answer.get("expires_in"))
        self._good_until = asked_at + max(seconds - _EARLY, seconds / 2)

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
        """Say in plain words what NetSuite only hints at; the true cause is in its Login Audit Trail."""
        settings = self._settings
        reason = refused.reason
        code = _SENTENCES.get(reason, "APB-NS-019" if reason else "APB-NS-016")
        if reason in {"invalid_client", "invalid_grant"} and settings.is_sandbox:
            code = "APB-NS-011"
        return SettingError(
            code,
            reason=reason or f"HTTP {refused.status}",
            account_id=settings.account_id,
            certificate_id=settings.certificate_id,
            base_url=settings.base_url,
        )

    def _judge(self, response: requests.Response) -> Verdict:
        """Judge a sign-in. Its bodies never go further than the error code in them."""
        body = body_of(response)
        if response.ok:
            usable = isinstance(body, dict) and isinstance(body.get("access_token"), str)
            if usable:
                return Verdict(VerdictKind.DONE, body=body)
            return Verdict(VerdictKind.BROKEN, says="a body without a token")
        code = str(body.get("error", "")) if isinstance(body, dict) else ""
        kind = kind_of(response.status_code)
        if kind is VerdictKind.NOT_SIGNED_IN:
            kind = VerdictKind.REFUSED
        if code == "server_error" and not self._token:
            # Seen live: an unknown client id gives 500 server_error, and goes on doing so. Where these
            # credentials have signed in before, it is a failure of the server and may pass.
            kind = VerdictKind.REFUSED
        return Verdict(kind, code)


def _seconds(expires_in: object) -> float:
    """Read how long a token is good for. NetSuite was seen to say it as a number and as a text."""
    text = str(expires_in)
    return float(text) if text.isdecimal() else _TOKEN_SECONDS
