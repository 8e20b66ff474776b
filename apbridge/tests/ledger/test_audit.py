from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from apbridge.errors import RefusedError, UnavailableError
from apbridge.ledger import Ledger, Run
from apbridge.ledger.tables import audit
from tests import forked
from tests.examples import examples
from tests.waiting import PATIENCE


def write(run: Run, number: int) -> None:
    body = {"externalId": f"b-{number}", "taxId": "12-3456789"}
    with run.audited(
        system="toy", operation="upsert invoice", external_id=f"b-{number}", body=body
    ) as answer:
        answer.status = 201
        answer.request_id = f"req-{number}"
        answer.body = {"id": number, "token": "t0ps3cret"}


def trail(ledger: Ledger) -> list[dict[str, object]]:
    with ledger._database.reading() as connection:
        found = connection.execute(text("SELECT * FROM apbridge_audit ORDER BY seq"))
        return [dict(row) for row in found.mappings()]


def test_a_write_leaves_two_rows(ledger: Ledger) -> None:
    run = ledger.start_run("target-toy", "1.0")
    write(run, 7)
    sent, answered = trail(ledger)
    assert (sent["seq"], sent["phase"], sent["answers"]) == (1, "sent", None)
    assert (answered["seq"], answered["phase"], answered["answers"]) == (2, "answered", 1)
    for row in (sent, answered):
        assert row["run_id"] == run.id
        assert str(row["actor"]).startswith("target-toy 1.0, ")
        assert (row["system"], row["operation"], row["external_id"]) == ("toy", "upsert invoice", "b-7")
        assert "12-3456789" not in str(row)
        assert "t0ps3cret" not in str(row)
    assert json.loads(str(sent["body"]))["externalId"] == "b-7"
    assert (answered["status"], answered["request_id"]) == (201, "req-7")
    assert ledger.verify().broken_at is None


def test_what_is_sent_is_on_the_trail_before_it_goes(ledger: Ledger) -> None:
    run = ledger.start_run("target-toy", "1.0")
    with run.audited(system="toy", operation="upsert", external_id="b-1", body={}):
        assert [row["phase"] for row in trail(ledger)] == ["sent"]


def phases(file: Path) -> list[str]:
    """Return what another process finds stored."""
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT phase FROM apbridge_audit ORDER BY seq")]


def test_an_answer_needs_no_commit_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with Ledger(f"sqlite:///{file}") as ledger:
        run = ledger.start_run("target-toy", "1.0")
        write(run, 1)
        assert phases(file) == ["sent"]
        with run.audited(system="toy", operation="upsert", external_id="b-2", body={}):
            assert phases(file) == ["sent", "answered", "sent"]
    assert phases(file) == ["sent", "answered", "sent", "answered"]


