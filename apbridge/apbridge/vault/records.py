"""Keys for records that are kept outside the vault: the ledger's waiting and rejected ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken

_MARK = b"sealed:"
_ID_LENGTH = 12
BEGINNING = len(_MARK) + _ID_LENGTH
"""So many of the first bytes tell which key something was sealed with."""


class SealedError(Exception):
    """What is kept was sealed with a key that this vault does not have."""


class RecordKeys:
    """Seals with the newest of the vault's record keys, and opens what any of them sealed.

    Args:
        keys: The newest first.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._ids = [_id(key) for key in keys]
        self._by_id = {_id(key): Fernet(key) for key in keys}

    def seal(self, content: bytes) -> bytes:
        """Encrypt; the key's name goes with it."""
        newest = self._ids[0]
        return _MARK + newest + b":" + self._by_id[newest].encrypt(content)

    def open(self, content: bytes) -> bytes:
        """Decrypt; what is not sealed is given back as it is.

        Raises:
            SealedError: The key is not there.
        """
        if not content.startswith(_MARK):
            return content
        name, _, token = content.removeprefix(_MARK).partition(b":")
        try:
            return self._by_id[name].decrypt(token)
        except (KeyError, InvalidToken):
            raise SealedError from None

    def lacks(self, beginning: bytes) -> bool:
        """Check by the first bytes of something whether it was sealed with a key that is not here."""
        return beginning.startswith(_MARK) and beginning[len(_MARK) : BEGINNING] not in self._by_id


def _id(key: str) -> bytes:
    return hashlib.sha256(b"apbridge record key " + key.encode()).hexdigest()[:_ID_LENGTH].encode()
