"""What NetSuite's answers mean."""

from __future__ import annotations

from typing import Any

import requests

from apbridge.http import Verdict, VerdictKind
from apbridge.http.judge import NOT_JSON, body_of, kind_of
from apbridge.redaction import redact_text

OVERLOAD = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"})
"""Codes of governance. They come with 429, and were seen with 400: the code counts, not the status."""


def judge(response: requests.Response) -> Verdict:
    """Judge an answer of SuiteTalk REST or of a RESTlet."""
    body = body_of(response)
    if response.ok:
        # A success that is not JSON is a page of something between NetSuite and us.
        return Verdict(VerdictKind.BROKEN, says="a page that is not JSON") if body is NOT_JSON else _DONE
    details = _details(body)
    code = details.get("o:errorCode", "")
    says = redact_text(str(details.get("detail", ""))) or f"HTTP {response.status_code}"
    if code in OVERLOAD:
        return Verdict(VerdictKind.BLOCKED, code, says)
    # Not JSON at all, or without NetSuite's error: not NetSuite speaking.
    kind = kind_of(response.status_code)
    return Verdict(kind, code, says, details)


_DONE = Verdict(VerdictKind.DONE)


def _details(body: Any) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(body, dict):
        return {}
    listed = body.get("o:errorDetails")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        return listed[0]
    error = body.get("error")  # RESTlets
    if isinstance(error, dict):
        return {"detail": error.get("message", ""), "o:errorCode": error.get("code", "")}
    return {}
