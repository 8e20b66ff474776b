from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from apbridge.ledger import UNIDENTIFIED, Ledger, Need, RowUpdate, Run, Status
from apbridge.ledger.run_history import RunHistory
from apbridge.ledger.search_keys import described, names_of
from tests import forked
from tests.waiting import PATIENCE


@pytest.fixture
def run(ledger: Ledger) -> Run:
    return ledger.start_run("target-toy", "1.0")


def entry(number: int, status: Status = Status.DELIVERED, **more: object) -> RowUpdate:
    values = {"content_hash": "h", "acknowledged": status is Status.DELIVERED, **more}
    return RowUpdate("vendors", f"v-{number:05}", str(number), status=status, **values)  # type: ignore[arg-type]


def test_a_ledger_is_new_until_this_plugin_told_a_state(ledger: Ledger) -> None:
    ledger.start_run("target-other", "1.0").tells_state()
    run = ledger.start_run("target-toy", "1.0")
    run.finish("failed", {})
    assert ledger.is_new("target-toy")
    run.tells_state()
    assert not ledger.is_new("target-toy")


def test_a_row_is_in_doubt_while_the_trail_knows_of_a_later_write(ledger: Ledger, run: Run) -> None:
    def send(number: int, by: Run) -> None:
        with by.audited(system="toy", operation="upsert", external_id=f"v-{number:05}", body={}):
            pass

    def doubtful() -> tuple[set[str], set[str]]:
        names = [f"v-{number:05}" for number in range(700)]
        blank = {
            row.external_id for row in ledger.rows("toy", "vendors", names).values() if not row.content_hash
        }
        return ledger.in_doubt("toy", "vendors", names), blank

    send(1, run)
    ledger.write(run.id, "toy", [entry(1), entry(2), entry(699)])
    assert doubtful() == (set(), set())
    later = ledger.start_run("toy", "1.0")
    send(2, later)
    send(3, later)
    send(699, later)
    assert doubtful() == ({"v-00002", "v-00003", "v-00699"}, {"v-00002", "v-00699"})
    ledger.write(later.id, "toy", [entry(2), entry(3), entry(699)])
    assert doubtful() == (set(), set())
    # What waited may be sent later in the same run.
    send(2, later)
    assert doubtful() == ({"v-00002"}, {"v-00002"})
    # To have seen it again ends no doubt, to have delivered it does.
    ledger.seen(later.id, "toy", "vendors", {"v-00002": None})
    assert doubtful() == ({"v-00002"}, {"v-00002"})
    ledger.write(later.id, "toy", [entry(2)])
    assert doubtful() == (set(), set())
    # So may an earlier run that still goes on, after the later one has written the row.
    send(3, run)
    assert doubtful() == ({"v-00003"}, {"v-00003"})


def test_a_row_comes_back_as_it_was_written(ledger: Ledger, run: Run) -> None:
    before = datetime.now(timezone.utc)
    record = {"id": "1", "amount": Decimal("10.10"), "lines": [{"memo": "Œuvre 🏗"}]}
    told = entry(
        1,
        Status.WAITING,
        code="APB-SNG-013",
        says="It waits.",
        waits_for=(Need("gl_accounts", "a-1"), Need("vendors", "v-2")),
        facts={"total": Decimal("1.10")},
        remote_id="r",
        payload=record,
    )
    ledger.write(run.id, "toy", [told])
    (row,) = ledger.rows("toy", "vendors", ["v-00001"]).values()
    assert (row.system, row.stream, row.external_id, row.source_id) == ("toy", "vendors", "v-00001", "1")
    assert (row.status, row.code, row.reason) == (Status.WAITING, "APB-SNG-013", "It waits.")
    assert row.waits_for == told.waits_for
    assert row.facts == {"total": Decimal("1.10")}
    assert row.payload == record
    assert not row.needs_refetch
    assert row.acknowledged_at is None
    assert before <= row.first_seen == row.last_seen <= datetime.now(timezone.utc)
    assert row.first_seen.tzinfo is timezone.utc


