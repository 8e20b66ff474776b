"""Run the ledger's migrations on the connection that `apbridge.ledger.database` hands over."""

from alembic import context

from apbridge.ledger.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
