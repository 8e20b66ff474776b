"""What an answer means: done, come back later, or no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from time import time
from typing import Any

import requests

from apbridge import json
from apbridge.redaction import redact_text


class VerdictKind(Enum):
    """What to do about an answer."""

    DONE = "done"
    BLOCKED = "blocked"
    """Not carried out, because too much is asked at once. Safe to send again, later."""
    BROKEN = "broken"
    """The other side failed while at it. Whether a write was carried out is not known."""
    NOT_SIGNED_IN = "not signed in"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """What an answer means.

    Args:
        kind: What to do about it.
        reason: The other system's machine-readable code, where it gave one.
        says: The other system's own words, redacted.
        details: More of the answer for those who know the system: field errors, paths.
    """

    kind: VerdictKind
    reason: str = ""
    says: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


Judge = Callable[[requests.Response], Verdict]

_BROKEN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


def json_judge(read_error: Callable[[Any], tuple[str, str]]) -> Judge:
    """Judge by status, for a system that answers in JSON.

    Args:
        read_error: Gives (code, words) out of a decoded error body.

    A success that is not JSON, though it has a body, is a proxy's page and counts as broken.
    """

    def judge(response: requests.Response) -> Verdict:
        status = response.status_code
        body = body_of(response)
        if response.ok:
            return Verdict(VerdictKind.BROKEN if body is NOT_JSON else VerdictKind.DONE)
        reason, says = ("", "") if body is NOT_JSON else read_error(body)
        return Verdict(kind_of(status), reason, redact_text(says or f"HTTP {status}"))

    return judge


def kind_of(status: int) -> VerdictKind:
    """Judge an error by its status alone."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return VerdictKind.BLOCKED
    if status in _BROKEN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return VerdictKind.BROKEN
    if status == HTTPStatus.UNAUTHORIZED:
        return VerdictKind.NOT_SIGNED_IN
    return VerdictKind.REFUSED


NOT_JSON = object()


def body_of(response: requests.Response) -> Any:  # noqa: ANN401
    """Decode an answer's JSON; None where it has no body, `NOT_JSON` where it is something else."""
    if not response.content:
        return None
    try:
        return json.loads(response.content)
    except ValueError:
        return NOT_JSON


def retry_after(response: requests.Response | None) -> float | None:
    """Give the seconds that `Retry-After` asks for, be it seconds or an HTTP date."""
    value = response.headers.get("Retry-After", "").strip() if response is not None else ""
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (TypeError, ValueError):
        return None
