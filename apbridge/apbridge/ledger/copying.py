"""A copy of a whole ledger as lines of JSON, from one database into another, be they SQLite or PostgreSQL.

First of each table comes a line with its name and its columns, then one a row.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text

from apbridge.errors import SettingError
from apbridge.json import dumps, loads
from apbridge.ledger.audit import AuditTrail
from apbridge.ledger.database import Database, peeking
from apbridge.ledger.head import anchor_of, read_head
from apbridge.ledger.tables import (
    GENESIS,
    VERSION,
    Kept,
    UtcTime,
    audit_head,
    identity,
    metadata,
    records,
    runs,
)
from apbridge.vault import RecordKeys

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class LedgerEnd:
    """How far a ledger has come.

    Args:
        generation: What tells it from every other one, and from none of its copies.
        seq: The last row of its audit trail.
        hash: That row's.
        run: Its newest run.
        version: Of its tables.
    """

    generation: str
    seq: int
    hash: str
    run: int
    version: str = VERSION

    def __str__(self) -> str:
        return f"run {self.run}, row {self.seq}:{self.hash[:12]} of its audit trail"


def copy_out(url: str, to: IO[bytes]) -> tuple[LedgerEnd, Mapping[str, int]] | None:
    """Write a ledger out as it is at one moment; runs may write on.

    Args:
        url: Where it is.
        to: Where the lines go.

    Returns:
        How far it had come, and how many rows each table has; None where there is no ledger.

    Raises:
        SettingError: The URL is not usable, or the trail has lost its head.
        UnavailableError: It cannot be read.
    """
    with _there(url) as database:
        if database is None:
            return None
        with database.snapshot() as connection:
            end = _end(connection, database.name)
            return end, {str(table.name): _written(connection, table, to) for table in metadata.sorted_tables}


@contextmanager
def _there(url: str) -> Iterator[Database | None]:
    """Open a ledger, and make none: None where there is none."""
    with peeking(url) as found:
        is_there = found is not None
    database = Database(url) if is_there else None
    try:
        yield database
    finally:
        if database:
            database.close()


def _written(connection: Connection, table: Table, to: IO[bytes]) -> int:
    to.write(dumps({"table": str(table.name), "columns": [*map(str, table.columns.keys())]}) + b"\n")
    chosen = select(table).order_by(*table.primary_key.columns)
    rows = 0
    for row in connection.execute(chosen, execution_options={"yield_per": _ROWS_AT_ONCE}):
        to.write(dumps([_plain(value) for value in row]) + b"\n")
        rows += 1
    return rows


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.isoformat()
    return b64encode(value).decode() if isinstance(value, bytes) else value


def end_of(url: str) -> LedgerEnd | None:
    """Return how far a ledger has come; None where there is none, or nothing in it.

    Raises:
        SettingError: The URL is not usable, or the trail has lost its head.
        UnavailableError: It cannot be read.
    """
    with _there(url) as database:
        if database is None:
            return None
        with database.reading() as connection:
            return None if _is_empty(connection) else _end(connection, database.name)


def put_back(url: str, lines: Iterable[bytes], keys: RecordKeys | None = None) -> None:
    """Write a copy into a ledger in which nothing is yet, all of it or nothing.

    Args:
        url: Where it is to be; it is made where there is none.
        lines: Of the copy.
        keys: What the end of its trail is sealed with; None where there is no vault.

    Raises:
        SettingError: The URL is not usable, something is in the ledger, or the copy's trail is broken.
        UnavailableError: It cannot be written.
    """
    database = Database(url, keys)
    try:
        with database.writing() as connection:
            if not _is_empty(connection):
                raise SettingError("APB-BAK-015", ledger=database.name)
            for table in (audit_head, identity):
                connection.execute(delete(table))
            for table, rows in _tables(lines):
                while some := list(islice(rows, _ROWS_AT_ONCE)):
                    connection.execute(insert(table), some)
            if connection.dialect.name == "postgresql":
                _go_on_counting(connection)
        trail = AuditTrail(database, keys).verify()
        if trail.broken_at:
            raise SettingError("APB-BAK-013", ledger=database.name, row=trail.broken_at)
    finally:
        database.close()


def _tables(lines: Iterable[bytes]) -> Iterator[tuple[Table, Iterator[dict[str, Any]]]]:
    """Yield each table with its rows, which must be read before the next is asked for."""
    heads: list[Mapping[str, Any]] = []
    left = iter(lines)

    def rows(table: Table, names: list[str]) -> Iterator[dict[str, Any]]:
        for line in left:
            found = loads(line)
            if isinstance(found, Mapping):
                heads.append(found)
                return
            yield {name: _read(table, name, value) for name, value in zip(names, found, strict=True)}

    first = next(left, None)
    heads += [loads(first)] if first else []
    while heads:
        head = heads.pop()
        table = metadata.tables[head["table"]]
        yield table, rows(table, head["columns"])


def _read(table: Table, name: str, value: Any) -> Any:  # noqa: ANN401
    kind = table.columns[name].type
    if value is None:
        return None
    if isinstance(kind, UtcTime):
        return datetime.fromisoformat(value)
    return b64decode(value) if isinstance(kind, Kept) else value


def _go_on_counting(connection: Connection) -> None:
    """Have PostgreSQL count on from the ids that were put in."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        newest = connection.execute(select(func.max(column))).scalar()
        if newest:
            name = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
            connection.execute(text(f"SELECT setval({name}, :newest)"), {"newest": newest})


def _is_empty(connection: Connection) -> bool:
    has_rows = any(connection.execute(select(table).limit(1)).first() for table in (runs, records))
    head = connection.execute(select(audit_head.c.hash)).scalar()
    return not has_rows and head == GENESIS


def _end(connection: Connection, name: str) -> LedgerEnd:
    head = anchor_of(read_head(connection, name))
    run = connection.execute(select(func.max(runs.c.id))).scalar() or 0
    return LedgerEnd(str(head.ledger), head.seq, head.hash, run)
