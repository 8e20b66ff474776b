"""Reading a long query as several ranges of its key at once, its rows given in order of the key.

Every range is read page after page by key, as a whole query would be. What is split off is a guess: how
many rows lie in so much time, or in so many ids, is learnt from the pages that came. A wrong guess costs a
call, never a row, for the ranges always cover the whole key without a gap, and no row is in two.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from threading import Condition

from apbridge.netsuite.client import Page
from tap_netsuite_ap.suiteql import Place, Row

PAGES_OF_A_RANGE = 6
"""What one range is meant to hold. Its last page is seldom full: the fewer, the more is wasted; the more,
the more pages wait for the ranges before them."""

PAGES_AHEAD = 6
"""Pages held or under way, for each call that may be in flight."""

MOST_PAGES_AHEAD = 60
"""However many calls may be in flight."""

_SLACK = 0.15
"""How much of a page a range is aimed short, so that a few rows more than guessed are no page more."""

_INTEGER = re.compile(r"-?\d+")
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Ask = Callable[[Place | None, str | None], Page]
"""Asks for the page after a place, up to and including a value of the key's first column."""

Begin = Callable[[Callable[[], Page]], "Future[Page]"]
"""Has a page asked for beside the rest."""


def goes_on(page: Page, rows: int) -> bool:
    """Tell whether more rows may follow a page that had room for `rows`."""
    # Either sign alone is enough: what NetSuite says at its cap of 100,000 rows is not known.
    return bool(page.items) and (page.has_more or len(page.items) >= rows)


@dataclass(eq=False)
class _Range:
    """A part of the key: beyond the place `after`, up to and including the value `until`.

    `left` is how many rows it is thought to have still, `count` how many were read.
    """

    after: Place
    until: int | None
    left: float
    start: int
    count: int = 0
    pages: deque[Sequence[Row]] = field(default_factory=deque)
    is_asked: bool = False
    is_done: bool = False
    failure: BaseException | None = None


