"""A long run shows how far it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from itertools import repeat
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from typing_extensions import override

from apbridge.singer import CanonicalTap, progress
from apbridge.singer.progress import Delivering, of_reading
from apbridge.singer.sdk import FencedStream
from tests.singer.messages import SCHEMAS, bill, vendor
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext
    from tests.singer.toy import Toy


class Patient(Event):
    """Is not waited for to the end of days: what never comes fails the test."""

    @override
    def wait(self, timeout: float | None = PATIENCE / 10) -> bool:
        return super().wait(timeout)


class Told(logging.Handler):
    """Sets an event when a line that has some words in it is logged."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.lines: list[str] = []
        self.came = Patient()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("So far: "):
            self.lines.append(record.getMessage())
            if self.words in self.lines[-1]:
                self.came.set()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(progress, "_pace", lambda: repeat(0.001))


def test_it_is_said_every_ten_seconds_for_a_minute_and_then_every_thirty(caplog: pytest.LogCaptureFixture):
    waited: list[float] = []
    done = Patient()

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == 9:
            done.set()
        return done.is_set()

    said = iter(["bills 1 read", "", *(f"bills {number} read" for number in range(3, 9))])
    with (
        caplog.at_level("INFO"),
        progress.progress(lambda: next(said), logging.getLogger("tap-x"), wait),
    ):
        assert done.wait()
    assert waited == [*[10] * 6, 30, 30, 30]
    assert caplog.messages == [f"So far: bills {number} read" for number in (1, *range(3, 9))]


def test_a_run_that_is_over_says_no_more(caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO"), progress.progress(lambda: "x", logging.getLogger("tap-x")):
        pass
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("read", "expected", "seconds", "calls", "says"),
    [
        (3200, 12000, 60, 412, "3,200 of about 12,000 read, 53 a second, about 3 minutes left; 412 calls"),
        (3200, None, 60, 0, "3,200 read, 53 a second"),
        (0, 12000, 10, 40, "0 of about 12,000 read; 40 calls"),
        (0, 0, 10, 0, "0 read"),
        (5, 500, 60, 0, "5 of about 500 read, 5 a minute, about 99 minutes left"),
        (2000, 2600, 60, 0, "2,000 of about 2,600 read, 33 a second, about 20 seconds left"),
        (2000, 2600000, 60, 0, "2,000 of about 2,600,000 read, 33 a second, about 22 hours left"),
        # What is told beside what changed, such as deletions, is in no total.
        (12010, 12000, 60, 0, "12,010 read, 200 a second"),
    ],
)
def test_what_a_tap_says(read: int, expected: int | None, seconds: float, calls: int, says: str):
    assert of_reading("bills", read, expected, seconds, calls) == f"bills {says}"


class Buffer:
    buffer = ("a", "b", "c")


def test_what_a_target_says():
    counts: dict[str, dict[str, int]] = {}
    times = iter([100, 110, 140, 170])
    so_far = Delivering(lambda: counts, {"bills": Buffer()}, lambda: next(times))
    assert so_far() == "3 at hand"
    counts.update(vendors={"unchanged": 250}, bills={"delivered": 3200, "rejected": 2})
    assert so_far() == "vendors 250 unchanged; bills 3,200 delivered, 2 rejected; 3 at hand, 115 a second"
    counts["bills"]["delivered"] += 20
    assert so_far() == "vendors 250 unchanged; bills 3,220 delivered, 2 rejected; 3 at hand, 40 a minute"


@pytest.mark.usefixtures("at_once")
def test_a_target_tells_what_became_of_records_while_others_are_under_way(context: ToyContext):
    told = Told("vendors 1 delivered; 2 at hand")

    def hold(target: Toy) -> None:
        target.books.let_go = told.came
        target.books.holds_after = 1

    logging.getLogger().addHandler(told)
    try:
        context.run([*SCHEMAS, vendor(1), bill(7, 1), bill(8, 1)], hold)
    finally:
        logging.getLogger().removeHandler(told)
    assert told.came.is_set()
    assert context.last.tally.sentence() == "vendors 1 delivered; bills 2 delivered"


class Watched(FencedStream):
    """Three things, the last of which comes once it was said that there were two."""

    name = "things"
    primary_keys = ("id",)
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(th.Property("id", th.StringType())).to_dict()
    told: ClassVar[Told]

    @override
    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        self.expect(3)
        yield {"id": "a"}
        yield {"id": "b"}
        assert self.told.came.wait()
        yield {"id": "c"}


class WatchedTap(CanonicalTap):
    """A tap of them."""

    name = "tap-watched"
    package_name = "apbridge"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList().to_dict()

    @override
    def discover_streams(self) -> list[Stream]:
        return [Watched(self)]

    @override
    def calls_made(self) -> int:
        return 1234


@pytest.mark.usefixtures("at_once")
def test_a_tap_tells_how_much_is_read_and_what_is_left(capsys: pytest.CaptureFixture[str]):
    Watched.told = told = Told("things 2 of about 3 read")
    tap: Tap = WatchedTap(config={})
    logging.getLogger().addHandler(told)
    try:
        tap.sync_all()
    finally:
        logging.getLogger().removeHandler(told)
    assert told.lines[-1].endswith("; 1,234 calls")
    assert capsys.readouterr().out.count('"RECORD"') == 3