def test_many_rows_come_back_at_once(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "toy", [entry(number) for number in range(1203)])
    ledger.write(run.id, "other", [entry(7)])
    asked = [f"v-{number:05}" for number in range(0, 2000, 2)]
    found = ledger.rows("toy", "vendors", asked)
    assert sorted(found) == [name for name in asked if int(name[2:]) < 1203]
    assert ledger.rows("toy", "bills", asked) == {}
    assert ledger.rows("toy", "vendors", []) == {}
    assert RunHistory(ledger).counts() == [
        ("other", "vendors", "delivered", 1),
        ("toy", "vendors", "delivered", 1203),
    ]


def test_news_keeps_what_it_does_not_know(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "toy", [entry(1, remote_id="r-1", facts={"a": 1})])
    first = ledger.rows("toy", "vendors", ["v-00001"])["v-00001"]
    rejected = entry(1, Status.REJECTED, content_hash="h2", says="no", payload={"id": "1"})
    ledger.write(run.id, "toy", [rejected])
    ledger.write(run.id, "toy", [rejected])
    row = ledger.rows("toy", "vendors", ["v-00001"])["v-00001"]
    assert (row.remote_id, row.facts, row.attempts) == ("r-1", {"a": 1}, 2)
    assert row.acknowledged_at == first.acknowledged_at
    assert row.first_seen == first.first_seen < row.last_seen
    assert row.payload == {"id": "1"}
    ledger.write(run.id, "toy", [entry(1, content_hash="h2")])
    row = ledger.rows("toy", "vendors", ["v-00001"])["v-00001"]
    assert (row.status, row.reason, row.payload, row.attempts) == (Status.DELIVERED, None, None, 3)
    assert row.acknowledged_at
    assert first.acknowledged_at
    assert row.acknowledged_at > first.acknowledged_at


def test_seeing_a_record_again_changes_nothing_but_when(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "toy", [entry(number) for number in range(700)])
    before = ledger.rows("toy", "vendors", ["v-00000", "v-00699"])
    ledger.seen(run.id, "toy", "vendors", dict.fromkeys(f"v-{number:05}" for number in range(699)))
    after = ledger.rows("toy", "vendors", ["v-00000", "v-00699"])
    assert after["v-00000"].last_seen > before["v-00000"].last_seen
    assert after["v-00000"].first_seen == before["v-00000"].first_seen
    assert after["v-00699"] == before["v-00699"]


def test_rows_may_settle_while_they_are_read(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "toy", [entry(number, Status.REJECTED, payload={}) for number in range(1200)])
    read = []
    for row in ledger.all_rows("toy", "vendors", [Status.REJECTED]):
        read.append(row.external_id)
        if len(read) % 100 == 1:
            settled = [entry(int(name[2:])) for name in read[-100:]]
            ledger.write(run.id, "toy", settled)
    assert read == [f"v-{number:05}" for number in range(1200)]


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "tax_id": "12-3456789"},
        {"id": "1", "remit": [{"bank_account": {"number": "12-3456789"}}]},
    ],
)
def test_secrets_are_not_in_the_ledger(tmp_path: Path, record: dict[str, object]) -> None:
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        run = ledger.start_run("target-toy", "1.0")
        ledger.write(run.id, "toy", [entry(1, Status.REJECTED, payload=record)])
        (row,) = ledger.rows("toy", "vendors", ["v-00001"]).values()
        assert row.needs_refetch
        assert ledger.streams_to_refetch("toy") == {"vendors"}
        for file in tmp_path.iterdir():
            assert b"12-3456789" not in file.read_bytes()
        ledger.write(run.id, "toy", [entry(1)])
        assert ledger.streams_to_refetch("toy") == set()


