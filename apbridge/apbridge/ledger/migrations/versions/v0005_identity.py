"""Which ledger it is, and which two systems it is between."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add it. What an older ledger is between, its next runs tell."""
    identity = op.create_table(
        "apbridge_identity",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.bulk_insert(identity, [{"name": "generation", "value": secrets.token_hex(8)}])
