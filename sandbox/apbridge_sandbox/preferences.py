"""How a user has chosen to see dates and times (NetSuite: Set Preferences)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from apbridge_sandbox.switches import Switches

_WRITTEN = {
    "YYYY": "{0:%Y}",
    "Mon": "{0:%b}",
    "MM": "{0:%m}",
    "DD": "{0:%d}",
    "M": "{0.month}",
    "D": "{0.day}",
}
_READ = {"YYYY": "%Y", "Mon": "%b", "MM": "%m", "DD": "%d", "M": "%m", "D": "%d"}
_WORD = re.compile("|".join(_READ))


@dataclass(frozen=True)
class DatePreference:
    """The formats of dates and of times of day, by the names of their switches' values."""

    day: str = "M/D/YYYY"
    time: str = "2:10 pm"

    @classmethod
    def of(cls, switches: Switches) -> DatePreference:
        """Read the user's preference."""
        return cls(switches["netsuite.date_format"], switches["netsuite.time_format"])

    def shown_day(self, text: str) -> str:
        """Write the day of a date or of a date and time; the time is dropped."""
        return _shown_day(self.day, text[:10])

    def shown_minute(self, wall: str) -> str:
        """Write a date and time as a search does: without seconds."""
        moment = datetime.fromisoformat(wall)
        sign = self.time.strip("0123456789 apm")
        if self.time.endswith("pm"):
            time = f"{moment.hour % 12 or 12}{sign}{moment:%M} {'am' if moment.hour < 12 else 'pm'}"  # noqa: PLR2004
        else:
            time = f"{moment.hour}{sign}{moment:%M}"
        return f"{self.shown_day(wall)} {time}"

    def read_day(self, text: str) -> str:
        """Read a day, and return it as `YYYY-MM-DD`.

        Raises:
            ValueError: It is none in this format.
        """
        written = _WORD.sub(lambda word: _READ[word[0]], self.day)
        return datetime.strptime(text, written).strftime("%Y-%m-%d")  # noqa: DTZ007 - no zone is meant


@lru_cache(maxsize=65536)
def _shown_day(written: str, day: str) -> str:
    return _WORD.sub(lambda word: _WRITTEN[word[0]], written).format(datetime.fromisoformat(day))


DEFAULT = DatePreference()
"""What a user sees who never chose: also what a date becomes where a query makes text of it."""
