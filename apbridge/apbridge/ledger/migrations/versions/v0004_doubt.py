"""How far on the trail a row knows the writes of its record, and when it is to be looked at again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them. What an older ledger had in doubt, it still has."""
    op.add_column("apbridge_records", sa.Column("source_modified_at", sa.String(40)))
    op.add_column(
        "apbridge_records", sa.Column("trail_seq", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column("apbridge_records", sa.Column("look_again_at", sa.DateTime(timezone=True)))
    op.create_index("apbridge_records_look_again", "apbridge_records", ["look_again_at"])
    op.execute(
        """
        UPDATE apbridge_records SET trail_seq = COALESCE((
          SELECT MAX(trail.seq) FROM apbridge_audit trail
          WHERE trail.system = apbridge_records.system AND trail.external_id = apbridge_records.external_id
            AND trail.phase = 'answered' AND trail.run_id <= apbridge_records.run_id
        ), 0)
        WHERE content_hash <> ''
        """
    )
