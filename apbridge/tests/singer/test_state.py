"""When STATE goes out, and what it says."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.singerlib.encoding.simple import StateMessage

from apbridge import json
from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.singer import acknowledged
from apbridge.singer.reading import IncompleteError
from apbridge.singer.state import has_bookmark, held
from apbridge.singer.writer import MessageWriter
from tests.singer.messages import READ, SCHEMAS, Message, bill, bill_name, schema, state, vendor, vendor_name
from tests.singer.toy import Toy

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext


def test_state_is_told_once_however_often_it_comes(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), state("t1"), state("t1"), state("t1")])
    assert context.states == [state("t1")["value"]]


def test_old_records_do_not_wait_for_a_full_batch(context: ToyContext) -> None:
    def at_once(target: Toy) -> None:
        target.seconds = 0.0

    context.run([*SCHEMAS, vendor(1), state("t1"), vendor(2), state("t2")], at_once)
    assert context.states == [state("t1")["value"], state("t2")["value"]]


def test_numbers_in_state_stay_exact(context: ToyContext) -> None:
    from decimal import Decimal  # noqa: PLC0415

    context.run([*SCHEMAS, state(Decimal("1.10"))])
    assert str(context.states[0]["bookmarks"]["bills"]["replication_key_value"]) == "1.10"


@pytest.mark.parametrize(
    ("value", "has"),
    [
        ({}, False),
        ({"bookmarks": {}}, False),
        ({"bookmarks": {"vendors": {}, "bills": {"partitions": []}}}, False),
        ({"bookmarks": {"bills": {"starting_replication_value": "2020-01-01"}}}, False),
        ({"currently_syncing": "bills", "bookmarks": {"bills": {"x": None}}}, False),
        ({"bookmarks": {"bills": {"unfinished": True, "sent": {}}}}, False),
        ({"bookmarks": {"bills": {"replication_key_value": "t"}}}, True),
        ({"bookmarks": {"bills": {"partitions": [{"context": {"a": 1}}]}}}, True),
        ({"bills": "2026-01-01"}, True),
        ({"bookmarks": {"bills": {"offset": 0}}}, True),
    ],
)
def test_a_bookmark_is_told_from_a_beginning(value: dict[str, Any], *, has: bool) -> None:
    assert has_bookmark(value) is has


def test_a_bookmark_without_a_ledger_asks_for_a_full_refresh(context: ToyContext) -> None:
    going_on = [state("t1"), *SCHEMAS, vendor(1), state("t2")]
    for _ in range(2):
        with pytest.raises(SettingError, match="--full-refresh"):
            context.run(going_on)
        assert context.states == []
    context.run(going_on[1:])
    assert context.states == [state("t2")["value"]]
    context.run(going_on)
    assert context.states == [state("t2")["value"]]


def test_a_first_run_may_tell_where_it_begins(context: ToyContext) -> None:
    begins = {"bookmarks": {"bills": {"starting_replication_value": "2020-01-01"}}}
    context.run([{"type": "STATE", "value": begins}, *SCHEMAS, state("t1")])
    assert context.states == [state("t1")["value"]]


def test_a_bookmark_after_the_beginning_is_no_earlier_run(context: ToyContext) -> None:
    context.run([*SCHEMAS, state("t1"), vendor(1)])
    # The second time for the ledger's sake alone, which has moved on.
    assert context.states == [state("t1")["value"]] * 2
    places = [told["apbridge"]["ledger"]["place"] for told in context.told]
    assert places == [0, 2]


def both(vendors: str, bills: str) -> dict[str, Any]:
    bookmarks = {
        "vendors": {"replication_key_value": vendors},
        "bills": {"replication_key_value": bills},
    }
    return {"type": "STATE", "value": {"bookmarks": bookmarks, "other": 1}}


def test_a_rejected_record_with_a_tax_id_is_asked_from_the_tap_again(context: ToyContext) -> None:
    secret = vendor(1, tax_id="12-3456789")
    context.refused = {vendor_name(1)}
    context.run([*SCHEMAS, secret, bill(7), both("t1", "t1")])
    # Only the vendors' bookmark stays behind.
    told = {"bookmarks": {"bills": {"replication_key_value": "t1"}}, "other": 1}
    assert context.states == [told]
    for file in context.folder.iterdir():
        assert b"12-3456789" not in file.read_bytes()

    # It is not sent from the ledger, where its tax id is missing.
    context.refused = set()
    context.run(READ)
    assert context.last.books.calls == []

    # The tap begins where the told bookmark leaves it: with every vendor.
    done = context.run([{"type": "STATE", "value": told}, *SCHEMAS, secret, both("t2", "t2")])
    assert done.books.delivered == [vendor_name(1), bill_name(7)]
    assert done.books.calls[0][1]["tax_id"] == "12-3456789"
    # Told once more when bill 7, which had waited, was through.
    assert context.states == [both("t2", "t2")["value"]] * 2


def test_a_held_bookmark_goes_back_to_where_the_tap_began() -> None:
    now = {"bookmarks": {"vendors": {"v": 5}, "bills": {"v": 5}}, "x": 1}
    before = {"bookmarks": {"vendors": {"v": 3}}}
    assert held(now, before, {"vendors"}) == {
        "bookmarks": {"vendors": {"v": 3}, "bills": {"v": 5}},
        "x": 1,
    }
    assert held(now, {}, {"vendors"}) == {"bookmarks": {"bills": {"v": 5}}, "x": 1}
    assert held(now, before, set()) == now
    assert held({"position": 5}, before, {"vendors"}) is None


def test_the_run_is_known_before_its_first_state(
    context: ToyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def tell(line: bytes) -> None:  # noqa: ARG001
        with Ledger(context.url) as ledger:
            seen.append(ledger.is_new("target-toy"))

    monkeypatch.setattr(acknowledged, "write_line", tell)
    context.run([*SCHEMAS, state("t1")])
    assert seen == [False]


def test_a_stream_that_was_not_read_to_its_end_is_not_tried_again_from_what_was_kept(
    context: ToyContext,
) -> None:
    context.refused = {bill_name(7)}
    context.run([*SCHEMAS, vendor(1), bill(7), both("t1", "t1")])
    context.refused = set()

    broken_off = both("t2", "t1")
    broken_off["value"]["bookmarks"]["bills"]["unfinished"] = True
    assert context.run([both("t1", "t1"), *SCHEMAS, broken_off]).books.calls == []

    assert context.run([broken_off, *SCHEMAS, both("t3", "t3")]).books.delivered == [bill_name(7)]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [schema("vendors"), vendor(2), both("t2", "t1")],
        [*SCHEMAS, vendor(2)],
        [*SCHEMAS, vendor(2), state("t2", "vendors")],
        [both("t1", "t1"), schema("vendors"), vendor(2), both("t2", "t1"), schema("bills")],
    ],
    ids=["nothing came", "not begun", "no STATE", "no bookmark", "only an earlier bookmark"],
)
def test_nothing_kept_is_sent_where_the_tap_is_not_known_to_have_read_its_stream(
    context: ToyContext, messages: list[Message], caplog: pytest.LogCaptureFixture
) -> None:
    context.refused = {bill_name(7)}
    context.run([*SCHEMAS, vendor(1), bill(7), both("t1", "t1")])
    context.refused = set()
    with suppress(IncompleteError):
        context.run(messages)
    assert bill_name(7) not in context.last.books.delivered
    assert "[APB-SNG-016]" in caplog.text
    assert context.run(READ).books.delivered == [bill_name(7)]


def test_a_state_is_written_as_the_sdk_writes_it():
    written = StateMessage(value={"bookmarks": {"bills": {"ids": [1, None]}}})
    assert MessageWriter().serialize_message(written) == json.dumps(written.to_dict())
