"""Bookmarks: every change once, however runs are cut and however late a change shows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_netsuite_ap.bookmark import Bookmark, Window

OVERLAP = timedelta(seconds=3)


def second(number: int) -> str:
    return f"2026-11-02T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


def bookmark(state: dict[str, Any], now: int) -> Bookmark:
    return Bookmark(state, now=second(now), overlap=OVERLAP)


def test_a_first_run_reads_from_the_beginning_and_the_next_from_the_overlap():
    state: dict[str, Any] = {}
    first = bookmark(state, 100)
    assert first.window == Window(None, second(100))
    first.sent(second(50), "1")
    first.finished(frozenset())

    second_run = bookmark(state, 200)
    assert second_run.window == Window(second(97), second(200))
    assert state["replication_key_value"] == second(100)


def test_a_first_run_that_was_cut_goes_on_where_it_was():
    state: dict[str, Any] = {}
    first = bookmark(state, 100)
    first.sent(second(50), "1")

    resumed = bookmark(state, 200)
    assert resumed.window == Window(second(50), second(200))
    assert resumed.was_sent(second(50), "1")
    assert not resumed.was_sent(second(50), "2")


def test_a_state_of_another_hand_is_taken_at_its_value():
    state = {"replication_key": "modified_at", "replication_key_value": second(10)}
    assert bookmark(state, 20).window == Window(second(10), second(20))


def test_only_the_ties_of_the_last_second_are_remembered_while_it_reads():
    state: dict[str, Any] = {}
    run = bookmark(state, 10_000)
    for number in range(5000):
        run.sent(second(number), str(number))
    assert len(json.dumps(state)) < 400


class ChangingNetSuite:
    """Records that change, each change visible some seconds after the time that it bears."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, int, str]] = []  # (visible from, bears, id)

    def rows(self, now: int, window: Window) -> list[tuple[str, str]]:
        latest: dict[str, int] = {}
        for visible, bears, record in self.changes:
            if visible <= now:
                latest[record] = max(latest.get(record, 0), bears)
        rows = [(second(bears), record) for record, bears in latest.items()]
        return sorted(
            row for row in rows if row[0] < window.end and (window.start is None or row[0] >= window.start)
        )


@settings(max_examples=300)
@given(
    changes=st.lists(
        st.tuples(st.integers(1, 20), st.integers(0, 4), st.sampled_from("1234")), min_size=1, max_size=12
    ),
    runs=st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 3)), min_size=3, max_size=12),
    every=st.integers(1, 3),
)
def test_no_change_is_lost_and_none_that_was_stated_is_sent_twice(
    changes: list[tuple[int, int, str]],
    runs: list[tuple[int, int | None]],
    every: int,
):
    """Runs at random times, each perhaps cut after some records, with a STATE every few records."""
    netsuite = ChangingNetSuite()
    netsuite.changes = [(bears + delay, bears, record) for bears, delay, record in changes]
    sent: list[tuple[str, str]] = []
    kept, now = "{}", 0
    for wait, cut_after in [*runs, (1, None), (70, None)]:
        now += wait
        state = json.loads(kept)
        run = bookmark(state, now)
        acknowledged, out = len(sent), 0
        for row in netsuite.rows(now, run.window):
            if run.was_sent(*row):
                continue
            if out == cut_after:
                break
            sent.append(row)
            run.sent(*row)
            out += 1
            if out % every == 0:
                kept, acknowledged = json.dumps(state), len(sent)
        else:
            run.finished(frozenset())
            kept, acknowledged = json.dumps(state), len(sent)
        del sent[acknowledged:]  # what no STATE covered is sent again, as it must be

    last = {record: second(max(b for _, b, r in netsuite.changes if r == record)) for *_, record in changes}
    assert {(when, record) for record, when in last.items()} <= set(sent)
    assert len(sent) == len(set(sent))
