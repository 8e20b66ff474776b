from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from apbridge.http import retry
from apbridge.http.retry import (
    FEW_TRIES,
    FIRST_CONTACT,
    GIVE_UP_AFTER,
    LONGEST_WAIT,
    TryAgainError,
    look_ups,
    next_wait,
    retry_after,
)

if TYPE_CHECKING:
    from tests.conftest import FakeClock


def answered(value: str | None) -> requests.Response:
    response = requests.Response()
    if value is not None:
        response.headers["Retry-After"] = value
    return response


@given(st.integers(0, 10**9))
def test_seconds_are_read(seconds: int):
    assert retry_after(answered(str(seconds))) == seconds


@given(st.integers(2, 10**6))
def test_http_dates_are_read(seconds: int):
    instant = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    for form in (
        format_datetime(instant, usegmt=True),
        format_datetime(instant),
        f" {format_datetime(instant)}",
    ):
        asked = retry_after(answered(form))
        assert asked is not None
        assert seconds - 2 <= asked <= seconds


def test_a_date_that_has_passed_asks_for_no_wait():
    assert retry_after(answered("Wed, 21 Oct 2015 07:28:00 GMT")) == 0


@pytest.mark.parametrize("value", [None, "", "soon", "nan", "inf", "Wed, 99 Oct 9999 99:99:99 GMT"])
def test_what_is_neither_is_no_wish(value: str | None):
    assert retry_after(answered(value)) is None


def test_a_wait_below_nothing_is_none_at_all():
    assert retry_after(answered("-5")) == 0


@given(st.text())
def test_no_text_breaks_it(value: str):
    asked = retry_after(answered(value))
    assert asked is None or asked >= 0


def wait_for(failure: TryAgainError, tries: int = 1, seconds: float = 0.0) -> float | None:
    return next_wait(failure, tries=tries, seconds=seconds, was_answered=True)


@given(st.integers(1, 5000), st.none() | st.floats(0, 1e12))
def test_no_wait_is_longer_than_the_longest_nor_shorter_than_asked(tries: int, asked: float | None):
    wait = wait_for(TryAgainError("later", asked=asked), tries)
    assert wait is not None
    assert min(asked or 0.0, LONGEST_WAIT) <= wait <= LONGEST_WAIT


def test_waits_grow_and_are_spread():
    def waits(tries: int) -> list[float]:
        return [wait_for(TryAgainError("later"), tries) or 0.0 for _ in range(300)]

    assert max(waits(1)) <= 0.1
    assert 0.8 < max(waits(5)) <= 1.6
    assert min(waits(5)) < 0.2


def test_it_is_given_up_when_the_wait_would_end_too_late():
    later = TryAgainError("later", asked=10.0)
    assert wait_for(later, seconds=GIVE_UP_AFTER - 11) is not None
    assert wait_for(later, seconds=GIVE_UP_AFTER - 9) is None


def test_a_server_that_never_answered_is_given_up_soon():
    nobody = TryAgainError("no connection", never_sent=True)
    assert wait_for(nobody, seconds=FIRST_CONTACT + 1) is not None
    assert next_wait(nobody, tries=1, seconds=FIRST_CONTACT, was_answered=False) is None


def test_what_comes_every_time_is_the_answer_after_a_few_tries():
    same = TryAgainError("again", lasting=ValueError())
    assert wait_for(same, FEW_TRIES - 1) is not None
    assert wait_for(same, FEW_TRIES) is None


def test_each_look_up_is_waited_for_and_a_stop_makes_the_next_one_the_last(clock: FakeClock):
    assert len(list(look_ups(clock))) == len(retry.PAUSES)
    assert tuple(clock.waits) == retry.PAUSES
    assert len(list(look_ups(clock, 2))) == 2
    looks = look_ups(clock)
    next(looks)
    clock.set()
    assert len(list(looks)) == 1
