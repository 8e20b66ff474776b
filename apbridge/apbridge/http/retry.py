"""The one retry policy: how often and when a call is tried again, and a write in doubt is looked up."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from threading import Event
from time import time

import requests

GIVE_UP_AFTER = 300.0
"""Seconds of trying until a call that keeps failing fails for good; to wait for a place in flight is none."""

LATEST_TRY = 900.0
"""Seconds from when a call was asked for until no try of it is sent any more, whatever it waited for.

With the 15 minutes that NetSuite may work at one it is half an hour, for which a write is in doubt.
"""

FIRST_CONTACT = 5.0
"""Seconds to try to connect to a server that never answered: rather a wrong setting than a pause."""

FEW_TRIES = 3
"""Tries after which an error of the other side's own about one call counts as its answer."""

LONGEST_WAIT = 60.0
"""Seconds between two tries at most, whatever the other side asks for."""

_FIRST_CEILING = 0.1

PAUSES: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each look-up after a write in doubt: the other side may still be at it, or may be late to
show what it has done."""

UNNAMED_LOOK_UPS = 4
"""Look-ups of a record whose acknowledgement does not name it: an invoice and its image may each have to be
sent twice, then comes a last look."""


@dataclass(eq=False)
class TryAgainError(Exception):
    """One try that may be repeated.

    Args:
        says: What came in place of a usable answer, in words.
        asked: Seconds that the other side asks to wait.
        never_sent: No connection was made.
        lasting: What it is when it comes every time, where it is not just "unavailable".
    """

    says: str
    asked: float | None = None
    never_sent: bool = False
    lasting: Exception | None = None

    def __str__(self) -> str:
        return self.says


def next_wait(failure: TryAgainError, *, tries: int, seconds: float, was_answered: bool) -> float | None:
    """Return the seconds until a call is tried again; None where it is given up.

    Args:
        failure: Its last try.
        tries: How many there were.
        seconds: How long since the first.
        was_answered: Whether the server has ever answered.
    """
    if failure.lasting is not None and tries >= FEW_TRIES:
        return None
    is_wrong_place = failure.never_sent and not was_answered
    most = min(GIVE_UP_AFTER, FIRST_CONTACT) if is_wrong_place else GIVE_UP_AFTER
    wait = _spread(tries, failure.asked)
    return wait if seconds + wait <= most else None


def retry_after(response: requests.Response) -> float | None:
    """Return the seconds that `Retry-After` asks for, be it seconds or an HTTP date; None without it."""
    value = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def look_ups(stop: Event, most: int | None = None) -> Iterator[None]:
    """Wait before each look-up of what became of a write in doubt.

    Args:
        stop: When set, the wait ends, and the look-up that follows is the last.
        most: How many look-ups; None for as many as there are pauses.
    """
    for seconds in PAUSES[:most]:
        is_last = stop.wait(seconds)
        yield
        if is_last:
            return


def _spread(tries: int, asked: float | None) -> float:
    """Return what the other side asks for, else an exponential wait; both with full jitter."""
    # A long row of failures must not overflow the power.
    jitter = random.uniform(0, min(LONGEST_WAIT, _FIRST_CEILING * 2 ** min(tries - 1, 30)))  # noqa: S311
    # Everybody who was told the same instant would come back in it together, hence jitter here too.
    return jitter if asked is None else min(LONGEST_WAIT, asked + jitter)


def _seconds_until(date: str) -> float:
    try:
        instant = parsedate_to_datetime(date)
        # HTTP dates are in GMT (RFC 9110); one that does not say so is read as if it did.
        return (instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)).timestamp() - time()
    except (OverflowError, TypeError, ValueError):
        return math.nan
