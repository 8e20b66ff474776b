"""Looking at several sides at once, and giving up the one that says nothing.

Nothing ends a call to a name server, or a read of a folder whose server is gone. So each side is looked at in
threads of its own, which keep neither the others from being told nor the process from its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import TypeVar

from apbridge.errors import APBridgeError
from apbridge.waits import WAKES, result
from apbridge_operator.cli.checks.result import CheckResult

PATIENCE = 14.0
"""Seconds without a line until a side is asked for its last word."""

LAST_WORD = 1.0
"""Seconds that it has for that: what was last tried, and how it failed."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Side:
    """What is looked at apart from others.

    Args:
        subject: What it is, such as `NetSuite`.
        place: What decides where it is, for the sentence that it is silent.
        look: Looks at it; when the event is set it is to come to its end.
    """

    subject: str
    place: str
    look: Callable[[Event], Iterator[CheckResult]]


@dataclass
class _Looking:
    """How far one side is."""

    side: Side
    until: float
    stop: Event = field(default_factory=Event)


_Told = tuple[int, "CheckResult | BaseException | None"]


def at_once(sides: Sequence[Side]) -> Iterator[CheckResult]:
    """Look at all sides, and yield each result as it is known.

    One that says nothing for `PATIENCE` and `LAST_WORD` is left, with a result that says so.
    """
    told: SimpleQueue[_Told] = SimpleQueue()
    looking = {number: _Looking(side, monotonic() + PATIENCE) for number, side in enumerate(sides)}
    for number, begun in looking.items():
        _begin(copy_context().run, _look, begun.side, begun.stop, number, told)
    one: _Looking | None
    try:
        while looking:
            try:
                number, found = told.get(timeout=WAKES)
            except Empty:
                yield from _late(looking)
                continue
            if isinstance(found, BaseException):
                raise found
            if found is None:
                looking.pop(number, None)
            elif (one := looking.get(number)) is not None:
                one.until = monotonic() + (LAST_WORD if one.stop.is_set() else PATIENCE)
                yield found
            yield from _late(looking)
    finally:
        for left in looking.values():
            left.stop.set()


def _late(looking: dict[int, _Looking]) -> Iterator[CheckResult]:
    """Ask sides that are late for their last word, and give up those that were asked."""
    for number, one in list(looking.items()):
        if monotonic() < one.until:
            continue
        if not one.stop.is_set():
            one.stop.set()
            one.until = monotonic() + LAST_WORD
            continue
        del looking[number]
        facts = {"side": one.side.subject, "seconds": round(PATIENCE + LAST_WORD), "place": one.side.place}
        yield CheckResult.of(one.side.subject, APBridgeError("APB-CHK-040", **facts))


def _look(side: Side, stop: Event, number: int, told: SimpleQueue[_Told]) -> None:
    try:
        for one in side.look(stop):
            told.put((number, one))
        told.put((number, None))
    except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
        told.put((number, failure))


def in_order(calls: Iterable[Callable[[], _T]], most: int) -> Iterator[_T]:
    """Make calls, so many at once, and yield what each comes to, in their order.

    Other than in a pool of `concurrent.futures`, one that never ends does not keep the process.
    """
    waiting: SimpleQueue[tuple[Future[_T], Callable[[], _T]]] = SimpleQueue()
    futures: list[Future[_T]] = []
    for call in calls:
        future: Future[_T] = Future()
        futures.append(future)
        waiting.put((future, call))
    for _ in range(min(most, len(futures))):
        _begin(_work, waiting)
    try:
        for one in futures:
            yield result(one)
    finally:
        for one in futures:
            one.cancel()


def _work(waiting: SimpleQueue[tuple[Future[_T], Callable[[], _T]]]) -> None:
    while True:
        try:
            future, call = waiting.get_nowait()
        except Empty:
            return
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(call())
        except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(failure)


def _begin(work: Callable[..., object], *given: object) -> None:
    Thread(target=work, args=given, daemon=True).start()
