"""The vault: credentials, encrypted in one file; settings name them as `vault:<name>`."""

from apbridge.vault.records import RecordKeys, SealedError, is_sealed
from apbridge.vault.vault import REFERENCE, Vault, resolved, vault_file

__all__ = ["REFERENCE", "RecordKeys", "SealedError", "Vault", "is_sealed", "resolved", "vault_file"]
