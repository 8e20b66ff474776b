"""What is to be looked at again, and whose content cannot be kept: there is no vault."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from apbridge.ledger import Ledger
from apbridge.ledger.audit import Write
from apbridge.ledger.tables import records
from tests.singer.messages import SCHEMAS, state, vendor, vendor_name

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext

SECRET = vendor(1, tax_id="12-3456789")
GOING_ON = state("t1", "vendors")


@pytest.fixture
def doubtful(context: ToyContext) -> ToyContext:
    """A context in which an earlier write of a vendor with a tax id may still arrive."""
    context.run([*SCHEMAS, SECRET, GOING_ON])
    with Ledger(context.url) as ledger:
        run = ledger.start_run("target-toy", "1.0")
        ledger.audit.sent(Write(run.id, run.actor, "toy", "put", vendor_name(1)), {})
    context.run([GOING_ON, *SCHEMAS, SECRET, state("t2", "vendors")])
    assert context.states == [GOING_ON["value"]], "it must come again"
    with Ledger(context.url) as ledger, ledger.database.writing() as connection:
        connection.execute(update(records).values(look_again_at=datetime(2026, 1, 1, tzinfo=timezone.utc)))
    return context


def test_once_it_comes_the_bookmark_moves_on(doubtful: ToyContext) -> None:
    done = doubtful.run([GOING_ON, *SCHEMAS, SECRET, state("t3", "vendors")], in_doubt_minutes=0)
    assert done.books.delivered == [vendor_name(1)]
    assert doubtful.states[-1] == state("t3", "vendors")["value"]


def test_where_it_does_not_come_it_is_said_until_everything_was_read(
    doubtful: ToyContext, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        caplog.clear()
        doubtful.run([GOING_ON, *SCHEMAS, state("t3", "vendors")], in_doubt_minutes=0)
        assert "[APB-SNG-022]" in caplog.text
        assert vendor_name(1) in caplog.text
        assert doubtful.states == [GOING_ON["value"]]
    doubtful.run([*SCHEMAS, state("t3", "vendors")], in_doubt_minutes=0)
    assert doubtful.states[-1] == state("t3", "vendors")["value"]
