"""One call, described before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Idempotency(Enum):
    """What sending a call twice would do."""

    READ = "read"
    """Nothing: it changes nothing."""
    IDEMPOTENT = "idempotent"
    """The same as once: an upsert under our own id, a delete."""
    ONCE = "once"
    """Perhaps a second payment: where the outcome is unknown it is looked up, never sent again blindly."""


@dataclass(frozen=True)
class Call:
    """One HTTP call.

    Args:
        method: HTTP method.
        path: Below the session's base URL.
        purpose: What it is for, in words that an error can use: "read bills", "post payment 77".
        idempotency: What sending it twice would do.
        params: Query parameters.
        headers: Headers beside those of the session and its signer.
        json: A body to send as JSON; `Decimal` is sent digit for digit.
        body: A raw body.
        form: A form body.
        operation: What whoever watches the answers calls it; empty where nobody does.
    """

    method: str
    path: str
    purpose: str
    idempotency: Idempotency = Idempotency.READ
    params: Mapping[str, str | int] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: bytes | None = None
    form: Mapping[str, str] | None = None
    operation: str = ""
