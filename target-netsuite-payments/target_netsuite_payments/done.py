"""What became of a payment in NetSuite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apbridge.errors import RejectedError, UnderWayError
from apbridge.singer import Action


@dataclass(frozen=True)
class Done:
    """A payment that NetSuite's books agree with, or are about to.

    Args:
        remote_id: Internal id of the vendor payment; None where there is none.
        action: What was done in NetSuite for it; None where nothing was.
        note: What a person should know beside that.
        waits_for: What NetSuite has not decided about it; None where nothing is left to decide.
        facts: What the next run has to know.
        not_taken: Why NetSuite does not hold what AvidXchange tells beside it; None where it does.
        failed: Whether a part of it could not be carried out, whatever the others wait for.
    """

    remote_id: str | None
    action: Action | None = None
    note: str = ""
    waits_for: UnderWayError | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    not_taken: RejectedError | None = None
    failed: bool = False
