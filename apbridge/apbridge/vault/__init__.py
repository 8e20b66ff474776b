"""The vault: credentials, encrypted in one file; settings name them as `vault:<name>`."""

from apbridge.vault.records import BEGINNING, SEALED, RecordKeys, SealedError, UnsealedError
from apbridge.vault.vault import OWNER_END, REFERENCE, Vault, record_keys, resolved, vault_file

__all__ = [
    "BEGINNING",
    "OWNER_END",
    "REFERENCE",
    "SEALED",
    "RecordKeys",
    "SealedError",
    "UnsealedError",
    "Vault",
    "record_keys",
    "resolved",
    "vault_file",
]