def test_an_absent_tax_id_is_no_secret(ledger: Ledger, run: Run) -> None:
    ledger.write(run.id, "toy", [entry(1, Status.WAITING, payload={"id": "1", "tax_id": None})])
    (row,) = ledger.rows("toy", "vendors", ["v-00001"]).values()
    assert not row.needs_refetch
    assert row.payload == {"id": "1", "tax_id": None}


def test_a_record_without_a_name_cannot_be_asked_again(ledger: Ledger, run: Run) -> None:
    nameless = RowUpdate(
        "vendors", f"{UNIDENTIFIED}1", None, "", Status.REJECTED, payload={"tax_id": "12-3456789"}
    )
    ledger.write(run.id, "toy", [nameless])
    assert ledger.streams_to_refetch("toy") == set()


def test_a_reason_shows_no_token(ledger: Ledger, run: Run) -> None:
    ledger.write(
        run.id,
        "toy",
        [entry(1, Status.REJECTED, says="said: Bearer abc.def", do="Send token=abc", payload={})],
    )
    (row,) = ledger.rows("toy", "vendors", ["v-00001"]).values()
    assert row.says == "said: Bearer [redacted]"
    assert row.do == "Send token=[redacted]"


def test_a_crashed_run_stays_unfinished(url: str) -> None:
    program = (
        "import os, sys; from apbridge.ledger import Ledger; "
        "Ledger(sys.argv[1]).start_run('target-toy', '1'); os._exit(9)"
    )
    assert forked.Program("-c", program, url).wait(PATIENCE) == 9
    with Ledger(url) as ledger:
        done = ledger.start_run("target-toy", "1.0")
        done.finish("finished", {"vendors": {"delivered": 3}})
        with ledger._database.reading() as connection:
            found = connection.exec_driver_sql(
                "SELECT status, finished_at IS NULL, counts FROM apbridge_runs ORDER BY id"
            ).all()
    assert [tuple(row) for row in found] == [
        ("running", True, None),
        ("finished", False, '{"vendors":{"delivered":3}}'),
    ]


def test_processes_may_write_the_same_rows_at_once_in_any_order(url: str) -> None:
    program = """
import sys
from apbridge.ledger import Ledger, RowUpdate, Status
with Ledger(sys.argv[1]) as ledger:
    run = ledger.start_run("target-toy", "1.0")
    for turn in range(20):
        ledger.rows("toy", "vendors", ["v-1"])
        numbers = list(range(50))[::(-1) ** (run.id + turn)]
        ledger.write(run.id, "toy", [
            RowUpdate("vendors", f"v-{number}", str(number), "h", Status.DELIVERED, acknowledged=True)
            for number in numbers
        ])
"""
    Ledger(url).close()
    writing = [forked.Program("-c", program, url) for _ in range(3)]
    assert [process.wait(PATIENCE) for process in writing] == [0] * 3
    with Ledger(url) as ledger:
        rows = ledger.rows("toy", "vendors", [f"v-{number}" for number in range(50)])
    assert {row.attempts for row in rows.values()} == {60}
    assert len(rows) == 50


def test_what_a_database_cannot_keep_spoils_no_other_row(ledger: Ledger, run: Run) -> None:
    record = {
        "id": "7\0",
        "check_number": "12\x0034",
        "currency": "US\0",
        "allocations": [{"invoice_external_id": "bill\0"}],
    }
    poisoned = RowUpdate(
        "payments",
        "p-1",
        "7\0",
        "h",
        Status.REJECTED,
        code="APB-PAY-018",
        says="It is 12\0.",
        payload=record,
    )
    ledger.write(run.id, "toy", [poisoned, entry(1)])
    row = ledger.rows("toy", "payments", ["p-1"])["p-1"]
    assert (row.payload, row.source_id, row.reason) == (record, "7", "It is 12.")
    # The list shows it, and it is found by what is shown: 1234 is another check.
    assert described(record)["number"] == r"12\u000034"
    assert {"1234", r"12\u000034"} <= names_of(poisoned)
    assert ledger.rows("toy", "vendors", ["v-00001"])
