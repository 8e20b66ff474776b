from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from apbridge.errors import SettingError
from apbridge_operator.schedules import Silence, schedules_of

TARGET = "target-avidxchange"
EVERY_30_MINUTES, DAILY, WORKING_HOURS = "*/30 * * * *", "0 6 * * *", "*/30 6-20 * * mon-fri"


@pytest.fixture(autouse=True)
def _new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this machine's clock be one that changes twice a year."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def document(*intervals: str | None, task: object = f"tap-netsuite-ap {TARGET}") -> dict[str, object]:
    found = [{"name": f"s{number}", "interval": one, "job": "out"} for number, one in enumerate(intervals)]
    return {"jobs": [{"name": "out", "tasks": [task]}], "schedules": found}


def begins(now: datetime, *intervals: str | None, quiet: timedelta | None = None) -> datetime:
    found = schedules_of(document(*intervals), "prod", None)
    return Silence(found, quiet).begins(TARGET, now.astimezone(timezone.utc)).astimezone()


def local(*parts: int) -> datetime:
    return datetime(*parts).astimezone()  # type: ignore[arg-type]


# 2026-10-02 is a Friday; the clock goes back on 2026-11-01 and forward on 2026-03-08.
@pytest.mark.parametrize(
    ("intervals", "now", "expected"),
    [
        ([EVERY_30_MINUTES], (2026, 10, 2, 12, 10), (2026, 10, 2, 10, 30)),
        ([EVERY_30_MINUTES], (2026, 10, 2, 11, 59), (2026, 10, 2, 10, 0)),
        ([WORKING_HOURS], (2026, 10, 4, 12, 0), (2026, 10, 2, 20, 30)),
        ([WORKING_HOURS], (2026, 10, 5, 7, 29), (2026, 10, 2, 20, 30)),
        ([WORKING_HOURS], (2026, 10, 5, 7, 31), (2026, 10, 5, 6, 0)),
        ([DAILY], (2026, 10, 2, 14, 0), (2026, 10, 1, 6, 0)),
        ([DAILY], (2026, 11, 1, 8, 0), (2026, 10, 31, 6, 0)),
        ([DAILY], (2026, 11, 2, 5, 59), (2026, 10, 31, 6, 0)),
        ([DAILY], (2026, 3, 8, 7, 30), (2026, 3, 7, 6, 0)),
        # From two to three there is no time on that morning: what was due at one is due once.
        ([EVERY_30_MINUTES], (2026, 3, 8, 3, 10), (2026, 3, 8, 0, 30)),
        # Of several schedules each tells; what is due twice at once is due once.
        ([WORKING_HOURS, "0 12 * * sun"], (2026, 10, 5, 6, 10), (2026, 10, 2, 20, 30)),
        ([EVERY_30_MINUTES, "0 * * * *"], (2026, 10, 2, 12, 10), (2026, 10, 2, 10, 30)),
        (["@hourly"], (2026, 10, 2, 12, 10), (2026, 10, 2, 9, 0)),
        (["0 6 1 * *"], (2026, 10, 1, 14, 0), (2026, 9, 1, 6, 0)),
        # No clock starts it: as it is without any schedule.
        (["@once", None], (2026, 10, 2, 12, 0), (2026, 10, 2, 10, 0)),
        ([], (2026, 10, 2, 12, 0), (2026, 10, 2, 10, 0)),
    ],
)
def test_silence_is_judged_by_when_runs_were_due(
    intervals: list[str], now: tuple[int, ...], expected: tuple[int, ...]
):
    assert begins(local(*now), *intervals) == local(*expected)


def test_somebody_may_say_how_long_whatever_the_schedules_are():
    now = local(2026, 10, 2, 12, 0)
    assert begins(now, DAILY, quiet=timedelta(hours=5)) == local(2026, 10, 2, 7, 0)


@pytest.mark.parametrize("task", [f"tap-netsuite-ap {TARGET}", ["tap-netsuite-ap", TARGET]])
def test_a_schedule_is_of_the_plugins_that_its_job_runs(task: object):
    (found,) = schedules_of(document(DAILY, task=task), "prod", "1234567")
    assert (found.company, found.account, found.job) == ("prod", "1234567", "out")
    assert found.plugins == {"tap-netsuite-ap", TARGET}
    now = local(2026, 10, 2, 12, 0)
    assert Silence([found]).begins("another", now) == now - timedelta(hours=2)


def test_a_schedule_of_two_plugins_without_a_job_is_of_both():
    one = {"name": "old", "extractor": "tap-netsuite-ap", "loader": TARGET, "interval": DAILY}
    (found,) = schedules_of({"schedules": [one]}, "prod", None)
    assert (found.job, found.plugins) == (None, {"tap-netsuite-ap", TARGET})


@pytest.mark.parametrize(
    "interval", ["every day", "61 * * * *", "* * * *", "@fortnightly", "0 */30 * * * *", "0 0 31 2 *"]
)
def test_an_interval_that_is_none_is_refused_by_name(interval: str):
    with pytest.raises(SettingError, match=r"s0.*APB-SCH-001"):
        schedules_of(document(interval), "prod", None)
