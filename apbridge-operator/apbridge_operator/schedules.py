"""When each direction is to run, by `meltano.yml`, and since when a run must have ended well."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any

from cronsim import CronSim, CronSimError

from apbridge.errors import SettingError

QUIET = timedelta(hours=2)
"""How long no run may end well where no schedule tells when it is to run."""

_FIELDS = 5
_MISSED = 4
_LONG = timedelta(days=1)

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_BY_HAND = {"@once", "@manual", "@none"}
"""Meltano's words for what no clock starts."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job of one company is to run.

    Args:
        name: As `meltano schedule run` takes it.
        job: What is run.
        interval: Five fields as cron takes them; None where no clock starts it.
        company: Whose: the Meltano environment.
        account: The NetSuite account that it calls, where one is set.
        plugins: What takes part in a run.
    """

    name: str
    job: str | None
    interval: str | None
    company: str | None
    account: str | None
    plugins: frozenset[str]

    def due_before(self, now: datetime) -> Iterator[datetime]:
        """Yield when it was due, the latest first, by this machine's clock as cron goes by it."""
        if self.interval is None:
            return
        # Without a zone, for the distance from UTC is that of each day, not that of today.
        latest = now
        for due in CronSim(self.interval, now.astimezone().replace(tzinfo=None), reverse=True):
            moment = due.astimezone(timezone.utc)
            # The hour that a clock leaves out in spring is told as the hour before, which comes again.
            if moment < latest:
                yield moment
                latest = moment


def schedules_of(document: Mapping[str, Any], company: str | None, account: str | None) -> list[Schedule]:
    """Return the schedules of one company.

    Args:
        document: The content of `meltano.yml`.
        company: The company; a Meltano environment.
        account: Its NetSuite account, where one is set.

    Raises:
        SettingError: An interval is none.
    """
    tasks = {one["name"]: one.get("tasks") for one in document.get("jobs") or ()}
    return [
        Schedule(
            one["name"],
            one.get("job"),
            _interval(one["name"], one.get("interval")),
            company,
            account,
            # Meltano's older schedules name two plugins and no job.
            frozenset(_words([tasks.get(one.get("job")), one.get("extractor"), one.get("loader")])),
        )
        for one in document.get("schedules") or ()
    ]


def _interval(name: str, given: str | None) -> str | None:
    wanted = (given or "").strip().lower()
    if not wanted or wanted in _BY_HAND:
        return None
    found = _ALIASES.get(wanted, wanted)
    try:
        CronSim(found, datetime.now(timezone.utc))
    except CronSimError as failure:
        raise SettingError("APB-SCH-001", name=name, interval=given) from failure
    if len(found.split()) != _FIELDS:
        # With a sixth one, of seconds, Airflow, Meltano and this program would each read another time.
        raise SettingError("APB-SCH-001", name=name, interval=given)
    return found


def _words(tasks: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(tasks, str):
        yield from tasks.split()
    elif isinstance(tasks, list):
        for one in tasks:
            yield from _words(one)


@dataclass(frozen=True, slots=True)
class Silence:
    """How long no run may end well, by the schedules.

    Args:
        schedules: When runs are due.
        quiet: How long, whatever the schedules are.
    """

    schedules: Sequence[Schedule] = ()
    quiet: timedelta | None = None

    def begins(self, plugin: str, now: datetime) -> datetime:
        """Return since when a run of a plugin must have ended well.

        That is so when a run was due four times, or when one was due a day ago, whichever is later. Where
        none was ever due, two hours ago.
        """
        if self.quiet is not None:
            return now - self.quiet
        ways = [one.due_before(now) for one in self.schedules if plugin in one.plugins]
        for missed, (due, _) in enumerate(groupby(heapq.merge(*ways, reverse=True)), start=1):
            if missed == _MISSED or due <= now - _LONG:
                return due
        return now - QUIET
