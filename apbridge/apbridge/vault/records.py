"""Keys for what is kept outside the vault: the ledger's records, and the head of its audit trail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from apbridge.json import dumps

SEALED = b"sealed:"
"""What begins with it is sealed."""

_ID_LENGTH = 12
_NONCE_LENGTH = 12
BEGINNING = len(SEALED) + _ID_LENGTH
"""So many of the first bytes tell which key something was sealed with."""


class SealedError(Exception):
    """What is kept was sealed with a key that this vault does not have."""


class UnsealedError(Exception):
    """What is kept is not what this vault has sealed there: plain, changed, or put there from elsewhere."""


class RecordKeys:
    """Seals with the newest of the vault's record keys, and opens what any of them sealed.

    A seal (AES-256-GCM) binds what it is about: it opens only where the same is said as when it was made.

    Args:
        keys: The newest first.
        read_again: Returns the vault's keys as they are now. Another process may have added one since: so
            they are read again where something names an unknown key, once for each.
    """

    def __init__(self, keys: Sequence[str], read_again: Callable[[], Sequence[str]] | None = None) -> None:
        self._read_again = read_again
        self._unknown: set[bytes] = set()
        self._take(keys)

    def _take(self, keys: Sequence[str]) -> None:
        # Other threads seal meanwhile: a key is there before it is named as the newest.
        self._by_id = {_id(key): AESGCM(_derived(key, b"kept record")) for key in keys}
        self._signing = {_id(key): _derived(key, b"signature") for key in keys}
        self._ids = [_id(key) for key in keys]

    def _has(self, name: bytes) -> bool:
        if name not in self._by_id and self._read_again and name not in self._unknown:
            self._take(self._read_again())
            self._unknown.add(name)
        return name in self._by_id

    def seal(self, content: bytes, *about: str) -> bytes:
        """Encrypt; the key's name goes with it.

        Args:
            content: What is to be kept.
            about: Whose content it is.
        """
        newest, nonce = self._ids[0], os.urandom(_NONCE_LENGTH)
        return SEALED + newest + b":" + nonce + self._by_id[newest].encrypt(nonce, content, dumps(about))

    def open(self, sealed: bytes, *about: str) -> bytes:
        """Decrypt.

        Args:
            sealed: What is kept.
            about: Whose content it must be.

        Raises:
            SealedError: The key is not there.
            UnsealedError: It was not sealed, not about this, or was changed since.
            SettingError: The key is not there, and the vault cannot be opened again to look for it.
        """
        if not sealed.startswith(SEALED):
            raise UnsealedError
        name, _, rest = sealed.removeprefix(SEALED).partition(b":")
        if not self._has(name):
            raise SealedError
        try:
            return self._by_id[name].decrypt(rest[:_NONCE_LENGTH], rest[_NONCE_LENGTH:], dumps(about))
        except (InvalidTag, ValueError):
            raise UnsealedError from None

    def sign(self, *about: str) -> str:
        """Return what shows later that this was said by somebody who had the newest key (HMAC-SHA256)."""
        return self._signature(self._ids[0], about)

    def has_signed(self, signature: str, *about: str) -> bool:
        """Check that one of the keys has signed this."""
        name = signature.partition(":")[0].encode()
        if not self._has(name):
            return False
        return hmac.compare_digest(self._signature(name, about).encode(), signature.encode())

    def _signature(self, name: bytes, about: Sequence[str]) -> str:
        return f"{name.decode()}:{hmac.digest(self._signing[name], dumps(about), 'sha256').hex()}"

    def lacks(self, beginning: bytes) -> bool:
        """Check by the first bytes of something whether it was sealed with a key that is not here."""
        return beginning.startswith(SEALED) and not self._has(beginning[len(SEALED) : BEGINNING])


def _derived(key: str, use: bytes) -> bytes:
    # The same bytes must not serve two ciphers.
    return HKDF(SHA256(), 32, salt=None, info=b"apbridge " + use).derive(base64.urlsafe_b64decode(key))


def _id(key: str) -> bytes:
    return hashlib.sha256(b"apbridge record key " + key.encode()).hexdigest()[:_ID_LENGTH].encode()
