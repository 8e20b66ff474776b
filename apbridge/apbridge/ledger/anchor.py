"""Where the audit trail ends: its head, and a place kept elsewhere to hold the trail against later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from apbridge.errors import SettingError
from apbridge.ledger.tables import GENERATION, audit_head, identity


@dataclass(frozen=True)
class Anchor:
    """Where a trail ended once.

    Args:
        seq: Number of its last row; 0 where there was none.
        hash: That row's.
        ledger: Whose trail it is: the ledger's generation; None where that was not kept.
    """

    seq: int
    hash: str
    ledger: str | None = None

    def __str__(self) -> str:
        """Return it as it is told."""
        return f"{self.seq}:{self.hash}"

    @property
    def signed(self) -> tuple[str, ...]:
        """What the vault signs where this is the trail's head."""
        return ("audit trail", str(self.ledger), str(self.seq), self.hash)


_HEAD = select(
    audit_head.c.seq,
    audit_head.c.hash,
    audit_head.c.seal,
    select(identity.c.value).where(identity.c.name == GENERATION).scalar_subquery().label("ledger"),
)
_HEAD_LOCKED = _HEAD.with_for_update(of=audit_head)


def read_head(connection: Connection, ledger: str, *, locked: bool = False) -> Row[Any]:
    """Read the trail's head.

    Args:
        connection: To the database.
        ledger: Name of the ledger, for people.
        locked: Keep everybody else from the trail until the transaction is over.

    Raises:
        SettingError: There is no head any more.
    """
    found = connection.execute(_HEAD_LOCKED if locked else _HEAD).one_or_none()
    if found is None:
        raise SettingError("APB-LED-017", ledger=ledger)
    return found


def anchor_of(head: Row[Any]) -> Anchor:
    """Return the place that a head names."""
    return Anchor(int(head.seq), str(head.hash), head.ledger)
