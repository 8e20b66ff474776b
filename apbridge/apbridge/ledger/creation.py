"""Making a new ledger: its tables, what guards them, and its first rows.

The migrations would make the same, but Alembic takes longer to import than a ledger to make. A test compares
both.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, text

from apbridge.ledger.anchor import Anchor
from apbridge.ledger.tables import (
    GENERATION,
    GENESIS,
    VERSION,
    VERSION_TABLE,
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
    metadata.create_all(connection, checkfirst=False)
    for statement in _APPEND_ONLY[connection.dialect.name]:
        connection.execute(text(statement))
    head = Anchor(0, GENESIS, secrets.token_hex(8))
    seal = keys.sign(*head.signed) if keys else None
    connection.execute(insert(audit_head).values(id=1, seq=head.seq, hash=head.hash, seal=seal))
    connection.execute(insert(identity).values(name=GENERATION, value=head.ledger))
    _version.create(connection, checkfirst=False)
    connection.execute(insert(_version).values(version_num=VERSION))
