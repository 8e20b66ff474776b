"""What the tap remembers of records: exact, small, and worth nothing once it is damaged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_netsuite_ap.known import ToldBefore, digest_of_document, packed, unpacked
from tests.examples import examples

NOW, LATER, MUCH_LATER = "2026-11-02T16:00:00Z", "2026-11-02T16:54:59Z", "2026-11-02T17:00:00Z"
BILL = {"vendor_id": "1", "total": "12.50", "amount_due": "12.50", "status": "open", "memo": None}


def written(digests: Mapping[str, str]) -> str:
    return packed((int(one), digest) for one, digest in sorted(digests.items(), key=lambda of: int(of[0])))


@settings(max_examples=examples(10))
@given(st.dictionaries(st.integers(0, 10**12).map(str), st.from_regex(r"[0-9a-f]{0,8}", fullmatch=True)))
def test_what_is_packed_comes_back(digests: dict[str, str]):
    assert unpacked(written(digests)) == digests


@pytest.mark.parametrize("text", ["", "%%%", "not packed", packed([(1, "aa")])[:-3], None])
def test_of_what_is_damaged_nothing_is_known(text: str | None):
    assert unpacked(text) is None
    assert ToldBefore({"known": {"records": text, "at": NOW}}, NOW).since is None


def test_ten_thousand_open_bills_are_less_than_ninety_kilobytes():
    digests = {str(7 * n): hashlib.sha256(str(n).encode()).hexdigest()[:8] for n in range(10_000)}
    assert len(written(digests)) < 90_000
    assert len(written(dict.fromkeys(digests, ""))) < 2_000


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"total": "12.5"}, False),
        ({"memo": "x"}, False),
        ({"vendor_id": "2"}, True),
        ({"amount_due": "12.51"}, True),
        ({"total": "125"}, True),
        ({"status": "in_transit"}, True),
        ({"status": "paid"}, True),
    ],
)
def test_a_digest_is_of_what_may_change_without_a_date(change: dict[str, str], *, differs: bool):
    assert (digest_of_document(BILL) != digest_of_document({**BILL, **change})) is differs
    assert digest_of_document({**BILL, "status": "paid"}) is None


@pytest.mark.parametrize(("moment", "is_due"), [("16:54:59", False), ("16:55:00", True), ("16:59:59", True)])
def test_a_run_that_a_schedule_starts_a_little_early_compares(moment: str, *, is_due: bool):
    state: dict[str, object] = {"known": {"at": NOW, "records": packed([])}}
    known = ToldBefore(state, NOW.replace("16:00:00", moment), timedelta(hours=1))
    assert known.is_due is is_due


def test_what_is_gone_is_looked_for_since_it_was_there_last():
    state: dict[str, object] = {}
    for moment, shown, vanished in [
        (NOW, {"3": "", "4": "", "5": ""}, ()),
        (LATER, {"4": "", "5": ""}, ("3",)),
        (MUCH_LATER, {"5": ""}, ("3", "4")),
    ]:
        known = ToldBefore(state, moment)
        assert known.gone(shown) == list(vanished)
        known.compared(shown, vanished=vanished)
        known.finish()
    assert ToldBefore(state, MUCH_LATER).vanished == {"3": NOW, "4": LATER}
    state["known"] = {"at": NOW, "records": packed([]), "vanished": {NOW: "not packed"}}
    assert ToldBefore(state, LATER).vanished == {}


def test_it_is_compared_when_its_time_has_come():
    state: dict[str, object] = {}
    first = ToldBefore(state, NOW, timedelta(hours=1))
    assert (first.is_due, first.since) == (True, None)
    first.tell("3", "aa")
    first.compared({"3": "bb", "4": "cc"})
    first.finish()

    second = ToldBefore(state, LATER, timedelta(hours=1))
    assert not second.is_due
    # What was told counts, not what was shown beside it.
    assert second.unlike({"3": "aa", "4": "cc"}) == []
    assert second.unlike({"3": "ab", "5": "cc"}) == ["3", "4", "5"]
    second.tell("3", None)
    second.tell("5", "dd")
    assert second.unlike({"4": "cc"}) == []
    second.finish()

    third = ToldBefore(state, MUCH_LATER, timedelta(hours=1))
    assert third.is_due
    assert third.since == NOW
    assert third.sum_of_ids == (2, 9)
    assert third.gone({"5"}) == ["4"]


def test_of_what_is_told_twice_the_newest_counts_and_what_is_told_of_no_more_is_gone():
    state: dict[str, object] = {}
    first = ToldBefore(state, NOW)
    for number, digest in (
        ("-5", "0000000a"),
        ("7", "ffffffff"),
        ("30", ""),
        ("0", "0000000b"),
        ("7", "00000001"),
    ):
        first.tell(number, digest)
    first.compared()
    first.finish()
    second = ToldBefore(state, LATER)
    assert (second.ids, second.sum_of_ids) == (["-5", "0", "7", "30"], (4, 32))
    assert second.unlike({"-5": "0000000a", "0": "0000000b", "7": "00000001", "30": ""}) == []
    second.tell("7", None)
    second.tell("8", "00000002")
    second.tell("30", "00000003")
    second.tell("30", None)
    assert second.unlike({"0": "0000000c", "7": "00000009"}) == ["-5", "0"]
    assert second.ids == ["-5", "0", "8"]
