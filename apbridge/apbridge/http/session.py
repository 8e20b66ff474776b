"""The governed session."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from threading import Event
from time import monotonic
from typing import Protocol

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, RetryError, Retrying, retry_if_exception_type
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from apbridge import json
from apbridge.errors import APBridgeError, OutcomeUnknownError, RefusedError, UnavailableError
from apbridge.http.call import Call, Write
from apbridge.http.gate import Gate
from apbridge.http.judge import Judge, Verdict, VerdictKind, retry_after

logger = logging.getLogger(__name__)

FIRST_CONTACT = 15.0
"""Seconds to wait for a server that never answered: more likely a wrong setting than a pause."""

_LONGEST_WAIT = 60.0
_SHORTEST_CEILING = 0.5


class Signer(Protocol):
    """Puts the sign-in on a call."""

    def headers(self) -> Mapping[str, str]:
        """Give the headers that sign a call now."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Take a fresh token in place of the refused one.

        Returns:
            False where there is nothing to renew: the credentials are fixed.
        """

    def rejected(self, verdict: Verdict) -> APBridgeError:
        """Give the error that says which credentials are wrong."""


@dataclass
class Counts:
    """What a session has done."""

    calls: int = 0
    retries: int = 0


class _TryAgainError(Exception):
    """One attempt that may be repeated."""

    def __init__(self, says: str, response: requests.Response | None = None) -> None:
        super().__init__(says)
        self.wait = retry_after(response)


class _Signed(requests.auth.AuthBase):
    """Puts headers on, and keeps `requests` from taking a password out of a .netrc file instead."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


