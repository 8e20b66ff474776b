"""What becomes of records."""

from __future__ import annotations

import re
from decimal import Decimal
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from apbridge.errors import RejectedError, SettingError, UnavailableError
from apbridge.ledger import Ledger, Status
from apbridge.ledger.run_history import RunHistory
from apbridge.ledger.tables import runs
from apbridge.singer.reading import IncompleteError
from tests.singer.messages import READ, SCHEMAS, bill, bill_name, schema, state, vendor, vendor_name
from tests.singer.toy import Toy
from tests.waiting import until

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext


def down_after(calls: int) -> Any:  # noqa: ANN401
    def prepare(target: Toy) -> None:
        target.books.down_after = calls

    return prepare


def test_records_arrive_and_are_remembered(any_context: ToyContext) -> None:
    done = any_context.run([*SCHEMAS, vendor(1), bill(7), state("t1")])
    assert done.books.delivered == [vendor_name(1), bill_name(7)]
    row = any_context.row("bills", bill_name(7))
    assert (row.status, row.remote_id, row.source_id) == (Status.DELIVERED, "toy-7", "7")
    assert row.facts == {"id": "7"}
    assert any_context.states == [state("t1")["value"]]
    assert done.tally.sentence() == "vendors 1 delivered; bills 1 delivered"


def test_what_did_not_change_costs_no_call(any_context: ToyContext) -> None:
    messages = [*SCHEMAS, vendor(1), *(bill(number) for number in range(50)), state("t1")]
    any_context.run(messages)
    again = any_context.run(messages)
    assert again.books.calls == []
    assert again.books.sign_ins == 0
    assert again.prepared == []
    assert again.tally.sentence() == "vendors 1 unchanged; bills 50 unchanged"
    assert any_context.states == [state("t1")["value"]]


def test_nothing_is_kept_of_what_is_done(context: ToyContext) -> None:
    done = context.run([*SCHEMAS, vendor(1), *(bill(number) for number in range(50)), state("t1")])
    assert done.run.at_hand == {}


def test_only_what_decides_counts_as_a_change(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1)])
    touched = vendor(1, modified_at="2026-12-01T00:00:00.5+00:00")
    assert context.run([*SCHEMAS, touched]).books.calls == []
    assert context.run([*SCHEMAS, vendor(1, name="New")]).books.delivered == [vendor_name(1)]
    assert context.run([*SCHEMAS, vendor(1)]).books.delivered == [vendor_name(1)]


def test_values_arrive_as_they_were_sent(context: ToyContext) -> None:
    amounts = [Decimal("0.1"), Decimal("12345678901234567.89"), -3]
    lines = [{"id": str(n), "kind": "tax", "amount": amount} for n, amount in enumerate(amounts)]
    done = context.run([*SCHEMAS, vendor(1), bill(1, lines=lines, due_date="2026-12-01")])
    ((_, record),) = [call for call in done.books.calls if call[0] == "bills"]
    assert [line["amount"] for line in record["lines"]] == amounts
    assert isinstance(record["lines"][0]["amount"], Decimal)
    assert record["due_date"] == "2026-12-01"
    assert record["modified_at"] == "2026-11-02T16:00:00Z"


def test_a_number_beyond_all_amounts_rejects_its_record_alone(context: ToyContext) -> None:
    done = context.run([*SCHEMAS, vendor(1), bill(7, total=Decimal("1e999999")), bill(8)])
    assert done.books.delivered == [vendor_name(1), bill_name(8)]
    assert context.row("bills", bill_name(7)).status is Status.REJECTED


def test_streams_go_in_order_whatever_comes_first(context: ToyContext) -> None:
    done = context.run([*reversed(SCHEMAS), bill(7), bill(8, 2), vendor(2), vendor(1)])
    assert done.books.delivered[:2] in (
        [vendor_name(1), vendor_name(2)],
        [vendor_name(2), vendor_name(1)],
    )
    assert sorted(done.books.delivered[2:]) == [bill_name(7), bill_name(8)]


def test_the_last_of_a_record_wins(context: ToyContext) -> None:
    done = context.run([*SCHEMAS, vendor(1, name="a"), vendor(1, name="b"), vendor(1, name="c")])
    ((_, record),) = done.books.calls
    assert record["name"] == "c"


