from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.ledger.copying import copy_out, end_of, put_back
from apbridge.ledger.database import Database
from apbridge.ledger.tables import metadata
from apbridge.origin import Origin
from tests.databases import new_database

Made = Callable[[], str]


def contents(url: str) -> dict[str, list[Any]]:
    database = Database(url)
    try:
        with database.reading() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(select(table)).all()))
                for table in metadata.sorted_tables
            }
    finally:
        database.close()


def filled(url: str) -> None:
    """Put something into every table, values of every kind among it."""
    now = datetime(2026, 11, 30, 20, 0, 0, 123456, tzinfo=timezone.utc)
    with Ledger(url) as ledger:
        ledger.identity.take(Origin.of("netsuite", "https://n.example.com", account="1234567"))
        run = ledger.start_run("target-avidxchange", "1.0")
        with run.audited(
            system="avidxchange",
            operation="submit",
            external_id="bill-1",
            body={"memo": "Dach \N{SNOWMAN} \U0001f600"},
        ):
            pass
        run.finish("finished", {"bills": {"delivered": 1}})
    database = Database(url)
    samples = {"BLOB": b"\x00\xffsealed", "DATETIME": now, "BOOLEAN": True, "INTEGER": 7, "BIGINT": 2**40}
    with database.writing() as connection:
        for table in metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first():
                continue
            row = {
                column.name: samples.get(str(column.type.compile()).split("(")[0], "t")
                for column in table.columns
            }
            connection.execute(insert(table), [row])
    database.close()


def copied(url: str) -> bytes:
    to = BytesIO()
    assert copy_out(url, to)
    return to.getvalue()


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_copy_is_the_ledger_row_for_row_wherever_it_is(url: str, tmp_path: Path, into: str):
    filled(url)
    lines = copied(url).splitlines(keepends=True)
    other = new_database() if into == "postgresql" else f"sqlite:///{tmp_path}/other.db"
    put_back(other, lines)
    found = contents(other)
    assert found == contents(url)
    assert all(found.values()), "a table without rows shows nothing"
    assert end_of(other) == end_of(url)
    with Ledger(other) as ledger:
        assert ledger.verify().is_whole
        assert ledger.start_run("target-avidxchange", "1.0").id == 2  # it counts on


def test_what_a_run_writes_meanwhile_is_in_it_whole_or_not_at_all(new_url: Made):
    url, other = new_url(), new_url()
    filled(url)

    class Slow(BytesIO):
        """Has a run write while the first line is written."""

        def write(self, line: Any) -> int:  # noqa: ANN401
            if not self.tell():
                with Ledger(url) as ledger:
                    run = ledger.start_run("target-avidxchange", "1.0")
                    with run.audited(system="avidxchange", operation="submit", external_id="bill-2", body={}):
                        pass
            return super().write(line)

    to = Slow()
    found = copy_out(url, to)
    assert found
    put_back(other, to.getvalue().splitlines(keepends=True))
    assert end_of(other) == found[0]
    with Ledger(other) as ledger:
        assert ledger.verify().is_whole


def test_nothing_is_written_over(new_url: Made):
    url, other = new_url(), new_url()
    filled(url)
    with Ledger(other) as ledger:
        ledger.start_run("target-avidxchange", "1.0")
    before = contents(other)
    with pytest.raises(SettingError) as refused:
        put_back(other, copied(url).splitlines())
    assert refused.value.code == "APB-BAK-015"
    assert contents(other) == before


def test_half_a_copy_leaves_nothing(new_url: Made):
    url, other = new_url(), new_url()
    filled(url)
    lines = copied(url).splitlines()
    with pytest.raises(ValueError, match="truncated"):
        put_back(other, [*lines[: len(lines) // 2], b"{"])
    assert end_of(other) is None
    put_back(other, lines)
    assert contents(other) == contents(url)


def test_a_copy_whose_trail_was_changed_is_named(new_url: Made):
    url, other = new_url(), new_url()
    filled(url)
    with pytest.raises(SettingError) as refused:
        put_back(other, copied(url).replace(b"bill-1", b"bill-9").splitlines())
    assert refused.value.code == "APB-BAK-013"


def test_where_no_ledger_is_none_is_made(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/none.db"
    assert copy_out(url, BytesIO()) is None
    assert end_of(url) is None
    assert list(tmp_path.iterdir()) == []
