"""Items of many threads go in as few calls as there can be, and what is wrong with one stays with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from apbridge import gathering, wire
from apbridge.gathering import Gathering

MOST = 4


def _is_of_one(failure: BaseException) -> bool:
    return isinstance(failure, ValueError)


class Calls:
    """Takes calls; refuses whole what holds an item that it does not take."""

    def __init__(self, *bad: int) -> None:
        self.bad = {*bad}
        self.made: list[list[int]] = []
        self.gathering: Gathering[int, list[int]] = Gathering(
            self.take, lambda found: isinstance(found, ValueError)
        )

    def take(self, items: Sequence[int], _began: float) -> list[int]:
        self.made.append(sorted(items))
        if self.bad & {*items}:
            message = f"refused {sorted(items)}"
            raise ValueError(message)
        return sorted(items)

    def work(self, count: int, threads: int) -> list[list[int] | str]:
        """Bring items from so many threads, and return what came of each."""

        def bring(item: int) -> list[int] | str:
            try:
                return self.gathering.send("invoices", item, MOST)
            except ValueError as refused:
                return str(refused)
            finally:
                self.gathering.ended()

        with ThreadPoolExecutor(threads) as pool, self.gathering.expecting(count, threads):
            return list(pool.map(bring, range(count)))


@pytest.mark.parametrize("threads", [MOST, 3 * MOST])
def test_calls_are_full_but_for_the_last(threads: int):
    calls = Calls()
    told = calls.work(10, threads)
    assert sorted(map(len, calls.made)) == [2, 4, 4]
    assert all(item in of for item, of in enumerate(told))


def test_with_fewer_threads_than_a_call_takes_none_waits_for_ever():
    calls = Calls()
    calls.work(9, 3)
    assert sorted(map(len, calls.made)) == [3, 3, 3]


def test_what_ends_without_an_item_holds_nobody_up():
    calls = Calls()

    def bring(item: int) -> None:
        try:
            if item % 2:
                calls.gathering.send("invoices", item, MOST)
        finally:
            calls.gathering.ended()

    with ThreadPoolExecutor(8) as pool, calls.gathering.expecting(6, 8):
        list(pool.map(bring, range(6)))
    assert calls.made == [[1, 3, 5]]


def test_items_of_two_kinds_go_apart_and_none_waits_for_the_other_kind():
    calls = Calls()

    def bring(item: int) -> None:
        try:
            calls.gathering.send(item % 2, item, MOST)
        finally:
            calls.gathering.ended()

    with ThreadPoolExecutor(6) as pool, calls.gathering.expecting(6, 6):
        list(pool.map(bring, range(6)))
    assert sorted(calls.made) == [[0, 2, 4], [1, 3, 5]]


def test_what_nobody_else_is_expected_with_goes_at_once():
    calls = Calls()
    assert calls.gathering.send("invoices", 7, MOST) == [7]


def test_what_has_waited_long_for_others_goes_without_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gathering, "LONGEST_WAIT", 0.01)
    calls, is_answered = Calls(), Event()

    def bring(item: int) -> list[int]:
        try:
            if item and not is_answered.wait(30):
                return []  # the other one still waits
            return calls.gathering.send("invoices", item, MOST)
        finally:
            is_answered.set()
            calls.gathering.ended()

    with ThreadPoolExecutor(2) as pool, calls.gathering.expecting(2, 2):
        assert list(pool.map(bring, range(2))) == [[0], [1]]


def test_where_it_cannot_be_said_whether_a_call_is_divided_each_hears_why():
    def unsure(_: BaseException) -> bool:
        raise KeyError

    calls = Calls(1)
    calls.gathering = Gathering(calls.take, unsure)

    def bring(item: int) -> bool:
        try:
            calls.gathering.send("invoices", item, MOST)
        except KeyError:
            return True
        finally:
            calls.gathering.ended()
        return False

    with ThreadPoolExecutor(2) as pool, calls.gathering.expecting(2, 2):
        assert all(pool.map(bring, range(2)))


def test_a_call_that_is_refused_whole_is_halved_until_the_culprit_is_alone():
    calls = Calls(2)
    told = calls.work(4, 4)
    assert calls.made[0] == [0, 1, 2, 3]
    assert len(calls.made) == 5
    assert told[2] == "refused [2]"
    assert all(isinstance(of, list) and item in of for item, of in enumerate(told) if item != 2)


def test_what_is_no_matter_of_one_item_fails_for_all_in_one_call():
    class Down(Calls):
        def take(self, items: Sequence[int], began: float) -> list[int]:
            super().take(items, began)
            raise ConnectionError

    calls = Down()

    def bring(item: int) -> bool:
        try:
            calls.gathering.send("invoices", item, MOST)
        except ConnectionError:
            return True
        finally:
            calls.gathering.ended()
        return False

    with ThreadPoolExecutor(4) as pool, calls.gathering.expecting(4, 4):
        assert all(pool.map(bring, range(4)))
    assert len(calls.made) == 1


@pytest.mark.parametrize("is_answered", [True, False])
def test_whether_a_call_may_still_arrive_is_known_to_each_thread_that_had_an_item_in_it(*, is_answered: bool):
    class Slow(Calls):
        def take(self, items: Sequence[int], began: float) -> list[int]:
            if not is_answered:
                wire.unanswered()
            return super().take(items, began)

    calls = Slow(1)

    def bring(item: int) -> Iterator[bool]:
        with wire.watched() as sending:
            try:
                calls.gathering.send("invoices", item, MOST)
            except ValueError:
                pass
            finally:
                calls.gathering.ended()
        yield sending.is_clear

    with ThreadPoolExecutor(4) as pool, calls.gathering.expecting(4, 4):
        clear = list(pool.map(lambda item: next(bring(item)), range(4)))
    assert clear == [is_answered] * 4
