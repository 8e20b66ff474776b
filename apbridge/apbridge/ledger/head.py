"""The audit trail's head: the row that says where it ends, and its lock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from apbridge.errors import SettingError
from apbridge.ledger.anchor import Anchor
from apbridge.ledger.tables import GENERATION, audit_head, identity

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
        SettingError: There is no head any more, or nothing tells the ledger from others.
    """
    found = connection.execute(_HEAD_LOCKED if locked else _HEAD).one_or_none()
    if found is None or found.ledger is None:
        raise SettingError("APB-LED-017", ledger=ledger)
    return found


def anchor_of(head: Row[Any]) -> Anchor:
    """Return the place that a head names."""
    return Anchor(int(head.seq), str(head.hash), head.ledger)
