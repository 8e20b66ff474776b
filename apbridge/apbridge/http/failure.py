"""Tries that failed: whether anything was sent, how long to wait, and how to say it."""

from __future__ import annotations

import math
import random
from datetime import timezone
from email.utils import parsedate_to_datetime
from ssl import SSLCertVerificationError
from time import time

import requests
from tenacity import RetryCallState
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError

LONGEST_WAIT = 60.0
"""Seconds between two tries at most, whatever the other side asks for."""

_FIRST_CEILING = 0.1


class TryAgainError(Exception):
    """One try that may be repeated.

    Args:
        says: What came in place of a usable answer, in words.
        wait: Seconds that the other side asks to wait.
        never_sent: No connection was made.
        lasting: What it is when it comes every time, where it is not just "unavailable".
    """

    def __init__(
        self,
        says: str,
        *,
        wait: float | None = None,
        never_sent: bool = False,
        lasting: Exception | None = None,
    ) -> None:
        super().__init__(says)
        self.wait = wait
        self.never_sent = never_sent
        self.lasting = lasting


def seconds_to_wait(state: RetryCallState) -> float:
    """Wait as long as the other side asks, else exponentially with full jitter."""
    failure = state.outcome.exception() if state.outcome else None
    # A long row of failures must not overflow the power.
    ceiling = min(LONGEST_WAIT, _FIRST_CEILING * 2 ** min(state.attempt_number - 1, 30))
    jitter = random.uniform(0, ceiling)  # noqa: S311
    asked = failure.wait if isinstance(failure, TryAgainError) else None
    # Everybody who was told the same instant would come back in it together, hence jitter here too.
    return jitter if asked is None else min(LONGEST_WAIT, asked + jitter)


def retry_after(response: requests.Response) -> float | None:
    """Give the seconds that `Retry-After` asks for, be it seconds or an HTTP date; None without it."""
    value = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float:
    try:
        instant = parsedate_to_datetime(date)
        # HTTP dates are in GMT (RFC 9110); one that does not say so is read as if it did.
        return (instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)).timestamp() - time()
    except (ValueError, OverflowError):
        return math.nan


def was_never_sent(failure: requests.RequestException) -> bool:
    """Tell whether it failed before a connection was there, so that nothing can have happened."""
    cause = failure.args[0] if failure.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, SSLError):
        return any(isinstance(one, SSLCertVerificationError) for one in reason.args)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)


def in_words(failure: requests.RequestException) -> str:
    """Say what happened to the connection; `requests` says it in Python."""
    if isinstance(failure, requests.exceptions.SSLError):
        return "no secure connection (certificate or TLS failure, or this machine's clock is wrong)"
    if was_never_sent(failure):
        return "no connection"
    if isinstance(failure, requests.Timeout):
        return "no answer in time"
    return "the connection broke off"