def test_an_answer_is_stored_before_what_became_of_its_record(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with Ledger(f"sqlite:///{file}") as ledger:
        run = ledger.start_run("target-toy", "1.0")
        for use in (lambda: ledger.rows("toy", "bills", ["b-1"]), run.tells_state, ledger.audit.anchor):
            write(run, 1)
            use()
            assert phases(file)[-2:] == ["sent", "answered"]


def test_nothing_is_read_while_another_thread_stores_the_answer(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ledger.start_run("target-toy", "1.0")
    write(run, 1)
    begun, goes_on = Event(), Event()
    store = ledger.audit._write

    def slowly(taken: Sequence[Any]) -> Sequence[Any]:
        begun.set()
        assert goes_on.wait(PATIENCE)
        return store(taken)

    monkeypatch.setattr(ledger.audit, "_write", slowly)
    with ThreadPoolExecutor(2) as pool:
        sending = pool.submit(write, run, 2)
        assert begun.wait(PATIENCE)
        reading = pool.submit(trail, ledger)
        Timer(0.2, goes_on.set).start()
        assert [row["phase"] for row in reading.result()][:2] == ["sent", "answered"]
        sending.result()


def test_that_no_answer_came_is_stored_at_once(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with Ledger(f"sqlite:///{file}") as ledger:
        run = ledger.start_run("target-toy", "1.0")
        with pytest.raises(KeyError), run.audited(system="toy", operation="x", external_id="b-1", body=None):
            raise KeyError
        assert phases(file) == ["sent", "unanswered"]


def test_an_answer_that_cannot_be_stored_is_an_error_and_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with Ledger(f"sqlite:///{file}") as ledger, closing(sqlite3.connect(file)) as connection:
        run = ledger.start_run("target-toy", "1.0")
        write(run, 1)
        connection.executescript(
            "CREATE TRIGGER full BEFORE INSERT ON apbridge_audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        for use in (lambda: ledger.rows("toy", "bills", ["b-1"]), run.tells_state, lambda: write(run, 2)):
            with pytest.raises(UnavailableError, match="full"):
                use()
        connection.executescript("DROP TRIGGER full")
        write(run, 3)
        assert [row["external_id"] for row in trail(ledger)] == ["b-1", "b-1", "b-3", "b-3"]
        assert ledger.verify().broken_at is None


def test_a_refusal_and_silence_are_answers_too(ledger: Ledger) -> None:
    run = ledger.start_run("target-toy", "1.0")
    for error in (
        RefusedError("APB-LED-002", status=409, ledger="toy", problem="no"),
        UnavailableError("APB-LED-002", ledger="toy", problem="gone"),
        KeyError("t0ps3cret"),
    ):
        with (
            pytest.raises(type(error)),
            run.audited(system="toy", operation="upsert", external_id="b-1", body=None),
        ):
            raise error
    refused, silent, unexpected = trail(ledger)[1::2]
    assert refused["status"] == 409
    assert "APB-LED-002" in str(refused["body"])
    assert "gone" in str(silent["body"])
    assert json.loads(str(unexpected["body"]))["error"] == "KeyError"
    assert "t0ps3cret" not in str(unexpected)


def test_rows_cannot_be_changed_or_removed(ledger: Ledger) -> None:
    write(ledger.start_run("target-toy", "1.0"), 1)
    statements = ["UPDATE apbridge_audit SET actor = 'nobody'", "DELETE FROM apbridge_audit"]
    if ledger._database.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE apbridge_audit")
    for statement in statements:
        with (
            pytest.raises(UnavailableError, match="append-only"),
            ledger._database.writing() as connection,
        ):
            connection.execute(text(statement))
    assert ledger.verify().rows == 2


def unlock(ledger: Ledger, *statements: str) -> None:
    """Do what the triggers forbid, as somebody with the database in hand can."""
    sqlite = ledger._database.engine.dialect.name == "sqlite"
    unlocking = (
        ["DROP TRIGGER apbridge_audit_no_update", "DROP TRIGGER apbridge_audit_no_delete"]
        if sqlite
        else ["ALTER TABLE apbridge_audit DISABLE TRIGGER USER"]
    )
    with ledger._database.writing() as connection:
        for statement in (*unlocking, *statements):
            connection.execute(text(statement))


TAMPERINGS = {
    "first removed": ("DELETE FROM apbridge_audit WHERE seq = 1", 1),
    "middle removed": ("DELETE FROM apbridge_audit WHERE seq = 9", 9),
    "last removed": ("DELETE FROM apbridge_audit WHERE seq = 20", 20),
    "all removed": ("DELETE FROM apbridge_audit", 1),
    "head removed": ("DELETE FROM apbridge_audit_head", 21),
    "head set back": ("UPDATE apbridge_audit_head SET seq = 19", 21),
    "hash changed": ("UPDATE apbridge_audit SET hash = previous WHERE seq = 5", 5),
    "previous changed": ("UPDATE apbridge_audit SET previous = hash WHERE seq = 5", 5),
    "seq changed": ("UPDATE apbridge_audit SET seq = 21 WHERE seq = 20", 20),
    "added": (
        """
        INSERT INTO apbridge_audit SELECT 21, at, run_id, actor, phase, answers, system, operation,
        external_id, request_id, status, body, previous, hash FROM apbridge_audit WHERE seq = 20
        """,
        21,
    ),
    **{
        f"{column} changed": (f"UPDATE apbridge_audit SET {column} = {value} WHERE seq = 12", 12)  # noqa: S608
        for column, value in {
            "at": "replace(at, 'T', ' ')",
            "run_id": "run_id + 1",
            "actor": "'someone else'",
            "phase": "'sent'",
            "answers": "NULL",
            "system": "'toi'",
            "operation": "'Upsert invoice'",
            "external_id": "'b-99'",
            "request_id": "''",
            "status": "202",
            "body": "replace(body, '5', '6')",
        }.items()
    },
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_verify_names_the_first_broken_link(ledger: Ledger, tampering: str) -> None:
    run = ledger.start_run("target-toy", "1.0")
    for number in range(10):
        write(run, number)
    assert ledger.verify().rows == 20
    statement, broken_at = TAMPERINGS[tampering]
    unlock(ledger, statement)
    check = ledger.verify()
    assert (check.broken_at, check.rows) == (broken_at, broken_at - 1)
    assert check.because


def test_verify_finds_a_swapped_pair(ledger: Ledger) -> None:
    run = ledger.start_run("target-toy", "1.0")
    for number in range(10):
        write(run, number)
    move = "UPDATE apbridge_audit SET seq = {} WHERE seq = {}"
    unlock(ledger, move.format(100, 7), move.format(7, 8), move.format(8, 100))
    assert ledger.verify().broken_at == 7


def test_verify_finds_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with Ledger(f"sqlite:///{file}") as ledger:
        run = ledger.start_run("target-toy", "1.0")
        for number in range(3):
            write(run, number)
        unlock(ledger)
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE apbridge_audit SET body = CAST(x'ff' AS TEXT) WHERE seq = 3")
        assert ledger.verify().broken_at == 3


def test_threads_and_processes_share_one_chain(url: str) -> None:
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
from apbridge.ledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    run = ledger.start_run("target-toy", "1.0")
    def write(number):
        with run.audited(system="toy", operation="upsert", external_id=f"b-{number}", body={}) as answer:
            answer.status = 200
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(60)))
"""
    Ledger(url).close()
    writing = [forked.Program("-c", program, url) for _ in range(3)]
    assert [process.wait(PATIENCE) for process in writing] == [0] * 3
    with Ledger(url) as ledger:
        assert ledger.verify().broken_at is None
        rows = trail(ledger)
    assert [row["seq"] for row in rows] == list(range(1, 361))
    sent = {row["seq"]: row for row in rows if row["phase"] == "sent"}
    for row in rows:
        if row["phase"] == "answered":
            question = sent.pop(row["answers"])
            assert question["external_id"] == row["external_id"]
            assert question["run_id"] == row["run_id"]
    assert not sent


def test_what_cannot_be_recorded_is_not_sent(ledger: Ledger) -> None:
    run = ledger.start_run("target-toy", "1.0")
    with ledger._database.writing() as connection:
        connection.execute(text("DROP TABLE apbridge_audit"))

    def one(_: int) -> bool:
        with (
            pytest.raises(UnavailableError),
            run.audited(system="toy", operation="upsert", external_id="b", body={}),
        ):
            return True
        return False

    with ThreadPoolExecutor(4) as threads:
        assert not any(threads.map(one, range(8)))


@pytest.fixture(scope="module")
def whole_trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger with a trail of 24 rows whose triggers are gone."""
    file = tmp_path_factory.mktemp("trail") / "ledger.db"
    with Ledger(f"sqlite:///{file}") as ledger:
        run = ledger.start_run("target-toy", "1.0")
        for number in range(12):
            write(run, number)
        unlock(ledger)
    return file


COLUMNS = [column.name for column in audit.columns]


@settings(max_examples=examples(30))
@given(data=st.data())
def test_one_changed_byte_a_removed_row_or_a_swapped_pair_is_always_found(
    whole_trail: Path, data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, 24), "row")
    with closing(sqlite3.connect(whole_trail)) as source, closing(sqlite3.connect(":memory:")) as db:
        source.backup(db)
        kind = data.draw(st.sampled_from(["byte", "removed", "swapped"]))
        if kind == "byte":
            column = data.draw(st.sampled_from(COLUMNS))
            found = db.execute(f"SELECT CAST({column} AS BLOB) FROM apbridge_audit WHERE seq = ?", (first,))  # noqa: S608
            before = bytearray(found.fetchone()[0] or b"")
            assume(before)
            place = data.draw(st.integers(0, len(before) - 1), "place")
            before[place] = data.draw(st.integers(0, 255).filter(lambda new: new != before[place]), "byte")
            changed = f"UPDATE apbridge_audit SET {column} = CAST(? AS TEXT) WHERE seq = ?"  # noqa: S608
            try:
                db.execute(changed, (bytes(before), first))
            except sqlite3.IntegrityError:
                assume(condition=False)
        elif kind == "removed":
            db.execute("DELETE FROM apbridge_audit WHERE seq = ?", (first,))
        else:
            second = data.draw(st.integers(1, 24).filter(lambda other: other != first), "other")
            for new, old in ((99, first), (first, second), (second, 99)):
                db.execute("UPDATE apbridge_audit SET seq = ? WHERE seq = ?", (new, old))
            first = min(first, second)
        db.commit()
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "ledger.db"
            with closing(sqlite3.connect(copy)) as written:
                db.backup(written)
            with Ledger(f"sqlite:///{copy}") as ledger:
                check = ledger.verify()
    assert check.broken_at is not None
    assert check.broken_at <= first
    assert check.because
