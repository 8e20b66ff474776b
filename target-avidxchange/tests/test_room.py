"""Pictures of large bills are few in memory at once, and what they took is given back."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event, Lock
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.avidxchange import AvidXchange
from apbridge.errors import UnavailableError
from target_avidxchange import room as module
from target_avidxchange.room import Room
from tests.canonical import CODING, bill
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apbridge.avidxchange import Acknowledged, Submission
    from tests.conftest import ReceivingCompany

MB = 2**20


def waits(room: Room) -> bool:
    """Return whether somebody waits for room."""
    return room._turn.locked()


def test_no_more_than_there_is_room_for_but_what_is_larger_goes_alone():
    room, lock, held, seen = Room(10, Event()), Lock(), [0], set[int]()

    def hold(size: int) -> None:
        with room.of(size):
            with lock:
                held[0] += size
                seen.add(held[0])
            with lock:
                held[0] -= size

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(hold, [3, 25, 4, 10, 1] * 200))
    assert {one for one in seen if one > 10} == {25}
    assert room.taken == 0


def test_a_large_one_is_not_passed_by_small_ones_that_come_later():
    room, large_is_in = Room(10, Event()), Event()

    def large() -> None:
        with room.of(9):
            large_is_in.set()

    def small() -> bool:
        with room.of(1):
            return large_is_in.is_set()

    with ThreadPoolExecutor(2) as pool:
        with room.of(5):
            waiting = pool.submit(large)
            until(lambda: waits(room))
            later = pool.submit(small)
        waiting.result(PATIENCE)
        assert later.result(PATIENCE)


def test_a_stop_ends_all_waits_and_what_has_room_goes_on():
    stop = Event()
    room = Room(10, stop)

    def wait() -> None:
        with room.of(10):
            pass

    with ThreadPoolExecutor(3) as pool, room.of(5):
        waiting = [pool.submit(wait) for _ in range(3)]
        until(lambda: waits(room))
        stop.set()
        for one in waiting:
            with pytest.raises(UnavailableError, match="APB-TAX-043"):
                one.result(PATIENCE)
        with room.of(5):
            assert room.taken == 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how much is taken is read from /proc")
def test_what_threads_have_freed_is_not_kept_for_each_of_them():
    size, threads = 8 * MB, 8
    room, all_done = Room(size, Event()), Barrier(threads + 1)

    def hold() -> None:
        for _ in range(2):
            with room.of(size):
                len(b"x" * size)
        all_done.wait(PATIENCE)
        all_done.wait(PATIENCE)

    before = resident()
    with ThreadPoolExecutor(threads) as pool:
        holding = [pool.submit(hold) for _ in range(threads)]
        all_done.wait(PATIENCE)
        more = resident() - before
        all_done.wait(PATIENCE)
        for one in holding:
            one.result()
    assert more < 2 * size


def resident() -> int:
    """Return how many bytes of memory this process has."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    return int(status["VmRSS"].split()[0]) * 1024


def test_pictures_wait_until_others_are_sent(company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch):
    rooms: list[Room] = []

    class Small(Room):
        def __init__(self, _most: int, stop: Event) -> None:
            # As much as four that are sent as they are, two within a form, or one in base64.
            super().__init__(40, stop)
            rooms.append(self)

    monkeypatch.setattr(module, "Room", Small)
    submit, taken = AvidXchange.submit, list[int]()

    def slowly(client: AvidXchange, submission: Submission) -> Acknowledged:
        if "image" in submission.call.purpose:
            (room,) = rooms
            taken.append(room.taken)
            # When all have come, nobody is left to wait.
            until(lambda: waits(room) or len(taken) == 6)
        return submit(client, submission)

    monkeypatch.setattr(AvidXchange, "submit", slowly)
    pictures: dict[int, Any] = {n: company.picture(text=f"{n:05}".encode()) for n in range(1, 7)}
    company.send(*CODING, *(bill(n, images=[picture]) for n, picture in pictures.items()))
    assert {n: company.image(n) for n in pictures} == {n: one["sha256"] for n, one in pictures.items()}
    assert len(taken) == 6
    assert max(taken) <= 40


def test_the_next_run_sends_the_picture_for_which_a_stop_left_no_time(
    company: ReceivingCompany, monkeypatch: pytest.MonkeyPatch
):
    class Full(Room):
        def __init__(self, most: int, stop: Event) -> None:
            super().__init__(most, stop)
            self.taken, self._ends = most, stop

        @contextmanager
        def of(self, size: int) -> Iterator[None]:
            self._ends.set()
            with super().of(size):
                yield

    picture = company.picture()
    with monkeypatch.context() as patch:
        patch.setattr(module, "Room", Full)
        with pytest.raises(UnavailableError, match="APB-TAX-043"):
            company.send(*CODING, bill(1, images=[picture]))
    assert company.image(1) is None
    company.calls()
    company.send(bill(1, images=[picture]))
    assert company.image(1) == picture["sha256"]
    assert company.calls()["writes"] == 1
