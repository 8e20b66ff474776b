"""What an answer means: done, come back later, or no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any

import requests

from apbridge import json


class VerdictKind(Enum):
    """What to do about an answer."""

    DONE = "done"
    BLOCKED = "blocked"
    """Not carried out, because too much is asked at once. Safe to send again, later."""
    BROKEN = "broken"
    """The other side failed while at it. Whether a write was carried out is not known."""
    FAILED = "failed"
    """As broken, but said in its own words about this very call: a few tries show whether it lasts."""
    NOT_SIGNED_IN = "not signed in"
    FORBIDDEN = "forbidden"
    """Signed in, but not allowed to: no fresh token helps."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """What an answer means.

    Args:
        kind: What to do about it.
        reason: The other system's machine-readable code, where it gave one.
        says: The other system's own words, redacted.
        details: More of the answer for those who know the system: field errors, paths.
        body: The decoded body of an answer that is done; None where it has none.
    """

    kind: VerdictKind
    reason: str = ""
    says: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


Judge = Callable[[requests.Response], Verdict]
"""Judges every answer but redirects, which the session never follows."""

NOT_JSON = object()

_BROKEN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


def done(body: Any) -> Verdict:  # noqa: ANN401
    """Judge a success by its body: a page of something in between, or half an answer, is none."""
    if body is NOT_JSON:
        return Verdict(VerdictKind.BROKEN, says="a body that is not JSON, or not all of it")
    return Verdict(VerdictKind.DONE, body=body)


def kind_of(status: int) -> VerdictKind:
    """Judge an error by its status alone."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return VerdictKind.BLOCKED
    if status in _BROKEN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return VerdictKind.BROKEN
    if status == HTTPStatus.UNAUTHORIZED:
        return VerdictKind.NOT_SIGNED_IN
    return VerdictKind.REFUSED


def body_of(response: requests.Response) -> Any:  # noqa: ANN401
    """Decode an answer's JSON; None where it has no body, `NOT_JSON` where it is something else."""
    if not response.content:
        return None
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return NOT_JSON
