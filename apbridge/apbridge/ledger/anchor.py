"""A place on the audit trail that is kept outside the ledger, to hold the trail against later."""

from __future__ import annotations

from dataclasses import dataclass


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
