"""What NetSuite's answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from apbridge.errors import UnavailableError
from apbridge.http import Answer, AnswerKind, body_of, done, kind_of
from apbridge.redaction import redact_text

OVERLOAD = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"})
"""Codes of governance. They come with 429, and were seen with 400: the code counts, not the status."""

PASSING = frozenset({"UNEXPECTED_ERROR", "RCRD_HAS_BEEN_CHANGED"})
"""Codes that may not come again. The first is also how NetSuite says that a query has a bad field; the
second comes while an earlier write of the same record is still under way."""


WEB_SERVICES_ONLY = "INVALID_LOGIN_CREDENTIALS"
"""What a RESTlet answers to a role that may call web services only. No fresh token helps: a token that is
refused gets INVALID_LOGIN_ATTEMPT."""


@contextmanager
def as_documented(purpose: str, problem: str) -> Iterator[None]:
    """Name an answer that is not what NetSuite documents, where the code inside trips over it.

    Args:
        purpose: What was asked for.
        problem: What it is not.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as failure:
        raise UnavailableError("APB-NS-022", purpose=purpose, problem=problem) from failure


def classify(response: requests.Response) -> Answer:
    """Classify an answer of SuiteTalk REST or of a RESTlet."""
    body = body_of(response)
    if response.ok:
        return done(body)
    errors = _errors(body)
    codes = [str(error.get("o:errorCode", "")) for error in errors]
    says = redact_text("; ".join(str(error["detail"]) for error in errors if error.get("detail")))
    overload = next((code for code in codes if code in OVERLOAD), None)
    if overload:
        return Answer(AnswerKind.BLOCKED, overload, says)
    code = codes[0] if codes else ""
    kind = AnswerKind.FAILED if code in PASSING else kind_of(response.status_code)
    if code == WEB_SERVICES_ONLY:
        kind = AnswerKind.REFUSED
    return Answer(kind, code, says, errors[0] if errors else {})


def _errors(body: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return the errors of a body in the form of SuiteTalk's; a RESTlet's are brought into it."""
    if not isinstance(body, dict):
        return []
    listed = body.get("o:errorDetails")
    if isinstance(listed, list):
        return [error for error in listed if isinstance(error, dict)]
    error = body.get("error", body)
    if isinstance(error, str):
        return [{"detail": error}]
    if not isinstance(error, dict):
        return []
    code, detail = error.get("code", error.get("name")), error.get("message")
    return [{"detail": detail or "", "o:errorCode": code or ""}] if code or detail else []
