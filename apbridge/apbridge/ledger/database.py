"""Opening the ledger's database: SQLite or PostgreSQL, and its schema brought up to date."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from apbridge.errors import SettingError, UnavailableError
from apbridge.files import close_to_others
from apbridge.ledger.creation import create
from apbridge.ledger.tables import VERSION, VERSION_TABLE
from apbridge.vault import RecordKeys

_BUSY_SECONDS = 60
_BUSY_PAUSE = 0.01
# Any number will do, as long as nothing else in the database takes it for its own lock.
_UPGRADE_LOCK = 4_257_342_110
_SCHEMA = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_HAS_SCHEMA = text("SELECT 1 FROM pg_namespace WHERE nspname = :schema")
_HAVE_LEDGERS = text(
    "SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE relname = :table AND has_schema_privilege(nspname, 'USAGE') ORDER BY nspname"
)
_VERSION = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - our own constant


class Database:
    """An open database whose schema is current.

    SQLite runs in WAL mode, so that readers never wait for the writer, and with
    `synchronous=FULL`: a STATE that went out promises that its records are in the ledger, and
    NORMAL may forget the last commits when the power fails. Writing transactions begin IMMEDIATE,
    so that two processes queue up for the lock, at most a minute, and neither fails when a read
    turns into a write.

    Args:
        url: `sqlite:///<file>`, `postgresql://…` or `postgresql+psycopg://…`; with `?schema=<name>` all is in
            that schema of the PostgreSQL database, which is made where there is none.
        keys: What seals the head of a trail that begins here; None where there is no vault.

    Raises:
        SettingError: The URL is not usable, or a newer version of this program made the ledger.
        UnavailableError: The database cannot be reached or used.
    """

    def __init__(self, url: str, keys: RecordKeys | None = None) -> None:
        self._keys = keys
        self._held_back: Callable[[], None] | None = None
        found = _parsed(url)
        self._schema, found = _with_schema(found)
        self.name = shown(found, self._schema)
        if found.drivername == "sqlite":
            _make_file(found, self.name)
        self.engine = _engine(found, self._schema)
        self._writer = self.engine.execution_options(writes=True)
        try:
            self._upgrade()
        except BaseException:
            self.engine.dispose()
            raise

    def holds_back(self, write: Callable[[], None]) -> None:
        """Have what is held back written before anybody reads or writes anything else.

        Args:
            write: Writes it, in a transaction begun by `storing`.
        """
        self._held_back = write

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one transaction."""
        self._write_held_back()
        with self._speaking(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read in one transaction that sees one moment, whatever others write meanwhile."""
        self._write_held_back()
        is_so_anyway = self.engine.dialect.name == "sqlite"
        engine = (
            self.engine if is_so_anyway else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        with self._speaking(), engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write in one transaction: all of it or nothing."""
        self._write_held_back()
        with self.storing() as connection:
            yield connection

    @contextmanager
    def storing(self) -> Iterator[Connection]:
        """Write in one transaction, for whoever holds something back."""
        with self._speaking(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        try:
            self._write_held_back()
        finally:
            self.engine.dispose()

    def _write_held_back(self) -> None:
        if self._held_back:
            self._held_back()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as found:
            problem = str(found.orig).strip().split("\n", 1)[0]
            raise UnavailableError("APB-LED-002", ledger=self.name, problem=problem) from found

    def _upgrade(self) -> None:
        if self._is_upgraded():
            return
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            # To make one that is there would need rights that the role may lack.
            if self._schema and not connection.execute(_HAS_SCHEMA, {"schema": self._schema}).scalar():
                connection.execute(text(f'CREATE SCHEMA "{self._schema}"'))
            # Another process may have done it while this one waited for the lock.
            found = _version(connection)
            if found is None:
                create(connection, self._keys)
            elif found != VERSION:
                self._migrate(connection)

    def _is_upgraded(self) -> bool:
        """Return whether the tables are today's, without asking whether they are there: that is slow."""
        with self._speaking():
            try:
                with self.engine.begin() as connection:
                    return bool(connection.execute(_VERSION).scalar() == VERSION)
            except ProgrammingError:
                return False
            except OperationalError as found:
                if "no such table" in str(found.orig):
                    return False
                raise

    def _migrate(self, connection: Connection) -> None:
        # It tells at INFO what it does, from its import on: nobody's business in a run's log.
        logging.getLogger("alembic").setLevel(logging.WARNING)
        # Alembic takes longer to import than a ledger takes to open or to make.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(resources.files("apbridge.ledger") / "migrations"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise SettingError(
                "APB-LED-003", ledger=self.name, found=_version(connection), known=VERSION
            ) from None


@contextmanager
def peeking(url: str) -> Iterator[Connection | None]:
    """Read a ledger as it is: nothing is made or upgraded. None where there is none.

    Raises:
        SettingError: The URL is not usable.
        UnavailableError: The database cannot be reached or read.
    """
    schema, found = _with_schema(_parsed(url))
    if found.drivername == "sqlite" and not Path(str(found.database)).exists():
        yield None
        return
    with _looking(found, schema) as connection:
        yield connection if _version(connection) else None


def in_schemas_beside(url: str) -> dict[str, str]:
    """Return the URLs of the ledgers in other schemas of a ledger's PostgreSQL database, by schema.

    Args:
        url: The ledger's; none are beside one that names no schema.

    Raises:
        SettingError: The URL is not usable.
        UnavailableError: The database cannot be reached or read.
    """
    schema, found = _with_schema(_parsed(url))
    if schema is None:
        return {}
    with _looking(found, schema) as connection:
        names = connection.execute(_HAVE_LEDGERS, {"table": VERSION_TABLE}).scalars().all()
    return {
        name: found.update_query_dict({"schema": name}).render_as_string(hide_password=False)
        for name in names
        if name != schema and _SCHEMA.fullmatch(name)
    }


@contextmanager
def _looking(url: URL, schema: str | None) -> Iterator[Connection]:
    engine = _engine(url, schema)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as failure:
        problem = str(failure.orig).strip().split("\n", 1)[0]
        raise UnavailableError("APB-LED-002", ledger=shown(url, schema), problem=problem) from failure
    finally:
        engine.dispose()


def named(url: str) -> str:
    """Return which database a ledger's URL names, for people.

    Raises:
        SettingError: The URL is not usable.
    """
    schema, found = _with_schema(_parsed(url))
    return shown(found, schema)


def shown(url: URL, schema: str | None = None) -> str:
    """Return which database it is, for people: without what signs in there."""
    # Made anew: `set` takes None for what is to stay.
    bare = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return bare.render_as_string() + (f"?schema={schema}" if schema else "")


def _parsed(url: str) -> URL:
    try:
        found = make_url(url)
    except ArgumentError:
        raise SettingError("APB-LED-001", problem="it is not a database URL") from None
    if found.drivername in {"postgres", "postgresql"}:
        found = found.set(drivername="postgresql+psycopg")
    if found.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise SettingError("APB-LED-001", problem=f"{found.drivername} is not supported")
    if found.drivername == "sqlite" and found.database in {None, "", ":memory:"}:
        raise SettingError("APB-LED-001", problem="it names no file")
    return found


def _with_schema(url: URL) -> tuple[str | None, URL]:
    """Take out of a URL which schema the ledger is in, which no driver knows.

    Raises:
        SettingError: It is no name for one, or the database has none.
    """
    schema = url.query.get("schema")
    if schema is None:
        return None, url
    if url.drivername == "sqlite":
        raise SettingError(
            "APB-LED-001", problem="a SQLite file has no schemas: name a file for each company"
        )
    if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
        problem = "a schema is named once, by at most 60 lower-case letters, digits, - and _"
        raise SettingError("APB-LED-001", problem=problem)
    return schema, url.difference_update_query(["schema"])


def _make_file(url: URL, name: str) -> None:
    # The ledger holds what is owed to whom: nobody else on the machine needs to read it.
    path = Path(str(url.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            close_to_others(file)
    except OSError as found:
        raise UnavailableError("APB-LED-002", ledger=name, problem=found.strerror) from found


def _engine(url: URL, schema: str | None) -> Engine:
    if url.drivername != "sqlite":
        arguments: dict[str, Any] = {"connect_timeout": 10}
        if schema:
            # Of this schema alone: what is not in it must not be looked for in another's.
            given = url.query.get("options", "")
            arguments["options"] = f'{given} -c search_path="{schema}"'.strip()
        try:
            return create_engine(url, connect_args=arguments)
        except ImportError:
            raise SettingError("APB-LED-004") from None
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:  # noqa: ANN401
        # The driver would begin transactions by its own rules; the listener below begins them.
        connection.isolation_level = None
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep the journal as a write-ahead log.

    Where several open a new file at once, SQLite refuses all but one of them, without the wait that it has
    for everything else.
    """
    until = monotonic() + _BUSY_SECONDS
    while not _is_write_ahead(connection, is_last=monotonic() > until):
        sleep(_BUSY_PAUSE)


def _is_write_ahead(connection: sqlite3.Connection, *, is_last: bool) -> bool:
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as failure:
        if is_last or "locked" not in str(failure):
            raise
        return False
    return True


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(_VERSION).scalar()
    return str(found) if found is not None else None
