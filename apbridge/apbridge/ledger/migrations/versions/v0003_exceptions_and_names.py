"""What the operator's command asks of a ledger: exceptions, names to search by, reconciliations, findings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COLUMNS = (
    sa.Column("number", sa.Text()),
    sa.Column("amount", sa.Text()),
    sa.Column("currency", sa.String(10)),
    sa.Column("open_since", sa.DateTime(timezone=True)),
    sa.Column("retry_asked_at", sa.DateTime(timezone=True)),
    sa.Column("dismissed_at", sa.DateTime(timezone=True)),
    sa.Column("dismissed_by", sa.Text()),
    sa.Column("dismissed_because", sa.Text()),
)


def upgrade() -> None:
    """Add them. An older ledger's records can be found by their ids; their numbers come with a change."""
    for column in _COLUMNS:
        op.add_column("apbridge_records", column)
    op.execute("UPDATE apbridge_records SET open_since = first_seen WHERE status IN ('waiting', 'rejected')")
    op.create_index(
        "apbridge_records_open",
        "apbridge_records",
        ["open_since", "external_id", "stream", "system", "status", "code"],
    )
    op.create_table(
        "apbridge_names",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("external_id", sa.String(100), nullable=False),
        sa.Column("stream", sa.String(80), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("name", "external_id", "stream", "system"),
    )
    op.create_index("apbridge_names_external_id", "apbridge_names", ["external_id", "stream", "system"])
    op.execute(
        """
        INSERT INTO apbridge_names (name, external_id, stream, system)
        SELECT LOWER(name), external_id, stream, system FROM (
          SELECT source_id AS name, external_id, stream, system FROM apbridge_records
          UNION SELECT remote_id, external_id, stream, system FROM apbridge_records
        ) AS known
        WHERE LENGTH(name) <= 200 AND stream IN ('bills', 'payments', 'invoices', 'vendors')
        """
    )
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
        "apbridge_findings",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
    )
