"""Waits of the main thread end soon after a signal, also after one that does not wake it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Event, Thread, get_ident
from typing import Any, NoReturn
from unittest.mock import Mock

import pytest

from apbridge.netsuite.queries.ranges import RangeReading
from apbridge.waits import completed, in_order, result


class CameError(Exception):
    """The signal's handler has run."""


@pytest.fixture
def handled() -> Iterator[signal.Signals]:
    """Handle a signal by raising an error in the main thread."""

    def handle(_number: int, _frame: object) -> NoReturn:
        raise CameError

    before = signal.signal(signal.SIGUSR1, handle)
    yield signal.SIGUSR1
    signal.signal(signal.SIGUSR1, before)


def page_of(answer: Future[Any]) -> object:
    return next(RangeReading(Mock(), lambda _work: answer, rows=1, lanes=1).pages())


def in_turn(answer: Future[Any]) -> object:
    return list(in_order(Mock(submit=lambda _call: answer), [dict]))


@pytest.mark.parametrize("wait", [result, lambda answer: list(completed([answer])), in_turn, page_of])
def test_a_signal_that_wakes_nobody_ends_the_wait(
    handled: signal.Signals, wait: Callable[[Future[Any]], object]
):
    answer: Future[Any] = Future()
    woken, slept = Event(), Event()

    def sends() -> None:
        time.sleep(0.2)
        # As the system may: to a thread that runs no handler, so that nothing wakes the main thread.
        signal.pthread_kill(get_ident(), handled)
        if not woken.wait(30):
            slept.set()
            answer.set_exception(OSError("it slept on"))

    sender = Thread(target=sends)
    sender.start()
    try:
        with pytest.raises(CameError):
            wait(answer)
    finally:
        woken.set()
        sender.join()
    assert not slept.is_set()
