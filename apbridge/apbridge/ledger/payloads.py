"""How a waiting or rejected record is kept.

Tax ids and bank details are never in the ledger in clear. Where there is a vault, such a record is kept
whole, sealed with the vault's newest record key.

Without a vault, a record that holds such a field is kept without its value and marked `needs_refetch`: it
can be shown to a person but not sent from here, for a record without them would wipe them on the other side.
Instead it is asked from the tap again: while a stream has such a row, the target holds that stream's
bookmark where it was, so that the tap reads the record anew at the next run.

A record that was sealed with a key that is no longer there is *undecryptable*: nobody can show or send it.
Its bookmark has moved on long since: only a full refresh brings it again, and a run that finds one says so.
"""

from __future__ import annotations

from typing import Any

from apbridge.json import dumps, loads
from apbridge.redaction import redact
from apbridge.vault import RecordKeys, SealedError


class Payloads:
    """What is kept of records, and how it is read back.

    Args:
        keys: The vault's; None where there is no vault.
    """

    def __init__(self, keys: RecordKeys | None) -> None:
        self._keys = keys or RecordKeys([])
        self._seals = keys is not None

    def keep(self, record: Any) -> tuple[bytes, bool]:  # noqa: ANN401
        """Return what may be stored of a record, and whether a secret is missing and needs a refetch."""
        if self._seals:
            return self._keys.seal(dumps(record)), False
        shown = redact(record)
        return dumps(shown), shown != record

    def restore(self, stored: bytes | None, *, needs_refetch: bool) -> tuple[Any, bool]:
        """Return the record that was kept, numbers as `Decimal`, and whether it must not be sent.

        None for the record where none was kept or it is undecryptable.
        """
        if stored is None:
            return None, needs_refetch
        try:
            return loads(self._keys.open(stored)), needs_refetch
        except SealedError:
            return None, True

    def is_shut(self, beginning: bytes) -> bool:
        """Check by the first bytes of what was kept whether it was sealed with a key that is not there."""
        return self._keys.lacks(beginning)
