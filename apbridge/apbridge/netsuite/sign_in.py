"""Sign-in with a certificate: OAuth 2.0 client credentials, signed by a private key (NetSuite: M2M)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from threading import Event, Lock
from time import monotonic, time
from typing import Any

import jwt
import requests

from apbridge import json
from apbridge.errors import APBridgeError, RefusedError, SettingError
from apbridge.http import Call, GovernedSession, Verdict, VerdictKind
from apbridge.http.judge import NOT_JSON, body_of, kind_of
from apbridge.netsuite.settings import NetSuiteSettings

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105
_ASSERTION_SECONDS = 300
_EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""


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
        self._session = GovernedSession(
            "NetSuite",
            settings.base_url,
            signer=_Unsigned(),
            judge=_judge,
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
        with self._lock:
            if monotonic() >= self._good_until:
                self._sign_in()
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
            response = self._session.send(Call("POST", TOKEN_PATH, "sign in", form=form))
        except RefusedError as refused:
            raise self._explained(refused.reason) from None
        answer: dict[str, Any] = json.loads(response.content)
        self._token = answer["access_token"]
        seconds = float(answer.get("expires_in", 3600))
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

    def _explained(self, reason: str) -> SettingError:
        """Say in plain words what NetSuite only hints at; the true cause is in its Login Audit Trail."""
        settings = self._settings
        facts = {"account_id": settings.account_id, "certificate_id": settings.certificate_id}
        if reason in {"invalid_client", "invalid_grant"} and settings.is_sandbox:
            return SettingError("APB-NS-011", reason=reason, **facts)
        code = {
            "invalid_client": "APB-NS-010",
            "invalid_grant": "APB-NS-012",
            "invalid_request": "APB-NS-013",
            "server_error": "APB-NS-014",
            "invalid_scope": "APB-NS-015",
        }.get(reason, "APB-NS-019")
        return SettingError(code, reason=reason or "no reason", **facts)


def _judge(response: requests.Response) -> Verdict:
    """Judge a sign-in. Its bodies never go further than the error code in them."""
    body = body_of(response)
    code = str(body.get("error", "")) if isinstance(body, dict) else ""
    if response.ok and isinstance(body, dict) and body.get("access_token"):
        return Verdict(VerdictKind.DONE)
    if code == "server_error":
        # Seen live: an unknown client id gives 500 server_error, and goes on doing so.
        return Verdict(VerdictKind.REFUSED, code, code)
    if response.ok or body is NOT_JSON:
        return Verdict(VerdictKind.BROKEN, says=f"HTTP {response.status_code}")
    kind = kind_of(response.status_code)
    refused = VerdictKind.REFUSED if kind is VerdictKind.NOT_SIGNED_IN else kind
    return Verdict(refused, code, code or f"HTTP {response.status_code}")
