"""Tries without an answer: whether anything was sent, and how to say what happened."""

from __future__ import annotations

from ssl import SSLCertVerificationError

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError

_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""


def was_never_sent(failure: Exception) -> bool:
    """Return whether it failed before a connection was there, so that nothing can have happened."""
    cause = failure.args[0] if failure.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, SSLError):
        return any(isinstance(one, SSLCertVerificationError) for one in reason.args)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)


def in_words(failure: Exception) -> str:
    """Describe what happened to the connection; `requests` says it in Python."""
    if isinstance(failure, requests.exceptions.SSLError):
        if _has_expired(failure):
            return "no secure connection (its certificate has expired, or this machine's clock is wrong)"
        return "no secure connection (certificate or TLS failure, or this machine's clock is wrong)"
    if was_never_sent(failure):
        return "no connection"
    if isinstance(failure, requests.Timeout):
        return "no answer in time"
    return "the connection broke off"


def _has_expired(failure: Exception) -> bool:
    """Return whether a server's certificate is refused for its date alone; it may stand within others."""
    inner = [*failure.args, getattr(failure, "reason", None)]
    return any(
        one.verify_code == _EXPIRED
        if isinstance(one, SSLCertVerificationError)
        else isinstance(one, Exception) and _has_expired(one)
        for one in inner
    )
