"""A bearer token that all threads share and one of them fetches."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import NoReturn

import requests

from apbridge.errors import APBridgeError
from apbridge.http.classifier import Answer, AnswerKind, body_of, kind_of

_EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
"""What a program reads; anything longer are words."""
_SECONDS = re.compile(r"[0-9]{1,9}")
_TOKEN = re.compile(r"[!-~]{1,65536}")
"""What a header can carry."""
_USUAL_SECONDS = 3600.0
"""How long a token is good for where the answer does not say."""


@dataclass(frozen=True)
class Granted:
    """A token as a sign-in grants it.

    Args:
        token: The token.
        expires_in: Seconds that it is good for, as the answer says it: a number, or a text.
    """

    token: str = field(repr=False)
    expires_in: object


class BearerToken:
    """Signs calls with one token until shortly before its end.

    Args:
        sign_in: Fetches a token.
        header: That carries it.
    """

    def __init__(self, sign_in: Callable[[], Granted], header: str = "Authorization") -> None:
        self._sign_in = sign_in
        self._header = header
        self._lock = Lock()
        self._token = ""
        self._good_until = 0.0
        self._failure: APBridgeError | None = None
        self._failed_at = 0.0

    @property
    def was_granted(self) -> bool:
        """Whether these credentials have signed in before."""
        return bool(self._token)

    def headers(self) -> Mapping[str, str]:
        """Return the header that carries it, signing in first where there is no good token.

        Raises:
            SettingError: The credentials are not accepted.
            UnavailableError: The other side was not there.
        """
        asked_at = monotonic()
        with self._lock:
            if self._failure and asked_at <= self._failed_at:
                # It failed while this thread waited for it: one sign-in fails for all who waited. Each on
                # its own would lock the login, or take five minutes one after the other.
                raise self._failure
            if monotonic() >= self._good_until:
                try:
                    self._renew()
                except APBridgeError as failure:
                    self._failure, self._failed_at = failure, monotonic()
                    raise
            return {self._header: f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forget a token that was refused, unless another thread has replaced it already."""
        with self._lock:
            if refused[self._header] == f"Bearer {self._token}":
                self._good_until = 0.0
        return True

    def _renew(self) -> None:
        asked_at = monotonic()
        granted = self._sign_in()
        self._token = granted.token
        seconds = _seconds(granted.expires_in)
        self._good_until = asked_at + max(seconds - _EARLY, seconds / 2)


class Unsigned:
    """Signs the sign-in itself: it carries no token, only what it is given.

    Args:
        headers: Such as HTTP Basic authentication.
    """

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = headers or {}

    def headers(self) -> Mapping[str, str]:
        """Return them."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002
        """Return False: there is nothing to renew."""
        return False

    def rejected(self, answer: Answer) -> NoReturn:
        """Never be asked: a sign-in that is refused is classified as `REFUSED`."""
        raise NotImplementedError(answer.kind)


def classify_sign_in(response: requests.Response) -> Answer:
    """Classify a sign-in. Its bodies never go further than the error code in them."""
    body = body_of(response)
    if response.ok:
        token = body.get("access_token") if isinstance(body, dict) else None
        if isinstance(token, str) and _TOKEN.fullmatch(token):
            return Answer(AnswerKind.DONE, body=body)
        return Answer(AnswerKind.BROKEN, says="a body without a token")
    code = str(body.get("error", "")) if isinstance(body, dict) else ""
    kind = kind_of(response.status_code)
    return Answer(
        AnswerKind.REFUSED if kind is AnswerKind.NOT_SIGNED_IN else kind,
        code if _CODE.fullmatch(code) else "",
    )


def _seconds(expires_in: object) -> float:
    """Read how long a token is good for. It was seen as a number and as a text."""
    text = str(expires_in)
    return float(text) if _SECONDS.fullmatch(text) else _USUAL_SECONDS