class Reading:
    """One query being read.

    Args:
        ask: Asks for a page.
        begin: Has it asked for beside the rest.
        place: Gives a row's place in the order of the key.
        rows: Rows of a page.
        lanes: Most calls in flight.
    """

    def __init__(
        self, ask: Ask, begin: Begin, place: Callable[[Row], Place], *, rows: int, lanes: int
    ) -> None:
        self._ask = ask
        self._begin = begin
        self._place = place
        self._rows = rows
        self._lanes = lanes
        self._most = min(lanes * PAGES_AHEAD, MOST_PAGES_AHEAD) if lanes > 1 else 1
        self._ranges: list[_Range] = []
        self._in_flight = 0
        self._pace = 0.0
        self._is_lost = False
        self._is_over = False
        self._changed = Condition()

    def pages(self, first: Page) -> Iterator[Sequence[Row]]:
        """Give every page from the first on, in the order of the key."""
        with self._changed:
            if goes_on(first, self._rows):
                self._set_out(first)
                self._fill()
        try:
            if first.items:
                yield first.items
            while page := self._next():
                yield page
        finally:
            with self._changed:
                self._is_over = True

    def _set_out(self, first: Page) -> None:
        after = self._place(first.items[-1])
        start, reached = number(self._place(first.items[0])[0]), number(after[0])
        self._pace = (reached - start) / len(first.items)
        left = max(first.total - len(first.items), 1)
        self._ranges = [_Range(after, None, left, reached)]

    def _next(self) -> Sequence[Row] | None:
        with self._changed:
            while self._ranges:
                earliest = self._ranges[0]
                if earliest.pages:
                    page = earliest.pages.popleft()
                    self._fill()
                    return page
                if earliest.failure:
                    raise earliest.failure
                if earliest.is_done:
                    del self._ranges[0]
                    self._fill()
                else:
                    self._changed.wait()
            return None

    def _fill(self) -> None:
        while not self._is_over and self._in_flight < self._lanes and (due := self._due()):
            due.is_asked = True
            self._in_flight += 1
            until = due.until
            text = None if until is None else written(until, like=due.after[0])
            future = self._begin(partial(self._ask, due.after, text))
            future.add_done_callback(partial(self._came, due, until))

    def _due(self) -> _Range | None:
        """Give the range to ask a page of next: the earliest that there is, else one split off."""
        held = sum(len(one.pages) + one.is_asked for one in self._ranges)
        for index, one in enumerate(self._ranges):
            if one.failure:
                return None
            if not (one.is_asked or one.is_done):
                # Whatever is held: the page that everything waits for may always come.
                if held >= self._most and (index or one.pages):
                    return None
                self._split(one, PAGES_OF_A_RANGE)
                return one
        if held >= self._most:
            return None
        longest = max((one for one in self._ranges if one.is_asked), key=lambda one: one.left, default=None)
        if longest is None:
            return None
        rest = self._split(longest, min(PAGES_OF_A_RANGE, max(1, int(longest.left / self._rows / 2))))
        if rest:
            self._split(rest, PAGES_OF_A_RANGE)
        return rest

    def _split(self, one: _Range, pages: int) -> _Range | None:
        """Leave a range about so many pages, and give the new one that has the rest, if it is worth it."""
        rows = (pages - _SLACK) * self._rows
        if one.left < rows + self._rows / 4 or (self._is_lost and one.until is None):
            return None
        cut = max(int(one.start + self._pace * rows), one.start + 1)
        if one.until is not None and cut >= one.until:
            return None
        rest = _Range((written(cut, like=one.after[0]),), one.until, one.left - rows, cut)
        one.until, one.left = cut, rows
        self._ranges.insert(self._ranges.index(one) + 1, rest)
        return rest

    def _came(self, one: _Range, asked_until: int | None, future: Future[Page]) -> None:
        with self._changed:
            self._in_flight -= 1
            one.is_asked = False
            if future.cancelled():
                return
            failure = future.exception()
            try:
                if failure is None:
                    self._take(one, asked_until, future.result())
                self._fill()
            except Exception as wrong:  # noqa: BLE001 - said by whoever reads the rows, not lost in a thread
                failure = wrong
            if failure:
                one.failure = failure
            self._changed.notify_all()

    def _take(self, one: _Range, asked_until: int | None, page: Page) -> None:
        items: Sequence[Row] = page.items
        is_cut = one.until != asked_until
        if one.until is not None and is_cut and items and number(self._place(items[-1])[0]) > one.until:
            # The range was split while the page was on its way: the rest has these rows too.
            end = one.until
            items = [row for row in items if number(self._place(row)[0]) <= end]
        is_whole = page.total <= len(page.items) and not page.has_more
        one.is_done = is_whole or len(items) < len(page.items) or not goes_on(page, self._rows)
        expected, one.left = one.left, max((one.left if is_cut else page.total) - len(items), 1)
        if one.until is None:
            self._is_lost = False
            if items:
                lower = one.start if one.count else number(self._place(items[0])[0])
                self._pace = (number(self._place(items[-1])[0]) - lower) / len(items)
        elif not is_cut and one.count == 0:
            self._learn(one, expected, page.total)
        if items:
            one.after = self._place(items[-1])
            one.start = number(one.after[0])
            one.pages.append(items)
            one.count += len(items)

    def _learn(self, one: _Range, expected: float, total: int) -> None:
        """Learn from a range's first page how far the key goes from row to row, and what is left beyond."""
        tail = self._ranges[-1]
        tail.left = max(tail.left + expected - total, 1)
        if total and one.until is not None:
            self._pace += ((one.until - one.start) / total - self._pace) / PAGES_OF_A_RANGE
        # Nothing where rows were expected is a gap: only a page without an end tells how far it goes.
        self._is_lost = not total


def number(value: str) -> int:
    """Give a value of a key as a number: an id as it is, a moment in seconds."""
    if _INTEGER.fullmatch(value):
        return int(value)
    moment = datetime.strptime(value, _FORMAT).replace(tzinfo=timezone.utc)
    return int((moment - _EPOCH).total_seconds())


def written(value: int, *, like: str) -> str:
    """Write a number as a value of a key: as an id, or as a moment."""
    return str(value) if _INTEGER.fullmatch(like) else (_EPOCH + timedelta(seconds=value)).strftime(_FORMAT)
