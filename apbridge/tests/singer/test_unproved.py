"""What was sent, and whose answer does not name it: it counts once the other system shows it."""

from __future__ import annotations

from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from apbridge.http import retry
from apbridge.ledger import Row, Status
from apbridge.singer import Outcome, Record
from tests.singer.messages import SCHEMAS, bill, bill_name, state, vendor, vendor_name
from tests.singer.toy import Toy, ToySink
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSES", (0.0,) * len(retry.PAUSES))


@pytest.fixture
def shows_after(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often a record must be sent until it is shown, by external id; once, unless told."""
    needed: dict[str, int] = {}
    sent: dict[str, int] = {}
    deliver = ToySink.deliver

    def unproved(sink: ToySink, record: Record, row: Row | None) -> Outcome:
        name = record["external_id"]
        if sent.get(name, 0) >= needed.get(name, 1):
            return Outcome.unchanged(f"shown-{record['id']}")
        sent[name] = sent.get(name, 0) + 1
        deliver(sink, record, row)
        return Outcome.delivered(is_proved=False)

    monkeypatch.setattr(ToySink, "deliver", unproved)
    return needed


@pytest.mark.usefixtures("shows_after")
def test_it_is_delivered_once_it_is_shown(any_context: ToyContext) -> None:
    done = any_context.run([*SCHEMAS, vendor(1), bill(1), state("t1")])
    assert done.tally.sentence() == "vendors 1 delivered; bills 1 delivered"
    assert done.books.delivered == [vendor_name(1), bill_name(1)]
    row = any_context.row("bills", bill_name(1))
    assert (row.status, row.remote_id, bool(row.content_hash)) == (Status.DELIVERED, "shown-1", True)


def test_what_is_not_shown_is_sent_again(context: ToyContext, shows_after: dict[str, int]) -> None:
    shows_after[vendor_name(1)] = 2
    done = context.run([*SCHEMAS, vendor(1), state("t1", "vendors")])
    assert done.books.delivered == [vendor_name(1)] * 2
    assert done.tally.sentence() == "vendors 1 delivered"


def test_what_is_never_shown_is_rejected_by_name_and_the_others_go(
    context: ToyContext, shows_after: dict[str, int]
) -> None:
    shows_after[bill_name(1)] = 99
    messages = [*SCHEMAS, vendor(1), bill(1), bill(2), state("t1")]
    done: Toy = context.run(messages)
    assert done.tally.sentence().startswith("vendors 1 delivered; bills 1 delivered, 1 rejected")
    row = context.row("bills", bill_name(1))
    assert (row.code, row.content_hash) == ("APB-SNG-021", ""), "it may be there: it stays in doubt"
    assert bill_name(1) in (row.reason or "")


@pytest.mark.usefixtures("shows_after")
def test_a_signal_ends_the_pause_before_a_look_up(
    context: ToyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(target: Toy) -> None:
        put = target.books.put

        def signalled_soon(stream: str, record: Record) -> str:
            Timer(0.3, target.signalled, [15]).start()
            return put(stream, record)

        target.books.put = signalled_soon  # type: ignore[method-assign]

    monkeypatch.setattr(retry, "PAUSES", (PATIENCE,))
    began = monotonic()
    with pytest.raises(SystemExit) as ended:
        context.run([*SCHEMAS, vendor(1), state("t1", "vendors")], prepare)
    assert ended.value.code == 128 + 15
    assert monotonic() - began < PATIENCE
    assert context.states == [], "the next run looks it up"
