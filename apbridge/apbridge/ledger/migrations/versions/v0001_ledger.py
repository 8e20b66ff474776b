"""The ledger's tables.

A new ledger is made without this: see `apbridge.ledger.creation`. It is what later revisions begin with.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

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


def upgrade() -> None:
    """Create every table, and write the first rows."""
    _create_runs()
    _create_records()
    _create_audit()
    _create_what_was_found()
    _create_identity()


def _create_runs() -> None:
    op.create_table(
        "apbridge_runs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("counts", sa.Text()),
        sa.Column("code", sa.String(20)),
        sa.Column("error", sa.Text()),
        sa.Column("state_told_at", sa.DateTime(timezone=True)),
    )
    op.create_index("apbridge_runs_plugin", "apbridge_runs", ["plugin", "id"])


def _create_records() -> None:
    op.create_table(
        "apbridge_records",
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("stream", sa.String(80), nullable=False),
        sa.Column("external_id", sa.String(100), nullable=False),
        sa.Column("source_id", sa.Text()),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("remote_id", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(20)),
        sa.Column("says", sa.Text()),
        sa.Column("do", sa.Text()),
        sa.Column("waits_for", sa.Text()),
        sa.Column("facts", sa.Text()),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("needs_refetch", sa.Boolean(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text()),
        sa.Column("amount", sa.Text()),
        sa.Column("currency", sa.String(10)),
        sa.Column("open_since", sa.DateTime(timezone=True)),
        sa.Column("retry_asked_at", sa.DateTime(timezone=True)),
        sa.Column("dismissed_at", sa.DateTime(timezone=True)),
        sa.Column("dismissed_by", sa.Text()),
        sa.Column("dismissed_because", sa.Text()),
        sa.Column("source_modified_at", sa.String(40)),
        sa.Column("trail_seq", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("look_again_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("external_id", "stream", "system"),
    )
    op.create_index(
        "apbridge_records_status", "apbridge_records", ["system", "status", "stream", "external_id"]
    )
    op.create_index(
        "apbridge_records_open",
        "apbridge_records",
        ["open_since", "external_id", "stream", "system", "status", "code"],
    )
    op.create_index("apbridge_records_look_again", "apbridge_records", ["look_again_at"])
    op.create_table(
        "apbridge_names",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("external_id", sa.String(100), nullable=False),
        sa.Column("stream", sa.String(80), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("name", "external_id", "stream", "system"),
    )
    op.create_index("apbridge_names_external_id", "apbridge_names", ["external_id", "stream", "system"])


def _create_audit() -> None:
    op.create_table(
        "apbridge_audit",
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("phase", sa.String(10), nullable=False),
        sa.Column("answers", sa.BigInteger()),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("status", sa.Integer()),
        sa.Column("body", sa.Text()),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("apbridge_audit_external_id", "apbridge_audit", ["external_id"])
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
    head = op.create_table(
        "apbridge_audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("seal", sa.String(100)),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def _create_what_was_found() -> None:
    op.create_table(
        "apbridge_reconciliations",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.String(10)),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("unexplained", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
    )
    op.create_table(
        "apbridge_observations",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
    )


def _create_identity() -> None:
    identity = op.create_table(
        "apbridge_identity",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.bulk_insert(identity, [{"name": "generation", "value": secrets.token_hex(8)}])
    op.create_table(
        "apbridge_claims",
        sa.Column("remote_id", sa.String(100), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("external_id", sa.String(100), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("remote_id", "system"),
    )
