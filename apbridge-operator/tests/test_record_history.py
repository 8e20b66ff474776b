from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apbridge.ledger import Ledger, RowUpdate, Run, Status
from apbridge_operator.record_history import Cut, RecordHistories

BILL = "netsuite-1_SB1-vendorbill-5"
OTHER = "netsuite-1_SB1-vendorbill-6"
PAYMENT = "avidxchange-payment-900"


def bill(external_id: str, number: str, remote_id: str) -> RowUpdate:
    payload = {"id": external_id[-1], "number": number, "total": Decimal("10.10"), "currency": "USD"}
    return RowUpdate(
        "bills", external_id, external_id[-1], "h", Status.DELIVERED, remote_id=remote_id, payload=payload
    )


def payment(**more: Any) -> RowUpdate:  # noqa: ANN401
    payload = {
        "id": "900",
        "check_number": "10042",
        "amount": Decimal("20.20"),
        "allocations": [{"invoice_external_id": one} for one in (BILL, OTHER)],
        **more,
    }
    return RowUpdate("payments", PAYMENT, "900", "h", Status.DELIVERED, remote_id="777", payload=payload)


@pytest.fixture
def run(ledger: Ledger) -> Run:
    run = ledger.start_run("target-toy", "1.0")
    ledger.write(run.id, "avidxchange", [bill(BILL, "INV-1001", "ax-1"), bill(OTHER, "INV-1002", "ax-2")])
    ledger.write(run.id, "netsuite", [payment()])
    for system, name, status in (
        ("avidxchange", BILL, 201),
        ("avidxchange", OTHER, 201),
        ("netsuite", PAYMENT, 204),
    ):
        with run.audited(system=system, operation="put", external_id=name, body={"n": 1}) as answer:
            answer.status = status
    return run


@pytest.mark.parametrize("number", ["INV-1001", " inv-1001 ", BILL, "5", "ax-1"])
def test_a_bill_is_found_from_either_side(ledger: Ledger, run: Run, number: str) -> None:
    history = RecordHistories(ledger).tell(number)
    assert [one.external_id for one in history.records] == [BILL, PAYMENT]
    assert [one.sent.external_id for one in history.exchanges] == [BILL, PAYMENT]
    assert {one.sent.run_id for one in history.exchanges} == {run.id}
    assert [one.outcome for one in history.exchanges] == ["HTTP 201", "HTTP 204"]
    assert (history.records[0].number, history.records[0].amount) == ("INV-1001", "10.10")


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("number", ["10042", "900", "777", PAYMENT])
def test_a_payment_is_found_from_either_side_with_its_bills(ledger: Ledger, number: str) -> None:
    history = RecordHistories(ledger).tell(number)
    assert [one.external_id for one in history.records] == [PAYMENT, BILL, OTHER]
    assert len(history.exchanges) == 3


@pytest.mark.usefixtures("run")
def test_what_nobody_knows_has_an_empty_history(ledger: Ledger) -> None:
    history = RecordHistories(ledger).tell("INV-9")
    assert (history.records, history.exchanges) == ((), ())


def test_an_old_number_still_finds_the_bill(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "avidxchange", [bill(BILL, "INV-1001-B", "ax-1")])
    for number in ("INV-1001", "INV-1001-B"):
        assert RecordHistories(ledger).tell(number).records[0].number == "INV-1001-B"


def test_a_record_without_a_row_has_a_history_too(ledger: Ledger, run: Run) -> None:
    with run.audited(system="avidxchange", operation="put", external_id="lost", body=None):
        (exchange,) = RecordHistories(ledger).tell("lost").exchanges
        assert exchange.outcome == "no answer is known"


def test_the_trail_is_cut_as_asked(ledger: Ledger, run: Run) -> None:
    histories = RecordHistories(ledger)
    assert [link.seq for link in histories.trail()] == list(range(1, 7))
    assert [link.seq for link in histories.trail(after=2, limit=2)] == [3, 4]
    assert [link.seq for link in histories.trail(Cut(system="netsuite", run_id=run.id))] == [5, 6]
    assert [link.seq for link in histories.latest(limit=2)] == [5, 6]
    assert list(histories.trail(Cut(run_id=99))) == []
