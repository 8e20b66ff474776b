"""The business clock: starts on a Monday morning and runs with real time."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from apbridge_sandbox.store import Store, remember

OPENING = datetime(2026, 11, 2, 16, 0, tzinfo=timezone.utc)
"""When the sandbox's day begins: 8 in the morning of Monday, 2 November 2026, at the company."""

COMPANY_ZONE = ZoneInfo("America/Los_Angeles")
"""The company's time zone, which NetSuite's dates are in."""

_SETTING = "clock_ahead_seconds"


def stamp(moment: datetime) -> str:
    """Write an instant as both books keep it: `YYYY-MM-DDTHH:MM:SSZ`."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock:
    """The sandbox's time. How far it is ahead of real time is kept in the store.

    Sign-in does not follow it: tokens and certificates are judged by real time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = store.setting(_SETTING)
        self._ahead = timedelta(seconds=float(kept)) if kept else timedelta(0)

    def now(self) -> datetime:
        """Return the present instant, UTC and aware."""
        return datetime.now(timezone.utc) + self._ahead

    def stamp(self) -> str:
        """Return the present instant as the books keep it."""
        return stamp(self.now())

    def today(self) -> date:
        """Return the present day where the company is."""
        return self.now().astimezone(COMPANY_ZONE).date()

    def start_at(self, moment: datetime) -> None:
        """Set the clock; it runs on from there."""
        self._keep(moment - datetime.now(timezone.utc))

    def advance(self, by: timedelta) -> None:
        """Move the clock. Forward only: neither system's time ever ran backwards.

        Raises:
            ValueError: The step is backwards.
        """
        if by < timedelta(0):
            message = "the clock only goes forward"
            raise ValueError(message)
        self._keep(self._ahead + by)

    def _keep(self, ahead: timedelta) -> None:
        with self._store.write() as conn:
            remember(conn, _SETTING, str(ahead.total_seconds()))
        self._ahead = ahead
