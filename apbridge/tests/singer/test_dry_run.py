"""A dry run: all checks and reads, no write, no trace, and a report."""

from __future__ import annotations

import sqlite3
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apbridge import json
from apbridge.errors import RejectedError, UnavailableError
from apbridge.ledger import DryRunLedger, Ledger
from apbridge.singer.dry_run import _COLUMNS
from tests.singer.messages import READ, SCHEMAS, bill, bill_name, state, vendor, vendor_name
from tests.singer.toy import Toy

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext


def dry_run(context: ToyContext, messages: list[Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Run dry; return the report's streams, each outcome by external id."""
    file = context.folder / "told" / "report.json"
    done = context.run(messages, dry_run=True, dry_run_report=str(file), **more)
    assert done.books.calls == []
    assert context.states == []
    report = json.loads(file.read_text())
    assert (report["plugin"], report["dry_run"]) == ("target-toy", True)
    return {
        stream: {what: [one["external_id"] for one in found] for what, found in told.items() if found}
        for stream, told in report["streams"].items()
    }


def trace(context: ToyContext) -> list[Any]:
    """Return all that the ledger holds."""
    with sqlite3.connect(context.folder / "ledger.db") as connection:
        tables = ("runs", "records", "audit", "audit_head")
        return [connection.execute(f"SELECT * FROM apbridge_{table}").fetchall() for table in tables]  # noqa: S608


def test_each_way_a_record_may_go_is_told_and_nothing_is_written(context: ToyContext):
    context.refused = {vendor_name(5)}
    context.run([*SCHEMAS, vendor(1), vendor(2), bill(1), bill(9, 9), vendor(5), state("2026-11-02")])
    before = trace(context)
    told = dry_run(
        context,
        [
            *SCHEMAS,
            vendor(1),
            vendor(2, name="New"),
            vendor(3),
            bill(1, memo="New"),
            bill(2, 3),
            bill(3, is_eligible=False),
            bill(4, 4),
            bill(6, total="x"),
            *READ,
        ],
    )
    assert told == {
        "vendors": {
            "created": [vendor_name(3)],
            "updated": [vendor_name(2)],
            "left_alone": [vendor_name(1)],
            "rejected": [vendor_name(5)],
        },
        "bills": {
            "created": [bill_name(2)],
            "updated": [bill_name(1)],
            "left_alone": [bill_name(3)],
            "waiting": [bill_name(4), bill_name(9)],
            "rejected": [bill_name(6)],
        },
    }
    assert trace(context) == before


def test_a_real_run_after_it_behaves_as_if_it_had_not_been(context: ToyContext):
    messages = [*SCHEMAS, vendor(1), bill(1), bill(2, 2), bill(1, memo="Twice"), state("2026-11-02")]
    dry_run(context, messages)
    with Ledger(context.url) as ledger:
        assert ledger.is_new("target-toy")
    done = context.run(messages)
    assert done.tally.sentence() == "vendors 1 delivered; bills 1 delivered, 1 waiting"
    assert context.states == [state("2026-11-02")["value"]]


def test_it_is_over_a_ledger_in_postgresql_too(any_context: ToyContext):
    any_context.run([*SCHEMAS, vendor(1), bill(1), bill(2, 2)])
    told = dry_run(any_context, [*SCHEMAS, vendor(1), vendor(2), bill(1, memo="New"), *READ])
    assert told["bills"] == {"updated": [bill_name(1)], "created": [bill_name(2)]}
    assert any_context.row("bills", bill_name(2)).status.value == "waiting"


def test_a_write_that_is_in_doubt_is_so_in_the_copy(context: ToyContext):
    context.run([*SCHEMAS, vendor(1)])
    with Ledger(context.url) as ledger:
        run = ledger.start_run("target-toy", "1")
        with run.audited(system="toy", operation="put", external_id=vendor_name(1), body={}):
            pass
    with DryRunLedger(context.url) as copy:
        assert copy.in_doubt("toy", "vendors", [vendor_name(1)]) == {vendor_name(1)}
        assert copy.rows("toy", "vendors", [vendor_name(1)])[vendor_name(1)].content_hash == ""
        folder = Path(copy._folder.name)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_a_sink_that_sends_all_the_same_is_stopped_at_the_trail(context: ToyContext):
    with DryRunLedger(context.url) as copy:
        run = copy.start_run("target-toy", "1")
        with (
            pytest.raises(AssertionError, match="would have sent: put"),
            run.audited(system="toy", operation="put", external_id="a", body={}),
        ):
            sys.exit("it was sent")


def test_the_table_names_counts_and_reasons(context: ToyContext, caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO"):
        dry_run(context, [*SCHEMAS, vendor(1), bill(1), bill(2, 2), bill(3, total="x")])
    said = caplog.text
    assert "dry run, nothing was written" in said
    lines = [record.getMessage() for record in caplog.records]
    header = next(line for line in lines if line.startswith("stream"))
    row = next(line for line in lines if line.startswith("bills"))
    assert [one.strip() for one in header.split("  ") if one] == ["stream", *_COLUMNS]
    assert row.split() == ["bills", "1", "0", "0", "0", "1", "1", "0"]
    assert f"rejected: Record {bill_name(3)} of bills is not valid: total must be number" in said
    assert f"waiting: Record {bill_name(2)} of bills waits for vendors" in said


def test_a_broken_run_tells_what_it_came_to(context: ToyContext, caplog: pytest.LogCaptureFixture):
    def down(target: Toy) -> None:
        target.books.down_after = 0

    with caplog.at_level("INFO"), pytest.raises(UnavailableError):
        context.run([*SCHEMAS, vendor(1)], down, dry_run=True, dry_run_report=str(context.folder / "r.json"))
    row = next(m for record in caplog.records if (m := record.getMessage()).startswith("vendors"))
    assert row.split()[-1] == "1"


def test_it_ends_as_the_real_run_would(context: ToyContext):
    with pytest.raises(RejectedError, match="on_reject is fail"):
        dry_run(context, [*SCHEMAS, bill(1, total="x")], on_reject="fail")


def test_a_report_that_cannot_be_written_is_said(context: ToyContext):
    (context.folder / "file").touch()
    with pytest.raises(UnavailableError, match="dry_run_report"):
        context.run(
            [*SCHEMAS, vendor(1)], dry_run=True, dry_run_report=str(context.folder / "file" / "x.json")
        )
