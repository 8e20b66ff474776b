"""What a ledger kept before the vault came, and bringing it under the vault's seal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select, update

from apbridge.json import dumps
from apbridge.ledger.payloads import Payloads
from apbridge.ledger.store import Ledger
from apbridge.ledger.tables import Kept, is_row_of, records
from apbridge.vault import SEALED, RecordKeys

_KEY = (records.c.system, records.c.stream, records.c.external_id)


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A record that is kept plainly."""

    system: str
    stream: str
    external_id: str
    record: Any
    stored: bytes = field(repr=False)


def unsealed(ledger: Ledger) -> Iterator[Unsealed]:
    """Yield what a run would take if there were no vault."""
    plain = func.substr(records.c.payload, 1, len(SEALED), type_=Kept) != SEALED
    query = select(*_KEY, records.c.payload).where(records.c.payload.is_not(None), plain).order_by(*_KEY)
    with ledger.database.reading() as connection:
        for system, stream, external_id, stored in connection.execute(query):
            restored = Payloads(None).restore(stored, system, stream, external_id)
            if not restored.refused:
                yield Unsealed(system, stream, external_id, restored.record, stored)


def fingerprint(found: Iterable[Unsealed]) -> str:
    """Return what names exactly these records with exactly this content.

    It is long enough that nobody finds two contents of the same fingerprint, one to be shown and one to be
    sealed.
    """
    told = [[one.system, one.stream, one.external_id, sha256(one.stored).hexdigest()] for one in found]
    return sha256(dumps(told)).hexdigest()[:32]


def seal(ledger: Ledger, keys: RecordKeys, one: Unsealed) -> bool:
    """Seal a record as it is.

    Args:
        ledger: Where it is.
        keys: The vault's.
        one: The record.

    Returns:
        Whether it still was as it was read.
    """
    key = (one.system, one.stream, one.external_id)
    payload, _ = Payloads(keys).keep(one.record, *key)
    same = (is_row_of(*key), records.c.payload == one.stored)
    with ledger.database.writing() as connection:
        return connection.execute(update(records).where(*same).values(payload=payload)).rowcount == 1
