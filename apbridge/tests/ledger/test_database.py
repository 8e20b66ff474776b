from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, select, text

from apbridge import ledger as package
from apbridge.errors import APBridgeError, SettingError, UnavailableError
from apbridge.ledger import Ledger, TrailCheck, database
from apbridge.ledger.run_history import RunHistory
from apbridge.ledger.tables import VERSION, VERSION_TABLE, metadata
from tests import forked
from tests.waiting import PATIENCE

MIGRATIONS = Path(package.__file__).parent / "migrations"

TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, pg_get_triggerdef(oid, true), pg_get_functiondef(tgfoid)"
    " FROM pg_trigger WHERE NOT tgisinternal",
}


def revisions() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        yield connection


def migrate(url: str, revision: str = "head") -> None:
    """Make a ledger by its migrations, all of them up to a revision."""
    config = revisions()
    with connected(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def description(url: str) -> dict[str, Any]:
    """Return what is in a database that nobody has used: tables, what guards them, and rows."""
    with connected(url) as connection:
        found: dict[str, Any] = {}
        seen = inspect(connection)
        for table in seen.get_table_names():
            columns = [one | {"type": repr(one["type"])} for one in seen.get_columns(table)]
            indexes = [
                {**one, "dialect_options": {name: str(said) for name, said in one["dialect_options"].items()}}
                for one in seen.get_indexes(table)
            ]
            rows = connection.execute(select(text("*")).select_from(text(table))).all()
            found[table] = {
                "columns": sorted(columns, key=lambda one: str(one["name"])),
                "key": seen.get_pk_constraint(table),
                "others": (seen.get_foreign_keys(table), seen.get_check_constraints(table)),
                "unique": seen.get_unique_constraints(table),
                "indexes": sorted(indexes, key=lambda one: str(one["name"])),
                "rows": [list(row) for row in rows],
            }
        triggers = connection.execute(text(TRIGGERS[connection.dialect.name])).all()
        found["triggers"] = sorted(" ".join(" ".join(row).split()) for row in triggers)
    return found


def test_a_new_ledger_is_what_the_migrations_make(new_url: Callable[[], str]) -> None:
    at_once, step_by_step = new_url(), new_url()
    Ledger(at_once).close()
    migrate(step_by_step)
    made, expected = description(at_once), description(step_by_step)
    for found in (made, expected):
        # Each ledger has another one.
        ((name, generation),) = found["apbridge_identity"].pop("rows")
        assert name == "generation"
        assert re.fullmatch("[0-9a-f]{16}", generation)
    assert made == expected
    assert len(made["triggers"]) >= 1
    assert made["apbridge_audit_head"]["rows"] == [[1, 0, "0" * 64, None]]


def test_a_ledger_that_the_migrations_made_is_current(url: str) -> None:
    migrate(url)
    with Ledger(url) as ledger:
        run = ledger.start_run("toy", "1.0")
        with run.audited(system="toy", operation="write", external_id="v-1", body={}):
            pass
        assert ledger.verify() == TrailCheck(2)


def test_a_ledger_of_an_earlier_version_is_brought_up_to_date(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger(url).close()
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "migrations/versions/v9999_next.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '9999', '{VERSION}'\n"
        "def upgrade():\n"
        "    op.execute('ALTER TABLE apbridge_claims ADD COLUMN next INTEGER')\n"
    )
    monkeypatch.setattr(database, "VERSION", "9999")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    for _ in range(2):
        with Ledger(url) as ledger, ledger.database.reading() as connection:
            assert "next" in {one["name"] for one in inspect(connection).get_columns("apbridge_claims")}


def test_runs_from_before_orchestrators_were_named_are_still_told(url: str) -> None:
    migrate(url, "0001")
    started = "INSERT INTO apbridge_runs (plugin, actor, started_at, status)"
    with connected(url) as connection:
        connection.execute(text(f"{started} VALUES ('target-a', 'me', '2026-11-30 20:00:00', 'finished')"))
    with Ledger(url) as ledger:
        (run,) = RunHistory(ledger).runs()
    assert (run.actor, run.orchestrator_run) == ("me", None)


def test_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    migrate(url)
    with connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_the_code_asks_for_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(revisions()).get_current_head() == VERSION


def test_a_current_ledger_is_looked_at_once_and_not_touched(url: str) -> None:
    Ledger(url).close()
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        Ledger(url).close()
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    # Whether it is today's, and whose it is.
    assert [one.split()[0] for one in said if "apbridge" in one and "PRAGMA" not in one] == ["SELECT"] * 2
    assert len(said) <= 5


def test_a_ledger_is_made_and_opened_without_alembic(url: str) -> None:
    program = (
        "import sys; from apbridge.ledger import Ledger; Ledger(sys.argv[1]).close(); "
        "sys.exit('alembic' in sys.modules)"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program, url], check=True)


