"""Items of many threads, gathered into calls that carry several.

A thread that has something to send waits until its call is full, or until nobody else can come: what each of
the others has to send waits as well, or is sent already.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic
from typing import Generic, TypeVar

from apbridge import wire
from apbridge.waits import result

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")

LONGEST_WAIT = 30.0
"""Seconds that an item waits for others: those who may bring them may be at something long, such as images,
and what waits is in doubt meanwhile."""


@dataclass(frozen=True)
class _GatheredAnswer(Generic[_Answer]):
    """What came of the call that had an item."""

    answer: _Answer | None
    failure: BaseException | None
    is_clear: bool
    """Whether nothing of it can be on the wire any more."""

    def told(self) -> _Answer:
        """Return the answer, or raise why there is none, to the thread whose item it was."""
        if not self.is_clear:
            wire.unanswered()
        if self.failure is not None:
            raise self.failure
        return self.answer  # type: ignore[return-value]  # where nothing failed there is one


_Member = tuple[_Item, "Future[_GatheredAnswer[_Answer]]"]


@dataclass(eq=False)
class _OpenBatch(Generic[_Item, _Answer]):
    """A call that still has room."""

    began: float = field(default_factory=monotonic)
    members: list[_Member[_Item, _Answer]] = field(default_factory=list)
    is_closed: Event = field(default_factory=Event)


class Gathering(Generic[_Item, _Answer]):
    """Gathers items.

    Args:
        send: Sends some items in one call, given when the first of them came (of `time.monotonic`).
        divides: Whether a failure may be due to one item: then each half is sent by itself, until the one is
            alone. It must be safe to send what was sent already. What it raises becomes of each.
    """

    def __init__(
        self,
        send: Callable[[Sequence[_Item], float], _Answer],
        divides: Callable[[BaseException], bool],
    ) -> None:
        self._send = send
        self._divides = divides
        self._lock = Lock()
        self._open: dict[Hashable, _OpenBatch[_Item, _Answer]] = {}
        self._held = 0
        self._to_come = 0
        self._at_once = 0

    @contextmanager
    def expecting(self, count: int, at_once: int) -> Iterator[None]:
        """Expect so many pieces of work to bring items, or to end without: see `ended`.

        Args:
            count: How many, of which each is worked at until it has ended.
            at_once: How many are worked at together at most; the others wait for a thread.
        """
        with self._lock:
            self._to_come, self._at_once = count, at_once
        try:
            yield
        finally:
            with self._lock:
                self._to_come = 0
                self._close_if_nobody_comes()

    def ended(self) -> None:
        """Count out a piece of work that brings nothing any more."""
        with self._lock:
            self._to_come -= 1
            self._close_if_nobody_comes()

    def send(self, key: Hashable, item: _Item, most: int) -> _Answer:
        """Send an item in one call with others, and return what was answered to that call.

        Args:
            key: What items of one call have in common.
            item: The item.
            most: Items of one call.

        Raises:
            BaseException: Whatever sending has raised.
        """
        member: _Member[_Item, _Answer] = (item, Future())
        with self._lock:
            batch = self._open.setdefault(key, _OpenBatch())
            is_first = not batch.members
            batch.members.append(member)
            self._held += 1
            if len(batch.members) >= most:
                self._close(key)
            self._close_if_nobody_comes()
        if is_first:
            if not batch.is_closed.wait(LONGEST_WAIT):
                self._close_late(key, batch)
            self._carry_out(batch.members, batch.began)
        return result(member[1]).told()

    def _close_if_nobody_comes(self) -> None:
        if self._held >= min(self._to_come, self._at_once):
            for key in list(self._open):
                self._close(key)

    def _close_late(self, key: Hashable, batch: _OpenBatch[_Item, _Answer]) -> None:
        with self._lock:
            if self._open.get(key) is batch:
                self._close(key)

    def _close(self, key: Hashable) -> None:
        batch = self._open.pop(key)
        self._held -= len(batch.members)
        batch.is_closed.set()

    def _carry_out(
        self, members: Sequence[_Member[_Item, _Answer]], began: float, *, is_clear: bool = True
    ) -> None:
        answer, failure = None, None
        with wire.watched() as sending:
            try:
                answer = self._send([item for item, _ in members], began)
            except BaseException as found:  # noqa: BLE001 - raised in the thread of each
                failure = found
        is_clear = is_clear and sending.is_clear
        is_divided = False
        try:
            is_divided = failure is not None and len(members) > 1 and self._divides(failure)
        except BaseException as found:  # noqa: BLE001 - as above
            failure = found
        if is_divided:
            middle = len(members) // 2
            for half in (members[:middle], members[middle:]):
                self._carry_out(half, began, is_clear=is_clear)
            return
        for _, future in members:
            future.set_result(_GatheredAnswer(answer, failure, is_clear))