class GovernedSession:
    """Sends calls to one system: within its limits, again where that is safe, and never a write twice.

    Thread-safe. Holds at most `concurrency` calls in flight.

    Args:
        system: Its name in errors: `NetSuite`, `AvidXchange`.
        base_url: What every path is below.
        signer: Signs each attempt.
        judge: Tells what an answer means.
        concurrency: Most calls in flight.
        address_settings: The settings that decide `base_url`, for errors.
        read_timeout: Seconds to wait for an answer.
        give_up_after: Seconds until a call that keeps failing fails for good.
        stop: When set, waits end and nothing is tried again.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        signer: Signer,
        judge: Judge,
        concurrency: int,
        address_settings: str = "base_url",
        read_timeout: float = 90.0,
        give_up_after: float = 300.0,
        stop: Event | None = None,
    ) -> None:
        self.system = system
        self.base_url = base_url.rstrip("/")
        self.counts = Counts()
        self.gate = Gate(concurrency)
        self._address_settings = address_settings
        self._signer = signer
        self._judge = judge
        self._timeout = (10.0, read_timeout)
        self._give_up_after = give_up_after
        self._stop = stop or Event()
        self._answered = False
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=concurrency))

    def send(self, call: Call) -> requests.Response:
        """Send a call and give its successful answer.

        Raises:
            RefusedError: The other side said no.
            SettingError: The sign-in was refused.
            UnavailableError: No usable answer came in time.
            OutcomeUnknownError: A write that must not be repeated was sent, and no usable answer came.
        """
        began = monotonic()
        retrying = Retrying(
            retry=retry_if_exception_type(_TryAgainError),
            stop=self._is_over,
            wait=_wait,
            sleep=self._pause,
        )
        renewed = False
        try:
            for attempt in retrying:
                with attempt:
                    self.counts.retries += attempt.retry_state.attempt_number > 1
                    headers = self._signer.headers()
                    response, verdict = self._attempt(call, headers)
                    if verdict.kind is VerdictKind.NOT_SIGNED_IN and not renewed:
                        renewed = True
                        if not self._signer.renew(headers):
                            raise self._signer.rejected(verdict)
                        response, verdict = self._attempt(call, self._signer.headers())
                    self._settle(call, response, verdict)
                    return response
        except RetryError as gave_up:
            last = gave_up.last_attempt.exception()
            raise UnavailableError(
                "APB-HTTP-001",
                system=self.system,
                purpose=call.purpose,
                attempts=gave_up.last_attempt.attempt_number,
                seconds=round(monotonic() - began),
                last=last,
                base_url=self.base_url,
                settings=self._address_settings,
            ) from last
        raise AssertionError  # unreachable: the loop returns or raises

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _attempt(self, call: Call, signature: Mapping[str, str]) -> tuple[requests.Response, Verdict]:
        headers = {"Accept": "application/json", **call.headers}
        data: bytes | Mapping[str, str] | None = call.form or call.body
        if call.json is not None:
            headers.setdefault("Content-Type", "application/json")
            data = json.dumps(call.json)
        with self.gate.passage():
            self.counts.calls += 1
            began = monotonic()
            try:
                response = self._session.request(
                    call.method,
                    self.base_url + call.path,
                    params=call.params,
                    data=data,
                    headers=headers,
                    auth=_Signed(signature),
                    timeout=self._timeout,
                    allow_redirects=False,
                )
            except requests.RequestException as failure:
                raise self._no_answer(call, failure) from failure
        self._answered = True
        verdict = self._judge(response)
        logger.debug(
            "%s: %s: HTTP %s (%s) after %.0f ms",
            self.system,
            call.purpose,
            response.status_code,
            verdict.kind.value,
            (monotonic() - began) * 1000,
        )
        return response, verdict

    def _settle(self, call: Call, response: requests.Response, verdict: Verdict) -> None:
        if verdict.kind is VerdictKind.DONE:
            self.gate.eased()
            return
        if verdict.kind is VerdictKind.REFUSED:
            self.gate.eased()
            raise RefusedError(
                "APB-HTTP-003",
                status=response.status_code,
                reason=verdict.reason,
                system=self.system,
                purpose=call.purpose,
                says=verdict.says.rstrip("."),
                details=verdict.details,
            )
        if verdict.kind is VerdictKind.BROKEN and call.write is Write.ONCE:
            raise self._unknown(call, verdict.says)
        # What is left is overload, or a failure that may pass. A fresh token that is refused again is
        # overload too (NetSuite: a 401 after about a minute), not bad credentials.
        if verdict.kind is not VerdictKind.BROKEN:
            self.gate.overloaded()
        raise _TryAgainError(_attempted(response, verdict), response)

    def _no_answer(self, call: Call, failure: requests.RequestException) -> Exception:
        never_sent = isinstance(failure, requests.ConnectTimeout) or (
            isinstance(failure, requests.ConnectionError) and _is_before_sending(failure)
        )
        says = "no connection" if never_sent else _in_words(failure)
        if call.write is Write.ONCE and not never_sent:
            return self._unknown(call, says)
        return _TryAgainError(says)

    def _unknown(self, call: Call, says: str) -> OutcomeUnknownError:
        return OutcomeUnknownError("APB-HTTP-002", system=self.system, purpose=call.purpose, says=says)

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _is_over(self, state: RetryCallState) -> bool:
        if self._stop.is_set():
            return True
        limit = self._give_up_after if self._answered else FIRST_CONTACT
        return (state.seconds_since_start or 0.0) + state.upcoming_sleep > limit


def _wait(state: RetryCallState) -> float:
    """Wait as long as the other side asks, else exponentially with full jitter."""
    failure = state.outcome.exception() if state.outcome else None
    ceiling = min(_LONGEST_WAIT, _SHORTEST_CEILING * 2**state.attempt_number)
    jitter = random.uniform(0, ceiling)  # noqa: S311
    asked = failure.wait if isinstance(failure, _TryAgainError) else None
    if asked is None:
        return jitter
    # Everybody who was told the same instant would come back in it together.
    return min(asked, _LONGEST_WAIT) + jitter / 4


def _is_before_sending(failure: requests.ConnectionError) -> bool:
    cause = failure.args[0] if failure.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _attempted(response: requests.Response, verdict: Verdict) -> str:
    return verdict.says if verdict.says.startswith("HTTP") else f"HTTP {response.status_code}, {verdict.says}"


def _in_words(failure: requests.RequestException) -> str:
    if isinstance(failure, requests.Timeout):
        return "no answer in time"
    if isinstance(failure, requests.exceptions.SSLError):
        return "no secure connection (certificate or TLS failure)"
    return "the connection broke off"
