"""The ledger: what became of every record, every run, and every write to either system."""

from apbridge.ledger.audit import Answer, Verdict
from apbridge.ledger.claims import Claims
from apbridge.ledger.doubt import Content
from apbridge.ledger.rehearsal import RehearsalLedger
from apbridge.ledger.rows import OPEN, UNIDENTIFIED, Entry, Found, Known, Need, Reasoned, Row, Status
from apbridge.ledger.run import Run
from apbridge.ledger.store import Ledger

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