def test_a_bill_waits_for_its_vendor_and_goes_by_itself(any_context: ToyContext) -> None:
    first = any_context.run([*SCHEMAS, bill(7), bill(8, None), state("t1")])
    assert first.books.delivered == [bill_name(8)]
    assert first.tally.sentence() == "bills 1 delivered, 1 waiting"
    assert any_context.states == [state("t1")["value"]]
    row = any_context.row("bills", bill_name(7))
    assert row.status is Status.WAITING
    assert row.code == "APB-SNG-013"
    assert row.waits_for == (("vendors", vendor_name(1)),)
    assert row.payload["lines"][0]["amount"] == Decimal("10.10")

    idle = any_context.run(READ)
    assert idle.books.sign_ins == 0
    assert idle.tally.sentence() == "bills 1 waiting"

    # The tap sends the vendor only.
    second = any_context.run([schema("vendors"), vendor(1), *READ])
    assert second.books.delivered == [vendor_name(1), bill_name(7)]
    assert second.tally.sentence() == "vendors 1 delivered; bills 1 delivered"
    assert any_context.row("bills", bill_name(7)).payload is None


def test_a_bill_that_waited_goes_in_the_same_run(context: ToyContext) -> None:
    def small(target: Toy) -> None:
        target.batch = 1

    done = context.run([*SCHEMAS, bill(7), state("t1"), vendor(1), state("t2")], small)
    assert done.books.delivered == [vendor_name(1), bill_name(7)]
    assert done.tally.sentence() == "vendors 1 delivered; bills 1 delivered"


def test_a_rejected_record_holds_up_nobody_and_is_tried_at_the_next_run(any_context: ToyContext) -> None:
    any_context.refused = {bill_name(7)}
    messages = [*SCHEMAS, vendor(1), bill(6), bill(7), bill(8), state("t1")]
    first = any_context.run(messages)
    assert first.tally.as_counts()["bills"]["delivered"] == 2
    assert "bills 2 delivered, 1 rejected (first rejection: " in first.tally.sentence()
    assert "what the toy likes" in first.tally.sentence()
    row = any_context.row("bills", bill_name(7))
    assert (row.status, row.code, row.attempts) == (Status.REJECTED, "APB-SNG-011", 1)
    assert any_context.states == [state("t1")["value"]]

    second = any_context.run(READ)
    assert second.tally.sentence().startswith("bills 1 rejected")
    assert any_context.row("bills", bill_name(7)).attempts == 2

    any_context.refused = set()
    assert any_context.run(READ).books.delivered == [bill_name(7)]
    assert any_context.run(READ).tally.sentence() == "nothing to do"


def test_a_rejected_record_that_comes_again_is_tried_once(context: ToyContext) -> None:
    context.refused = {vendor_name(1)}
    context.run([*SCHEMAS, vendor(1)])
    context.run([*SCHEMAS, vendor(1)])
    assert context.row("vendors", vendor_name(1)).attempts == 2
    context.run([*SCHEMAS, vendor(1, name="better")])
    assert context.row("vendors", vendor_name(1)).attempts == 1


def test_a_vendor_whose_change_is_rejected_still_serves_its_bills(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1)])
    context.refused = {vendor_name(1)}
    done = context.run([*SCHEMAS, vendor(1, name="New"), bill(7)])
    assert done.books.delivered == [bill_name(7)]


def test_an_ignored_record_is_settled(context: ToyContext) -> None:
    context.refused = {bill_name(7)}
    context.run([*SCHEMAS, vendor(1), bill(7)])
    context.refused = set()
    hidden = bill(7, is_eligible=False)
    assert context.run([*SCHEMAS, hidden]).tally.sentence() == "bills 1 ignored"
    assert context.row("bills", bill_name(7)).status is Status.IGNORED
    # Its earlier, eligible content must never be tried again.
    assert context.run(READ).books.calls == []
    assert context.run([*SCHEMAS, hidden]).tally.sentence() == "bills 1 unchanged"


@pytest.mark.parametrize(
    ("spoilt", "field"),
    [
        ({"total": "10.10"}, "total"),
        ({"bill_date": "2026-02-30"}, "bill_date"),
        ({"modified_at": "2026-11-02 16:00"}, "modified_at"),
        ({"lines": [{"id": "1", "kind": "expense"}]}, r"lines\[0\].amount"),
        ({"lines": [{"id": "1", "kind": "gift", "amount": 1}]}, r"lines\[0\].kind"),
        ({"surprise": 1}, "surprise"),
        ({"vendor_id": "1", "id": "8"}, "vendorbill-8"),
    ],
)
def test_a_spoilt_record_is_rejected_by_its_field(
    context: ToyContext, spoilt: dict[str, Any], field: str
) -> None:
    done = context.run([*SCHEMAS, vendor(1), bill(7, **spoilt), bill(9), state("t1")])
    assert done.books.delivered == [vendor_name(1), bill_name(9)]
    row = context.row("bills", bill_name(7))
    assert row.status is Status.REJECTED
    assert re.search(field, str(row.reason))
    assert context.states == [state("t1")["value"]]
    assert done.books.sign_ins == 1