def test_processes_that_open_a_new_ledger_at_once_all_succeed(url: str) -> None:
    program = "import sys; from apbridge.ledger import Ledger; Ledger(sys.argv[1]).close()"
    opening = [forked.Program("-c", program, url) for _ in range(4)]
    assert [process.wait(PATIENCE) for process in opening] == [0] * 4


def test_a_ledger_of_a_newer_version_is_left_alone(url: str) -> None:
    with Ledger(url) as ledger, ledger._database.writing() as connection:
        connection.execute(text("UPDATE apbridge_ledger_version SET version_num = '9999'"))
    with pytest.raises(SettingError, match="newer version") as found:
        Ledger(url)
    assert found.value.code == "APB-LED-003"


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", ""])
def test_an_unusable_url_names_the_setting(url: str) -> None:
    with pytest.raises(SettingError, match="ledger_url"):
        Ledger(url)


def test_an_unreachable_database_is_said_without_what_signs_in_there() -> None:
    with pytest.raises(UnavailableError) as found:
        Ledger("postgresql://somebody:hunter2@127.0.0.1:1/books?password=hunter3")
    assert "127.0.0.1:1/books" in str(found.value)
    assert "hunter" not in str(found.value)
    assert "somebody" not in str(found.value)


def test_a_missing_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingError, match=r"apbridge\[postgres\]"):
        Ledger("postgresql://127.0.0.1:1/books")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="cannot be used"):
        Ledger(f"sqlite:///{tmp_path}/file/ledger.db")
    (tmp_path / "file").write_text("this is no database, whatever its name says" * 50)
    with pytest.raises(UnavailableError, match="not a database"):
        Ledger(f"sqlite:///{tmp_path}/file")


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    Ledger(f"sqlite:///{tmp_path}/deep/down/ledger.db").close()
    assert (tmp_path / "deep/down/ledger.db").stat().st_mode & 0o777 == 0o600


def test_sqlite_forgets_nothing_when_the_power_fails(tmp_path: Path) -> None:
    with (
        Ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger,
        ledger._database.reading() as connection,
    ):
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_what_is_not_finished_is_not_written(ledger: Ledger) -> None:
    class PulledOutError(Exception):
        pass

    def half() -> None:
        with ledger._database.writing() as connection:
            connection.execute(text("INSERT INTO apbridge_audit_head (id, seq, hash) VALUES (2, 0, 'x')"))
            raise PulledOutError

    with pytest.raises(PulledOutError):
        half()
    with ledger._database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM apbridge_audit_head")).scalar() == 1


def test_errors_of_the_database_are_said_plainly(ledger: Ledger) -> None:
    with ledger._database.writing() as connection:
        connection.execute(text("DROP TABLE apbridge_records"))
    with pytest.raises(APBridgeError, match="apbridge_records") as found:
        ledger.rows("toy", "vendors", ["v"])
    assert "\n" not in str(found.value)


def test_any_number_may_open_a_new_ledger_at_the_same_moment(tmp_path: Path):
    """SQLite refuses one in some twenty at once, so there are many."""
    failures: list[Exception] = []

    def opened(url: str, together: Barrier) -> None:
        together.wait()
        try:
            Ledger(url).close()
        except APBridgeError as failure:
            failures.append(failure)

    for number in range(60):
        together = Barrier(4)
        url = f"sqlite:///{tmp_path / str(number)}.db"
        threads = [Thread(target=opened, args=(url, together)) for _ in range(together.parties)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
