"""The ledger: what became of every record, every run, and every write to either system."""

from typing import TYPE_CHECKING

from apbridge.lazy import lazily

if TYPE_CHECKING:
    from apbridge.ledger.audit import TrailCheck, WriteAnswer
    from apbridge.ledger.claims import Claims
    from apbridge.ledger.dry_run import DryRunLedger
    from apbridge.ledger.rows import (
        OPEN,
        UNIDENTIFIED,
        ChangeKind,
        Content,
        Need,
        Reasoned,
        RemoteFacts,
        Row,
        RowUpdate,
        Status,
        TrailSnapshot,
    )
    from apbridge.ledger.run import Run
    from apbridge.ledger.store import Ledger
else:  # a target that opens no ledger, as for `--about`, has no use for SQLAlchemy
    __getattr__ = lazily(
        __name__,
        {
            "audit": ("WriteAnswer", "TrailCheck"),
            "claims": ("Claims",),
            "dry_run": ("DryRunLedger",),
            "rows": (
                "OPEN",
                "UNIDENTIFIED",
                "ChangeKind",
                "Content",
                "RowUpdate",
                "RemoteFacts",
                "TrailSnapshot",
                "Need",
                "Reasoned",
                "Row",
                "Status",
            ),
            "run": ("Run",),
            "store": ("Ledger",),
        },
    )

__all__ = [
    "OPEN",
    "UNIDENTIFIED",
    "ChangeKind",
    "Claims",
    "Content",
    "DryRunLedger",
    "Ledger",
    "Need",
    "Reasoned",
    "RemoteFacts",
    "Row",
    "RowUpdate",
    "Run",
    "Status",
    "TrailCheck",
    "TrailSnapshot",
    "WriteAnswer",
]
