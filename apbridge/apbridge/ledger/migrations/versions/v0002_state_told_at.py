"""When a run first told a STATE."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Count every run of an older ledger that ended well as one that told its STATE."""
    op.add_column("apbridge_runs", sa.Column("state_told_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE apbridge_runs SET state_told_at = finished_at WHERE status = 'finished'")
