"""The ledger's tables.

Their names begin with `apbridge_`, because the PostgreSQL database may be the one that holds
Meltano's own state, with its own `runs` and `alembic_version`. A new ledger is made from them, an older
one is brought to them by the migrations; a test compares both.
"""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    and_,
)


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC, also where the database keeps no time zone (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC."""
        if value is None:
            return None
        in_utc = value.astimezone(timezone.utc)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it in UTC."""
        if value is None:
            return None
        return (
            value.replace(tzinfo=timezone.utc) if dialect.name == "sqlite" else value.astimezone(timezone.utc)
        )


class Kept(TypeDecorator[bytes]):
    """What is kept of a record, in bytes: SQLite returns a text or a number where somebody has put one."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: object, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Return it; no bytes at all, which no run keeps, in place of what is none."""
        return value if value is None or isinstance(value, bytes) else b""


metadata = MetaData()

runs = Table(
    "apbridge_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plugin", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("status", String(20), nullable=False),
    Column("counts", Text),
    Column("code", String(20)),
    Column("error", Text),
    Column("state_told_at", UtcTime),
    # What an orchestrator calls the run, where one has started it.
    Column("orchestrator_run", Text),
    Index("apbridge_runs_plugin", "plugin", "id"),
)

WHERE = "where"
"""What an index calls the condition of the rows that it is of, where it is not of all."""

records = Table(
    "apbridge_records",
    metadata,
    Column("system", String(40), nullable=False),
    Column("stream", String(80), nullable=False),
    Column("external_id", String(100), nullable=False),
    Column("source_id", Text),
    Column("content_hash", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("remote_id", Text),
    Column("attempts", Integer, nullable=False),
    Column("code", String(20)),
    Column("says", Text),
    Column("do", Text),
    Column("waits_for", Text),
    Column("facts", Text),
    Column("payload", Kept),
    Column("needs_refetch", Boolean, nullable=False),
    Column("acknowledged_at", UtcTime),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("run_id", Integer, nullable=False),
    # What people call it and how much it is about, for lists; what it can be found by is in `names`.
    Column("number", Text),
    Column("amount", Text),
    Column("currency", String(10)),
    # Since when it waits or is rejected, whatever its content was meanwhile.
    Column("open_since", UtcTime),
    Column("retry_asked_at", UtcTime),
    Column("dismissed_at", UtcTime),
    Column("dismissed_by", Text),
    Column("dismissed_because", Text),
    Column("source_modified_at", String(40)),
    Column("trail_seq", BigInteger, nullable=False, server_default="0"),
    Column("look_again_at", UtcTime),
    # The external id first: PostgreSQL would walk all rows of a stream for a list of them otherwise.
    PrimaryKeyConstraint("external_id", "stream", "system"),
    Index("apbridge_records_status", "system", "status", "stream", "external_id"),
    # Pages of exceptions are cut from this index alone: the rows are wide where a payload is kept.
    Index("apbridge_records_open", "open_since", "external_id", "stream", "system", "status", "code"),
    # In the order in which monitoring counts and adds up what is open, so that nothing is sorted for it.
    Index(
        "apbridge_records_open_sums",
        *("system", "stream", "status", "code", "currency", "open_since", "amount"),
        # As an option of a database it would load what SQLAlchemy has of that one: see `creation`.
        info={WHERE: "open_since IS NOT NULL"},
    ),
    Index("apbridge_records_look_again", "look_again_at"),
)


def is_row_of(system: str, stream: str, external_id: str) -> ColumnElement[bool]:
    """Return what chooses the row of one record."""
    return and_(records.c.system == system, records.c.stream == stream, records.c.external_id == external_id)


names = Table(
    "apbridge_names",
    metadata,
    Column("name", String(200), nullable=False),
    Column("external_id", String(100), nullable=False),
    Column("stream", String(80), nullable=False),
    Column("system", String(40), nullable=False),
    PrimaryKeyConstraint("name", "external_id", "stream", "system"),
    Index("apbridge_names_external_id", "external_id", "stream", "system"),
)

audit = Table(
    "apbridge_audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("phase", String(10), nullable=False),
    Column("answers", BigInteger),
    Column("system", String(40), nullable=False),
    Column("operation", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("request_id", Text),
    Column("status", Integer),
    Column("body", Text),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("apbridge_audit_external_id", "external_id"),
)

GENESIS = "0" * 64
"""What the first row of the audit trail has for the hash of the row before it."""

audit_head = Table(
    "apbridge_audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("seal", String(100)),
)

reconciliations = Table(
    "apbridge_reconciliations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("as_of", String(10)),
    Column("differences", Integer, nullable=False),
    Column("unexplained", Integer, nullable=False),
    Column("summary", Text, nullable=False),
)

observations = Table(
    "apbridge_observations",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("value", Text, nullable=False),
)

GENERATION = "generation"
"""Name under which a ledger's identity keeps what tells it from every other one."""

identity = Table(
    "apbridge_identity",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

claims = Table(
    "apbridge_claims",
    metadata,
    Column("remote_id", String(100), nullable=False),
    Column("system", String(40), nullable=False),
    Column("external_id", String(100), nullable=False),
    Column("run_id", Integer, nullable=False),
    PrimaryKeyConstraint("remote_id", "system"),
)

VERSION_TABLE = "apbridge_ledger_version"
VERSION = "0003"
"""Revision of these tables: the newest in `migrations/versions`."""
