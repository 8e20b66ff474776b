from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tap_avidxchange.bookmark import ListBookmark

HOUR = timedelta(hours=1)


def record(number: int, minute: int, **more: object) -> dict[str, object]:
    return {"external_id": f"p{number}", "modified_at": f"2026-11-02T16:{minute:02}:00.000000Z", **more}


def test_the_next_run_reads_again_what_may_have_changed_behind_the_readers_back():
    state: dict[str, Any] = {}
    known = ListBookmark(state, timedelta(minutes=5))
    for number in range(60):
        assert known.is_news(record(number, number))
    known.keep(took=timedelta(minutes=10))
    assert state["read_from"] == "2026-11-02T16:44:00.000000Z"
    assert set(state["sent"]) == {f"p{number}" for number in range(44, 60)}


def test_one_that_is_listed_twice_is_news_only_where_it_has_changed():
    known = ListBookmark({}, HOUR)
    assert known.is_news(record(1, 1))
    assert not known.is_news(record(1, 1))
    assert known.is_news(record(1, 2))
    assert known.is_news(record(1, 2, status="voided"))


def test_nothing_new_leaves_the_state():
    state: dict[str, object] = {}
    known = ListBookmark(state, HOUR)
    assert known.is_news(record(1, 1))
    known.keep(took=timedelta())
    state["replication_key_value"] = record(1, 1)["modified_at"]
    before = dict(state)
    again = ListBookmark(state, HOUR)
    assert not again.is_news(record(1, 1))
    again.keep(took=HOUR)
    assert state == before


@pytest.mark.parametrize(
    ("start", "read_from"), [(3, "16:03"), (30, "15:10"), (None, "15:10")], ids=["after", "later on", "none"]
)
def test_nothing_from_before_the_start_is_read_in_the_overlap_neither(start: int | None, read_from: str):
    state: dict[str, Any] = {}
    begin = None if start is None else datetime(2026, 11, 2, 16, start, tzinfo=timezone.utc)
    known = ListBookmark(state, HOUR, begin)
    assert known.is_news(record(1, 10))
    known.keep(took=timedelta())
    assert state["read_from"] == f"2026-11-02T{read_from}:00.000000Z"
