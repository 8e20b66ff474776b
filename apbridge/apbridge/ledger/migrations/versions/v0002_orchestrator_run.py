"""What an orchestrator calls the run that it started."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; runs before it have none."""
    op.add_column("apbridge_runs", sa.Column("orchestrator_run", sa.Text()))