@pytest.mark.parametrize("moment", ["2026\0", "x" * 50, f"2026-11-02T16:00:00.{'1' * 50}Z"])
def test_whatever_a_record_was_changed_at_the_ledger_takes_it(any_context: ToyContext, moment: str) -> None:
    any_context.run(
        [*SCHEMAS, bill(7, vendor_id=None, modified_at=moment), bill(8, vendor_id=None), state("t1")]
    )
    assert any_context.has_row("bills", bill_name(7))
    assert any_context.has_row("bills", bill_name(8))


@pytest.mark.parametrize("record", [None, 3, "x", [], {}, {"external_id": 5}, {"external_id": "a b"}])
def test_a_record_without_a_name_is_kept_too(context: ToyContext, record: Any) -> None:  # noqa: ANN401
    messages = [*SCHEMAS, {"type": "RECORD", "stream": "bills", "record": record}, state("t1")]
    done = context.run(messages)
    assert "bills 1 rejected" in done.tally.sentence()
    with Ledger(context.url) as ledger:
        (row,) = ledger.all_rows("toy", "bills")
    assert row.external_id.startswith("unidentified-")
    assert row.payload == record
    context.run(messages)
    with Ledger(context.url) as ledger:
        assert len(list(ledger.all_rows("toy", "bills"))) == 1


def test_metadata_that_a_tap_adds_is_left_out(context: ToyContext) -> None:
    done = context.run([*SCHEMAS, vendor(1, _sdc_sequence=1, _sdc_extracted_at="now")])
    ((_, record),) = done.books.calls
    assert "_sdc_sequence" not in record


def test_a_bug_costs_one_record_and_is_loud(context: ToyContext) -> None:
    with pytest.raises(RejectedError, match="internal error") as found:
        context.run([*SCHEMAS, vendor(1), bill(6), bill(7, memo="bug"), bill(8), state("t1")])
    assert found.value.code == "APB-SNG-014"
    assert context.states == [state("t1")["value"]]
    row = context.row("bills", bill_name(7))
    assert (row.status, row.code) == (Status.REJECTED, "APB-SNG-012")
    assert "KeyError at tests.singer.toy:" in str(row.reason)
    assert context.row("bills", bill_name(8)).status is Status.DELIVERED


def test_on_reject_fail_ends_badly_after_everything_is_done(context: ToyContext) -> None:
    context.refused = {vendor_name(1)}
    with pytest.raises(RejectedError, match="1 records are rejected"):
        context.run([*SCHEMAS, vendor(1), vendor(2), state("t1")], on_reject="fail")
    assert context.row("vendors", vendor_name(2)).status is Status.DELIVERED
    assert context.states == [state("t1")["value"]]


def test_the_other_side_gone_ends_the_run_and_keeps_the_bookmark(any_context: ToyContext) -> None:
    def prepare(target: Toy) -> None:
        target.batch = 10
        target.books.down_after = 25

    messages: list[dict[str, Any]] = [*SCHEMAS]
    for number in range(100):
        messages += [vendor(number), state(number, "vendors")]
    with pytest.raises(UnavailableError, match="it is down"):
        any_context.run(messages, prepare)
    # Drained at the 10th and 20th record; the STATE after each finds nothing open.
    assert any_context.states == [state(number, "vendors")["value"] for number in (8, 9, 18, 19)]
    with Ledger(any_context.url) as ledger:
        # What arrived in the broken drain is known.
        assert RunHistory(ledger).counts() == [("toy", "vendors", "delivered", 25)]
    rest = any_context.run([*SCHEMAS, *(vendor(number) for number in range(20, 100))])
    assert len(rest.books.calls) == 75


def test_a_failed_run_says_what_it_left(context: ToyContext) -> None:
    with pytest.raises(UnavailableError):
        context.run([*SCHEMAS, vendor(1), bill(1), bill(2)], down_after(1))
    with Ledger(context.url) as ledger, ledger._database.reading() as connection:
        found = connection.exec_driver_sql("SELECT status, counts, error FROM apbridge_runs").one()
    assert found[0] == "failed"
    assert found[1] == '{"vendors":{"delivered":1},"bills":{"failed":2}}'
    assert "it is down" in found[2]


