"""Read a long query as several ranges of its key at once, and return its rows in order of the key.

The end of a page is known only when the page has come, so by key alone one page is read after the other.
NetSuite is therefore asked for the place of every thousandth row: from each to the next is a range of one
page, and several ranges may be asked for at once. They cover the whole key without a gap, and no row is in
two. A change meanwhile, or a wrong place, costs a call and never a row: a range that holds more than a page
is read on from its last row, as the whole query would be.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Condition
from typing import Any, Protocol, TypeVar

from apbridge.netsuite.client import QueryPage, Row
from apbridge.netsuite.queries.query import Place
from apbridge.waits import WAKES

PAGES_AHEAD = 2
"""Pages held or asked for, for each call that may be in flight."""

MOST_PAGES_AHEAD = 60
"""Pages held or asked for at most, however many calls may be in flight."""

_FEW_PAGES = 2
"""This many pages are read one after the other as fast as NetSuite answers where they end."""

_INTEGER = re.compile(r"-?\d+")

_T = TypeVar("_T")

Begin = Callable[[Callable[[], Any]], "Future[Any]"]
"""Starts a call in another thread."""


class RangeAsked(Protocol):
    """A query that is read page by page."""

    def page(self, after: Place | None, until: Place | None) -> QueryPage:
        """Ask for the rows after a place, up to and including another; None for either end of the key."""

    def ends(self, after: Place | None) -> Sequence[Place]:
        """Ask where the pages after a place end. There may be more than are given; none where unknown."""

    def place(self, row: Row) -> Place:
        """Return the place of a row."""


def goes_on(page: QueryPage) -> bool:
    """Return whether more rows may follow a page."""
    # Either sign alone is enough: what NetSuite says at its cap of 100,000 rows is not known.
    return bool(page.items) and (page.has_more or page.total != len(page.items))


@dataclass(eq=False)
class _Range:
    """A part of the key: after the place `after`, up to and including the place `until`."""

    after: Place | None = None
    until: Place | None = None
    pages: deque[Sequence[Row]] = field(default_factory=deque)
    is_asked: bool = False
    is_done: bool = False
    failure: BaseException | None = None


class RangeReading:
    """One query being read.

    Args:
        asked: The query.
        begin: Starts a call in another thread.
        rows: Rows of a page.
        lanes: Most calls in flight.
        is_long: Ask where the pages end along with the first page, not only once the first page has said
            that many follow.
    """

    def __init__(
        self, asked: RangeAsked, begin: Begin, *, rows: int, lanes: int, is_long: bool = False
    ) -> None:
        self._asked = asked
        self._begin = begin
        self._rows = rows
        self._lanes = lanes
        self._most = min(lanes * PAGES_AHEAD, MOST_PAGES_AHEAD) if lanes > 1 else 1
        # The last range is the open one.
        self._open = _Range()
        self._ranges = deque([self._open])
        self._in_flight = 0
        self._held = 0
        self._wants_ends = is_long and lanes > 1
        self._is_asking_ends = False
        self._is_asking_to_the_end = False
        self._is_over = False
        self._changed = Condition()

    def pages(self) -> Iterator[Sequence[Row]]:
        """Ask for the first page at once, and return every page in the order of the key."""
        with self._changed:
            self._fill()
        return self._given()

    def _given(self) -> Iterator[Sequence[Row]]:
        try:
            while page := self._next():
                yield page
        finally:
            with self._changed:
                self._is_over = True

    def _next(self) -> Sequence[Row] | None:
        with self._changed:
            while self._ranges:
                earliest = self._ranges[0]
                if earliest.pages:
                    self._held -= 1
                    page = earliest.pages.popleft()
                    self._fill()
                    return page
                if earliest.failure:
                    raise earliest.failure
                if earliest.is_done:
                    self._ranges.popleft()
                    self._fill()
                else:
                    self._changed.wait(WAKES)
            return None

    def _fill(self) -> None:
        """Start as many calls as may be in flight, in the order of the key."""
        while not self._is_over and self._in_flight < self._lanes:
            if due := self._due():
                due.is_asked = True
                self._held += 1
                page = partial(self._asked.page, due.after, due.until)
                is_endless = due.until is None
                self._is_asking_to_the_end |= is_endless
                self._call(due, page, partial(self._take_page, due, is_endless=is_endless))
            elif self._wants_ends and not (self._is_asking_ends or self._open.is_done):
                self._is_asking_ends = True
                self._call(self._open, partial(self._asked.ends, self._open.after), self._take_ends)
            else:
                return

    def _due(self) -> _Range | None:
        """Return the earliest range of which a page may be asked for, if it is not too far ahead."""
        for one in self._ranges:
            if one.failure:
                return None
            if one is self._open and self._is_asking_to_the_end:
                return None  # what is under way tells whether it has any row
            if not (one.is_asked or one.is_done):
                # However much is held, the page that the reader waits for may always be asked for.
                is_waited_for = one is self._ranges[0] and not one.pages
                return one if is_waited_for or self._held < self._most else None
        return None

    def _call(self, one: _Range, work: Callable[[], _T], take: Callable[[_T], None]) -> None:
        self._in_flight += 1
        self._begin(work).add_done_callback(partial(self._came, one, take))

    def _came(self, one: _Range, take: Callable[[_T], None], future: Future[_T]) -> None:
        with self._changed:
            self._in_flight -= 1
            try:
                take(future.result())
                self._fill()
            except Exception as failure:  # noqa: BLE001 - raised where the rows are read, when that range is reached
                one.failure = one.failure or failure
            self._changed.notify_all()

    def _take_page(self, one: _Range, page: QueryPage, *, is_endless: bool) -> None:
        one.is_asked = False
        if is_endless:
            self._is_asking_to_the_end = False
            if not goes_on(page):
                self._leave_out_what_is_behind(one, page)
        place = self._asked.place
        items: Sequence[Row] = page.items
        end = None if one.until is None else _order(one.until)
        is_beyond = False
        if end and items and (last := _order(place(items[-1]))) >= end:
            is_beyond = True
            if last > end:
                # The end was found while the page was on its way: the next range has the rows beyond it.
                items = [row for row in items if _order(place(row)) <= end]
        one.is_done = is_beyond or not goes_on(page)
        if not one.is_done and end is None:
            left = page.total - len(items)
            self._wants_ends = self._lanes > 1 and left > _FEW_PAGES * self._rows
        if items:
            one.after = place(items[-1])
            one.pages.append(items)
        else:
            self._held -= 1

    def _leave_out_what_is_behind(self, one: _Range, page: QueryPage) -> None:
        """Ask for no range behind the last row that there is."""
        last = _order(self._asked.place(page.items[-1])) if page.items else ()
        behind = iter(self._ranges)
        for earlier in behind:
            if earlier is one:
                break
        for later in behind:
            if not later.is_asked and later.after and _order(later.after) >= last:
                later.is_done = True

    def _take_ends(self, ends: Sequence[Place]) -> None:
        """Divide the open range at the places where its pages end."""
        self._is_asking_ends = self._wants_ends = False
        for end in sorted(ends, key=_order):
            after = self._open.after
            if not self._open.is_done and (after is None or _order(end) > _order(after)):
                self._open.until = end
                self._open = _Range(after=end)
                self._ranges.append(self._open)


def _order(place: Place) -> tuple[int | str, ...]:
    """Return what places are ordered by: ids as numbers, moments as they are written."""
    return tuple(int(value) if _INTEGER.fullmatch(value) else value for value in place)
