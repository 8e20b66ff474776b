"""Which record of ours takes a record that the other system holds already."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select

from apbridge.ledger.database import Database
from apbridge.ledger.dialects import of_dialect
from apbridge.ledger.tables import claims


class Claims:
    """Claims to records of the other system, each to one record of ours, over all processes.

    A claim outlives the run that made it: what that run was about to write may still be on the wire.

    Args:
        database: The ledger's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, run_id: int, system: str, remote_id: str, external_id: str) -> str:
        """Claim a record of the other system, unless another record of ours has claimed it.

        Args:
            run_id: For which run.
            system: Whose record it is.
            remote_id: Its id there.
            external_id: Which record of ours would take it.

        Returns:
            External id of the record that has the claim.

        Raises:
            UnavailableError: The ledger cannot be written to. The record is not to be taken then.
        """
        values = {"remote_id": remote_id, "system": system, "external_id": external_id, "run_id": run_id}
        ours = (claims.c.remote_id == remote_id, claims.c.system == system)
        while True:
            with self._database.writing() as connection:
                claimed = of_dialect(connection.dialect.name).insert(claims).on_conflict_do_nothing()
                connection.execute(claimed, values)
                holder = connection.execute(select(claims.c.external_id).where(*ours)).scalar()
            # On PostgreSQL whoever had it may have given it up between the two.
            if holder is not None:
                return str(holder)

    def holders(self, system: str, remote_ids: Collection[str]) -> dict[str, str]:
        """Return which record of ours has claimed which record of the other system, by the latter's id.

        Raises:
            UnavailableError: The ledger cannot be read.
        """
        query = select(claims.c.remote_id, claims.c.external_id).where(
            claims.c.system == system, claims.c.remote_id.in_(remote_ids)
        )
        with self._database.reading() as connection:
            return {str(remote_id): str(holder) for remote_id, holder in connection.execute(query)}

    def give_up(self, system: str, remote_id: str, external_id: str) -> None:
        """Drop a claim, if that record of ours has it.

        Args:
            system: Whose record was claimed.
            remote_id: Its id there.
            external_id: Which record of ours does not take it after all.
        """
        with self._database.writing() as connection:
            connection.execute(
                delete(claims).where(
                    claims.c.remote_id == remote_id,
                    claims.c.system == system,
                    claims.c.external_id == external_id,
                )
            )
