"""The ledger: what became of every record, every run, and every write to either system."""

from typing import TYPE_CHECKING

from apbridge.lazy import lazily

if TYPE_CHECKING:
    from apbridge.ledger.audit import Answer, Verdict
    from apbridge.ledger.claims import Claims
    from apbridge.ledger.rehearsal import RehearsalLedger
    from apbridge.ledger.rows import (
        OPEN,
        UNIDENTIFIED,
        Content,
        Entry,
        Found,
        Known,
        Need,
        Reasoned,
        Row,
        Status,
    )
    from apbridge.ledger.run import Run
    from apbridge.ledger.store import Ledger
else:  # a target that opens no ledger, as for `--about`, has no use for SQLAlchemy
    __getattr__ = lazily(
        __name__,
        {
            "audit": ("Answer", "Verdict"),
            "claims": ("Claims",),
            "rehearsal": ("RehearsalLedger",),
            "rows": (
                "OPEN",
                "UNIDENTIFIED",
                "Content",
                "Entry",
                "Found",
                "Known",
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
    "Answer",
    "Claims",
    "Content",
    "Entry",
    "Found",
    "Known",
    "Ledger",
    "Need",
    "Reasoned",
    "RehearsalLedger",
    "Row",
    "Run",
    "Status",
    "Verdict",
]
