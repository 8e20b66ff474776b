"""How a waiting or rejected record is kept.

Tax ids and bank details are never in the ledger in clear. Where there is a vault, such a record is kept
whole, sealed with the vault's newest record key.

Without a vault, a record that holds such a field is kept without its value and marked `needs_refetch`: it
can be shown to a person but not sent from here, for a record without them would wipe them on the other side.
Instead it is asked from the tap again: while a stream has such a row, the target holds that stream's
bookmark where it was, so that the tap reads the record anew at the next run.

A record that was sealed with a key that is no longer there is *undecryptable*: nobody can show or send it.
Its bookmark has moved on long since: only a full refresh brings it again, and a run that finds one says so.

A seal binds whose record it is. What is not what a run has sealed there is *refused* likewise: where there is
a vault, nothing that is kept plainly is taken, for whoever can write to the database could have put it there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from apbridge.json import dumps, loads
from apbridge.ledger.rows import UNIDENTIFIED
from apbridge.redaction import redact
from apbridge.vault import SEALED, RecordKeys, SealedError, UnsealedError

_UNDECRYPTABLE, _NOT_OURS = "APB-LED-013", "APB-LED-014"


class Restored(NamedTuple):
    """A record as it was kept."""

    record: Any = None
    """Numbers with a fraction as `Decimal`; None where none was kept or it is refused."""
    refused: str | None = None
    """Code in the error catalogue of why it must not be sent."""


class Payloads:
    """What is kept of records, and how it is read back.

    Args:
        keys: The vault's; None where there is no vault.
    """

    def __init__(self, keys: RecordKeys | None) -> None:
        self._keys = keys or RecordKeys([])
        self.seals = keys is not None

    def keep(self, record: Any, *about: str) -> tuple[bytes, bool]:  # noqa: ANN401
        """Return what may be stored of a record, and whether a secret is missing and needs a refetch.

        Args:
            record: The record.
            about: Its system, stream and external id.
        """
        if self.seals:
            return self._keys.seal(dumps(record), *about), False
        shown = redact(record)
        return dumps(shown), shown != record

    def restore(self, stored: bytes | None, *about: str) -> Restored:
        """Return the record that was kept.

        Args:
            stored: What is stored of it.
            about: The system, stream and external id that it is stored under.
        """
        if stored is None:
            return Restored()
        is_plain = not self.seals and not stored.startswith(SEALED)
        try:
            record = loads(stored if is_plain else self._keys.open(stored, *about))
        except SealedError:
            return Restored(refused=_UNDECRYPTABLE)
        except (UnsealedError, ValueError, RecursionError):
            return Restored(refused=_NOT_OURS)
        return Restored(record) if _is_named(record, about[-1]) else Restored(refused=_NOT_OURS)

    def is_undecryptable(self, beginning: bytes) -> bool:
        """Check by the first bytes of what was kept whether it was sealed with a key that is not there."""
        return self._keys.lacks(beginning)


def _is_named(record: Any, external_id: str) -> bool:  # noqa: ANN401
    """Check that a record does not name itself otherwise than its row does."""
    own = record.get("external_id") if isinstance(record, dict) else None
    return not isinstance(own, str) or own == external_id or external_id.startswith(UNIDENTIFIED)
