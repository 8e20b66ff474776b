"""Dates and times as SuiteQL reads and writes them, in the account's time zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from apbridge_sandbox.clock import COMPANY_ZONE, stamp

_WALL = "%Y-%m-%dT%H:%M:%S"
_FORMAT_WORDS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "MON": "%b",
    "DD": "%d",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "AM": "%p",
    "PM": "%p",
}
_FORMAT = re.compile(
    r'"(?P<quoted>[^"]*)"|(?P<word>' + "|".join(_FORMAT_WORDS) + r")|(?P<sign>[-/,.;: ])", re.IGNORECASE
)


@lru_cache(maxsize=256)
def format_of(written: str) -> str:
    """Translate an Oracle date format to Python's.

    Raises:
        ValueError: It has a word that is not known here.
    """
    translated, at = "", 0
    while at < len(written):
        found = _FORMAT.match(written, at)
        if found is None:
            message = f"date format not recognized: {written}"
            raise ValueError(message)
        if found["word"]:
            translated += _FORMAT_WORDS[found["word"].upper()]
        else:
            translated += (found["sign"] or found["quoted"]).replace("%", "%%")
        at = found.end()
    return translated


def to_wall(text: str, written: str) -> str:
    """Read a date and time, as TO_DATE does.

    Raises:
        ValueError: The text is not of that format.
    """
    return datetime.strptime(text, format_of(written)).strftime(_WALL)  # noqa: DTZ007 - no zone is meant


def to_char(wall: str, written: str) -> str:
    """Write a date and time, as TO_CHAR does."""
    return datetime.fromisoformat(wall).strftime(format_of(written)).upper()


@lru_cache(maxsize=65536)
def local_of(instant: str) -> str:
    """Return the date and time that it was in the account's time zone."""
    moment = datetime.strptime(instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return moment.astimezone(COMPANY_ZONE).strftime(_WALL)


def instant_of(wall: str) -> str:
    """Return the instant at which it was that date and time in the account's time zone."""
    return stamp(datetime.fromisoformat(wall).replace(tzinfo=COMPANY_ZONE))


def add_days(wall: str, days: float) -> str:
    """Move a date and time, as adding a number to a DATE does."""
    return (datetime.fromisoformat(wall) + timedelta(days=days)).strftime(_WALL)
