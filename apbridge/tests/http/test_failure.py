from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from tenacity import Future, RetryCallState, Retrying

from apbridge.http.failure import LONGEST_WAIT, TryAgainError, retry_after, seconds_to_wait


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


@given(st.integers(1, 5000), st.none() | st.floats(0, 1e12))
def test_no_wait_is_longer_than_the_longest_nor_shorter_than_asked(attempt: int, asked: float | None):
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    state.outcome = Future(attempt)
    state.outcome.set_exception(TryAgainError("later", wait=asked))
    wait = seconds_to_wait(state)
    assert min(asked or 0.0, LONGEST_WAIT) <= wait <= LONGEST_WAIT


def test_waits_grow_and_are_spread():
    def waits(attempt: int) -> list[float]:
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = attempt
        return [seconds_to_wait(state) for _ in range(300)]

    assert max(waits(1)) <= 0.1
    assert 0.8 < max(waits(5)) <= 1.6
    assert min(waits(5)) < 0.2
