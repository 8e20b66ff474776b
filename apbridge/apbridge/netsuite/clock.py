"""This machine's clock against NetSuite's: a sign-in is signed with the time."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import requests

MOST_SKEW = 60.0
"""Seconds between the two clocks that nobody need mind."""


def seconds_ahead(answer: requests.Response) -> float | None:
    """Return how far this machine's clock is ahead of the one that dated an answer; behind it is negative.

    Returns:
        None where the answer has no date.
    """
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (LookupError, OverflowError, ValueError):
        return None
    # HTTP dates are in GMT (RFC 9110); one that does not say so is read as if it did.
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=timezone.utc)
    return (datetime.now(timezone.utc) - theirs).total_seconds()


def in_words(ahead: float) -> dict[str, object]:
    """Return the facts of a sentence about it."""
    return {"seconds": round(abs(ahead)), "way": "ahead of" if ahead > 0 else "behind"}
