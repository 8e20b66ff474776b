"""Reading several ranges of a key at once: every row once and in order, whatever answers when."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from random import Random
from threading import Condition
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apbridge.netsuite.client import QueryPage
from apbridge.netsuite.queries.ranges import PAGES_AHEAD, RangeReading
from tests.examples import examples

Key = tuple[int, int]
CAP = 60


class Time(Condition):
    """A time of its own: whoever waits lets the next answer come."""

    def __init__(self, rng: Random, delays: Sequence[int]) -> None:
        super().__init__()
        self.now = 0
        self._rng = rng
        self._delays = delays
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def wait(self, _timeout: float | None = None) -> bool:
        assert self._due, "waits for what nobody asked for"
        self.now, _, happens = heapq.heappop(self._due)
        happens()
        return True

    def later(self, happens: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (self.now + self._rng.choice(self._delays), self._count, happens))

    def pass_some(self) -> None:
        for _ in range(self._rng.randrange(4)):
            if self._due:
                self.wait()

    def pass_all(self) -> None:
        while self._due:
            self.wait()


class FakeQuery:
    """Rows behind a query: pages of a few, each call answered after a while."""

    def __init__(
        self,
        keys: Sequence[Key],
        seed: int = 1,
        *,
        rows: int,
        delays: Sequence[int] = (1, 1, 1, 2, 9),
        says_more: bool | None = None,
        ends: str = "right",
        fails: Callable[[int], bool] = lambda _: False,
        changes: bool = False,
    ) -> None:
        self.keys = sorted(keys)
        self.rng = Random(seed)  # noqa: S311
        self.rows = rows
        self.says_more = says_more
        self.knows_ends = ends
        self.fails = fails
        self.changes = changes
        self.time = Time(self.rng, delays)
        self.kept = set(self.keys)
        self.calls = self.in_flight = self.peak = self.pages_begun = self.saved_late = 0
        self.failures: list[Exception] = []

    def read(self, *, lanes: int, is_long: bool) -> RangeReading:
        reading = RangeReading(self, self.begin, rows=self.rows, lanes=lanes, is_long=is_long)
        reading._changed = self.time
        return reading

    def begin(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        number = self.calls

        def answer() -> None:
            self.in_flight -= 1
            if self.changes:
                self._change()
            try:
                if self.fails(number):
                    raise OSError(number)  # noqa: TRY301
                answered = work()
            except OSError as failure:
                self.failures.append(failure)
                future.set_exception(failure)
            else:
                future.set_result(answered)

        self.time.later(answer)
        return future

    def _change(self) -> None:
        """Edit a bill, which moves it out of what is read, or let one that was saved late show itself."""
        if self.keys and self.rng.random() < 0.3:
            self.kept.discard(self.keys.pop(self.rng.randrange(len(self.keys))))
        if self.rng.random() < 0.3:
            # An id is given once, however many calls are answered at the same count of them.
            self.saved_late += 1
            self.keys = sorted([*self.keys, (self.rng.randrange(200), 10_000 + self.saved_late)])

    def _between(self, after: tuple[str, ...] | None, until: tuple[str, ...] | None) -> list[Key]:
        def key(place: tuple[str, ...]) -> Key:
            return int(place[0].removeprefix("at ")), int(place[1])

        return [
            one for one in self.keys if (not after or one > key(after)) and (not until or one <= key(until))
        ]

    def page(self, after: tuple[str, ...] | None, until: tuple[str, ...] | None) -> QueryPage:
        self.pages_begun += 1
        found = self._between(after, until)
        items = [{"second": f"at {second:06}", "id": str(number)} for second, number in found[: self.rows]]
        more = len(found) > len(items)
        if len(found) >= CAP and self.says_more is not None:
            more = self.says_more
        return QueryPage(items, has_more=more, total=min(len(found), CAP))

    def ends(self, after: tuple[str, ...] | None) -> list[tuple[str, ...]]:
        if self.knows_ends == "none":
            return []
        found = self._between(after, None)[self.rows - 1 :: self.rows]
        if self.knows_ends == "first":  # there are more than fit a page
            found = found[:3]
        if self.knows_ends == "wrong":
            found = [(self.rng.randrange(200), self.rng.randrange(20)) for _ in range(self.rng.randrange(8))]
        return [(f"at {second:06}", str(number)) for second, number in found]

    @staticmethod
    def place(row: Any) -> tuple[str, ...]:  # noqa: ANN401
        return row["second"], row["id"]


def keys_of(page: Sequence[Any]) -> list[Key]:
    return [(int(row["second"].removeprefix("at ")), int(row["id"])) for row in page]


@st.composite
def histories(draw: st.DrawFn) -> list[Key]:
    """Hours of work, nights, single seconds with many rows: ids rise here and fall there."""
    keys: list[Key] = []
    second = 0
    stretches = draw(
        st.lists(st.tuples(st.sampled_from([0, 1, 1, 2, 30]), st.sampled_from([1, 1, 3, 30])), max_size=20)
    )
    for number, (gap, tied) in enumerate(stretches):
        second += gap
        keys += [(second, 1 + (number * 37 % 101) + one * 101) for one in range(tied)]
    return sorted(set(keys))


READINGS = {
    "keys": histories(),
    "seed": st.integers(0, 2**16),
    "rows": st.integers(1, 9),
    "lanes": st.integers(1, 6),
    "is_long": st.booleans(),
    "ends": st.sampled_from(["right", "right", "first", "none", "wrong"]),
}


@settings(max_examples=examples(50))
@given(**READINGS, says_more=st.sampled_from([None, True, False]))
def test_every_row_comes_once_and_in_order(
    *, keys: list[Key], seed: int, rows: int, lanes: int, is_long: bool, ends: str, says_more: bool | None
):
    books = FakeQuery(keys, seed, rows=rows, says_more=says_more, ends=ends)
    got: list[Key] = []
    for taken, page in enumerate(books.read(lanes=lanes, is_long=is_long).pages(), 1):
        got += keys_of(page)
        books.time.pass_some()
        # A page of a wrong range may be empty: it counts as none.
        assert ends == "wrong" or books.pages_begun + books.in_flight - taken <= lanes * PAGES_AHEAD + 2
    assert got == keys
    assert books.peak <= lanes
    if ends == "right":
        # Where nothing changes no page is asked for in vain, but for one after the last.
        assert books.pages_begun <= len(keys) // rows + 1


@settings(max_examples=examples(40))
@given(**READINGS)
def test_what_is_edited_meanwhile_makes_no_other_row_come_twice_or_never(
    *, keys: list[Key], seed: int, rows: int, lanes: int, is_long: bool, ends: str
):
    books = FakeQuery(keys, seed, rows=rows, ends=ends, changes=True)
    got: list[Key] = []
    for page in books.read(lanes=lanes, is_long=is_long).pages():
        got += keys_of(page)
        books.time.pass_some()
    assert got == sorted(set(got))
    assert books.kept <= set(got)


@settings(max_examples=examples(40))
@given(**READINGS, failing=st.sets(st.integers(1, 30), min_size=1, max_size=3))
def test_a_call_that_fails_ends_the_reading_before_the_gap(
    *,
    keys: list[Key],
    seed: int,
    rows: int,
    lanes: int,
    is_long: bool,
    ends: str,
    failing: set[int],
):
    books = FakeQuery(keys, seed, rows=rows, ends=ends, fails=failing.__contains__)
    got: list[Key] = []
    failure: OSError | None = None
    try:
        for page in books.read(lanes=lanes, is_long=is_long).pages():
            got += keys_of(page)
            books.time.pass_some()
    except OSError as first:
        failure = first
    calls = books.calls
    books.time.pass_all()
    assert books.calls == calls, "asked for more after the end"
    assert got == keys[: len(got)]
    # Where the pages end is only a help: it may fail unseen once everything was read.
    assert failure in books.failures if failure else got == keys


@pytest.mark.parametrize("lanes", [1, 4])
def test_who_stops_taking_pages_stops_the_calls(lanes: int):
    books = FakeQuery([(n, n) for n in range(400)], rows=4)
    pages = books.read(lanes=lanes, is_long=True).pages()
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    calls = books.calls
    books.time.pass_all()
    assert books.calls == calls


def test_no_page_waits_for_its_forerunner():
    """From the second round of calls on, every lane is busy until the end."""
    books = FakeQuery([(0, n) for n in range(500)], rows=5, delays=[1])
    got = [key for page in books.read(lanes=5, is_long=True).pages() for key in keys_of(page)]
    assert got == books.keys
    assert books.time.now == 1 + 100 / 5
