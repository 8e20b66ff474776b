"""What runs ask of their ledgers, compiled once in a process.

A run compiles some forty statements for its ledger, and the tests make thousands of runs: all ledgers on
SQLite share what one has compiled.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from apbridge.ledger.rows import RemoteFacts, RowUpdate, Status
from apbridge.ledger.run_history import RunHistory
from apbridge.ledger.store import Ledger
from apbridge.origin import Origin

_COMPILED: dict[Any, Any] = {}


def share() -> None:
    """Let all ledgers on SQLite of this process, and of what is forked from it, share it."""
    # A statement's key holds its dialect, so those are told to be the same.
    alike: dict[str, Any] = {
        "engine_created": classmethod(_share),
        "__eq__": lambda one, other: type(one) is type(other),
        "__hash__": lambda one: hash(type(one)),
    }
    for name, behaviour in alike.items():
        setattr(SQLiteDialect_pysqlite, name, behaviour)


def _share(_: type[SQLiteDialect_pysqlite], engine: Engine) -> None:
    engine.update_execution_options(compiled_cache=_COMPILED)


def compile_usual() -> None:
    """Ask a ledger what every target's run asks of its own."""
    system, stream, name = "avidxchange", "bills", "netsuite-1-vendorbill-1"
    with TemporaryDirectory() as folder, Ledger(f"sqlite:///{Path(folder, 'ledger.db')}") as ledger:
        ledger.is_new("target")
        run = ledger.start_run("target", "1")
        mark = ledger.identity.mark()
        with run.audited(system=system, operation="upsert invoice", external_id=name, body={}):
            ledger.known()
        ledger.write(run.id, system, [RowUpdate(stream, name, None, "hash", Status.WAITING, remote_id="1")])
        ledger.found(run.id, system, stream, {name: RemoteFacts("1", {})}, listed_at=0)
        ledger.seen(run.id, system, stream, {name: None, "another": None})
        ledger.rows(system, stream, [name])
        ledger.newest_write(system, [name])
        for rows in (
            ledger.all_rows(system, stream),
            ledger.all_rows(system, stream, asked=True),
            ledger.to_look_at_again(system, stream),
        ):
            list(rows)
        ledger.streams_to_try_again(system)
        ledger.streams_to_refetch(system)
        ledger.streams_undecryptable(system)
        run.tells_state()
        ledger.identity.check(mark, run.id + 1)
        ledger.audit.anchor()
        RunHistory(ledger).remember("until", None)
        RunHistory(ledger).recall("until")
        ledger.identity.see(Origin(system, {}))
        ledger.identity.take(Origin(system, {}))
        run.finish("finished", {})
