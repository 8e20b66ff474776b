"""What a row knows of the trail, when its record is looked at again, and which run may still write."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from apbridge.errors import OvertakenError
from apbridge.ledger import Content, Ledger, RemoteFacts, RowUpdate, Run, Status, TrailSnapshot
from apbridge.ledger.audit import Write, WriteAnswer
from apbridge.ledger.doubt import ANSWERED, SENT, UNANSWERED, OnTrail, TrailMark, place

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
WHILE = timedelta(minutes=30)
OURS, OTHER = 7, 8
NAME = "b-1"


def minutes_ago(number: int) -> datetime:
    return NOW - timedelta(minutes=number)


def entry(status: Status = Status.DELIVERED, **more: object) -> RowUpdate:
    values = {"content_hash": "h", "known": TrailSnapshot(10, NOW), "payload": {"id": "1"}, **more}
    return RowUpdate("bills", NAME, "1", status=status, **values)  # type: ignore[arg-type]


def sent(seq: int, ago: int, run: int = OTHER) -> OnTrail:
    return OnTrail(seq, run, SENT, None, minutes_ago(ago))


def ended(seq: int, of: int, phase: str = ANSWERED, run: int = OTHER) -> OnTrail:
    return OnTrail(seq, run, phase, of, minutes_ago(0))


CASES: dict[str, tuple[RowUpdate, list[OnTrail], TrailMark]] = {
    "nothing was ever sent": (entry(), [], TrailMark(0, None)),
    "all was answered": (entry(), [sent(3, 5), ended(4, 3)], TrailMark(4, None)),
    "a killed run's write may still arrive": (entry(), [sent(3, 5)], TrailMark(2, minutes_ago(5) + WHILE)),
    "it would have arrived by now": (entry(), [sent(3, 31)], TrailMark(3, None)),
    "a try of it got no answer": (
        entry(),
        [sent(3, 5), ended(4, 3, UNANSWERED)],
        TrailMark(2, minutes_ago(5) + WHILE),
    ),
    "the last that may arrive counts": (
        entry(Status.IGNORED),
        [sent(3, 20), sent(5, 4)],
        TrailMark(2, minutes_ago(4) + WHILE),
    ),
    "our own write is known": (entry(), [sent(11, 0, OURS), ended(12, 11, run=OURS)], TrailMark(12, None)),
    "our own write got no answer at first": (
        entry(),
        [sent(11, 0, OURS), ended(12, 11, UNANSWERED, OURS)],
        TrailMark(12, None),
    ),
    "a rejected record is tried again anyway": (entry(Status.REJECTED), [sent(3, 5)], TrailMark(2, None)),
    "a rejection ends no doubt": (
        replace(entry(Status.REJECTED), in_doubt=True),
        [sent(3, 50), ended(4, 3)],
        TrailMark(1, None),
    ),
    "nothing was looked up": (entry(known=None), [sent(3, 5)], TrailMark(3, None)),
}


@pytest.mark.parametrize("case", CASES)
def test_how_far_a_row_knows_the_trail(case: str) -> None:
    told, trail, expected = CASES[case]
    assert place(told, OURS, trail, 1, WHILE) == expected


@pytest.mark.parametrize(
    "meanwhile",
    [
        [sent(12, 0), ended(13, 12), ended(14, 11, run=OURS)],
        [sent(12, 0), ended(13, 11, run=OURS)],
    ],
    ids=["another's came and went", "another's is under way"],
)
def test_of_two_writes_at_once_only_a_look_tells_which_came_last(meanwhile: list[OnTrail]) -> None:
    found = place(entry(), OURS, [sent(11, 0, OURS), *meanwhile], 0, WHILE)
    assert found.trail_seq == 11
    assert found.look_again_at
    assert found.look_again_at <= datetime.now(timezone.utc)


def test_what_was_under_way_and_is_answered_now_overlapped_ours() -> None:
    trail = [sent(9, 1), sent(11, 0, OURS), ended(12, 9), ended(13, 11, run=OURS)]
    assert place(entry(), OURS, trail, 0, WHILE).trail_seq == 8


# In the ledger, on both databases


@pytest.fixture
def run(ledger: Ledger) -> Run:
    return ledger.start_run("target-toy", "1.0")


def write(run: Run) -> Write:
    return Write(run.id, run.actor, "toy", "upsert", NAME)


def at_hand(ledger: Ledger, modified_at: str, **more: Any) -> RowUpdate:  # noqa: ANN401
    return entry(known=ledger.known(), source_modified_at=modified_at, **more)


def send(run: Run, modified_at: str) -> None:
    run.at_hand[NAME] = Content(run.id, run.began, modified_at)
    with run.audited(system="toy", operation="upsert", external_id=NAME, body={}):
        pass


def test_what_a_killed_run_sent_is_looked_at_again_and_its_content_kept(ledger: Ledger, run: Run) -> None:
    run.audit.sent(write(run), {})
    later = ledger.start_run("target-toy", "1.0")
    again = ledger.write(later.id, "toy", [at_hand(ledger, "t2", status=Status.IGNORED)])
    found = ledger.rows("toy", "bills", [NAME])[NAME]
    assert found.look_again_at == again[NAME] > datetime.now(timezone.utc)
    assert (found.status, found.payload, found.content_hash) == (Status.IGNORED, {"id": "1"}, "")
    assert list(ledger.to_look_at_again("toy", "bills")) == [], "it is too early"


@pytest.mark.parametrize(("first", "second"), [("t2", "t1"), ("t1", "t1")])
def test_content_that_a_later_run_has_dealt_with_is_neither_sent_nor_written(
    ledger: Ledger, run: Run, first: str, second: str
) -> None:
    later = ledger.start_run("target-toy", "1.0")
    ledger.write(later.id, "toy", [at_hand(ledger, first, status=Status.REJECTED, says="newer")])
    with pytest.raises(OvertakenError):
        send(run, second)
    ledger.write(run.id, "toy", [at_hand(ledger, second)])
    found = ledger.rows("toy", "bills", [NAME])[NAME]
    assert (found.status, found.reason, found.source_modified_at) == (Status.REJECTED, "newer", first)
    assert ledger.in_doubt("toy", "bills", [NAME]) == set()


def test_a_run_that_was_over_before_overtakes_nothing(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "toy", [at_hand(ledger, "t2")])
    later = ledger.start_run("target-toy", "1.0")
    send(later, "t1")
    ledger.write(later.id, "toy", [at_hand(ledger, "t1", content_hash="older")])
    assert ledger.rows("toy", "bills", [NAME])[NAME].content_hash == "older"


def test_an_older_write_that_came_through_puts_the_newer_row_in_doubt(ledger: Ledger, run: Run) -> None:
    known = ledger.known()
    run.audit.sent(write(run), {})
    later = ledger.start_run("target-toy", "1.0")
    ledger.write(later.id, "toy", [at_hand(ledger, "t2")])
    ledger.write(run.id, "toy", [entry(known=known, source_modified_at="t1", content_hash="older")])
    (found,) = ledger.to_look_at_again("toy", "bills")
    assert (found.source_modified_at, found.payload) == ("t2", {"id": "1"})


def test_what_was_sent_may_arrive_until_it_is_answered(ledger: Ledger, run: Run) -> None:
    run.audit.sent(write(run), {"name": "killed"})
    for name in ("answered", "unanswered"):
        seq = run.audit.sent(write(run), {"name": name})
        run.audit.answered(write(run), seq, WriteAnswer(is_final=name == "answered"))
    assert [body["name"] for _, body in ledger.under_way("toy", [NAME])] == ["killed", "unanswered"]
    assert ledger.under_way("toy", ["b-2"]) == ledger.under_way("other", [NAME]) == []


def test_what_the_other_system_shows_leaves_reasons_and_contents_alone(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "toy", [entry(Status.REJECTED, says="no")])
    ledger.found(run.id, "toy", "bills", {NAME: RemoteFacts("r-1", {"a": 1}), "b-2": RemoteFacts("r-2", {})})
    found = ledger.rows("toy", "bills", [NAME, "b-2"])
    assert (found[NAME].status, found[NAME].reason, found[NAME].payload) == (
        Status.REJECTED,
        "no",
        {"id": "1"},
    )
    assert (found[NAME].remote_id, found[NAME].facts, found[NAME].content_hash) == ("r-1", {"a": 1}, "")
    assert found["b-2"].acknowledged_at


def test_what_was_listed_before_a_write_says_nothing(ledger: Ledger, run: Run) -> None:
    def found(listed_at: int) -> set[str]:
        return ledger.found(run.id, "toy", "bills", {NAME: RemoteFacts("r-1", {})}, listed_at=listed_at)

    before = ledger.known().seq
    send(run, "t1")
    assert found(ledger.known().seq) == set(), "its run has yet to say what became of it"
    ledger.write(run.id, "toy", [at_hand(ledger, "t1")])
    assert found(before) == set()
    assert ledger.rows("toy", "bills", [NAME])[NAME].content_hash == "h"
    assert found(ledger.known().seq) == {NAME}
    assert ledger.rows("toy", "bills", [NAME])[NAME].content_hash == ""


def test_a_later_run_overtakes_though_the_clock_of_its_machine_is_behind(
    ledger: Ledger, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = datetime.now(timezone.utc) - timedelta(minutes=5)
    with monkeypatch.context() as there:
        there.setattr("apbridge.ledger.store._now", lambda: behind)
        later = ledger.start_run("target-toy", "1.0")
        ledger.write(later.id, "toy", [at_hand(ledger, "t2")])
    with pytest.raises(OvertakenError):
        send(run, "t1")
    ledger.write(run.id, "toy", [at_hand(ledger, "t1", content_hash="older")])
    assert ledger.rows("toy", "bills", [NAME])[NAME].content_hash == "h"


def test_what_is_in_doubt_since_long_may_be_found(url: str) -> None:
    with Ledger(url, in_doubt=timedelta(0)) as ledger:
        run = ledger.start_run("target-toy", "1.0")
        ledger.write(run.id, "toy", [at_hand(ledger, "t1")])
        send(run, "t1")
        listed_at = ledger.known().seq
        assert ledger.found(run.id, "toy", "bills", {NAME: RemoteFacts("r-1", {})}, listed_at=listed_at) == {
            NAME
        }
