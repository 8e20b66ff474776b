"""An index by which what is open is counted and added up."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the index, of the rows that are open alone."""
    is_open = sa.text("open_since IS NOT NULL")
    op.create_index(
        "apbridge_records_open_sums",
        "apbridge_records",
        ["system", "stream", "status", "code", "currency", "open_since", "amount"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
