"""What a sink finds out after a record was delivered, and what arrives of a record whose rest does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apbridge.errors import APBridgeError, RejectedError, UnavailableError
from apbridge.ledger import Ledger, RemoteFacts, Row, Status
from apbridge.singer import Outcome, PartlyDeliveredError, Record
from tests.singer.messages import SCHEMAS, state, vendor, vendor_name
from tests.singer.toy import ToySink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.singer.conftest import ToyContext

FACTS = {"external_id": vendor_name(1), "ending": "what was sent"}
OTHERWISE = RejectedError("APB-SNG-011", **FACTS)
NOTED = APBridgeError("APB-SNG-011", **FACTS)
DOWN = UnavailableError("APB-LED-002", ledger="toy", problem="it is down")


@pytest.fixture
def corrections(monkeypatch: pytest.MonkeyPatch) -> dict[str, APBridgeError]:
    """What the sink finds out after each batch, by external id."""
    found: dict[str, APBridgeError] = {}

    def conclude(_: ToySink) -> Mapping[str, APBridgeError]:
        return found

    monkeypatch.setattr(ToySink, "conclude", conclude)
    return found


def in_parts(monkeypatch: pytest.MonkeyPatch, because: APBridgeError) -> None:
    """Let the first vendor arrive in part."""
    deliver = ToySink.deliver

    def partly(sink: ToySink, record: Record, row: Row | None) -> Outcome:
        done = deliver(sink, record, row)
        if record["external_id"] == vendor_name(1):
            raise PartlyDeliveredError(RemoteFacts(done.remote_id, {"body": "b"}), because)
        return done

    monkeypatch.setattr(ToySink, "deliver", partly)


def test_what_is_not_as_it_was_delivered_is_rejected_instead(
    any_context: ToyContext, corrections: dict[str, APBridgeError]
) -> None:
    corrections[vendor_name(1)] = OTHERWISE
    done = any_context.run([*SCHEMAS, vendor(1), vendor(2), state("t1", "vendors")])
    assert done.tally.sentence().startswith("vendors 1 delivered, 1 rejected (first rejection: ")
    row = any_context.row("vendors", vendor_name(1))
    assert (row.status, row.code, row.remote_id) == (Status.REJECTED, "APB-SNG-011", "toy-1")
    assert row.payload["external_id"] == vendor_name(1)
    assert row.content_hash, "what became of it is known"
    assert row.acknowledged_at
    assert any_context.row("vendors", vendor_name(2)).status is Status.DELIVERED
    corrections.clear()
    done = any_context.run([*SCHEMAS, state("t1", "vendors")])
    assert done.tally.sentence() == "vendors 1 delivered"
    assert any_context.row("vendors", vendor_name(1)).status is Status.DELIVERED


def test_what_a_person_has_to_know_beside_is_noted(
    context: ToyContext, corrections: dict[str, APBridgeError]
) -> None:
    corrections[vendor_name(1)] = NOTED
    done = context.run([*SCHEMAS, vendor(1), state("t1", "vendors")])
    assert done.tally.sentence() == "vendors 1 delivered"
    row = context.row("vendors", vendor_name(1))
    assert (row.status, row.code, row.remote_id) == (Status.DELIVERED, "APB-SNG-011", "toy-1")
    assert "what was sent" in (row.reason or "")


def test_a_correction_quotes_no_secret(context: ToyContext, corrections: dict[str, APBridgeError]) -> None:
    told = {**FACTS, "ending": "token=t0ps3cret"}
    corrections[vendor_name(1)] = RejectedError("APB-SNG-011", **told)
    done = context.run([*SCHEMAS, vendor(1), state("t1", "vendors")])
    assert "t0ps3cret" not in done.tally.sentence()
    assert "t0ps3cret" not in (context.row("vendors", vendor_name(1)).reason or "")


def test_what_arrived_of_a_rejected_record_is_known(
    any_context: ToyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(monkeypatch, OTHERWISE)
    done = any_context.run([*SCHEMAS, vendor(1), vendor(2), state("t1", "vendors")])
    assert done.tally.sentence().startswith("vendors 1 delivered, 1 rejected")
    row = any_context.row("vendors", vendor_name(1))
    assert (row.status, row.code) == (Status.REJECTED, "APB-SNG-011")
    assert (row.remote_id, row.facts) == ("toy-1", {"body": "b"})
    assert row.acknowledged_at


def test_what_arrived_before_the_run_ended_is_known_and_in_doubt(
    any_context: ToyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(monkeypatch, DOWN)
    with pytest.raises(UnavailableError, match="it is down"):
        any_context.run([*SCHEMAS, vendor(1), state("t1", "vendors")])
    assert any_context.states == []
    row = any_context.row("vendors", vendor_name(1))
    assert (row.remote_id, row.facts, row.content_hash) == ("toy-1", {"body": "b"}, "")
    with Ledger(any_context.url) as ledger:
        assert ledger.in_doubt("toy", "vendors", [vendor_name(1)])