def test_a_wrong_credential_ends_the_run_before_a_record_is_sent(context: ToyContext) -> None:
    with pytest.raises(SettingError, match="token"):
        context.run([*SCHEMAS, vendor(1), state("t1")], token="taken away")
    assert context.states == []
    assert not context.has_row("vendors", vendor_name(1))


def test_delivering_is_concurrent_and_bounded(context: ToyContext) -> None:
    def hold_until_full(target: Toy) -> None:
        books = target.books
        books.holds_after, books.let_go = 0, Event()

        def let_go() -> None:
            until(lambda: books.peak >= 5)
            books.let_go.set()

        Thread(target=let_go, daemon=True).start()

    done = context.run([*SCHEMAS, *(vendor(number) for number in range(40))], hold_until_full, concurrency=5)
    assert done.books.peak == 5


def test_what_delivery_takes_is_prepared_in_bulk(context: ToyContext) -> None:
    context.run([*SCHEMAS, vendor(1), vendor(2)])
    done = context.run([*SCHEMAS, vendor(1), vendor(2, name="New"), vendor(3), bill(1), bill(2, 9)])
    assert done.prepared == [("vendors", 2, 1), ("bills", 1, 0)]


def test_every_write_is_on_the_trail(context: ToyContext) -> None:
    context.refused = {vendor_name(2)}
    context.run([*SCHEMAS, vendor(1), vendor(2)])
    with Ledger(context.url) as ledger:
        assert ledger.verify().rows == 4


def test_a_stream_that_is_not_taken_is_refused_by_name(context: ToyContext) -> None:
    with pytest.raises(SettingError, match="does not take stream payments; it takes vendors, bills"):
        context.run([schema("payments")])


def test_stream_maps_rename_filter_and_drop(context: ToyContext) -> None:
    done = context.run(
        [
            schema("payments"),
            {**schema("suppliers"), "schema": vendor_schema()},
            {**vendor(1), "stream": "suppliers"},
            {**vendor(2), "stream": "suppliers"},
            {"type": "RECORD", "stream": "payments", "record": {"id": "1"}},
            state("t1"),
        ],
        stream_maps={
            "suppliers": {"__alias__": "vendors", "__filter__": "id == '1'"},
            "payments": None,
        },
    )
    assert done.books.delivered == [vendor_name(1)]
    assert context.states == [state("t1")["value"]]


def vendor_schema() -> dict[str, Any]:
    return {"properties": {name: {} for name in vendor(1)["record"]}}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "RECORD", "stream": "bills", "record": {}}, "before its schema"),
        ({"type": "BATCH", "stream": "bills", "encoding": {}, "manifest": []}, "batch_config"),
        ({"type": "SCHEMA", "stream": "bills"}, "line 1 .*no schema"),
        ({"type": "SCHEMA", "stream": "bills", "schema": {}}, "no properties"),
        ({"type": "SCHEMA", "stream": "bills", "schema": None}, "line 1 .*its schema is no JSON object"),
        ({"type": "SCHEMA", "stream": "bills", "schema": []}, "its schema is no JSON object"),
        ({"type": "SCHEMA", "stream": [], "schema": {"properties": {}}}, "its stream is no text"),
        ({"type": "SCHEMA", "stream": "bills", "schema": {"properties": []}}, "its properties is no JSON"),
        ({"type": "RECORD", "stream": [], "record": {}}, "its stream is no text"),
        ({"type": "RECORD", "stream": None, "record": {}}, "its stream is no text"),
        ({"type": "STATE"}, "no value"),
        ({"type": "NONSENSE"}, "type is not"),
        ({"type": 3}, "type is not"),
        ({"stream": "bills"}, "no type"),
    ],
)
def test_messages_out_of_form_end_the_run(context: ToyContext, message: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=f"(?i){words}"):
        context.run([message])


def test_versions_are_not_acted_upon(context: ToyContext) -> None:
    version = {"type": "ACTIVATE_VERSION", "stream": "vendors", "version": 1}
    done = context.run([*SCHEMAS, vendor(1), version])
    assert done.books.delivered == [vendor_name(1)]


def test_a_run_without_input_is_recorded(context: ToyContext) -> None:
    with pytest.raises(IncompleteError, match="nothing came") as ended:
        context.run([])
    assert context.last.books.sign_ins == 0
    with Ledger(context.url) as ledger, ledger._database.reading() as connection:
        assert connection.execute(select(runs.c.plugin, runs.c.status, runs.c.code)).all() == [
            ("target-toy", "incomplete", ended.value.code)
        ]
        assert ledger.is_new("target-toy"), "no bookmark was told"
