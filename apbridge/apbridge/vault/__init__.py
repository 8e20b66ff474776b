"""The vault: credentials, encrypted in one file; settings name them as `vault:<name>`."""

from apbridge.vault.records import BEGINNING, RecordKeys, SealedError
from apbridge.vault.vault import REFERENCE, Vault, record_keys, resolved, vault_file

__all__ = [
    "BEGINNING",
    "REFERENCE",
    "RecordKeys",
    "SealedError",
    "Vault",
    "record_keys",
    "resolved",
    "vault_file",
]
