"""What an answer means: done, come back later, or no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any

import requests

from apbridge import json


class AnswerKind(Enum):
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
class Answer:
    """What an answer means.

    Args:
        kind: What to do about it.
        reason: The other system's machine-readable code, where it gave one.
        says: The other system's own words, redacted.
        details: More of the answer for those who know the system: field errors, paths.
        body: The decoded body, of a refusal as far as its classifier tells; None where it has none.
    """

    kind: AnswerKind
    reason: str = ""
    says: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


ResponseClassifier = Callable[[requests.Response], Answer]
"""Classifies every answer but redirects, which the session never follows."""

AnswerWatch = Callable[[str, int, Answer], None]
"""Sees of each answer its call's `operation`, its HTTP status, and what it means."""


def unwatched(_operation: str, _status: int, _answer: Answer) -> None:
    """See nothing."""


NOT_JSON = object()

_BROKEN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


def done(body: Any) -> Answer:  # noqa: ANN401
    """Classify a success by its body: a page of something in between, or half an answer, is none."""
    if body is NOT_JSON:
        return Answer(AnswerKind.BROKEN, says="a body that is not JSON, or not all of it")
    return Answer(AnswerKind.DONE, body=body)


def kind_of(status: int) -> AnswerKind:
    """Classify an error by its status alone."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return AnswerKind.BLOCKED
    if status in _BROKEN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return AnswerKind.BROKEN
    if status == HTTPStatus.UNAUTHORIZED:
        return AnswerKind.NOT_SIGNED_IN
    return AnswerKind.REFUSED


def body_of(response: requests.Response) -> Any:  # noqa: ANN401
    """Decode an answer's JSON; None where it has no body, `NOT_JSON` where it is something else."""
    if not response.content:
        return None
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return NOT_JSON
