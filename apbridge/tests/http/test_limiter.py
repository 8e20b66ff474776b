from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from apbridge.http import Answer, AnswerKind, Call
from apbridge.http.limiter import ConcurrencyLimiter
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apbridge.http import GovernedSession
    from tests.conftest import AnswerScript

READ = Call("GET", "/bills", "read bills")


@pytest.mark.parametrize("most", [1, 5])
def test_never_one_more_in_flight_than_allowed(
    script: AnswerScript, session_to: Callable[..., GovernedSession], most: int
):
    full = Event()
    script.then(200, {}, until=full, times=most).forever(200, {}, delay=0.02)
    session = session_to(script.url, concurrency=most)
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(session.send, READ) for _ in range(40)]
        until(lambda: script.peak == most and len(session.limiter._waiting) == 16 - most)
        full.set()
        for call in calls:
            call.result()
    assert script.peak == session.limiter.peak == most
    assert session.counts.calls == len(script.asked) == 40


def test_the_next_call_goes_while_an_answer_is_decoded(
    script: AnswerScript, session_to: Callable[..., GovernedSession]
):
    script.forever(200, {})
    session = session_to(script.url, concurrency=1)
    classify = session._classify

    def slowly(response: requests.Response) -> Answer:
        until(lambda: len(script.asked) == 2)
        return classify(response)

    session._classify = slowly
    with ThreadPoolExecutor(2) as pool:
        for call in [pool.submit(session.send, READ) for _ in range(2)]:
            call.result()
    assert script.peak == session.limiter.peak == 1


def test_what_says_only_in_its_body_that_nobody_is_signed_in_takes_a_place_again(
    script: AnswerScript, session_to: Callable[..., GovernedSession], monkeypatch: pytest.MonkeyPatch
):
    script.forever(200, {})
    session = session_to(script.url, concurrency=1)
    classify, kinds = session._classify, [AnswerKind.NOT_SIGNED_IN]
    in_flight = []
    renew = session._signer.renew

    def once_not(response: requests.Response) -> Answer:
        return Answer(kinds.pop()) if kinds else classify(response)

    def renewing(signature: Mapping[str, str]) -> bool:
        in_flight.append(session.limiter._in_flight)
        return renew(signature)

    session._classify = once_not
    monkeypatch.setattr(session._signer, "renew", renewing)
    session.send(READ)
    assert in_flight == [1]
    assert len(script.asked) == 2
    assert session.limiter._in_flight == 0


def test_an_overload_halves_what_is_in_flight_and_answers_restore_it(
    script: AnswerScript, session_to: Callable[..., GovernedSession]
):
    script.then(429).forever(200, {})
    session = session_to(script.url, concurrency=8)
    limits = []
    classify = session._classify

    def noting(response: requests.Response) -> Answer:
        limits.append(session.limiter.limit)
        return classify(response)

    session._classify = noting
    for _ in range(6):
        session.send(READ)
    assert limits == [8, 4, 5, 6, 7, 8, 8]


def test_every_seventh_call_blocked_costs_little_and_loses_nothing(
    script: AnswerScript, session_to: Callable[..., GovernedSession]
):
    for number in range(1, 80):
        if number % 7:
            script.then(200, {"n": number}, delay=0.05)
        else:
            script.then(429)
    session = session_to(script.url, concurrency=5)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(session.ask, [READ] * 60))
    assert len({answer["n"] for answer in answers}) == 60
    assert session.counts.retries == len(script.asked) - 60 == 9


def test_calls_refused_together_are_one_step_down():
    limiter = ConcurrencyLimiter(8)
    with ExitStack() as slots:
        entered = [slots.enter_context(limiter.slot()) for _ in range(8)]
        for one in entered:
            limiter.overloaded(one)
    assert limiter.limit == 4
    with limiter.slot() as entered_later:
        limiter.overloaded(entered_later)
    assert limiter.limit == 2


def test_another_number_holds_from_when_it_is_told():
    limiter = ConcurrencyLimiter(2)
    limiter.allow(5)
    assert (limiter.limit, limiter.most) == (5, 5)
    with limiter.slot() as entered:
        limiter.overloaded(entered)
    limiter.allow(8)
    assert (limiter.limit, limiter.most) == (2, 8), "an overload is not forgotten"
    limiter.allow(1)
    assert (limiter.limit, limiter.most) == (1, 1)


def test_who_waits_is_let_in_when_there_is_room_again():
    limiter = ConcurrencyLimiter(2)
    inside, leave = Event(), Event()

    def enter() -> None:
        with limiter.slot():
            inside.set()
            leave.wait(PATIENCE)

    with limiter.slot() as entered:
        limiter.overloaded(entered)
        thread = Thread(target=enter)
        thread.start()
        until(lambda: limiter._waiting)
        assert not inside.is_set()
        limiter.eased()
        assert inside.wait(PATIENCE)
    leave.set()
    thread.join()


def test_who_waits_longest_comes_first_whoever_asks_meanwhile():
    limiter = ConcurrencyLimiter(1)
    order: list[int] = []

    def enter(number: int) -> None:
        with limiter.slot():
            order.append(number)

    def waiting(number: int) -> Thread:
        thread = Thread(target=enter, args=(number,))
        thread.start()
        until(lambda: len(limiter._waiting) == number + 1)
        return thread

    with limiter.slot():
        threads = [waiting(number) for number in range(3)]
    enter(3)  # at once: the place that was just left is not its own
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3]
    assert limiter._in_flight == 0


@pytest.mark.parametrize("is_let_in", [False, True])
def test_who_stops_waiting_holds_up_nobody(monkeypatch: pytest.MonkeyPatch, *, is_let_in: bool):
    limiter = ConcurrencyLimiter(1)

    def stopped(turn: Event, _: float) -> bool:
        if is_let_in:
            place.close()
        raise KeyboardInterrupt(turn)

    with ExitStack() as place:
        place.enter_context(limiter.slot())
        with monkeypatch.context() as patched:
            patched.setattr(Event, "wait", stopped)
            with pytest.raises(KeyboardInterrupt), limiter.slot():
                pass
    assert (limiter._in_flight, len(limiter._waiting)) == (0, 0)
    with limiter.slot():
        pass


@given(st.integers(1, 20), st.lists(st.sampled_from(["enter", "leave", "overloaded", "eased"]), max_size=80))
@settings(database=None)
def test_the_limit_stays_between_one_and_most(most: int, events: list[str]):
    limiter = ConcurrencyLimiter(most)
    held: list[tuple[ExitStack, int]] = []
    for event in events:
        if event == "enter" and len(held) < limiter.limit:
            stack = ExitStack()
            held.append((stack, stack.enter_context(limiter.slot())))
        elif event == "leave" and held:
            held.pop(0)[0].close()
        elif event == "overloaded" and held:
            limiter.overloaded(held[0][1])
        elif event == "eased":
            limiter.eased()
        assert 1 <= limiter.limit <= most
        assert limiter.peak <= most
    for stack, _ in held:
        stack.close()
