"""Making a new ledger: its tables, what guards them, and its first rows.

The migrations would make the same, but Alembic takes longer to import than a ledger to make. A test compares
both.
"""

from __future__ import annotations

import secrets
from functools import cache
from operator import attrgetter

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, text
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from apbridge.ledger.anchor import Anchor
from apbridge.ledger.dialects import of_dialect
from apbridge.ledger.tables import (
    GENERATION,
    GENESIS,
    VERSION,
    VERSION_TABLE,
    WHERE,
    audit_head,
    identity,
    metadata,
)
from apbridge.vault import RecordKeys

_APPEND_ONLY = {
    "sqlite": (
        """
        CREATE TRIGGER apbridge_audit_no_update BEFORE UPDATE ON apbridge_audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
        """,
        """
        CREATE TRIGGER apbridge_audit_no_delete BEFORE DELETE ON apbridge_audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION apbridge_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$
        """,
        """
        CREATE TRIGGER apbridge_audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON apbridge_audit
        FOR EACH STATEMENT EXECUTE FUNCTION apbridge_audit_refuse()
        """,
    ),
}

# Beside the other tables, not among them: Alembic, whose table it is, compares only those.
_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def create(connection: Connection, keys: RecordKeys | None) -> None:
    """Create everything in an empty database, in the transaction that is open.

    Args:
        connection: To the database.
        keys: What seals the trail's head; None where there is no vault.
    """
    for statement in _tables(connection.dialect.name):
        connection.exec_driver_sql(statement)
    head = Anchor(0, GENESIS, secrets.token_hex(8))
    seal = keys.sign(*head.signed) if keys else None
    connection.execute(insert(audit_head).values(id=1, seq=head.seq, hash=head.hash, seal=seal))
    connection.execute(insert(identity).values(name=GENERATION, value=head.ledger))
    connection.execute(insert(_version).values(version_num=VERSION))


@cache
def _tables(dialect: str) -> list[str]:
    """Write out once what makes the tables and what guards them: it takes longer than to carry it out."""
    speaks = of_dialect(dialect).dialect()
    made: list[ExecutableDDLElement] = []
    for table in (*metadata.sorted_tables, _version):
        for index in table.indexes:
            if WHERE in index.info:
                index.dialect_options[dialect]["where"] = text(index.info[WHERE])
        made += [
            CreateTable(table),
            *(CreateIndex(index) for index in sorted(table.indexes, key=attrgetter("name"))),
        ]
    return [*(str(one.compile(dialect=speaks)) for one in made), *_APPEND_ONLY[dialect]]
